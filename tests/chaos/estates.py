# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Estates, desired states of their servers in every spelling, and what these permit to happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from e2e.world import GROUP, NAMES, SERVER, SERVER_ID, held_id, identity_id

if TYPE_CHECKING:
    from collections.abc import Callable

SERVERS = tuple(f"pg-chaos-{number}" for number in range(4))
#: An identity that may be asked for and is not there.
MISSING = "id-missing"
SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    identity_id,
    held_id,
    lambda name: identity_id(name).lower(),
    lambda name: identity_id(name).upper(),
    lambda name: held_id(name).swapcase(),
)


def server_id(name: str) -> str:
    return SERVER_ID.removesuffix(SERVER) + name


def short(resource_id: str) -> str:
    """Return the name of a resource, in lower case."""
    return resource_id.rpartition("/")[2].lower()


@dataclass(frozen=True)
class State:
    """The identities that a server holds, by name, and whether the system-assigned identity is on."""

    held: frozenset[str] = frozenset()
    system: bool = False

    @classmethod
    def of(cls, identity: dict[str, Any], key: str = "user_assigned") -> State:
        """Read the emulator's `type` and `user_assigned`, or a result's `user_assigned_identities`."""
        ids = [each if isinstance(each, str) else each["id"] for each in identity[key]]
        return cls(frozenset(map(short, ids)), "SystemAssigned" in identity["type"])


@dataclass(frozen=True)
class DesiredServer:
    """The desired state of one server. The identities are spelled as they will be sent."""

    server: str
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    purge: bool = False
    keep: bool = False
    system: bool | None = None

    @property
    def to_assign(self) -> frozenset[str]:
        return frozenset(map(short, self.present))

    @property
    def to_remove(self) -> frozenset[str]:
        return frozenset(map(short, self.absent))

    def may_remove(self, held: frozenset[str], encrypting: frozenset[str]) -> frozenset[str]:
        """Return those of `held` that may go."""
        purged = held - self.to_assign if self.purge else frozenset()
        return ((purged | self.to_remove) & held) - encrypting

    def met_by(self, state: State, encrypting: frozenset[str]) -> bool:
        """Tell whether nothing is left to do."""
        return (
            state.held >= self.to_assign
            and not state.held & self.to_remove
            and not (self.purge and state.held - self.to_assign - (encrypting if self.keep else frozenset()))
            and self.system in (None, state.system)
        )

    def refused(self, state: State, encrypting: frozenset[str]) -> bool:
        """Tell whether it must fail for what is in use, on a server in this state."""
        purged = state.held - self.to_assign if self.purge and not self.keep else frozenset()
        switched_off = state.system and self.system is False and bool(encrypting)
        return bool((purged | self.to_remove) & encrypting) or switched_off

    def missing(self, state: State) -> bool:
        """Tell whether it asks for an identity that is not there."""
        return MISSING in self.to_assign - state.held

    def options(self) -> dict[str, Any]:
        """Return it as options of `pgflex_identity`."""
        place = {"resource_group": GROUP, "server_name": self.server}
        more = {} if self.system is None else {"system_assigned": self.system}
        if self.absent and not self.present and not self.purge:
            return {**place, "state": "absent", "identities": list(self.absent), **more}
        return {
            **place,
            "identities": list(self.present),
            "replaces": list(self.absent),
            "purge_identities": self.purge,
            "keep_encryption_identities": self.keep,
            **more,
        }

    def row(self) -> dict[str, Any]:
        """Return it as a row of `pgflex_identity_fleet`."""
        desired = {"present": list(self.present), "absent": list(self.absent), "purge": self.purge}
        more = {} if self.system is None else {"system_assigned": self.system}
        return {"server_id": server_id(self.server), "keep_encryption_identities": self.keep, **desired, **more}

    def variables(self) -> dict[str, Any]:
        """Return it as variables of a host; a set may come in parts, and as text."""
        return {
            "pgflex_server_id": server_id(self.server),
            "pgflex_identity_present": list(self.present[1:]),
            "pgflex_identity_present__first": "\n".join(self.present[:1]),
            "pgflex_identity_absent": list(self.absent),
            "pgflex_identity_purge": "yes" if self.purge else "",
            "pgflex_identity_keep_encryption_identities": self.keep,
            "pgflex_identity_system_assigned": self.system,
        }


