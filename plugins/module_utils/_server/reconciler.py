# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Plan -> submit, wait, verify, through an API and a clock."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from .._azure.rate_limits import RequestKind
from .._azure.retry import run_blocking
from .._errors import NotVerified, OperationFailed, Refused, ServiceError, UnexpectedAnswer, WaitTimeout
from .._identity.models import DesiredState, Operation, Plan, Server
from .._identity.planner import patch_body, plan
from .verification import find_discrepancies, has_concurrent_write, merge_plans

if TYPE_CHECKING:
    from .._azure.retry import Coroutine, RetryPolicy
    from .._identity.resource_ids import ServerRef


#: Seconds for which a look at a server counts. A write that waited longer for its turn is planned anew: the service has
#: no etag, and the type in a PATCH would undo what somebody else has done to the system-assigned identity meanwhile.
SNAPSHOT_MAX_AGE = 30.0
#: The same for a server that somebody else is writing to, and that need not show it.
SNAPSHOT_MAX_AGE_WHEN_BUSY = 1.0
#: How often a server is written to once more because somebody else wrote to it at the same time.
MAX_CONFLICT_RETRIES = 2
#: Without an operation to follow, a server that is not at work this often in a row has ended what it did.
QUIET_LOOKS = 5


class ServerClient(Protocol):
    """The part of `_api.Api` that is needed here."""

    def get_server(self, ref: ServerRef) -> Server:
        """See `Api`."""

    def update_identity(self, ref: ServerRef, body: dict[str, Any]) -> Operation:
        """See `Api`."""

    def poll(self, operation: Operation) -> tuple[bool, float | None]:
        """See `Api`."""


@dataclass(frozen=True)
class ReconcileResult:
    """What was done: `plan` as carried out, `server` as last read, `operation` if it was not waited for.

    `verified` is true once the server was read after the write and found as planned. Of a server that was written to
    once more `plan` is all that was done, `last` the last part of it, and `rounds` how many parts followed a first.
    """

    plan: Plan
    server: Server
    operation: Operation | None = None
    verified: bool = False
    last: Plan | None = None
    rounds: int = 0


def reconcile(
    api: ServerClient,
    server: Server,
    desired: DesiredState,
    retry_policy: RetryPolicy,
    *,
    wait: bool,
    read_at: float | None = None,
) -> ReconcileResult:
    """Make `server`, read at `read_at` as in `reconcile_steps`, as `desired`, and verify it. Raises as both."""
    reconciled = run_blocking(
        reconcile_steps(api, server, desired, retry_policy, wait=wait, read_at=read_at), retry_policy.clock
    )
    if not reconciled.plan.changes or reconciled.operation:
        return reconciled
    look = partial(api.get_server, server.ref)
    after = retry_policy.read(look)
    while should_retry_conflict(reconciled, after, desired, retry_policy):
        reconciled = run_blocking(
            retry_after_conflict(api, reconciled, after, desired, retry_policy), retry_policy.clock
        )
        after = retry_policy.read(look)
    return verify(reconciled, after, desired)


def should_retry_conflict(
    reconciled: ReconcileResult, after: Server, desired: DesiredState, retry_policy: RetryPolicy
) -> bool:
    """Whether `retry_after_conflict` is to follow, for a server as it was read by itself `after` the write.

    Two runs that undo each other's changes come to an end by themselves: who finds undone what it wrote stops, and
    says so. The bound is for what they undo without seeing it.
    """
    return (
        reconciled.rounds < MAX_CONFLICT_RETRIES
        and retry_policy.remaining > 0
        and has_concurrent_write(reconciled.last or reconciled.plan, after, desired)
    )


def retry_after_conflict(
    api: ServerClient, reconciled: ReconcileResult, after: Server, desired: DesiredState, retry_policy: RetryPolicy
) -> Coroutine[ReconcileResult]:
    """Bring about what a concurrent write has left to do. Raise as `reconcile_steps`."""
    rest = replace(desired, only_if_assigned=(), system_assigned=None)
    more = yield from reconcile_steps(api, after, rest, retry_policy, wait=True, read_at=-math.inf)
    return ReconcileResult(
        merge_plans(reconciled.plan, more.plan), more.server, last=more.plan, rounds=reconciled.rounds + 1
    )


def verify(reconciled: ReconcileResult, after: Server, desired: DesiredState) -> ReconcileResult:
    """Return `reconciled`, if the server as it was read `after` the write is as planned. Raise `NotVerified`."""
    problems = find_discrepancies(reconciled.plan, after, desired)
    if problems:
        raise NotVerified(
            f"The operation on server {after.ref.name} succeeded, but {'; '.join(problems)}.",
            target=after.id,
            hint="Somebody else may have changed the server meanwhile: look at it with state=info, and run again.",
        )
    return replace(reconciled, server=after, verified=True)


def may_be_undone_later(server: Server, desired: DesiredState) -> bool:
    """Whether `server` holds what is to be restored, while the operation is still at work that will change it."""
    return desired.expected is not None and server.updating and not plan(server, desired).changes


