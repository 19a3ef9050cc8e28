# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Submit, wait, verify: what is sent, how often, and what is told, whatever goes wrong on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import TRIES
from ansible_collections.pgflex.azure.plugins.module_utils._errors import (
    NotVerified,
    OperationFailed,
    PgflexError,
    ServiceError,
    WaitTimeout,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState, Operation, Server
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import patch_body, plan
from ansible_collections.pgflex.azure.plugins.module_utils._server.reconciler import Change, ReconcileResult
from ansible_collections.pgflex.azure.plugins.module_utils._server.single_server import reconcile
from unit.service import Reaction, Service
from unit.support import REF, A, B, C, D, busy, refusal

if TYPE_CHECKING:
    from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef

SWAP = DesiredState(present=(B,), absent=(A,))
PURGE = DesiredState(present=(B,), purge=True)
SWAPPED = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {B: {}, A: None}}}
GOES_ON = "It goes on in Azure: run again later to see its result, or raise wait_timeout."


class Watched:
    """A service whose every PATCH must be the plan of what was read last."""

    def __init__(self, service: Service, desired: DesiredState) -> None:
        self._service = service
        self._desired = desired

    def get_server(self, ref: ServerRef) -> Server:
        return self._service.get_server(ref)

    def update_identity(self, ref: ServerRef, body: dict[str, Any], policy_token: str = "") -> Operation:
        assert body == patch_body(plan(self._service.last_read, self._desired))
        return self._service.update_identity(ref, body, policy_token)

    def acquire_policy_token(self, ref: ServerRef, body: dict[str, Any], change_reference: str) -> str:
        return self._service.acquire_policy_token(ref, body, change_reference)

    def poll(self, operation: Operation) -> tuple[bool, float | None]:
        return self._service.poll(operation)


def run(
    service: Service, desired: DesiredState = SWAP, *, wait: bool = True, limits: dict[str, float] | None = None
) -> ReconcileResult:
    """Reconcile a server that was read right before, as a single task does."""
    policy = service.time.retry_policy(**limits or {})
    return reconcile(Change(Watched(service, desired), REF, desired, policy, wait, seen=service.last_read))


def failure(service: Service, desired: DesiredState = SWAP, **limits: float) -> PgflexError:
    with pytest.raises(PgflexError) as caught:
        run(service, desired, limits=limits)
    return caught.value


def ended(code: str) -> OperationFailed:
    return OperationFailed("Operation op ended", "It is so", code=code)


def add(resource_id: str) -> Any:
    return lambda held: held.update({resource_id: {}})


def drop(resource_id: str) -> Any:
    return lambda held: held.pop(resource_id)


def test_a_change_is_one_patch_two_looks_and_one_read() -> None:
    service = Service(A)
    reconciled = run(service)

    assert service.sent == [SWAPPED]
    assert service.time.pauses == [10, 10]
    assert service.reads == 1
    assert (reconciled.plan.assign, reconciled.plan.remove, reconciled.server.identity.ids) == ((B,), (A,), (B,))
    assert reconciled.operation == Operation("op", "now", "https://arm/op")
    assert (reconciled.accepted, reconciled.verified) == (False, True)


def test_nothing_to_do_sends_nothing() -> None:
    service = Service(B)
    reconciled = run(service)

    assert (service.sent, service.reads, service.time.pauses) == ([], 0, [])
    assert not reconciled.plan.changes


def test_without_waiting_the_operation_is_told() -> None:
    service = Service(A)
    reconciled = run(service, wait=False)

    assert reconciled.operation == Operation("op", "now", "https://arm/op")
    assert (len(service.sent), service.reads, service.time.pauses) == (1, 0, [])


TRANSIENT = [
    ("busy once", (Reaction(busy(), acts=False),), 2),
    ("busy three times", (Reaction(busy(), acts=False),) * 3, 4),
    ("busy in the operation", (Reaction(polls=(ended("ServerIsBusy"),), acts=False),), 2),
    ("not ready in the operation", (Reaction(polls=(ended("ServerIsNotReady"),), acts=False),), 2),
    ("throttled", (Reaction(refusal(429), acts=False),), 2),
    ("throttled, with Retry-After", (Reaction(refusal(429, retry_after=17), acts=False),), 2),
    ("unavailable before it acted", (Reaction(refusal(503), acts=False),), 2),
    ("unavailable after it acted at once", (Reaction(refusal(503), seconds=0),), 1),
    ("unavailable while it acts, then busy with that", (Reaction(refusal(503), seconds=120),), 1),
    ("the connection lost before it acted", (Reaction(refusal(None), acts=False),), 2),
    ("the connection lost after it acted at once", (Reaction(refusal(None), seconds=0),), 1),
    ("the connection lost while it acts", (Reaction(refusal(None), seconds=45),), 1),
    ("throttled polls", (Reaction(polls=(refusal(429, retry_after=5),) * 3),), 1),
    ("polls without an answer", (Reaction(polls=(refusal(None),) * (TRIES - 1)),), 1),
    ("the operation forgotten", (Reaction(polls=(refusal(404, "ResourceNotFound"),), seconds=60),), 1),
    ("the operation gone", (Reaction(polls=(refusal(410),), seconds=60),), 1),
    ("no URL to poll", (Reaction(url=False, seconds=60),), 1),
    ("no URL to poll, and nothing left to wait for", (Reaction(url=False, seconds=0),), 1),
]


