# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of a run are held to a plan, also those that somebody else's writes bring about on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.policies import PolicyTokens
from ansible_collections.pgflex.azure.plugins.module_utils._errors import Refused
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.approval import Approval, planned_servers
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.plan_document import PlanDocument
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.removals import RemovalLimit
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.target import target_facts
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState, Operation, Server
from ansible_collections.pgflex.azure.plugins.module_utils._module.options import ASSIGN
from unit.fleet_service import FleetService, counted, run, targets
from unit.support import A, B, C

if TYPE_CHECKING:
    from ansible_collections.pgflex.azure.plugins.module_utils._fleet.target import Target
    from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef

PURGED = DesiredState(present=(A,), purge=True)


class BusyService(FleetService):
    """Somebody else gives servers `foreign` identities between the plan of the run and their own GET."""

    def __init__(self) -> None:
        super().__init__()
        self.foreign: dict[str, tuple[str, ...]] = {}
        self.lost: tuple[str, ...] = ()

    def get_server(self, ref: ServerRef) -> Server:
        """GET; the second one shows what somebody else has done."""
        if ref.name in self.foreign and ("GET", ref.name) in self.calls:
            held: dict[str, Any] = {each: {} for each in self.foreign.pop(ref.name)}
            self._find(ref).raw["identity"] = {"type": "UserAssigned", "userAssignedIdentities": held}
        return super().get_server(ref)

    def update_identity(self, ref: ServerRef, body: dict[str, Any], policy_token: str = "") -> Operation:
        """PATCH; at the same time somebody else takes the `lost` identities."""
        operation = super().update_identity(ref, body, policy_token)
        held = self._find(ref)
        assert held.coming
        for each in self.lost:
            (held.coming[1] or {})["userAssignedIdentities"].pop(each)
        self.lost = ()
        return operation


def approved(service: FleetService, desired: DesiredState, **options: Any) -> Approval:
    """Return the approval of what a check run finds to be done right now."""
    asked = targets(service, desired)
    run(service, asked, check_mode=True, removals=RemovalLimit(100))
    service.calls.clear()
    return Approval(PlanDocument.make(planned_servers(asked, ASSIGN, ()), len(asked), ""), ASSIGN, **options)


def codes(asked: list[Target]) -> list[str]:
    """Return the code of each row's error, empty for none."""
    return [each.error.code if each.error else "" for each in asked]


def test_a_difference_is_found_by_the_get_right_before_the_write() -> None:
    service = BusyService()
    service.add_many(4, B)
    approval = approved(service, PURGED)
    service.foreign = {"pg-001": (B, C), "pg-002": (A, B), "pg-003": (A,)}
    asked = targets(service, PURGED)
    # One server at a time, and the first change that fails ends it: what is not approved is no such change.
    fleet = run(service, asked, approval=approval, sizes=["1"], max_fail_percentage=0.0, removals=RemovalLimit(4))
    assert codes(asked) == ["", "NotApproved", "", ""]
    assert service.writes() == ["pg-000", "pg-002"]
    assert [each.ids for each in service.held.values()] == [[A], [B, C], [A], [A]]
    assert fleet.waves[1].failed == 0
    assert asked[1].error
    assert asked[1].error.write == "none"
    assert "now it is to assign id-a, remove id-b and id-c; approved" in str(asked[1].error)
    assert target_facts(asked[1])["not_approved"] is True
    assert "not_approved" not in target_facts(asked[0])


def test_strictly_a_difference_that_is_found_later_stops_what_has_not_started() -> None:
    service = BusyService()
    service.add_many(4, B)
    approval = approved(service, PURGED, strict=True)
    service.foreign = {"pg-001": (B, C)}
    asked = targets(service, PURGED)
    run(service, asked, approval=approval, sizes=["1"], removals=RemovalLimit(4))
    assert codes(asked) == ["", "NotApproved", "", ""]
    assert service.writes() == ["pg-000"]
    assert asked[2].reason == "Not started: approved_plan_strict is set, and pg-001 is not as approved."
    assert [target_facts(each).get("not_approved", False) for each in asked] == [False, True, True, True]


def test_strictly_the_servers_of_the_plan_are_read_by_themselves() -> None:
    service = FleetService()
    service.add_many(30)
    desired = DesiredState(present=(A,))
    few = approved(service, desired, strict=True)
    few.servers = dict(list(few.servers.items())[:3])
    # The list lags: by itself the server holds what the plan has not seen.
    lagging = service.held[next(iter(few.servers))]
    lagging.listed = {**lagging.raw, "identity": None}
    run(service, targets(service, DesiredState()), approval=few)
    assert [each for each in service.reads() if each != "list"] == ["pg-000", "pg-001", "pg-002"]
    asked = targets(service, desired)
    run(service, asked, approval=few)
    assert (codes(asked), counted(asked)["not_started"]) == ([""] * 3 + ["NotApproved"] * 27, 3)
    assert service.writes() == []


