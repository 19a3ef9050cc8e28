# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else writes to a server between our look at it and our write: what was asked for is brought about still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.rate_limits import RequestKind
from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import run_blocking
from ansible_collections.pgflex.azure.plugins.module_utils._errors import NotVerified, PgflexError
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.bulk_reader import ONE_BY_ONE
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.target import target_facts
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState, Expected
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import plan
from ansible_collections.pgflex.azure.plugins.module_utils._server.confirmation import MAX_CONFLICT_RETRIES
from ansible_collections.pgflex.azure.plugins.module_utils._server.reconciler import Change, ReconcileResult
from ansible_collections.pgflex.azure.plugins.module_utils._server.single_server import reconcile
from ansible_collections.pgflex.azure.plugins.module_utils._server.verification import has_concurrent_write
from unit.fleet_service import FleetService, targets
from unit.fleet_service import run as run_fleet
from unit.service import Reaction, Service
from unit.support import PRINCIPAL, REF, A, B, C, D, busy, refusal, server

if TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef

B_NOT_C = DesiredState(present=(B,), absent=(C,))


def add(resource_id: str) -> Callable[[dict[str, Any]], None]:
    return lambda held: held.update({resource_id: {}})


def drop(resource_id: str) -> Callable[[dict[str, Any]], None]:
    return lambda held: held.__delitem__(resource_id)


def run(service: Service, desired: DesiredState = B_NOT_C, **limits: float) -> ReconcileResult:
    return reconcile(Change(service, REF, desired, service.time.retry_policy(**limits), seen=service.last_read))


def failure(service: Service, desired: DesiredState = B_NOT_C, **limits: float) -> str:
    with pytest.raises(NotVerified) as caught:
        run(service, desired, **limits)
    return str(caught.value)


@pytest.mark.parametrize(
    ("held", "desired", "unseen", "left", "assigned", "removed"),
    [
        pytest.param((A,), B_NOT_C, add(C), (A, B), (B,), (C,), id="assigns what is to go"),
        pytest.param((D,), DesiredState(present=(B, D)), drop(D), (B, D), (B, D), (), id="removes what is to stay"),
        pytest.param(
            (A,), DesiredState(present=(B,), purge=True), add(C), (B,), (B,), (A, C), id="assigns, and we purge"
        ),
        pytest.param(
            (A, D),
            DesiredState(present=(B, D), absent=(A,), only_if_assigned=(A,)),
            drop(D),
            (B, D),
            (B, D),
            (A,),
            id="removes what is to stay, and we rotate",
        ),
    ],
)
def test_in_the_moment_of_our_write_somebody_else(
    held: tuple[str, ...],
    desired: DesiredState,
    unseen: Callable[[dict[str, Any]], None],
    left: tuple[str, ...],
    assigned: tuple[str, ...],
    removed: tuple[str, ...],
) -> None:
    service = Service(*held, reactions=(Reaction(unseen=unseen),))
    reconciled = run(service, desired)

    assert reconciled.server.identity.ids == left
    assert reconciled.verified
    assert (reconciled.plan.assign, reconciled.plan.remove) == (assigned, removed)
    assert reconciled.plan.before.ids == held
    assert reconciled.plan.after.ids == left
    assert len(service.sent) == 2


def test_before_it_is_written_to_once_more_the_server_is_looked_at_again() -> None:
    service = Service(A, reactions=(Reaction(unseen=add(C)),))
    run(service)

    # To verify, before the second write, and to verify that.
    assert service.reads == 3


def test_a_second_write_that_is_refused_takes_nothing_back_of_the_first() -> None:
    reactions = (Reaction(refusal(None), acts=False), Reaction(unseen=add(C)), Reaction(refusal(403)))
    with pytest.raises(PgflexError) as caught:
        run(Service(A, reactions=reactions))

    # Of the answer that was lost before it nothing is left to ask.
    assert (caught.value.status, caught.value.write) == (403, "done")
    assert caught.value.operation


def test_who_goes_on_against_us_has_the_last_word_and_that_is_told() -> None:
    absent = tuple(f"{C}-{number}" for number in range(9))
    service = Service(A, reactions=tuple(Reaction(unseen=add(each)) for each in absent))
    problem = failure(service, DesiredState(present=(B,), absent=absent))

    assert len(service.sent) == 1 + MAX_CONFLICT_RETRIES
    assert f"but {absent[MAX_CONFLICT_RETRIES]} is still assigned" in problem


