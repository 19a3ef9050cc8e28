# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is lost and nothing is told that is not true, whatever happens between us and Azure.

A state machine asks for random states of one server or of many in an estate, in random spellings, while requests
fail in every way, lists and GETs lag, others write to the same servers, before a run and at every moment of it, and
the clock jumps. CHAOS_STEPS says how many steps are taken.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from chaos.drivers import DRIVERS, Asked, Run, Told, carry_out
from chaos.estates import GET_LAGS, LIST_LAGS, SERVERS, Estate, State, desired_states, estates, short
from chaos.facts import Facts, Lags, Past
from chaos.faults import ENDS, IN_FLIGHT, POLICY, Fault, faults, foreign_writes
from chaos.figures import FIGURES
from chaos.invariants import REFUSALS, check_run, lost
from chaos.refusing import Refusing
from e2e.fleets import seed_servers

if TYPE_CHECKING:
    from chaos.estates import DesiredServer
    from chaos.faults import ForeignWrite
    from e2e.emulator_client import Emulator

#: Steps in one estate, the one that makes it included.
IN_ONE_ESTATE = 12
STEPS = int(os.environ.get("CHAOS_STEPS", "0"))
USUAL_STEPS = 180
#: Longer than any change takes.
LONG = 500.0
JUMPS = (0.0, 0.0, 0.0, 5.0, 400.0, 4000.0, 100000.0)


