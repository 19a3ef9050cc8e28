# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Variables of hosts -> rows of the option `servers` of `pgflex_identity_fleet`, and its answers -> hosts. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._errors import InvalidInput, PgflexError
from ..module_utils._identity.resource_ids import distinct, key, parse_server_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._rollback_plan import RollbackPlan

ASSIGN, REMOVE, ROTATE, ROLLBACK, LIST = ACTIONS = ("assign", "remove", "rotate", "rollback", "list")
# Option of a row -> variable of a host.
_PLACE = {
    "server_id": "pgflex_server_id",
    "subscription_id": "pgflex_subscription_id",
    "resource_group": "pgflex_resource_group",
    "server_name": "pgflex_server_name",
}
_NAMESPACE = {
    "identity_resource_group": "pgflex_identity_lookup_resource_group",
    "identity_subscription_id": "pgflex_identity_lookup_subscription_id",
}
_SETS = {"present": "pgflex_identity_present", "absent": "pgflex_identity_absent"}
_FLAGS = {
    "purge": "pgflex_identity_purge",
    "keep_encryption_identities": "pgflex_identity_keep_encryption_identities",
    "system_assigned": "pgflex_identity_system_assigned",
}
_OLD, _NEW = "pgflex_identity_rotate_from", "pgflex_identity_rotate_to"
# Sets and other variables that count for an action, beside those of the place.
_SETS_OF: dict[str, tuple[str, ...]] = {ASSIGN: tuple(_SETS.values()), REMOVE: (_SETS["absent"],)}
_OTHERS_OF: dict[str, tuple[str, ...]] = {
    ASSIGN: (*_NAMESPACE.values(), *_FLAGS.values()),
    REMOVE: tuple(_NAMESPACE.values()),
    ROTATE: (*_NAMESPACE.values(), _OLD, _NEW),
}
# A comment runs to the end of its line: no resource ID holds the sign.
_BETWEEN = re.compile(r"(?:#[^\n]*|[,\n])+")
# What an entry has where the others are in files.
_LEAN = ("name", "changed", "failed", "msg")


# Thousands of hosts have the same names.
@lru_cache(maxsize=4096)
def is_relevant(variable: str, action: str = ASSIGN) -> bool:
    """Whether the variable says something about a row of this action."""
    sets = _SETS_OF.get(action, ())
    if variable in sets or variable in _OTHERS_OF.get(action, ()) or variable in _PLACE.values():
        return True
    return variable.startswith(tuple(f"{each}__" for each in sets))


def make_row(host: str, variables: Mapping[str, Any], action: str = ASSIGN) -> dict[str, Any]:
    """The row of a host, of its variables for which `is_relevant()` is true, templated. Raises `InvalidInput`.

    What is unset is left out. Every variable may be a text as a survey gives it, and an empty one counts as unset.
    """
    row: dict[str, Any] = {}
    relevant = _OTHERS_OF.get(action, ())
    for option, variable in _NAMESPACE.items():
        if variable in relevant:
            row[option] = _text(variable, variables.get(variable))
    for option, variable in _SETS.items():
        if variable in _SETS_OF.get(action, ()):
            row[option] = _set(variable, variables)
    for option, variable in _FLAGS.items():
        if variable in relevant:
            row[option] = _flag(variable, variables.get(variable))
    if action == ROTATE:
        row.update(_rotation(variables))
    row = {"name": host, **_place(host, variables), **row}
    return {option: value for option, value in row.items() if value not in (None, [])}


