# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves: sizes as Ansible's serial has them, and a fleet that stops between two of them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput, ServerBusy
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.target import target_facts, totals
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.waves import read_waves, wave_sizes
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState, Expected
from unit.fleet_service import OPERATION, FleetService, counted, run, targets
from unit.support import A, B, refusal

MORE = DesiredState(present=(B,))


@pytest.mark.parametrize(
    ("waves", "total", "sizes"),
    [
        (["100%"], 7, [7]),
        (["1", "10%", "100%"], 100, [1, 10, 89]),
        (["1", "10%", "100%"], 3, [1, 1, 1]),
        (["1", "10%", "100%"], 1, [1]),
        (["1", "10%", "100%"], 0, []),
        (["30%"], 10, [3, 3, 3, 1]),
        (["2", "5"], 14, [2, 5, 5, 2]),
        (["0.1%", "100%"], 10, [1, 9]),
        (["1000"], 10, [10]),
    ],
)
def test_waves_are_sized_as_serial_sizes_them(waves: list[str], total: int, sizes: list[int]) -> None:
    assert list(wave_sizes(waves, total)) == sizes


@pytest.mark.parametrize("value", [["1", "10%", "100%"], ["1, 10%, 100%"], ["1\n10%\n\n100%\n"], ["1 10%", " 100%"]])
def test_a_survey_may_say_the_waves_as_one_text(value: list[str]) -> None:
    assert read_waves("waves", value) == ["1", "10%", "100%"]


@pytest.mark.parametrize("wave", ["0", "0%", "101%", "-1", "ten", "1.5", "%", "1e3", "٣"])
def test_what_is_no_wave_is_named(wave: str) -> None:
    with pytest.raises(InvalidInput, match="is neither a number of servers") as caught:
        read_waves("waves", ["1", wave])
    assert repr(wave) in str(caught.value)


@pytest.mark.parametrize("value", [[], [""], [" , "]])
def test_no_wave_at_all_is_refused(value: list[str]) -> None:
    with pytest.raises(InvalidInput, match="waves: is empty"):
        read_waves("waves", value)


def test_a_wave_begins_when_the_one_before_is_verified() -> None:
    service = FleetService()
    service.add_many(20, A)
    fleet = run(service, targets(service, MORE), sizes=["1", "10%", "100%"])
    assert service.time.time >= 3 * OPERATION
    # The canary's PATCH, its polls and its verification come before any other write.
    assert [call for call in service.calls if call[0] in ("PATCH", "POLL")][:2] == [
        ("PATCH", "pg-000"),
        ("POLL", "pg-000"),
    ]
    second = service.calls.index(("PATCH", "pg-001"))
    assert ("GET", "pg-000") in service.calls[:second]
    told = [wave.facts() for wave in fleet.waves]
    assert [(each["servers"], each["changed"]) for each in told] == [(1, 1), (2, 2), (17, 17)]
    assert all(each["started"] and each["ended"] for each in told)


def test_a_canary_that_fails_stops_all_that_follows() -> None:
    service = FleetService()
    service.add_many(20, A)
    service.held[next(iter(service.held))].refusals = [refusal(403, "LinkedAuthorizationFailed")]
    asked = targets(service, MORE)
    fleet = run(service, asked, sizes=["1", "100%"], max_fail_percentage=10)
    assert service.writes() == ["pg-000"]
    assert counted(asked) == {
        "servers": 20,
        "compliant": 0,
        "changed": 0,
        "undeclared": 0,
        "failed": 1,
        "not_started": 19,
    }
    facts = target_facts(asked[1])
    assert (facts["failed"], facts["not_started"], facts["changed"], facts["assigned"]) == (True, True, False, [])
    assert facts["msg"].startswith("Not started")
    assert "not_started" not in target_facts(asked[0])
    assert "identity" not in facts
    assert "diff" not in facts
    assert [wave.facts()["not_started"] for wave in fleet.waves] == [0, 19]
    assert fleet.waves[1].started is None