def reconcile_steps(
    api: ServerClient,
    server: Server,
    desired: DesiredState,
    retry_policy: RetryPolicy,
    *,
    wait: bool,
    read_at: float | None = None,
) -> Coroutine[ReconcileResult]:
    """Carry out the plan for `server` until its operation has succeeded.

    `server` is as it was read when the clock of `retry_policy` showed `read_at`, by default when this begins.

    Whatever fails in passing is answered by reading the server again and planning anew, never by sending the same PATCH
    again: a PATCH whose answer was lost may have been carried out, and while a server was busy somebody else changed
    it. Raises `ServiceError`, `WaitTimeout`, and `Refused` if the server became one to be refused.
    """
    seen_at = retry_policy.clock.now() if read_at is None else read_at
    server = yield from _wait_until_settled(api, server, desired, retry_policy)
    planned = plan(server, desired)
    rest = planned
    maybe_applied, failures, fresh = False, 0, SNAPSHOT_MAX_AGE
    while rest.changes:
        yield RequestKind.WRITE
        if retry_policy.clock.now() - seen_at > fresh:
            server = yield from retry_policy.reading(partial(api.get_server, server.ref))
            rest = plan(server, desired)
            planned = planned if maybe_applied else rest
            if not rest.changes:
                break
        try:
            operation = api.update_identity(server.ref, patch_body(rest))
            if not wait:
                return ReconcileResult(planned, server, operation)
            yield from poll_operation(api, server, operation, desired, retry_policy)
            break
        except ServiceError as error:
            maybe_applied = maybe_applied or error.maybe_applied
            failures += error.transient
            fresh = SNAPSHOT_MAX_AGE_WHEN_BUSY if error.busy else fresh
            server = yield from _read_again_after(api, server, retry_policy, error, failures, maybe_applied)
        seen_at = retry_policy.clock.now()
        rest = plan(server, desired)
        planned = planned if maybe_applied else rest
    return ReconcileResult(planned, server)


def _wait_until_settled(
    api: ServerClient, server: Server, desired: DesiredState, retry_policy: RetryPolicy
) -> Coroutine[Server]:
    """The server, once what is still in flight has shown."""
    while may_be_undone_later(server, desired):
        yield retry_policy.poll_pause(f"Server {server.ref.name} is being changed by somebody else", None)
        server = yield from retry_policy.reading(partial(api.get_server, server.ref))
    return server


def _read_again_after(
    api: ServerClient,
    server: Server,
    retry_policy: RetryPolicy,
    error: ServiceError,
    failures: int,
    maybe_applied: bool,
) -> Coroutine[Server]:
    """The server after `error`, when it is worth another try: while an operation is at work, its end is not planned.

    Otherwise a second PATCH could get through for what the first one has just done.
    """
    yield _pause(retry_policy, error, failures, maybe_applied)
    server = yield from retry_policy.reading(partial(api.get_server, server.ref))
    while server.updating and (error.busy or maybe_applied):
        yield retry_policy.poll_pause(error.doing, None) if maybe_applied else retry_policy.pause_after(error, failures)
        server = yield from retry_policy.reading(partial(api.get_server, server.ref))
    return server


def _pause(retry_policy: RetryPolicy, error: ServiceError, failures: int, maybe_applied: bool) -> float:
    """Seconds until the next try. A server that is busy with what may be our own change has until the deadline."""
    try:
        return retry_policy.pause_after(error, failures)
    except ServiceError:
        if not (error.busy and maybe_applied):
            raise
        return retry_policy.poll_pause(error.doing, error.retry_after)


def poll_operation(
    api: ServerClient, server: Server, operation: Operation, desired: DesiredState, retry_policy: RetryPolicy
) -> Coroutine[None]:
    """Return when the operation has ended. Raises `OperationFailed`, `WaitTimeout`."""
    doing = (
        f"The identities of server {server.ref.name} are being changed by operation {operation.id}, started "
        f"{operation.start_time}"
    )
    hint = "It goes on in Azure: run again later to see its result, or raise wait_timeout."
    # Without an address to ask, Retry-After is about nothing: the server is looked at as often as usual.
    retry_after, done, quiet = operation.retry_after if operation.url else None, False, 0
    begun, expected = retry_policy.clock.now(), retry_policy.pace.expected
    try:
        while not done:
            yield retry_policy.poll_pause(doing, retry_after, expected)
            expected = 0.0
            if operation.url is None:
                seen = yield from retry_policy.reading(partial(api.get_server, server.ref))
                quiet = 0 if seen.updating else quiet + 1
                done = quiet >= QUIET_LOOKS or _as_wanted(seen, desired)
            else:
                done, retry_after = yield from retry_policy.reading(lambda: api.poll(operation))
        retry_policy.pace.learn(retry_policy.clock.now() - begun)
    except (WaitTimeout, UnexpectedAnswer) as error:
        error.hint = f"{error.hint} {hint}".strip()
        raise
    except OperationFailed:
        retry_policy.pace.learn(retry_policy.clock.now() - begun)
        raise
    except ServiceError as error:
        if error.status not in (404, 410):
            error.hint = f"{error.hint} {hint}".strip()
            raise
        if operation.url is None:  # not the operation is gone but the server
            raise
        # Azure forgot the operation: the server itself tells what became of it.
        yield from poll_operation(api, server, Operation(operation.id, operation.start_time), desired, retry_policy)


def _as_wanted(server: Server, desired: DesiredState) -> bool:
    try:
        return not plan(server, desired).changes
    except Refused:
        return True
