# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Variables of hosts -> rows of the option `servers` of `pgflex_identity_fleet`, and its answers -> hosts. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..module_utils._errors import InvalidInput, PgflexError, quoted
from ..module_utils._fleet.target import some_of, totals
from ..module_utils._identity.resource_ids import LIKE_A_PRINCIPAL, distinct, is_guid, key, parse_server_id
from ..module_utils._module.argspec import desired_state_from_row, server_ref
from ..module_utils._module.options import ACTIONS, ASSIGN, DESIRED, IDENTITIES, PLACE, ROTATE, SETS, Option
from ._values import read_flag, read_names, read_text

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from ._rollback_plan import RollbackPlan

_VARIABLE_OF_PLACE = {each.row: each.variable for each in PLACE if each.row and each.variable}
_OLD, _NEW = "pgflex_identity_rotate_from", "pgflex_identity_rotate_to"
_UNSET = {
    _OLD: "is not set: it has to name the identity to replace.",
    _NEW: "is not set: it has to name the new identity.",
}
_ROTATED = {"present": _NEW, "absent": _OLD, "only_if_assigned": _OLD}
_ANY_SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
# What an entry has where the others are in files.
_LEAN = ("name", "changed", "failed", "msg")


class NotAServer(InvalidInput):
    """A host has neither the ID of a server nor a resource group, as others in an inventory that is shared."""

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(option, problem)
        # It is told where nobody else is a server.
        self.code = InvalidInput.__name__


# Thousands of hosts have the same names.
@lru_cache(maxsize=4096)
def is_relevant(variable: str, action: str = ASSIGN) -> bool:
    """Return whether the variable says something about a row of this action."""
    options = _options_of(action)
    if variable in _VARIABLE_OF_PLACE.values() or any(variable == each.variable for each in options):
        return True
    return variable.startswith(tuple(f"{each.variable}__" for each in options if each.adds_up))


@lru_cache(maxsize=len(ACTIONS))
def _options_of(action: str) -> tuple[Option, ...]:
    """Return the options whose host variables count for an action, beside those of the place."""
    return tuple(each for each in DESIRED if each.variable and action in each.actions)


def make_row(host: str, variables: Mapping[str, Any], action: str = ASSIGN) -> dict[str, Any]:
    """Return the row of a host, of its variables for which `is_relevant` is true, templated. Raise `InvalidInput`.

    Unset ones are left out. Every variable may be a text as a survey gives it, and an empty one counts as unset; an
    empty list does not.
    """
    row = {each.row: _value(each, variables) for each in _options_of(action) if each.row}
    if action == ROTATE:
        row.update(_rotation(variables))
    row = {"name": host, **_place(host, variables), **row}
    return {option: value for option, value in row.items() if value is not None}


