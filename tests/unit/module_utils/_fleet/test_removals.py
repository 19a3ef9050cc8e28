# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many servers may lose an identity is kept by the plan of a run, and by the plan of each write."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput, Refused
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.removals import RemovalLimit, read_limit
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.target import totals
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from ansible_collections.pgflex.azure.plugins.module_utils._module.options import ASSIGN, REMOVE, ROLLBACK, ROTATE
from unit.fleet_service import FleetService, counted, run, targets
from unit.support import A, B, C, D, busy, mi

EMPTY = DesiredState(present=(), purge=True)
SWAP = DesiredState(present=(B,), absent=(A,), only_if_assigned=(A,))


@pytest.mark.parametrize(
    ("value", "limit"),
    [(None, None), ("", None), ("0", 0), ("7", 7), ("0%", 0), ("10%", 30), ("29%", 87), ("0.5%", 1), (" 100% ", 303)],
)
def test_a_limit_is_a_number_or_a_share(value: str | None, limit: int | None) -> None:
    assert read_limit("max_removals", value, 303) == limit


def test_a_share_is_exact() -> None:
    assert read_limit("max_removals", "29%", 100) == 29


@pytest.mark.parametrize("value", ["-1", "many", "101%", "1.5", "True", "%", "nan", "1e3", "10 %"])
def test_a_limit_that_cannot_work_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match=r"max_removals: '.*' is neither a number of servers nor a percentage up to"):
        read_limit("max_removals", value, 303)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("action", "desired", "reason"),
    [
        (ASSIGN, DesiredState(present=(B,), purge=True), "purge takes id-a from 3 servers"),
        (ASSIGN, DesiredState(absent=(A,)), "absent takes id-a from 3 servers"),
        (
            ASSIGN,
            DesiredState(system_assigned=False),
            "system_assigned takes the system-assigned identity from 3 servers",
        ),
        (REMOVE, DesiredState(absent=(A,)), "remove takes id-a from 3 servers"),
        (ROTATE, SWAP, "rotate takes id-a from 3 servers"),
        (ROLLBACK, EMPTY, "rollback takes id-a from 3 servers"),
    ],
)
def test_a_plan_over_the_limit_is_refused_as_a_whole(
    action: str, desired: DesiredState, reason: str, *, check_mode: bool
) -> None:
    service = FleetService()
    for each in service.add_many(3, A):
        each.raw["identity"].update(type="SystemAssigned,UserAssigned", principalId="p")
    service.add("pg-more", B)
    asked = targets(service, desired)
    asked[3].desired = DesiredState(present=(B,))
    with pytest.raises(Refused) as caught:
        run(service, asked, check_mode=check_mode, removals=RemovalLimit(2, action), action=action)
    assert caught.value.code == "TooManyRemovals"
    assert "the plan takes identities from 3 of 4 servers (pg-000, pg-001, pg-002), and max_removals allows 2." in str(
        caught.value
    )
    assert reason in str(caught.value)
    # An audit compares with the inventory, which no record and no rotation is in.
    assert "pgflex.azure.audit" not in str(caught.value)
    assert ("look at what is declared" in str(caught.value)) is (action == ASSIGN)
    assert ("look at the record, and restore some" in str(caught.value)) is (action == ROLLBACK)
    assert service.writes() == []
    run(service, asked, check_mode=check_mode, removals=RemovalLimit(3, action), action=action)
    assert bool(service.writes()) is not check_mode


def test_the_five_largest_reasons_are_told() -> None:
    service = FleetService()
    held = [mi(f"id-{number}") for number in range(7)]
    for number in range(7):
        service.add(f"pg-{number}", *held[number:])
    with pytest.raises(Refused) as caught:
        run(service, targets(service, EMPTY), removals=RemovalLimit(0))
    told = [f"purge takes id-{number} from {number + 1} servers" for number in (6, 5, 4, 3, 2)]
    assert f"The largest reasons: {'; '.join(told)}; and 2 more." in str(caught.value)
    assert "(pg-0, pg-1, pg-2, pg-3, pg-4, ...)" in str(caught.value)
    assert "set pgflex_identity_max_removals, or this option, to 7" in str(caught.value)


@pytest.mark.parametrize(
    ("desired", "refused"),
    [
        pytest.param(EMPTY, True, id="a purge to nothing"),
        pytest.param(DesiredState(present=(), absent=(A,), purge=True), True, id="one to nothing by both"),
        pytest.param(DesiredState(present=(A,), purge=True), False, id="a purge that leaves one"),
        pytest.param(DesiredState(present=(D,), purge=True), False, id="a purge that assigns another one"),
        pytest.param(DesiredState(absent=(A, B)), False, id="a removal by name"),
        pytest.param(DesiredState(absent=(A, B), purge=True), False, id="a purge with nothing left to take"),
    ],
)
def test_without_a_limit_a_purge_may_empty_one_server(desired: DesiredState, *, refused: bool) -> None:
    service = FleetService()
    service.add_many(2, A, B)
    service.add("pg-empty")
    if refused:
        with pytest.raises(Refused, match=r"the plan empties 2 of 3 servers .*, and max_removals is not set, without"):
            run(service, targets(service, desired))
        assert service.writes() == []
        run(service, targets(service, desired)[1:])
        assert service.writes() == ["pg-001"]
        run(service, targets(service, desired), removals=RemovalLimit(2))
    else:
        run(service, targets(service, desired))
    assert set(service.writes()) >= {"pg-000", "pg-001"}


