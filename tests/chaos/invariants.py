# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check what must hold after every run, whatever happened in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaos.drivers import GRACE, TIMEOUTS, Run, Told
from chaos.estates import State, server_id
from e2e.conftest import secrets_of

if TYPE_CHECKING:
    from chaos.drivers import Asked
    from chaos.estates import DesiredServer, Estate
    from e2e.emulator_client import Emulator

#: Failures that are known before any write.
REFUSALS = ("ElasticCluster", "IdentityUsedForEncryption", "SystemAssignedIdentityInUse")
#: What an operation fails with on a server that another one is at work on.
BUSY = ("ServerIsBusy", "ServerBusy")
#: How often a write is sent that fails in passing.
TRIES = 5
#: Seconds between a look at a server and the write that follows it at once, on a machine that may stand still.
LONGEST = 5.0
_PATHS = re.compile(
    r"/subscriptions/[0-9a-f-]{36}(/resourceGroups/[\w-]+)?/providers/Microsoft\.(DBforPostgreSQL|ManagedIdentity)/\w+.*",
    re.IGNORECASE,
)


@dataclass
class Facts:
    """The facts of a run: servers before and after, every change between, and every ARM request."""

    before: dict[str, State]
    after: dict[str, State]
    changes: list[dict[str, Any]]
    requests: list[dict[str, Any]]

    def changes_of(self, server: str, by: str | None = None) -> list[dict[str, Any]]:
        name = server_id(server).lower()
        return [each for each in self.changes if each["server"].lower() == name and by in (None, each["by"])]

    def writes_to(self, server: str) -> list[dict[str, Any]]:
        name = server_id(server).lower()
        return [each for each in self.requests if each["method"] == "PATCH" and each["path"].lower() == name]

    def states_of(self, server: str) -> list[State]:
        """Return every state that it was in."""
        later = [State.of(each["after"]) for each in self.changes_of(server) if each["after"]]
        return [self.before[server], *later]


def lost(asked: Asked, estate: Estate, facts: Facts) -> list[tuple[str, str]]:
    """Return server and name of every identity that should be there and is not, but for what nobody could have seen.

    There should be what was before and what others have assigned since, without what they have removed and what was
    asked to be removed.
    """
    found = []
    for server, before in facts.before.items():
        should = set(before.held)
        for change in facts.changes_of(server, "meanwhile"):
            if change["after"]:
                was, became = State.of(change["before"]).held, State.of(change["after"]).held
                should = (should | (became - was)) - (was - became)
        for desired in asked.desired_states:
            if desired.server == server and not asked.check:
                should -= desired.may_remove(frozenset(should), estate.encrypting[server])
        if not any(_unseen_change(server, change, facts) for change in _own(server, facts)):
            found += [(server, name) for name in sorted(should - facts.after[server].held)]
    return found


def check_run(emulator: Emulator, estate: Estate, asked: Asked, run: Run, facts: Facts, hits: int) -> int:
    """Raise `AssertionError` if anything is not as it must be. Returns how often an unseen change was overwritten."""
    output = "".join([*run.outputs, run.warned])
    leaks = [(each, output.split(each, maxsplit=1)[0][-300:]) for each in secrets_of(emulator) if each in output]
    assert leaks == []
    assert "Traceback" not in output
    assert run.seconds <= (TIMEOUTS["wait_timeout"] + GRACE) * len(run.outputs), run.seconds
    assert emulator.violations() == []
    assert not [each for each in facts.requests if each["method"] not in ("GET", "PATCH")]
    assert not [each for each in facts.requests if not _PATHS.fullmatch(each["path"])]
    if asked.check:
        assert not [each for each in facts.requests if each["method"] == "PATCH"]
    untouched = set(facts.before) - {desired.server for desired in asked.desired_states}
    assert not [each for each in untouched if facts.changes_of(each, "client")]
    unseen = 0
    for told in run.told:
        encrypting = estate.encrypting[told.desired.server]
        unseen += sum(_check_change(told.desired, encrypting, each, facts) for each in _own(told.desired.server, facts))
        _check_writes(told, facts, hits)
        _check_told(told, estate, facts, check=asked.check)
    return unseen


def _own(server: str, facts: Facts) -> list[dict[str, Any]]:
    return [each for each in facts.changes_of(server, "client") if each["after"]]


def _check_change(desired: DesiredServer, encrypting: frozenset[str], change: dict[str, Any], facts: Facts) -> bool:
    """Check that only what was asked for has changed; return True if not, because of what nobody could have seen."""
    before, after = State.of(change["before"]), State.of(change["after"])
    lost = before.held - after.held - desired.may_remove(before.held, encrypting)
    added = after.held - before.held - desired.to_assign
    switched = before.system != after.system and desired.system != after.system
    assert not added, (desired, change)
    assert not encrypting & (before.held - after.held), (desired, change)
    if lost or switched:
        assert _unseen_change(desired.server, change, facts), (
            f"lost {sorted(lost)}, switched {switched}: {desired}, {change}"
        )
    return bool(lost or switched)


def _unseen_change(server: str, change: dict[str, Any], facts: Facts) -> bool:
    """Tell whether somebody else's change ended after the last look at the server and before this one began.

    The service has no etag: what is sent in between overwrites it. So the look must be a fresh one.
    """
    name = server_id(server).lower()
    looks = [
        each["time"]
        for each in facts.requests
        if each["method"] == "GET"
        and each["status"] == 200
        and each["time"] <= change["started"]
        and (each["path"].lower() == name or each["path"].lower().endswith("/flexibleservers"))
    ]
    others = [each["ended"] for each in facts.changes_of(server, "meanwhile") if each["ended"]]
    return any(max(looks) < ended <= change["started"] <= max(looks) + LONGEST for ended in others)


def _check_writes(told: Told, facts: Facts, hits: int) -> None:
    """Check that no change with effect is made again unless somebody else wrote, and that writes come to an end."""
    server = told.desired.server
    ours, others = facts.changes_of(server, "client"), facts.changes_of(server, "meanwhile")
    assert len(_own(server, facts)) <= 1 + len(others), ours
    busy = [each for each in ours if each["refused"] or (each["error"] or "") in BUSY]
    answered_busy = [each for each in facts.writes_to(server) if each["status"] in (400, 409, 429, 500, 503)]
    assert len(ours) <= TRIES + len(busy) + len(others), ours
    assert len(facts.writes_to(server)) <= TRIES + len(ours) + len(answered_busy) + hits


def _check_told(told: Told, estate: Estate, facts: Facts, *, check: bool) -> None:
    """Check that the report is true."""
    server = told.desired.server
    if told.failed:
        assert told.facts["msg"], told.facts
        assert told.code, told.facts
        assert not told.facts.get("changed"), told.facts
        if server in estate.elastic or (told.code in REFUSALS and estate.refuses(told.desired, facts.before[server])):
            assert facts.writes_to(server) == []
        return
    assert server not in estate.elastic, told.facts
    if check:
        return
    state = told.state
    assert told.desired.met_by(state, estate.encrypting[server]), (told.desired, told.facts)
    assert state in facts.states_of(server), (state, facts.states_of(server))
    if not facts.changes_of(server, "meanwhile"):
        assert state == facts.after[server], (state, facts.after[server])
        before = facts.before[server]
        assert {each.rpartition("/")[2].lower() for each in told.facts["assigned"]} == state.held - before.held
        assert {each.rpartition("/")[2].lower() for each in told.facts["removed"]} == before.held - state.held
        assert told.facts["changed"] == (state != before)
