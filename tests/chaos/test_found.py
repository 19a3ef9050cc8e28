# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases that chaos has found, each as one example."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chaos.drivers import Asked, carry_out
from chaos.estates import DesiredServer, State, short
from chaos.faults import PLACES, ForeignWrite
from e2e.fleets import seed_servers
from e2e.world import held_id, user_assigned

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

FIRST, SECOND = "pg-chaos-0", "pg-chaos-1"


def truth(emulator: Emulator, name: str) -> State:
    emulator.advance(500)
    return next(State.of(each["identity"]) for each in emulator.servers() if each["name"] == name)


def test_retry_after_of_a_write_without_an_address_does_not_shorten_the_looks_at_the_server(emulator: Emulator) -> None:
    emulator.settings(operation_seconds=20, retry_after=1, state_while_running="Ready", async_headers="none")
    seed_servers(emulator, [{"name": FIRST, "identity": user_assigned("id-a", "id-b")}])
    run = carry_out(emulator, "single", Asked([DesiredServer(FIRST, absent=(held_id("id-a"),))]))
    assert run.told[0].facts["changed"], run.told[0].facts


@pytest.mark.parametrize("waves", [["100%"], ["1", "100%"]], ids=["one wave", "waves"])
def test_what_others_do_while_a_fleet_waits_is_not_undone(emulator: Emulator, waves: list[str]) -> None:
    # One write at once and the next one a minute later: its server was read long before.
    throttle = {"reads": {"bucket": 250, "refill": 25}, "writes": {"bucket": 1, "refill": 0.02}}
    emulator.settings(operation_seconds=60, throttle=throttle)
    seed_servers(emulator, [{"name": name, "identity": user_assigned("id-b")} for name in (FIRST, SECOND)])
    # While one is changed somebody else changes the other, whichever that is.
    others = [ForeignWrite(name, (), (), system=True, seconds=1, place="poll", after=1) for name in (FIRST, SECOND)]
    emulator.set_faults([each.fault(frozenset()).document for each in others])
    run = carry_out(
        emulator, "fleet", Asked([DesiredServer(name, present=("id-a",)) for name in (FIRST, SECOND)], waves=waves)
    )
    assert [told.failed for told in run.told] == [False, False]
    (changed,) = (short(each["server"]) for each in emulator.operations() if each["by"] == "meanwhile")
    assert truth(emulator, changed) == State(frozenset({"id-a", "id-b"}), system=True)


@pytest.mark.parametrize("retry_after", ["999999999", "1e400"])
def test_no_retry_after_at_the_sign_in_is_believed_without_bounds(emulator: Emulator, retry_after: str) -> None:
    seed_servers(emulator, [{"name": FIRST, "identity": user_assigned("id-a")}])
    method, path = PLACES["token"]
    then = {"status": 503, "code": "temporarily_unavailable", "headers": {"Retry-After": retry_after}}
    emulator.fault(method, path, then)
    run = carry_out(emulator, "single", Asked([DesiredServer(FIRST, present=("id-b",))]))
    assert run.seconds < 300
    assert run.told[0].facts["changed"]