def test_a_rollback_without_a_limit_has_none() -> None:
    service = FleetService()
    service.add_many(3, A)
    run(service, targets(service, EMPTY), removals=RemovalLimit(None, ROLLBACK))
    assert [each.ids for each in service.held.values()] == [[], [], []]


def grow(service: FleetService, number: int, *ids: str) -> list[Any]:
    """Add servers that are given these identities by somebody else while a canary is changed."""
    service.add("pg-canary", A)
    many = service.add_many(number)
    for each in many:
        each.coming = (5, {"type": "UserAssigned", "userAssignedIdentities": {one: {} for one in ids}})
    return many


@pytest.mark.parametrize(
    ("limit", "desired", "lost"),
    [
        pytest.param(RemovalLimit(3), DesiredState(present=(B,), purge=True), 2, id="by the limit"),
        pytest.param(RemovalLimit(1), DesiredState(present=(B,), purge=True), 0, id="with nothing left of it"),
        pytest.param(RemovalLimit(), DesiredState(present=(B,), absent=(C,), purge=True), 4, id="without a limit"),
    ],
)
def test_what_a_write_would_take_that_no_plan_has_counted_is_counted_then(
    limit: RemovalLimit, desired: DesiredState, lost: int
) -> None:
    service = FleetService()
    many = grow(service, 4, C, D)
    asked = targets(service, desired)
    run(service, asked, sizes=["1", "100%"], removals=limit)
    assert sum(D not in each.ids for each in many) == lost
    assert [each.ids for each in many if D in each.ids] == [[C, D]] * (4 - lost)
    failed = [each.error for each in asked if each.error]
    assert [each.code for each in failed] == ["TooManyRemovals"] * (4 - lost)
    assert all("lose id-c, id-d, which was not counted when the run was planned" in str(each) for each in failed)
    assert counted(asked)["changed"] == 1 + lost


def test_without_a_limit_a_second_server_that_a_purge_would_empty_by_then_fails() -> None:
    service = FleetService()
    service.add("pg-canary", B)
    # All have something to lose by name when the run is planned, and a purge would take what is there by then.
    many = service.add_many(3, A, B)
    for each in many:
        each.coming = (5, {"type": "UserAssigned", "userAssignedIdentities": {A: {}, D: {}}})
    asked = targets(service, DesiredState(present=(), absent=(A, B), purge=True))
    run(service, asked, sizes=["1", "100%"])
    assert sorted(each.ids for each in many) == [[], [A, D], [A, D]]
    assert [each.error.code for each in asked if each.error] == ["TooManyRemovals"] * 2


def test_that_the_system_assigned_identity_would_be_lost_is_said_too() -> None:
    service = FleetService()
    service.add("pg-canary", A)
    service.add("pg-more", A).coming = (
        5,
        {"type": "SystemAssigned,UserAssigned", "principalId": "p", "userAssignedIdentities": {A: {}}},
    )
    asked = targets(service, DesiredState(present=(B,), system_assigned=False))
    run(service, asked, sizes=["1", "100%"], removals=RemovalLimit(0))
    assert "pg-more would lose the system-assigned identity, which was not counted" in str(asked[1].error)


def test_a_server_that_is_written_to_again_is_counted_once() -> None:
    service = FleetService()
    held = service.add("pg-one", A)
    held.refusals = [busy(), busy()]
    run(service, targets(service, DesiredState(absent=(A,))), removals=RemovalLimit(1))
    assert (service.writes(), held.ids) == (["pg-one"] * 3, [])


def test_undeclared_servers_are_counted_apart_and_never_written_to() -> None:
    service = FleetService()
    service.add_many(3, A)
    service.add("pg-busy", A, properties={"state": "Updating"})
    asked = targets(service, DesiredState(purge=True))
    asked[0].desired = DesiredState(present=(B,), absent=(A,), system_assigned=True)
    run(service, asked, removals=RemovalLimit(1))
    assert service.writes() == ["pg-000"]
    assert totals(asked) == {
        "servers": 4,
        "compliant": 0,
        "changed": 1,
        "undeclared": 3,
        "failed": 0,
        "not_started": 0,
        "written": 1,
        "added": 2,
        "removed": 1,
    }