class Chaos(RuleBasedStateMachine):
    """One estate and what happens to it. `emulator` is set by the test."""

    emulator: Emulator

    def __init__(self) -> None:
        super().__init__()
        self.estate = Estate([], {})
        self.desired_states: list[DesiredServer] = []
        self.driver = ""
        self.known_changes = 0
        self.lags = Lags()

    @initialize(estate=estates())
    def begin(self, estate: Estate) -> None:
        FIGURES.steps += 1
        self.estate = estate
        self.emulator.reset()
        self.emulator.settings(**estate.settings)
        seed_servers(self.emulator, estate.servers)
        self.truth = self._wait_until_settled()

    @rule(
        desired=st.lists(desired_states(), min_size=1, max_size=4, unique_by=lambda desired: desired.server),
        driver=st.sampled_from(sorted(DRIVERS)),
        planned=st.lists(faults(), max_size=4),
        others=st.lists(foreign_writes(), max_size=2),
        asked=st.fixed_dictionaries(
            {
                "check": st.sampled_from([False, False, False, True]),
                "one_by_one": st.sampled_from([25, 1]),
                "jump": st.sampled_from(JUMPS),
                "validate": st.booleans(),
                "waves": st.sampled_from([["100%"], ["1", "100%"], ["2"]]),
                "read": st.sampled_from(["auto", "auto", "each"]),
            }
        ),
        policy=st.sampled_from([None, False, True]),
        list_lag=st.sampled_from(LIST_LAGS),
        get_lag=st.sampled_from(GET_LAGS),
    )
    def run_in_trouble(
        self,
        desired: list[DesiredServer],
        driver: str,
        planned: list[Fault],
        others: list[ForeignWrite],
        asked: dict[str, Any],
        policy: bool | None,
        list_lag: float | str | None,
        get_lag: float,
    ) -> None:
        if policy is not None:
            self.emulator.settings(policies=[POLICY] * policy)
        self.desired_states, self.driver = desired[: 1 if driver == "single" else None], driver
        self._fall_behind(list_lag, get_lag)
        writes = [each.fault(self.estate.encrypting[each.server]) for each in others]
        self._run(Asked(self.desired_states, **asked), [*writes, *planned])

    def _fall_behind(self, list_lag: float | str | None, get_lag: float) -> None:
        """Let the service answer about servers as they were."""
        self.lags = replace(self.lags, gets=get_lag)
        self.emulator.settings(get_lag=get_lag)
        if list_lag is not None:
            frozen = list_lag == "frozen"
            self.lags = Lags(0 if frozen else float(list_lag), get_lag, dict(self.truth) if frozen else None)
            self.emulator.settings(list_lag=list_lag)
        FIGURES.lagging["lists"] += not self.lags.current(LONG)
        FIGURES.lagging["GETs"] += get_lag > 0

    @precondition(lambda self: self.desired_states)
    @rule(read=st.sampled_from(["auto", "each"]), one_by_one=st.sampled_from([25, 1]))
    def run_again_until_nothing_changes(self, read: str, one_by_one: int) -> None:
        before = dict(self.truth)
        # A dry run says what it was shown: no more is known of what a list will be in time.
        current = self.lags.current(LONG) or read == "each" or one_by_one > len(SERVERS) or self.driver == "single"
        how: dict[str, Any] = {"validate": True, "read": read, "one_by_one": one_by_one}
        foretold = self._run(Asked(self.desired_states, check=True, **how))
        done = self._run(Asked(self.desired_states, **how))
        for told in done.told:
            if current or told.failed or told.read_by == "get":
                self._check_outcome(told, before[told.desired.server])
        if current:
            assert [told.prediction() for told in foretold.told] == [told.prediction() for told in done.told]
        sound = [told.desired for told in done.told if not told.failed]
        if sound:
            again = self._run(Asked(sound, read=read, one_by_one=one_by_one))
            assert [told.facts["changed"] for told in again.told] == [False] * len(sound)
            assert not [each for each in self.requests if each["method"] == "PATCH"]

    def _check_outcome(self, told: Told, before: State) -> None:
        """Check that without trouble a run fails only for what cannot be."""
        refused = self.estate.refuses(told.desired, before)
        if refused:
            assert told.code in REFUSALS, (told.desired, told.facts)
        else:
            assert told.failed == told.desired.missing(before), (told.desired, told.facts)

    def _run(self, asked: Asked, planned: list[Fault] | None = None) -> Run:
        """Carry out one run with these faults, and check everything."""
        faults = planned or []
        begun = self._begin_in_flight([each for each in faults if each.kind == IN_FLIGHT])
        theirs = [each for each in faults if not each.here and each.kind != IN_FLIGHT]
        refusing = Refusing([each for each in faults if each.here])
        self.emulator.set_faults([each.document for each in theirs])
        past = self._history()
        # Of others' changes that were begun just now, some took no time and have ended.
        before = {name: states[-1].state for name, states in past.items()}
        known = {name: len(states) for name, states in past.items()}
        self.emulator.clear_requests()
        with refusing.in_force():
            run = carry_out(self.emulator, self.driver, asked)
        self.requests = self.emulator.requests("arm")
        hits = Counter({IN_FLIGHT: begun})
        met = [taken["hits"] for taken in self.emulator.faults()] + refusing.hits
        for fault, times in zip([*theirs, *(each for each in faults if each.here)], met, strict=True):
            hits[fault.kind] += times
        self.emulator.set_faults([])
        self.emulator.advance(LONG)
        history = self._history()
        self.truth = self._wait_until_settled()
        changes = self.emulator.operations()
        new = changes[self.known_changes :]
        self.known_changes = len(changes)
        facts = Facts(before, self.truth, history, known, new, self.requests, self.lags)
        FIGURES.count(self.driver, run.told, facts, hits)
        FIGURES.lost += len(missing := lost(asked, self.estate, facts))
        assert missing == []
        FIGURES.unseen += check_run(self.emulator, self.estate, asked, run, facts, hits)
        return run

    def _begin_in_flight(self, begun: list[Fault]) -> int:
        """Let others begin changes now, which are at work when the run begins; return how many did."""
        self.emulator.set_faults([each.document for each in begun])
        for _each in begun:
            self.emulator.knock()
        return sum(taken["hits"] for taken in self.emulator.faults())

    def _history(self) -> dict[str, list[Past]]:
        return {
            short(server): [Past.of(each) for each in states]
            for server, states in self.emulator.history().items()
            if short(server) in SERVERS
        }

    def _wait_until_settled(self) -> dict[str, State]:
        """Return the truth once every change has ended; forget those that never end."""
        self.emulator.advance(LONG)
        found = {each["name"]: each for each in self.emulator.servers() if each["name"] in SERVERS}
        stuck = [each for each in self.estate.servers if found[each["name"]]["busy"]]
        if stuck:
            held = [{**each, "identity": found[each["name"]]["identity"]} for each in stuck]
            seed_servers(self.emulator, held)
        return {name: State.of(each["identity"]) for name, each in found.items()}


def test_nothing_is_lost_and_nothing_told_is_untrue(emulator: Emulator) -> None:
    Chaos.emulator = emulator
    run_state_machine_as_test(
        Chaos,
        settings=settings(
            max_examples=max(1, (STEPS or USUAL_STEPS) // IN_ONE_ESTATE),
            stateful_step_count=IN_ONE_ESTATE,
            # With steps given, the seed is too: --hypothesis-seed.
            derandomize=not STEPS,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert FIGURES.lost == 0
    assert FIGURES.steps >= (STEPS // 2 or USUAL_STEPS)
    assert FIGURES.faults.total() >= (STEPS or USUAL_STEPS) // 4
    assert set(FIGURES.runs) == set(DRIVERS)
    assert sum(FIGURES.faults[kind] for kind in ENDS) > 0
    assert all(FIGURES.faults[kind] for kind in ("foreign write", IN_FLIGHT))
    assert all(FIGURES.lagging[what] for what in ("lists", "GETs"))