def _place(host: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    place = {option: _text(variable, variables.get(variable)) for option, variable in _PLACE.items()}
    if place["server_id"]:
        # It says all the others; an inventory sets both.
        parse_server_id(_PLACE["server_id"], place["server_id"])
        return {"server_id": place["server_id"]}
    if host != "localhost":
        place["server_name"] = place["server_name"] or host
    for option in ("resource_group", "server_name"):
        if not place[option]:
            problem = "is not set, nor is pgflex_server_id: one of them has to say which server."
            # Ansible's stand-in for an inventory without a host.
            hint = " The inventory has no host: update it, or name one server with -e." * (host == "localhost")
            raise InvalidInput(_PLACE[option], problem + hint)
    return place


def _rotation(variables: Mapping[str, Any]) -> dict[str, Any]:
    old, new = _text(_OLD, variables.get(_OLD)), _text(_NEW, variables.get(_NEW))
    if not old or not new:
        unset, what = (_NEW, "the new identity") if old else (_OLD, "the identity to replace")
        raise InvalidInput(unset, f"is not set: it has to name {what}.")
    if key(old) == key(new):
        raise InvalidInput(_NEW, f"{new!r} is the identity to replace as well.")
    return {"present": [new], "absent": [old], "only_if_assigned": [old]}


def _text(variable: str, value: Any) -> str | None:
    if value is None:
        return None
    # A number is a name that YAML took for one.
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InvalidInput(variable, f"{value!r} is not a text.")
    return str(value).strip() or None


def _set(variable: str, variables: Mapping[str, Any]) -> list[str]:
    adding = sorted(each for each in variables if each.startswith(f"{variable}__"))
    return list(distinct([name for each in (variable, *adding) for name in _names(each, variables.get(each))]))


def _names(variable: str, value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str):
        return [name.strip() for name in _BETWEEN.split(value) if name.strip()]
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        raise InvalidInput(variable, f"{value!r} is neither a list of texts nor a text with one on each line.")
    return [str(name) for name in value]


def _flag(variable: str, value: Any) -> bool | None:
    if value is None or value == "":
        return None
    try:
        return bool(boolean(value))
    except TypeError:
        raise InvalidInput(variable, f"{value!r} is neither true nor false.") from None


@dataclass
class HostRows:
    """The rows of `hosts`: `asked` go to the module, `refused` are the errors of hosts that cannot be asked for.

    With `rollback_plan`, for the action rollback, only of hosts whose servers it knows.
    """

    action: str = ASSIGN
    rollback_plan: RollbackPlan | None = None
    hosts: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, PgflexError] = field(default_factory=dict)

    def add(self, host: str, variables: Callable[[], Mapping[str, Any]]) -> None:
        """Add a host; its `variables` may raise `PgflexError`, which is then its answer."""
        try:
            row = make_row(host, variables(), self.action)
            found = self.rollback_plan.row(row) if self.rollback_plan else row
            if found is None:
                return
            self.asked.append(found)
        except PgflexError as error:
            self.refused[host] = error
        self.hosts.append(host)

    def warnings(self, *, whole: bool) -> list[str]:
        """What is to be said of all rows together. `whole`: they are all that the play has."""
        if self.rollback_plan:
            return self.rollback_plan.warnings()
        sets = [variable for option, variable in _SETS.items() if variable in _SETS_OF.get(self.action, ())]
        wishes = {"present", "absent", "system_assigned"}
        if not (whole and sets and self.asked) or any(wishes & row.keys() or row.get("purge") for row in self.asked):
            return []
        return [f"Nothing is to be changed on any host: none has an identity in {' or '.join(sets)}."]

    def answers(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """The module's result for `asked` with those that were refused, in the order of the hosts.

        Where the result is in files, the entries of `refusals()` belong there too.
        """
        refusals = self.refusals()
        if result.get("result_dir"):
            refusals = [{name: each[name] for name in _LEAN} for each in refusals]
        entries = {each["name"]: each for each in [*result["servers"], *refusals]}
        totals = dict(result["totals"])
        for count in ("servers", "failed"):
            totals[count] += len(self.refused)
        return {**result, "servers": [entries[host] for host in self.hosts], "totals": totals}

    def refusals(self) -> list[dict[str, Any]]:
        """The entries of those that were refused."""
        return [_failure(host, error) for host, error in self.refused.items()]


def _failure(host: str, error: PgflexError) -> dict[str, Any]:
    return {
        "name": host,
        "changed": False,
        "failed": True,
        "msg": str(error),
        "error": error.as_dict(),
        "assigned": [],
        "removed": [],
    }


def nothing_asked() -> dict[str, Any]:
    """The module's result for no rows."""
    totals = {"servers": 0, "ok": 0, "changed": 0, "failed": 0, "not_started": 0}
    return {"changed": False, "requests": 0, "totals": totals, "servers": [], "waves": [], "rollback": ""}
