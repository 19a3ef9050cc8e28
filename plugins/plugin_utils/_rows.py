# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Variables of hosts -> rows of the option C(servers) of C(pgflex_identity_fleet), and its answers -> hosts. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._arm_id import distinct, parse_server_id
from ..module_utils._errors import InvalidInput, PgflexError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Option of a row -> variable of a host.
_TEXTS = {
    "server_id": "pgflex_server_id",
    "subscription_id": "pgflex_subscription_id",
    "resource_group": "pgflex_resource_group",
    "server_name": "pgflex_server_name",
    "identity_resource_group": "pgflex_identity_resource_group",
    "identity_subscription_id": "pgflex_identity_subscription_id",
}
_SETS = {"present": "pgflex_identity_present", "absent": "pgflex_identity_absent"}
_FLAGS = {
    "purge": "pgflex_identity_purge",
    "keep_encryption_identities": "pgflex_identity_keep_encryption",
    "system_assigned": "pgflex_identity_system_assigned",
}
_EXACT = frozenset((*_TEXTS.values(), *_SETS.values(), *_FLAGS.values()))
_ADDING = tuple(f"{variable}__" for variable in _SETS.values())
_WHERE = ("server_id", "subscription_id", "resource_group", "server_name")
# A comment runs to the end of its line: no resource ID holds the sign.
_BETWEEN = re.compile(r"(?:#[^\n]*|[,\n])+")


def is_meant(variable: str) -> bool:
    """Whether the variable says something about a row."""
    return variable in _EXACT or variable.startswith(_ADDING)


def make_row(host: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a host, of its variables for which C(is_meant()) is true, templated. Raises C(InvalidInput).

    What is unset is left out. Every variable may be a text as a survey gives it, and an empty one counts as unset.
    """
    row: dict[str, Any] = {"name": host}
    for option, variable in _TEXTS.items():
        row[option] = _text(variable, variables.get(variable))
    for option, variable in _SETS.items():
        row[option] = _set(variable, variables)
    for option, variable in _FLAGS.items():
        row[option] = _flag(variable, variables.get(variable))
    row = {option: value for option, value in row.items() if value not in (None, [])}
    if "server_id" in row:
        # It says all of these; an inventory sets both.
        for option in _WHERE[1:]:
            row.pop(option, None)
        parse_server_id("pgflex_server_id", row["server_id"])
        return row
    if host != "localhost":
        row.setdefault("server_name", host)
    for option in ("resource_group", "server_name"):
        if option not in row:
            raise InvalidInput(
                _TEXTS[option], "is not set, nor is pgflex_server_id: one of them has to say which server."
            )
    return row


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
class Rows:
    """The rows of C(hosts): C(asked) go to the module, C(refused) are the errors of hosts that cannot be asked for."""

    hosts: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, PgflexError] = field(default_factory=dict)

    def add(self, host: str, variables: Callable[[], Mapping[str, Any]]) -> None:
        """Add a host; its C(variables) may raise C(PgflexError), which is then its answer."""
        self.hosts.append(host)
        try:
            self.asked.append(make_row(host, variables()))
        except PgflexError as error:
            self.refused[host] = error

    def answers(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """The module's result for C(asked) with those that were refused, in the order of the hosts."""
        entries = {each["name"]: each for each in result["servers"]}
        entries.update({host: _failure(host, error) for host, error in self.refused.items()})
        totals = dict(result["totals"])
        for count in ("servers", "failed"):
            totals[count] += len(self.refused)
        return {**result, "servers": [entries[host] for host in self.hosts], "totals": totals}


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
    return {"changed": False, "requests": 0, "totals": totals, "servers": []}