def test_strictly_a_server_that_cannot_be_read_stops_all() -> None:
    service = FleetService()
    service.add_many(3)
    desired = DesiredState(present=(A,))
    approval = approved(service, desired, strict=True)
    asked = targets(service, desired)
    del service.held[next(iter(approval.servers))]
    run(service, asked, approval=approval)
    assert (codes(asked), service.writes()) == (["ResourceNotFound", "", ""], [])
    assert "not as approved: pg-000 (1 in all)" in asked[1].reason


@pytest.mark.parametrize("held_to_plan", [True, False])
def test_a_second_write_that_is_not_approved_is_not_made(*, held_to_plan: bool) -> None:
    service = BusyService()
    service.add("pg-one", B)
    desired = DesiredState(present=(A, B))
    approval = approved(service, desired) if held_to_plan else None
    service.lost = (B,)
    [asked] = targets(service, desired)
    run(service, [asked], approval=approval)
    expected = (["NotVerified"], ["pg-one"]) if held_to_plan else ([""], ["pg-one", "pg-one"])
    assert (codes([asked]), service.writes()) == expected


def test_removals_are_those_of_the_whole_plan_and_of_today() -> None:
    service = FleetService()
    service.add_many(3, A, B)
    desired = DesiredState(absent=(B,))
    approval = approved(service, desired)
    [one, *_others] = targets(service, desired)
    with pytest.raises(
        Refused, match=r"takes identities from 3 of 3 servers \(pg-000, pg-001, pg-002\), and max_remov"
    ):
        run(service, [one], approval=approval, removals=RemovalLimit(2))
    assert service.writes() == []
    run(service, [one], approval=approval, removals=RemovalLimit(3))
    assert service.writes() == ["pg-000"]


def test_a_purge_that_empties_several_servers_is_counted_by_the_plan_too() -> None:
    service = FleetService()
    service.add_many(2, A)
    desired = DesiredState(present=(), purge=True)
    approval = approved(service, desired)
    [one, _other] = targets(service, desired)
    with pytest.raises(Refused, match=r"the plan empties 2 of 2 servers"):
        run(service, [one], approval=approval)
    assert service.writes() == []


def test_no_policy_token_is_asked_for_what_is_not_approved() -> None:
    service = BusyService()
    service.add_many(2, B)
    approval = approved(service, PURGED)
    asked_for: list[str] = []

    def acquire(ref: ServerRef, body: dict[str, Any], change_reference: str) -> str:
        asked_for.append(f"{ref.name} {len(body['identity']['userAssignedIdentities'])} {change_reference}")
        return "token"

    service.acquire_policy_token = acquire  # type: ignore[method-assign]
    # Known when all are planned, and found right before the write: only the approved change was asked about.
    service.add("pg-new", B)
    service.foreign = {"pg-001": (B, C)}
    asked = targets(service, PURGED)
    tokens = PolicyTokens("always", "CHG1")
    run(service, asked, approval=approval, removals=RemovalLimit(4), policy_tokens=tokens)
    assert codes(asked) == ["", "NotApproved", "NotApproved"]
    assert sorted(asked_for) == ["pg-000 2 CHG1", "pg-001 2 CHG1"]
    assert service.writes() == ["pg-000"]


def test_what_became_of_a_plan_is_counted() -> None:
    service = FleetService()
    service.add_many(9)
    desired = DesiredState(present=(A,))
    approval = approved(service, desired)
    service.held[list(approval.servers)[1]].raw["identity"] = {
        "type": "UserAssigned",
        "userAssignedIdentities": {A: {}},
    }
    service.add("pg-new")
    asked = targets(service, desired)
    asked = [asked[0], asked[1], asked[-1]]
    fleet = run(service, asked, check_mode=True, approval=approval)
    assert fleet.approval
    facts = fleet.approval.facts(asked)
    assert {name: facts[name] for name in ("servers", "fitting", "done", "not_approved", "outside")} == {
        "servers": 9,
        "fitting": 1,
        "done": 1,
        "not_approved": 1,
        "outside": 7,
    }
    assert facts["outside_hosts"] == [f"pg-00{number}" for number in range(2, 8)]


def test_a_replica_that_follows_is_held_to_what_was_approved_for_it() -> None:
    service = FleetService()
    primary = service.add("pg-primary")
    role = {"replicationRole": "AsyncReplica", "sourceServerResourceId": primary.ref.id}
    service.add("pg-replica", properties=role)

    def rows(*present: str) -> list[Target]:
        asked = targets(service, DesiredState(present=present))
        asked[1].desired, asked[1].follow_primary = DesiredState(present=()), True
        return asked

    planned = rows(A)
    run(service, planned, check_mode=True)
    approval = Approval(PlanDocument.make(planned_servers(planned, ASSIGN, ()), 2, ""), ASSIGN)
    assert [each.change.assign for each in approval.servers.values()] == [(A,), (A,)]
    # What is declared for the primary has changed.
    asked = rows(A, B)
    run(service, asked, approval=approval)
    assert (codes(asked), service.writes()) == (["NotApproved", "NotApproved"], [])
    asked = rows(A)
    run(service, asked, approval=approval)
    assert (codes(asked), sorted(service.writes())) == (["", ""], ["pg-primary", "pg-replica"])
