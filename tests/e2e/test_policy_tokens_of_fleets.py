# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies that ask for tokens in a fleet: the first refusal tells the others, and each write has its own token."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from ansible.utils.display import Display

from e2e.calls import count
from e2e.fleets import rows, run_fleet, seed_servers, servers, totals_of
from e2e.policies import SCOPE, assign_policy, token_requests, writes
from e2e.virtual_time import VirtualTime
from e2e.world import GROUP, OTHER_GROUP, SUBSCRIPTION
from emulator.control.settings import default_throttle

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

#: Requests of a fleet that are on the way at once.
AT_ONCE = 10
GOOD, WITHOUT = ("valid", True), ("none", False)


def seed_groups(emulator: Emulator, *groups: tuple[str, list[dict[str, Any]]]) -> None:
    identities = [{"name": "id-a"}]
    seeded = [{"name": name, "identities": identities, "servers": many} for name, many in groups]
    emulator.seed({"subscriptions": [{"id": SUBSCRIPTION, "resource_groups": seeded}]})


def rows_of(group: str, many: list[dict[str, Any]]) -> list[dict[str, Any]]:
    place = {"subscription_id": SUBSCRIPTION, "resource_group": group}
    return [{"server_name": each["name"], **place, "present": ["id-a"]} for each in many]


@pytest.mark.parametrize("scope", [SCOPE, f"/subscriptions/{SUBSCRIPTION}"], ids=["group", "subscription"])
def test_the_first_refusal_makes_those_in_its_scope_ask_first(
    emulator: Emulator, outputs: list[str], scope: str
) -> None:
    near, far = servers("near", 40), servers("far", 20)
    seed_groups(emulator, (GROUP, near), (OTHER_GROUP, far))
    assign_policy(emulator, scope=scope)
    result = run_fleet(emulator, outputs, rows_of(GROUP, near) + rows_of(OTHER_GROUP, far), waves=["1", "100%"])
    assert result["totals"] == totals_of(servers=60, changed=60, written=60, added=60)
    covered = 60 if scope != SCOPE else 40
    assert Counter(writes(emulator)) == Counter({WITHOUT: 1, GOOD: covered, ("none", True): 60 - covered})
    assert len(token_requests(emulator)) == covered


@pytest.mark.parametrize("unneeded", ["none", "token"])
def test_a_neighbour_that_no_policy_covers_is_written_once_without_a_verdict(
    emulator: Emulator, outputs: list[str], unneeded: str
) -> None:
    many = servers("same", 12)
    seed_servers(emulator, many)
    emulator.settings(policy_unneeded=unneeded)
    # They are in the scope of its assignment, which is all that the refusal tells.
    others = [f"{SCOPE}/providers/Microsoft.DBforPostgreSQL/flexibleServers/{each['name']}" for each in many[1:]]
    assign_policy(emulator, not_scopes=others)
    result = run_fleet(emulator, outputs, rows(many, present=["id-a"]), waves=["1", "100%"])
    assert result["totals"] == totals_of(servers=12, changed=12, written=12, added=12)
    assert writes(emulator) == [WITHOUT, GOOD, *([GOOD if unneeded == "token" else ("none", True)] * 11)]
    assert len(token_requests(emulator)) == 12


def test_an_evaluation_that_says_no_stops_the_rollout_by_its_budget(emulator: Emulator, outputs: list[str]) -> None:
    many = servers("same", 20)
    seed_servers(emulator, many)
    assign_policy(emulator, action="Deny", message="Frozen.")
    result = run_fleet(emulator, outputs, rows(many, present=["id-a"]), waves=["1", "100%"], max_fail_percentage=0)
    assert (result["totals"]["failed"], result["totals"]["not_started"]) == (1, 19)
    assert (result["servers"][0]["error"]["code"], result["totals"]["written"]) == ("PolicyTokenRefused", 0)
    assert writes(emulator) == [WITHOUT]


def test_a_fleet_with_a_change_reference_asks_first_and_tells_it(emulator: Emulator, outputs: list[str]) -> None:
    many = servers("same", 5)
    seed_servers(emulator, many)
    assign_policy(emulator, change_reference=True)
    asked = rows(many, present=["id-a"])
    checked = run_fleet(emulator, outputs, asked, check=True, change_reference="CHG1")
    assert checked["change_reference"] == "CHG1"
    assert "with the change reference CHG1" in checked["warnings"][0]
    assert token_requests(emulator) == []
    result = run_fleet(emulator, outputs, asked, change_reference="CHG1")
    assert (result["totals"]["changed"], result["change_reference"]) == (5, "CHG1")
    assert writes(emulator) == [GOOD] * 5


def _large(
    emulator: Emulator,
    outputs: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    **policy: Any,
) -> float:
    """Change a thousand servers in two groups, and return how long it took by the clock of the emulator."""
    emulator.reset()
    groups = [(name, servers(name.removeprefix("rg-"), 500)) for name in (GROUP, OTHER_GROUP)]
    seed_groups(emulator, *groups)
    emulator.settings(throttle=default_throttle(), operation_seconds=20, log_bodies=False)
    if policy:
        assign_policy(emulator, **policy)
    asked = [row for name, many in groups for row in rows_of(name, many)]
    time = VirtualTime(emulator)
    # As a user may have it: all that is shown, and what the libraries log.
    monkeypatch.setattr(Display(), "verbosity", 4)
    with time.in_force(), caplog.at_level(logging.INFO):
        begun = time.now()
        result = run_fleet(emulator, outputs, asked, poll_interval=10, wait_timeout=3600)
        took = time.now() - begun
    assert result["totals"] == totals_of(servers=1000, changed=1000, written=1000, added=1000)
    outputs.append(caplog.text)
    return took


def test_a_large_rollout_with_a_policy_on_half_of_it_keeps_its_pace(
    emulator: Emulator, outputs: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    usual = _large(emulator, outputs, monkeypatch, caplog)
    took = _large(emulator, outputs, monkeypatch, caplog, lifespan=7200)
    assert took <= 1.7 * usual, (took, usual)
    states = Counter(writes(emulator))
    assert states[GOOD] == 500
    assert states[WITHOUT] <= AT_ONCE
    assert set(states) <= {GOOD, WITHOUT, ("none", True)}
    calls = count(emulator)
    assert calls["write"] + len(token_requests(emulator)) <= 1600, calls