@pytest.mark.parametrize(
    ("reactions", "patches"), [pytest.param(reactions, patches, id=name) for name, reactions, patches in TRANSIENT]
)
def test_a_transient_failure_is_overcome(reactions: tuple[Reaction, ...], patches: int) -> None:
    service = Service(A, C, system=True, reactions=reactions)
    reconciled = run(service)

    assert reconciled.server.identity.ids == (B, C)
    assert reconciled.server.identity.system_assigned
    assert (reconciled.plan.assign, reconciled.plan.remove) == ((B,), (A,))
    assert len(service.sent) == patches


@pytest.mark.parametrize("reactions", [pytest.param(reactions, id=name) for name, reactions, _patches in TRANSIENT])
def test_it_is_overcome_on_a_server_that_does_not_show_what_it_does_too(reactions: tuple[Reaction, ...]) -> None:
    # Without a URL five quiet looks count as the end, so they must outlast the operation.
    without_url = any(not each.url for each in reactions)
    service = Service(A, C, silent=True, reactions=reactions)
    reconciled = run(service, limits={"poll_interval": 15 if without_url else 10})

    assert reconciled.server.identity.ids == (B, C)
    assert (reconciled.plan.assign, reconciled.plan.remove) == ((B,), (A,))


def test_a_server_that_becomes_one_to_be_refused_is_reported() -> None:
    service = Service(A, reactions=(Reaction(url=False, acts=False),))
    service.encryption = {"type": "AzureKeyVault", "primaryUserAssignedIdentityId": A}
    error = failure(service)

    assert isinstance(error, NotVerified)
    assert f"Cannot remove identity {A} because it's used for data encryption." in str(error)


def test_the_pause_that_a_throttled_write_asks_for_is_kept() -> None:
    service = Service(A, reactions=(Reaction(refusal(429, retry_after=17), acts=False),))
    run(service)

    assert service.time.pauses[0] == 17


FAILING = [
    ("an operation that fails", (Reaction(polls=(ended("InternalServerError"),), acts=False),), "InternalServerError"),
    ("an operation that is canceled", (Reaction(polls=(ended("Canceled"),), acts=False),), "Canceled"),
    ("an operation that is cancelled", (Reaction(polls=(ended("Cancelled"),), acts=False),), "Cancelled"),
    ("no right", (Reaction(refusal(403, "LinkedAuthorizationFailed"), acts=False),), "LinkedAuthorizationFailed"),
    ("a lock", (Reaction(refusal(409, "ScopeLocked"), acts=False),), "ScopeLocked"),
    ("a bad request", (Reaction(refusal(400, "FailedIdentityOperation"), acts=False),), "FailedIdentityOperation"),
    ("success without effect", (Reaction(acts=False),), "NotVerified"),
    ("success without effect and without a URL", (Reaction(acts=False, url=False),), "NotVerified"),
]


@pytest.mark.parametrize(
    ("reactions", "code"), [pytest.param(reactions, code, id=name) for name, reactions, code in FAILING]
)
def test_it_fails_after_one_patch(reactions: tuple[Reaction, ...], code: str) -> None:
    service = Service(A, reactions=reactions)

    assert failure(service).code == code
    assert len(service.sent) == 1


def test_a_server_that_is_busy_for_ever_is_given_up_after_busy_timeout() -> None:
    service = Service(A, reactions=(Reaction(busy(), acts=False),) * 99)
    error = failure(service, busy_timeout=30)

    assert error.code == "ServerIsBusy"
    assert service.time.time == 30
    assert len(service.sent) == 4


def test_while_somebody_elses_operation_is_at_work_nothing_is_sent() -> None:
    service = Service(A, reactions=(Reaction(busy(), acts=False, other=55),))
    run(service)

    assert len(service.sent) == 2
    assert service.time.time == 60 + 20


def test_somebody_elses_operation_that_never_ends_is_given_up_after_busy_timeout() -> None:
    service = Service(A, reactions=(Reaction(busy(), acts=False, other=float("inf")),))

    assert failure(service, busy_timeout=30).code == "ServerBusy"
    assert (len(service.sent), service.time.time) == (1, 30)