def read_rows(
    hosts: Iterable[str], read: Callable[[str], dict[str, Any]], action: str, seen: Callable[[str], None]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return a row for each host that is a server, and a warning about those whose variables `read` cannot read.

    `seen` is told of each that is one, right after it was read.
    """
    found, unread = [], {}
    for host in hosts:
        try:
            found.append(make_row(host, read(host), action))
            seen(host)
        except NotAServer:
            continue
        except InvalidInput as error:
            unread[host] = error
    if not unread:
        return found, []
    host, why = next(iter(unread.items()))
    what = f"What is declared for {some_of(list(unread))} cannot be read, so that no replica can follow it."
    return found, [f"{what} {host}: {why}"]


def check_row(row: Mapping[str, Any], variables: Mapping[str, Any], action: str = ASSIGN) -> None:
    """Look at the row as the module will, to name the variable that is wrong. Raise `InvalidInput`."""
    try:
        _check_values(row)
    except InvalidInput as error:
        if error.target == "server_name" and row.get("server_name") == row["name"]:
            raise InvalidInput(
                _VARIABLE_OF_PLACE["server_name"],
                f"is not set, so that the name of the host counts, and {error.message.partition(': ')[2]} Set it for "
                "this host, or exclude the host with pgflex_identity_hosts if it is no server.",
            ) from None
        sources = {
            name: {**row, option: read_names(name, variables[name])}
            for option, name in _sources(error.target, variables, action)
        }
        names = [name for name, alone in sources.items() if len(sources) == 1 or _problem(alone) == error.message]
        if names:
            raise InvalidInput(names[0], error.message.removeprefix(f"{error.target}: ")) from None


def _check_values(row: Mapping[str, Any]) -> None:
    # The subscription of the connection is not known here.
    ref = server_ref({"server_id": None, **row}, row.get("subscription_id") or _ANY_SUBSCRIPTION)
    for option in DESIRED:
        for each in (row.get(option.row) or []) if option.row and option.type == IDENTITIES else ():
            if is_guid(each):
                raise InvalidInput(str(option.row), f"{each} {LIKE_A_PRINCIPAL}")
    desired_state_from_row(row, ref)


def _problem(row: Mapping[str, Any]) -> str:
    try:
        _check_values(row)
    except InvalidInput as error:
        return error.message
    return ""


def _sources(target: str, variables: Mapping[str, Any], action: str) -> list[tuple[str, str]]:
    """Return the row's option and each variable of the host that says something about it."""
    if action == ROTATE and target in _ROTATED:
        return [(target, _ROTATED[target])]
    named = {each.row: each for each in (*PLACE, *_options_of(action))}
    option = named.get(target)
    if option is None or not option.variable:
        return []
    adding = sorted(each for each in variables if option.adds_up and each.startswith(f"{option.variable}__"))
    return [(target, each) for each in (option.variable, *adding) if variables.get(each) not in (None, "", [])]


def _value(option: Option, variables: Mapping[str, Any]) -> Any:
    variable = option.variable or ""
    if option.type in SETS:
        return _set(variable, variables)
    return (read_flag if option.type == "bool" else read_text)(variable, variables.get(variable))


def _place(host: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    place = {option: read_text(variable, variables.get(variable)) for option, variable in _VARIABLE_OF_PLACE.items()}
    if place["server_id"]:
        # It says all the others; an inventory sets both.
        parse_server_id(_VARIABLE_OF_PLACE["server_id"], place["server_id"])
        return {"server_id": place["server_id"]}
    if host != "localhost":
        place["server_name"] = place["server_name"] or host
    for option in ("resource_group", "server_name"):
        if not place[option]:
            refuse = InvalidInput if place["resource_group"] else NotAServer
            problem = "is not set, nor is pgflex_server_id: one of them has to say which server."
            # What Ansible has in place of an inventory without a host.
            hint = " The inventory has no host: update it, or name one server with -e." * (host == "localhost")
            raise refuse(_VARIABLE_OF_PLACE[option], problem + hint)
    return place


def _rotation(variables: Mapping[str, Any]) -> dict[str, Any]:
    old, new = read_text(_OLD, variables.get(_OLD)), read_text(_NEW, variables.get(_NEW))
    if not old and not new:
        return {}
    if not old or not new:
        unset = _NEW if old else _OLD
        raise InvalidInput(unset, _UNSET[unset])
    if key(old) == key(new):
        raise InvalidInput(_NEW, f"{quoted(new)} is the identity to replace as well.")
    return {"present": [new], "absent": [old], "only_if_assigned": [old]}


def _set(variable: str, variables: Mapping[str, Any]) -> list[str] | None:
    """Return the sum of all variables for one set; None where none of them has a name or is a list."""
    adding = sorted(each for each in variables if each.startswith(f"{variable}__"))
    said = {each: variables.get(each) for each in (variable, *adding)}
    names = distinct([name for each, value in said.items() for name in read_names(each, value)])
    return list(names) if names or any(isinstance(each, (list, tuple)) for each in said.values()) else None


@dataclass
class HostRows:
    """The rows of `hosts`: `asked` go to the module, `refused` are the errors of hosts that cannot be asked for.

    With `rollback_plan`, for the action rollback, only of hosts whose servers it knows. `primaries` are rows of other
    servers, which those `asked` for may replicate. `batch` are all that may have a row.
    """

    action: str = ASSIGN
    rollback_plan: RollbackPlan | None = None
    hosts: list[str] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    refused: dict[str, PgflexError] = field(default_factory=dict)
    left_out: dict[str, PgflexError] = field(default_factory=dict)
    primaries: list[dict[str, Any]] | None = None
    batch: Sequence[str] = ()

    def add(
        self, host: str, variables: Callable[[], Mapping[str, Any]], *, named: bool = True
    ) -> Mapping[str, Any] | None:
        """Add a host; its `variables` may raise `PgflexError`, which is then its answer.

        One that is no server is left out, unless somebody has `named` it. Return the variables of a server.
        """
        said: Mapping[str, Any] | None = None
        try:
            said = variables()
            row = make_row(host, said, self.action)
            found = self.rollback_plan.row(row) if self.rollback_plan else row
            if found is None:
                return None
            check_row(found, said, self.action)
            self.asked.append(found)
        except NotAServer as error:
            if not named:
                self.left_out[host] = error
                return None
            self.refused[host], said = error, None
        except PgflexError as error:
            self.refused[host] = error
        self.hosts.append(host)
        return said

    def not_asked(self, hosts: Iterable[str]) -> list[str]:
        """Return those of `hosts` without a row, refused ones too: what is wrong there is so for their replicas."""
        return sorted({*hosts} - {row["name"] for row in self.asked})

    def refuse_empty_rotation(self) -> None:
        """Raise `InvalidInput` if the action is rotate, and no host says what to rotate."""
        if self.action == ROTATE and self.asked and not any("present" in row for row in self.asked):
            raise InvalidInput(_OLD, _UNSET[_OLD])

    def settle(self, hosts: int, extra: Container[str]) -> None:
        """Say once what is wrong with the whole run. `hosts` is how many the play has. Raise `PgflexError`.

        That is what every host is told, and what an `extra` variable says to them. Where no host is a server there is
        nothing beside which others were left out.
        """
        if len(self.left_out) == hosts:
            self.hosts, self.refused, self.left_out = [*self.left_out], {**self.left_out}, {}
        errors = list({str(each): each for each in self.refused.values()}.values())
        if len(errors) == 1 and not self.asked and len(self.refused) > 1:
            raise errors[0]
        for error in errors:
            if error.target in extra and len(self.hosts) > 1:
                raise error

    def warnings(self, result: Mapping[str, Any], *, whole: bool) -> list[str]:
        """Return the warnings about all rows together. `whole`: they are all that the play has."""
        if self.rollback_plan:
            return self.rollback_plan.warnings()
        left = {each["name"] for each in result.get("servers", []) if each.get("undeclared")}
        spared = [
            row["name"]
            for row in self.asked
            if row.get("purge")
            and (row["name"] in left or (row.get("present") is None and not row.get("follow_primary")))
        ]
        found = [
            f"Nothing is purged where nothing says what a server shall hold, so not on {some_of(spared)} "
            f"({len(spared)} in all). Is the name of a variable misspelt?"
        ]
        return [*(found if spared else []), *self._nothing_declared(result, whole=whole)]

    def _nothing_declared(self, result: Mapping[str, Any], *, whole: bool) -> list[str]:
        sets = [each.variable for each in _options_of(self.action) if each.variable and each.type == IDENTITIES]
        undeclared = result.get("totals", {}).get("undeclared")
        if not (whole and sets and self.asked) or undeclared != len(self.asked):
            return []
        return [f"Nothing is to be changed on any host: none has an identity in {' or '.join(sets)}."]

    def answers(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the module's result for `asked` with those that were refused, in the order of the hosts.

        Where the result is in files, the entries of `refusals()` belong there too.
        """
        refusals = self.refusals()
        if result.get("result_dir"):
            refusals = [{name: each[name] for name in _LEAN} for each in refusals]
        entries = {each["name"]: each for each in [*result["servers"], *refusals]}
        counts = dict(result["totals"])
        for count in ("servers", "failed"):
            counts[count] += len(self.refused)
        servers = [entries[host] for host in self.hosts]
        return {**result, "servers": servers, "totals": counts, "left_out": [*self.left_out]}

    def facts(self) -> dict[str, Any]:
        """Return whom the rows are about, for a result that has none; nothing if all are: they may be thousands."""
        are_all = {*self.hosts} == {*self.batch} - {*self.left_out}
        return {**({} if are_all else {"hosts": [*self.hosts]}), "left_out": [*self.left_out]}

    def refusals(self) -> list[dict[str, Any]]:
        """Return the entries of those that were refused."""
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
    """Return the module's result for no rows."""
    return {"changed": False, "requests": 0, "totals": totals([]), "servers": [], "waves": [], "rollback": ""}
