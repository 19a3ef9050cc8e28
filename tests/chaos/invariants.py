# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check what must hold after every run, whatever happened in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chaos.drivers import GRACE, TIMEOUTS, Run, Told
from chaos.facts import OTHERS, Facts, Past
from chaos.faults import BODIES, SLOW_SECONDS
from e2e.conftest import secrets_of

if TYPE_CHECKING:
    from collections import Counter

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
_TOKENS = re.compile(r"/subscriptions/[0-9a-f-]{36}/providers/Microsoft\.Authorization/acquirePolicyToken")
_PATHS = re.compile(
    r"/subscriptions/[0-9a-f-]{36}(/resourceGroups/[\w-]+)?/providers/Microsoft\.(DBforPostgreSQL|ManagedIdentity)/\w+.*",
    re.IGNORECASE,
)


def lost(asked: Asked, estate: Estate, facts: Facts) -> list[tuple[str, str]]:
    """Return server and name of every identity that a PATCH of ours took away and nobody had asked to remove.

    But for what nobody could have seen: it was assigned after the look that the PATCH followed at once, and the last
    identity goes by the type alone.
    """
    found = []
    desired = {} if asked.check else {each.server: each for each in asked.desired_states}
    for server in facts.before:
        for was, became in facts.steps_of(server, "client"):
            gone = was.state.held - became.state.held
            if server in desired:
                gone -= desired[server].may_remove(was.state.held, estate.encrypting[server])
            if gone and not (_unseen(server, became, facts) and not became.state.held):
                found += [(server, name) for name in sorted(gone)]
    return found


def check_run(emulator: Emulator, estate: Estate, asked: Asked, run: Run, facts: Facts, hits: Counter[str]) -> int:
    """Raise `AssertionError` if anything is not as it must be. Returns how often an unseen change was overwritten."""
    output = "".join([*run.outputs, run.warned])
    leaks = [(each, output.split(each, maxsplit=1)[0][-300:]) for each in secrets_of(emulator) if each in output]
    assert leaks == []
    assert "Traceback" not in output
    assert run.seconds <= (TIMEOUTS["wait_timeout"] + GRACE) * len(run.outputs), run.seconds
    assert emulator.violations() == []
    asks = [each for each in facts.requests if _TOKENS.fullmatch(each["path"])]
    rest = [each for each in facts.requests if not _TOKENS.fullmatch(each["path"])]
    assert {each["method"] for each in asks} <= {"POST"}
    assert not [each for each in rest if each["method"] not in ("GET", "PATCH")]
    assert not [each for each in rest if not _PATHS.fullmatch(each["path"])]
    _check_tokens(emulator, asked, asks)
    if asked.check:
        assert not [each for each in facts.requests if each["method"] == "PATCH"]
    untouched = set(facts.before) - {desired.server for desired in asked.desired_states}
    assert not [each for each in untouched if facts.changes_of(each, "client")]
    unseen = 0
    for told in run.told:
        unseen += _check_changes(told.desired, estate.encrypting[told.desired.server], facts)
        _check_writes(told, facts, hits)
        _check_told(told, estate, facts, check=asked.check)
        if told.failed:
            _check_failed(told, facts, hits)
    return unseen


def _check_tokens(emulator: Emulator, asked: Asked, asks: list[dict[str, Any]]) -> None:
    """Check that each token was for what was sent with it, once, and that a dry run asks for none."""
    states = {each["token"] for each in emulator.evaluations("write")}
    assert states <= {"none", "valid", "expired"}, states
    assert not (asked.check and asks)


def _check_changes(desired: DesiredServer, encrypting: frozenset[str], facts: Facts) -> int:
    """Check that only what was asked for has changed; return how often not, because of what nobody could have seen."""
    unseen = 0
    for was, became in facts.steps_of(desired.server, "client"):
        before, after = was.state, became.state
        gone = before.held - after.held - desired.may_remove(before.held, encrypting)
        added = after.held - before.held - desired.to_assign
        switched = before.system != after.system and desired.system != after.system
        assert not encrypting & (before.held - after.held), (desired, was, became)
        if gone or added or switched:
            what = f"lost {sorted(gone)}, added {sorted(added)}, switched {switched}: {desired}, {was}, {became}"
            assert _unseen(desired.server, became, facts), what
            # A PATCH names others than those to assign only where it switches the system-assigned identity off.
            assert not added or desired.system is False, what
            unseen += 1
    return unseen