def test_what_we_wrote_ourselves_is_not_written_twice() -> None:
    service = Service(A, reactions=(Reaction(acts=False, unseen=add(C)),))

    assert f"{B} is not assigned; {C} is still assigned" in failure(service)
    assert len(service.sent) == 1


def test_what_was_lost_beside_it_is_told_all_the_same() -> None:
    def swap(held: dict[str, Any]) -> None:
        del held[D]
        held[C] = {}

    service = Service(A, D, reactions=(Reaction(unseen=swap),))

    assert f"{D}, which was to stay, is gone" in failure(service)
    assert service.last_read.identity.ids == (A, B)


def test_a_system_assigned_identity_that_is_switched_on_between_is_left_as_it_is_and_told() -> None:
    service = Service(A, reactions=(Reaction(unseen=add(C)),))
    get_server = service.get_server

    def switching(ref: ServerRef) -> Any:
        if service.reads == 1:  # before the second write
            service.raw["identity"].update(type="SystemAssigned,UserAssigned", principalId=PRINCIPAL)
        return get_server(ref)

    service.get_server = switching  # type: ignore[method-assign]

    assert "the system-assigned identity is on" in failure(
        service, DesiredState(present=(B,), absent=(C,), system_assigned=False)
    )
    assert service.last_read.identity.ids == (A, B)
    assert len(service.sent) == 2


def test_when_time_is_up_nothing_more_is_written() -> None:
    service = Service(A, reactions=(Reaction(unseen=add(C)),))

    assert f"{C} is still assigned" in failure(service, wait_timeout=20)
    assert len(service.sent) == 1


@pytest.mark.parametrize(
    ("desired", "after"),
    [
        pytest.param(B_NOT_C, server(A, B), id="all is well"),
        pytest.param(B_NOT_C, server(A, C), id="ours is not there either"),
        pytest.param(
            DesiredState(present=(B,), absent=(C,), expected=Expected((A,))), server(A, B, C), id="a rollback"
        ),
        pytest.param(
            DesiredState(present=(B,), absent=(C,)), server(A, B, C, primary=C), id="what must not be removed"
        ),
        pytest.param(
            DesiredState(present=(B,), absent=(C,), system_assigned=False),
            server(A, B, C, system=True),
            id="the system-assigned identity, whose conditions would have to be asked for again",
        ),
    ],
)
def test_nothing_is_written_once_more_for(desired: DesiredState, after: Any) -> None:
    assert not has_concurrent_write(plan(server(A), desired), after, desired)


def test_a_server_that_others_write_to_is_looked_at_right_before_the_next_try() -> None:
    service = Service(A, reactions=(Reaction(busy(), acts=False),))
    retry_policy = service.time.retry_policy()
    steps = Change(service, REF, B_NOT_C, retry_policy).reconcile_steps()
    assert [next(steps) for _step in range(3)] == [RequestKind.WRITE, 10, RequestKind.WRITE]
    add(C)(service.raw["identity"]["userAssignedIdentities"])
    reconciled = run_blocking(steps, retry_policy.clock)

    assert (reconciled.plan.assign, reconciled.plan.remove) == ((B,), (C,))


def test_a_fleet_does_so_too_for_the_rows_that_need_it() -> None:
    service = FleetService()
    many = service.add_many(ONE_BY_ONE + 1, A)
    unseen = {held.ref.name for held in many[:3]}
    update = service.update_identity

    def crossing(ref: ServerRef, body: dict[str, Any], policy_token: str = "") -> Any:
        if ref.name in unseen:
            unseen.remove(ref.name)
            service.get_server(ref)
            add(C)(next(held for held in many if held.ref == ref).raw["identity"]["userAssignedIdentities"])
        return update(ref, body, policy_token)

    service.update_identity = crossing  # type: ignore[method-assign]
    asked = targets(service, B_NOT_C)
    run_fleet(service, asked)

    assert [held.ids for held in many] == [[A, B]] * len(many)
    assert [target.changed for target in asked] == [True] * len(many)
    assert [target_facts(target)["removed"] for target in asked] == [[C]] * 3 + [[]] * (len(many) - 3)
    assert len(service.writes()) == len(many) + 3