@pytest.mark.parametrize("silent", [True, False], ids=["which the server does not show", "which the server shows"])
def test_what_may_be_our_own_change_keeps_the_server_busy_until_the_deadline(silent: bool) -> None:
    service = Service(A, silent=silent, reactions=(Reaction(refusal(503), seconds=float("inf")),))

    assert isinstance(failure(service, busy_timeout=30, wait_timeout=300), WaitTimeout)
    assert service.time.time == 300


@pytest.mark.parametrize("status", [None, 500, 503])
def test_a_write_that_never_gets_through_is_sent_five_times(status: int | None) -> None:
    service = Service(A, reactions=tuple(Reaction(refusal(status), acts=False) for _try in range(99)))
    error = failure(service)

    assert error.status == status
    assert len(service.sent) == TRIES
    assert "Tried 5 times." in str(error)


def test_throttling_ends_with_the_deadline() -> None:
    service = Service(A, reactions=tuple(Reaction(refusal(429, retry_after=40), acts=False) for _try in range(99)))

    assert failure(service, wait_timeout=100).status == 429
    assert service.time.time <= 100


@pytest.mark.parametrize("url", [True, False], ids=["followed by its URL", "followed by the server"])
def test_an_operation_that_never_ends_is_given_up_at_the_deadline(url: bool) -> None:
    service = Service(A, reactions=(Reaction(seconds=float("inf"), url=url),))
    error = failure(service, wait_timeout=100)

    assert isinstance(error, WaitTimeout)
    assert "operation op, started now: not finished within wait_timeout=100 seconds" in str(error)
    assert error.hint == GOES_ON
    assert service.time.time == 100
    assert len(service.sent) == 1


def test_who_may_not_read_the_operation_is_told_that_it_goes_on() -> None:
    service = Service(A, reactions=(Reaction(polls=(refusal(403, "AuthorizationFailed"),)),))
    error = failure(service)

    assert error.hint.endswith(GOES_ON)
    assert "Grant the credential a role" in error.hint


def test_polls_that_never_answer_leave_the_server_to_tell_what_became_of_it() -> None:
    service = Service(A, reactions=(Reaction(polls=(refusal(None),) * TRIES),))

    assert run(service).server.identity.ids == (B,)
    assert len(service.sent) == 1


def test_a_server_that_is_deleted_during_the_change_is_an_error_at_once() -> None:
    service = Service(A, reactions=(Reaction(url=False),))
    service.read_errors = [refusal(404, "ResourceNotFound")]
    error = failure(service)

    assert isinstance(error, ServiceError)
    assert (error.code, GOES_ON in str(error)) == ("ResourceNotFound", False)
    assert service.time.pauses == [10]


FOREIGN = [
    ("adds one, and it stays", (A,), SWAP, add(C), (B, C), (B,), (A,)),
    ("adds one, and a purge takes it", (A,), PURGE, add(C), (B,), (B,), (A, C)),
    ("adds ours, so that less is left to do", (A,), SWAP, add(B), (B,), (), (A,)),
    ("removes what was to be removed", (A, D), SWAP, drop(A), (B, D), (B,), ()),
    ("removes another, which is not missed", (A, D), SWAP, drop(D), (B,), (B,), (A,)),
]


@pytest.mark.parametrize(
    ("held", "desired", "meanwhile", "left", "assigned", "removed"),
    [pytest.param(*row[1:], id=row[0]) for row in FOREIGN],
)
def test_while_the_server_is_busy_somebody_else(
    held: tuple[str, ...],
    desired: DesiredState,
    meanwhile: Any,
    left: tuple[str, ...],
    assigned: tuple[str, ...],
    removed: tuple[str, ...],
) -> None:
    service = Service(*held, reactions=(Reaction(busy(), acts=False, meanwhile=meanwhile),))
    reconciled = run(service, desired)

    assert reconciled.server.identity.ids == left
    assert (reconciled.plan.assign, reconciled.plan.remove) == (assigned, removed)


def test_if_somebody_else_did_it_all_nothing_was_changed_by_us() -> None:
    def swap(held: dict[str, Any]) -> None:
        held[B] = held.pop(A)

    service = Service(A, reactions=(Reaction(busy(), acts=False, meanwhile=swap),))
    reconciled = run(service)

    assert len(service.sent) == 1
    assert not reconciled.plan.changes


def test_one_that_somebody_else_removed_after_our_write_is_reported() -> None:
    service = Service(A, C, reactions=(Reaction(refusal(503), acts=False, meanwhile=drop(C)),))
    error = failure(service)

    assert isinstance(error, NotVerified)
    assert str(error) == (
        f"The operation on server pg-orders succeeded, but {C}, which was to stay, is gone. "
        "Somebody else may have changed the server meanwhile: look at it with state=info, and run again. "
        "The change was carried out as operation op, started now, and could not be confirmed: look at the server with "
        "state=info."
    )