def test_a_wave_that_is_not_confirmed_stops_the_next_one() -> None:
    service = FleetService()
    service.add("pg-idle", A, idle=True)
    service.add_many(5, A)
    asked = targets(service, MORE)
    run(service, asked, sizes=["1", "100%"], max_fail_percentage=10)
    assert service.writes() == ["pg-idle"]
    assert totals(asked)["not_started"] == 5


def test_only_servers_that_change_count_for_percentages() -> None:
    service = FleetService()
    service.add_many(90, A, B)
    service.add_many(10, A, start=500)
    fleet = run(service, targets(service, MORE), sizes=["50%"])
    assert [wave.facts()["servers"] for wave in fleet.waves] == [5, 5]


def test_check_mode_tells_the_waves_too() -> None:
    service = FleetService()
    service.add_many(20, A)
    fleet = run(service, targets(service, MORE), sizes=["1", "100%"], check_mode=True)
    told = [wave.facts() for wave in fleet.waves]
    assert [(each["servers"], each["changed"], each["started"]) for each in told] == [(1, 1, None), (19, 19, None)]


@pytest.mark.parametrize("number", [5, 60], ids=["one by one", "from a list"])
def test_a_later_wave_is_read_again_before_it_is_changed(number: int) -> None:
    service = FleetService()
    service.add("pg-canary", A)
    many = service.add_many(number, A)
    # While the canary is changed, somebody else switches on the system-assigned identity of one and gives B to another.
    many[0].coming = (5, {"type": "SystemAssigned,UserAssigned", "principalId": "p", "userAssignedIdentities": {A: {}}})
    many[1].coming = (5, {"type": "UserAssigned", "userAssignedIdentities": {A: {}, B: {}}})
    asked = targets(service, MORE)
    run(service, asked, sizes=["1", "100%"])
    assert many[0].raw["identity"]["type"] == "SystemAssigned,UserAssigned"
    assert "pg-001" not in service.writes()
    assert counted(asked) == {
        "servers": number + 1,
        "compliant": 1,
        "changed": number,
        "undeclared": 0,
        "failed": 0,
        "not_started": 0,
    }


def test_a_server_that_is_gone_by_its_wave_counts_as_a_failure_of_it() -> None:
    service = FleetService()
    service.add("pg-canary", A)
    late = service.add("pg-late", A)
    service.add_many(3, A)
    asked = targets(service, MORE)
    update = service.update_identity

    def losing(ref: Any, body: dict[str, Any], policy_token: str = "") -> Any:
        late.gone = refusal(404, "ResourceNotFound")
        return update(ref, body, policy_token)

    service.update_identity = losing  # type: ignore[method-assign]
    run(service, asked, sizes=["1", "1", "100%"], max_fail_percentage=0)
    assert service.writes() == ["pg-canary"]
    assert counted(asked) == {
        "servers": 5,
        "compliant": 0,
        "changed": 1,
        "undeclared": 0,
        "failed": 1,
        "not_started": 3,
    }


def test_a_rollback_waits_for_what_is_still_in_flight() -> None:
    service = FleetService()
    held = service.add("pg-one", A, properties={"state": "Updating"})
    held.coming = (15, {"type": "UserAssigned", "userAssignedIdentities": {A: {}, B: {}}})
    asked = targets(service, DesiredState(present=(A,), purge=True, expected=Expected((A, B))))
    run(service, asked)
    assert held.ids == [A]
    assert totals(asked)["changed"] == 1


def test_a_rollback_does_not_wait_for_ever() -> None:
    service = FleetService()
    service.add("pg-one", A, properties={"state": "Updating"})
    asked = targets(service, DesiredState(present=(A,), purge=True, expected=Expected((A, B))))
    run(service, asked, wait_timeout=60)
    assert isinstance(asked[0].error, ServerBusy)
    assert service.writes() == []
