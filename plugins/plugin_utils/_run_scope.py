# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Variables that count for all hosts of a run at once, though an inventory can say something else for each. Pure."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..module_utils._errors import InvalidInput, quoted, shortened
from ..module_utils._fleet.removals import read_limit
from ..module_utils._fleet.target import some_of
from ..module_utils._module.options import ALLOW_UNKNOWN, CONNECTION, RUN
from ._report.writable import writable_file
from ._values import read_flag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: What the role takes once for all hosts of a play, or of a batch with `serial`.
RUN_VARIABLES = (CONNECTION, *(each.variable for each in RUN if each.variable))
#: What a task outside of the role takes once for all hosts, and the playbook `audit`.
TASK_VARIABLES = (
    CONNECTION,
    ALLOW_UNKNOWN,
    "pgflex_identity_max_removals",
    "pgflex_identity_fail_on_drift",
    "pgflex_identity_fail_on_undeclared",
)

#: What fails for all hosts Ansible tells at one of them, which need not have to do with it.
RUN_FAILED = "The run failed, not this server: "
STRICT, FAIL_ON_UNDECLARED = "pgflex_identity_strict", "pgflex_identity_fail_on_undeclared"
_LIMIT = "max_removals"
# So many names are told.
_FEW = 5
# A gate that a misspelt word would open.
_FLAGS = (STRICT, "pgflex_identity_fail_on_drift", FAIL_ON_UNDECLARED)
_OPTION = re.compile(r"((?:^|: )(?:argument '|value of ))(\w+)")


def run_options(
    variables: Mapping[str, Any], template: Callable[[str, Any], Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return options of `pgflex_identity_fleet` for a whole run: the role's defaults, and what its variables set.

    `template` gets a variable's name and value. An empty text is unset.
    """
    given = {}
    for option in RUN:
        if option.run and option.variable and option.variable in variables:
            value = template(option.variable, variables[option.variable])
            if value not in (None, ""):
                given[option.run] = value
    return {each.run: each.role_default for each in RUN if each.run and each.role_default is not None}, given


def name_variable(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return a failed answer of the module that names the variable of the role where it named its own option."""
    error = answer.get("error") or {}
    variables = {each.run: each.variable for each in RUN if each.run and each.variable}
    if variable := variables.get(str(error.get("target"))):
        named = {"target": variable, "message": error["message"].replace(error["target"], variable, 1)}
        return {**answer, "msg": answer["msg"].replace(error["target"], variable, 1), "error": {**error, **named}}
    # Ansible's own, of a value of another type or none of the choices.
    return {**answer, "msg": _OPTION.sub(lambda found: found[1] + (variables.get(found[2]) or found[2]), answer["msg"])}


class RunScope:
    """The variables `names`, which have to be the same for every host. Ansible itself would take those of the first.

    A canary that one group asks for would silently not be there if another group's host came first.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = frozenset(names)
        self._first: tuple[str, dict[str, Any]] | None = None

    def add(self, host: str, variables: Mapping[str, Any]) -> None:
        """Compare a host's templated variables with those of the first one. Raise `InvalidInput`."""
        # An empty text is unset, as everywhere.
        said = {name: variables[name] for name in self.names & variables.keys() if variables[name] not in (None, "")}
        for name in said.keys() & {*_FLAGS}:
            read_flag(name, said[name])
        if self._first is None:
            self._first = host, said
            return
        first, before = self._first
        differing = [each for each in said.keys() | before.keys() if _meant(said, each) != _meant(before, each)]
        if not differing:
            return
        name = min(differing)
        raise InvalidInput(
            name,
            f"is {_shown(name, before)} for {first} and {_shown(name, said)} for {host}, but counts for all hosts of a "
            "run at once. Set it for all of them, in group_vars/all or with -e, or run their groups one after the "
            "other, with --limit.",
        )


def _meant(said: Mapping[str, Any], name: str) -> Any:
    """Return the value as text where a survey can give it as one, so that both count as the same."""
    value = said.get(name)
    return str(value).strip().lower() if isinstance(value, (bool, int, float, str)) else value


def _shown(name: str, said: Mapping[str, Any]) -> str:
    if name not in said:
        return "not set"
    return "one" if name == CONNECTION else quoted(said[name])


def find_shut_gates(plan: Mapping[str, Any], flag: Callable[[str], bool]) -> dict[str, str]:
    """Return why nothing of a plan may be written, by the variable that says so; `flag` tells whether a gate is set."""
    failed = [str(each["name"]) for each in plan["servers"] if each["failed"]]
    undeclared = [str(each["name"]) for each in plan["servers"] if each.get("undeclared")]

    def told(names: list[str]) -> str:
        return some_of(names, _FEW) + f" ({len(names)} in all)" * (len(names) > _FEW)

    shut = {
        STRICT: f"not to be planned: {told(failed)}" if failed and flag("strict") else "",
        FAIL_ON_UNDECLARED: (f"undeclared: {told(undeclared)}" if undeclared and flag("fail_on_undeclared") else ""),
    }
    return {name: why for name, why in shut.items() if why}


def explain_shut_gates(shut: Mapping[str, str]) -> str:
    """Return the words for what `find_shut_gates` has found."""
    return " ".join(f"{name} is set, and these are {why}." for name, why in shut.items())


def refuse_unwritable_files(reports: Iterable[Mapping[str, Any]], records: Any) -> None:
    """Refuse with `InvalidInput` a report that could not be written in the end, and `records` that is no folder."""
    if records:
        _refuse_no_folder("pgflex_identity_rollback_dir", records)
    for each in reports:
        refuse_unwritable_file(f"pgflex_identity_report_{each['key']}", each["value"])


def refuse_unwritable_file(name: str, value: Any) -> None:
    """Refuse with `InvalidInput` about the variable `name` a file that could not be written in the end."""
    if not isinstance(value, str):
        raise InvalidInput(name, f"{quoted(value)} is not a path.")
    # As the filter realpath, for which a path that leads round in circles is no error.
    path = Path(os.path.realpath(os.path.expanduser(value)))  # noqa: PTH111
    if not writable_file(str(path)):
        # Not that of `Path`, for which a path that is too long is an error.
        there = os.path.isdir(path.parent)  # noqa: PTH112
        shown = shortened(str(path if there else path.parent))
        why = f"{shown} cannot be written" if there else f"the folder {shown} does not exist"
        raise InvalidInput(name, f"{why} on the controller.")


def _refuse_no_folder(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise InvalidInput(name, f"{quoted(value)} is not the path of a folder.")
    folder = Path(os.path.realpath(os.path.expanduser(value)))  # noqa: PTH111
    # The first part of it that is there: the others are made.
    there = next(each for each in (folder, *folder.parents) if os.path.exists(each))  # noqa: PTH110
    if not there.is_dir():
        raise InvalidInput(name, f"{there} is a file on the controller, and not a folder.")


def count_removals(name: str, arguments: dict[str, Any], plan: Any, servers: int) -> None:
    """Make a number of a percentage of the run's servers: those that have drifted are a part of the `plan`.

    Raise `InvalidInput` about `name`.
    """
    if isinstance(plan, Mapping) and "totals" in plan:
        servers = plan["totals"]["servers"]
    given = arguments.pop(_LIMIT, None)
    limit = read_limit(name, None if given is None else str(given), servers)
    if limit is not None:
        arguments[_LIMIT] = str(limit)