def _unseen(server: str, became: Past, facts: Facts) -> bool:
    """Tell whether somebody else's change ended too late to show in the look right before the PATCH that made a state.

    The service has no etag: what is sent in between overwrites it.
    """
    look, patch = facts.look_before(server, became)
    assert look is not None, became
    if patch["time"] - look["time"] > LONGEST + SLOW_SECONDS:
        return False
    since = look["time"] - facts.lags.gets
    return any(since <= theirs.time <= patch["time"] for _was, theirs in facts.steps_of(server, OTHERS, whole=True))


def _check_writes(told: Told, facts: Facts, hits: Counter[str]) -> None:
    """Check that each write follows a look of its own and is made again for a reason only, and that they end."""
    server = told.desired.server
    ours, others = facts.changes_of(server, "client"), facts.changes_of(server, OTHERS)
    last: dict[str, Any] | None = None
    for each in facts.requests_about(server):
        if each["method"] == "PATCH":
            assert last is not None, each
            assert (last["method"], last["status"], last["path"]) == ("GET", 200, each["path"]), (last, each)
        last = each
    assert len(facts.steps_of(server, "client")) <= 1 + len(others), ours
    busy = [each for each in ours if each["refused"] or (each["error"] or "") in BUSY]
    answered_busy = [each for each in facts.writes_to(server) if each["status"] in (400, 409, 429, 500, 503)]
    assert len(ours) <= TRIES + len(busy) + len(others), ours
    assert len(facts.writes_to(server)) <= TRIES + len(ours) + len(answered_busy) + hits.total()


def _check_failed(told: Told, facts: Facts, hits: Counter[str]) -> None:
    """Check that a failure is true of the write: `none` is none, and where there was none it is not told as done."""
    ours = facts.changes_of(told.desired.server, "client")
    accepted = [each for each in ours if not each["refused"] and (each["error"] or "") not in BUSY]
    if told.write == "none":
        assert facts.steps_of(told.desired.server, "client") == [], told.facts
        assert accepted == [], told.facts
    elif told.write in ("accepted", "done") and not any(hits[kind] for kind in BODIES):
        # One that was told to be busy only by an operation that cannot be followed counts as accepted.
        assert ours, told.facts
    else:
        assert told.write in ("unknown", "accepted", "done"), told.facts
    assert not told.facts.get("changed") or told.write in ("accepted", "done"), told.facts


def _check_told(told: Told, estate: Estate, facts: Facts, *, check: bool) -> None:
    """Check that the report is true."""
    server = told.desired.server
    if told.failed:
        assert told.facts["msg"], told.facts
        assert told.code, told.facts
        if server in estate.elastic or (told.code in REFUSALS and estate.refuses(told.desired, facts.before[server])):
            assert facts.writes_to(server) == []
        return
    assert server not in estate.elastic, told.facts
    if told.facts["changed"]:
        if not check:
            _check_changed(told, estate, facts)
        return
    assert told.facts["assigned"] == told.facts["removed"] == [], told.facts
    assert facts.steps_of(server, "client") == [], told.facts
    assert told.desired.met_by(told.state, estate.encrypting[server]), (told.desired, told.facts)
    if told.facts.get("busy"):
        assert check, told.facts
        assert told.state in facts.states_of(server), told.facts
        return
    seen = set(facts.shown(server, told.read_by, at_work=not estate.shows_work))
    assert told.state in seen, (told.facts, told.state, seen)


def _check_changed(told: Told, estate: Estate, facts: Facts) -> None:
    """Check what is told as changed: it was met, since our own last write, and it is what was done."""
    server, state = told.desired.server, told.state
    assert told.desired.met_by(state, estate.encrypting[server]), (told.desired, told.facts)
    ours = [place for place, (_was, became) in enumerate(facts.steps_of(server)) if became.by == "client"]
    since = facts.states_of(server)[ours[-1] + 1 if ours else 0 :]
    assert state in since, (state, since)
    if not facts.changes_of(server, OTHERS):
        assert state == facts.after[server], (state, facts.after[server])
        before = facts.before[server]
        assert {each.rpartition("/")[2].lower() for each in told.facts["assigned"]} == state.held - before.held
        assert {each.rpartition("/")[2].lower() for each in told.facts["removed"]} == before.held - state.held
        assert state != before, told.facts
