# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Find variables that somebody took for ones of this collection: Ansible ignores a name that nobody asks for. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from glob import escape
from typing import TYPE_CHECKING, Any

from ansible.module_utils.parsing.convert_bool import BOOLEANS

from ..module_utils._errors import InvalidInput
from ..module_utils._module.options import ALLOW_UNKNOWN
from ._known_names import ADDING, CHOOSING, FORMER, HANDED_ON, VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

try:  # since ansible-core 2.19
    from ansible._internal._datatag._tags import Origin
except ImportError:
    Origin = None

_OURS = ("pgflex_identity", "pgflex_identities")
_PREFIX = "pgflex_"
# Edits that make a name out of a known one for which it is not taken by chance.
_FEW = 2
_FLAGS = frozenset(str(each).lower() for each in BOOLEANS)
_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass
class _Unknown:
    """A name that is not known: the first host that has it, where it was set if Ansible says so, and all its hosts."""

    host: str
    origin: str
    hosts: int = 0


class VariableNames:
    """Look at the names of all hosts' variables, each distinct one once. No value is shown, since it may be a secret.

    `allowed` are names and patterns with `*` that are the user's own; `extra` are the names of extra variables, `play`
    those of all variables that count where the hosts of the play are chosen.
    """

    def __init__(self, allowed: Sequence[str], extra: Iterable[str], play: Iterable[str]) -> None:
        # Nothing but `*` is a pattern, as in the names of identities.
        self._allowed = [escape(each).replace("[*]", "*") for each in allowed]
        self._extra = frozenset(extra)
        self._play = frozenset(play)
        self._seen: set[str] = set()
        self._unknown: dict[str, _Unknown] = {}

    def add(self, host: str, variables: Mapping[str, Any]) -> None:
        """Look at the variables of one more host of the run."""
        new = variables.keys() - self._seen
        self._seen |= new
        for name in new:
            meant = meant_for(name) or is_no_result(name, variables[name]) or self._chooses_nothing(name)
            if meant and not self._is_excepted(name, variables[name]):
                self._unknown[name] = _Unknown(host, self._origin(name, variables))
        for name in self._unknown.keys() & variables.keys():
            self._unknown[name].hosts += 1
        self._forget_used(variables)

    def _forget_used(self, variables: Mapping[str, Any]) -> None:
        """Take the names for known to which known variables of a host refer."""
        for name in self._unknown.keys() & (_names_in_use(variables) if self._unknown else set()):
            del self._unknown[name]

    def _is_excepted(self, name: str, value: Any) -> bool:
        is_registered = isinstance(value, Mapping) and "changed" in value
        return is_registered or any(fnmatchcase(name, each) for each in self._allowed)

    def _chooses_nothing(self, name: str) -> bool:
        return name == CHOOSING and name not in self._play

    def _origin(self, name: str, variables: Mapping[str, Any]) -> str:
        """Return where the name was set, empty where it is not known: true, false and null have no origin."""
        keys = (each for each in variables if each == name) if Origin else ()
        tags = (Origin.get_tag(each) for each in (variables[name], *keys)) if Origin else ()
        found = next((str(each) for each in tags if each), "")
        return found or ("the extra variables (-e)" if name in self._extra else "")

    def check(self, everywhere: Iterable[Mapping[str, Any]]) -> None:
        """Refuse names that nobody knows. Raise `InvalidInput`.

        A name to which a known variable refers is in use. That may be one of a host outside of the run, so
        `everywhere` are the variables of all hosts; they are looked at one by one, and only while a name is unknown.
        """
        unread = iter(everywhere)
        while self._unknown and (variables := next(unread, None)) is not None:
            self._forget_used(variables)
        unknown = self._unknown
        if not unknown:
            return
        first, *others = (_tell(name, unknown[name]) for name in sorted(unknown))
        told = [first.partition(": ")[2], *others, f"Nothing was sent. {ALLOW_UNKNOWN} excepts names of your own."]
        raise InvalidInput(min(unknown), " ".join(told))


def is_no_result(name: str, value: Any) -> bool:
    """Return whether a name under which this collection keeps a result has a value that looks like a setting."""
    return name in HANDED_ON and isinstance(value, (bool, int, float, str)) and str(value).lower() in _FLAGS


def _tell(name: str, unknown: _Unknown) -> str:
    problem = f"is no variable of this collection; the nearest one is {meant_for(name)}"
    if name in FORMER:
        problem = f"is now {FORMER[name]}"
    elif name in HANDED_ON:
        problem = "is what this collection keeps a result in, and no setting"
    elif name == CHOOSING:
        problem = "chooses the hosts of a play, and counts with -e or in the vars of import_playbook alone"
    place = f"{unknown.host} has it" + f" from {unknown.origin}" * bool(unknown.origin)
    more = unknown.hosts - 1
    return f"{name}: {problem}. {place}" + f", and {more} more host{'s' * (more > 1)}" * bool(more) + "."


@lru_cache(maxsize=1024)
def meant_for(name: str) -> str:
    """Return the known variable that was meant by a name that is none; empty if it is one, or the user's own."""
    if name in FORMER:
        return FORMER[name]
    folded = name.lower()
    if not folded.startswith(_PREFIX) or name in VARIABLES or name in HANDED_ON:
        return ""
    stem, doubled, addition = name.partition("__")
    if doubled and addition and stem in ADDING:
        return ""
    additions = [f"{each}__{addition}" for each in ADDING] if addition else []
    # One underscore where there are two is further away than other names of that length.
    halved = [f"{each}__{name[len(each) + 1 :]}" for each in ADDING if name.startswith(f"{each}_") and not doubled]
    edits, nearest = min((_edits(folded, each), each) for each in halved or [*VARIABLES, *additions])
    return nearest if edits <= _FEW or folded.startswith(_OURS) else ""


def _edits(one: str, other: str) -> int:
    """Return the Levenshtein distance."""
    before = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, each in enumerate(other):
            now.append(min(before[column] + (letter != each), before[column + 1] + 1, now[column] + 1))
        before = now
    return before[-1]


def _names_in_use(variables: Mapping[str, Any]) -> set[str]:
    """Return every word in the templates of known variables, and of variables to which these refer."""
    found: set[str] = set()
    left = [name for name in variables if name in VARIABLES or name.partition("__")[0] in ADDING]
    while left:
        words = {word for text in _templates(variables[left.pop()]) for word in _WORD.findall(text)}
        left += [each for each in words - found if each in variables]
        found |= words
    return found


def _templates(value: Any) -> Iterator[str]:
    # Not other mappings: hostvars, which Ansible makes up, holds everything.
    if isinstance(value, str):
        if "{" in value:
            yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _templates(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _templates(each)