@dataclass
class Estate:
    """The servers of a seed, and which names encrypt each of them."""

    servers: list[dict[str, Any]]
    settings: dict[str, Any]
    encrypting: dict[str, frozenset[str]] = field(init=False)
    #: The names of the elastic clusters among them.
    elastic: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.encrypting = {
            each["name"]: frozenset(map(short, each.get("encryption", {}).values())) for each in self.servers
        }
        self.elastic = frozenset(each["name"] for each in self.servers if "cluster_size" in each)

    @property
    def shows_work(self) -> bool:
        """Tell whether the state of a server shows that an operation is at work."""
        return bool(self.settings["state_while_running"] == "Updating")

    def refuses(self, desired: DesiredServer, state: State) -> bool:
        """Tell whether the change must fail, on its server in this state, with nothing written."""
        return desired.server in self.elastic or desired.refused(state, self.encrypting[desired.server])


@st.composite
def desired_states(draw: st.DrawFn, server: str | None = None) -> DesiredServer:
    """Draw a desired state that asks for something, and for nothing both ways."""
    names = st.sampled_from([*NAMES * 6, MISSING])
    asked = draw(st.dictionaries(names, st.tuples(st.booleans(), st.sampled_from(SPELLINGS)), max_size=4))
    purge = draw(st.sampled_from([False, False, False, True]))
    system = draw(st.sampled_from([None, None, None, True, False]))
    if not asked and not purge and system is None:
        asked = {NAMES[0]: (True, str)}
    present = tuple(spell(name) for name, (assign, spell) in asked.items() if assign)
    absent = tuple(spell(name) for name, (assign, spell) in asked.items() if not assign)
    # To replace nothing with nothing is an error.
    absent = absent if present or not purge else ()
    keep = draw(st.sampled_from([True, True, False]))
    return DesiredServer(server or draw(st.sampled_from(SERVERS)), present, absent, purge, keep, system)


@st.composite
def _servers(draw: st.DrawFn, name: str) -> dict[str, Any]:
    held = draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=5))
    system = draw(st.booleans())
    kind = ",".join(["SystemAssigned"] * system + ["UserAssigned"] * bool(held)) or "None"
    spelled = [draw(st.sampled_from(SPELLINGS[2:]))(each) for each in held]
    server: dict[str, Any] = {"name": name, "identity": {"type": kind, "user_assigned": spelled}}
    if draw(st.sampled_from([False] * 5 + [True])):
        server["cluster_size"] = 2
    if held and draw(st.sampled_from([False, False, True])):
        uses = draw(st.sampled_from([("primary",), ("primary", "geo_backup")]))
        server["encryption"] = {use: draw(st.sampled_from(SPELLINGS[2:]))(draw(st.sampled_from(held))) for use in uses}
    return server


@st.composite
def estates(draw: st.DrawFn) -> Estate:
    """Draw four servers, and a service with one of the behaviours that are not known."""
    silent = draw(st.sampled_from(["Updating", "Updating", "Ready"]))
    headers = draw(st.sampled_from(["both", "location", "operation", "none"]))
    settings = {
        # Without an operation to follow and a state that tells of it, a change of a minute cannot be waited for.
        "operation_seconds": 20 if (silent, headers) == ("Ready", "none") else draw(st.sampled_from([0, 20, 75])),
        "page_size": draw(st.sampled_from([1, 2, 100])),
        "retry_after": draw(st.sampled_from([None, 0, 1, 45, 86400])),
        "key_casing": draw(st.sampled_from(["caller", "lower"])),
        "client_id_in_server": draw(st.sampled_from(["tenant", "client"])),
        "busy_status": draw(st.sampled_from([409, 400, 429, 500, 503])),
        "busy_code": draw(st.sampled_from(["ServerIsBusy", "ServerBusy"])),
        "busy_in": draw(st.sampled_from(["request", "operation"])),
        "remove_unassigned": draw(st.sampled_from(["ignore", "refuse"])),
        "missing_identity": draw(st.sampled_from(["FailedIdentityOperation", "LinkedAuthorizationFailed"])),
        "missing_identity_in": draw(st.sampled_from(["request", "operation"])),
        "same_id_other_casing": draw(st.sampled_from(["merge", "duplicate"])),
        "state_while_running": silent,
        "async_headers": headers,
        "throttle": draw(
            st.sampled_from([None, {"reads": {"bucket": 4, "refill": 1}, "writes": {"bucket": 2, "refill": 0.2}}])
        ),
        "policy_unneeded": draw(st.sampled_from(["token", "none"])),
        "policy_hash": draw(st.sampled_from(["bytes", "lenient"])),
        "check_schema": True,
    }
    return Estate([draw(_servers(name)) for name in SERVERS], settings)


#: Seconds by which lists lag, or what they do; None goes on as before.
LIST_LAGS = (None, None, None, 0, 45, 4000, "frozen")
#: Seconds by which a GET lags; less than a change is looked for after it was done.
GET_LAGS = (0, 0, 0, 3, 40)
