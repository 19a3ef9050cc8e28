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

from .._azure.rate_limits import Turn
from .._azure.retry import drive
from .._errors import NotVerified, OperationFailed, Refused, ServiceError, UnexpectedAnswer, WaitTimeout
from .._identity.models import Operation, Plan, Server, Wanted
from .._identity.planner import crossed, joined, patch_body, plan, unmet

if TYPE_CHECKING:
    from .._azure.retry import Steps, Waiter
    from .._identity.resource_ids import ServerRef


#: Seconds for which a look at a server counts. A write that waited longer for its turn is planned anew: the service has
#: no etag, and the type in a PATCH would undo what somebody else has done to the system assigned identity meanwhile.
FRESH = 30.0
#: The same for a server that somebody else is writing to, and that need not show it.
CONTENDED = 1.0
#: How often a server is written to once more because somebody else wrote to it at the same time, see C(crossed).
ROUNDS = 2
#: Without an operation to follow, a server that is not at work this often in a row has ended what it did.
QUIET_LOOKS = 5


class Writer(Protocol):
    """The part of C(_api.Api) that is needed here."""

    def get_server(self, ref: ServerRef) -> Server:
        """See C(Api)."""

    def update_identity(self, ref: ServerRef, body: dict[str, Any]) -> Operation:
        """See C(Api)."""

    def poll(self, operation: Operation) -> tuple[bool, float | None]:
        """See C(Api)."""


@dataclass(frozen=True)
class Applied:
    """What was done: C(plan) as carried out, C(server) as last read, C(operation) if it was not waited for.

    C(verified) is true once the server was read after the write and found as planned. Of a server that was written to
    once more C(plan) is all that was done, C(last) the last part of it, and C(rounds) how many parts followed a first.
    """

    plan: Plan
    server: Server
    operation: Operation | None = None
    verified: bool = False
    last: Plan | None = None
    rounds: int = 0


def apply(
    api: Writer, server: Server, wanted: Wanted, waiter: Waiter, *, wait: bool, read_at: float | None = None
) -> Applied:
    """Make C(server), read at C(read_at) as in C(changing), as C(wanted), and verify it. Raises as both."""
    applied = drive(changing(api, server, wanted, waiter, wait=wait, read_at=read_at), waiter.clock)
    if not applied.plan.changes or applied.operation:
        return applied
    look = partial(api.get_server, server.ref)
    after = waiter.read(look)
    while may_go_on(applied, after, wanted, waiter):
        applied = drive(going_on(api, applied, after, wanted, waiter), waiter.clock)
        after = waiter.read(look)
    return verify(applied, after, wanted)


def may_go_on(applied: Applied, after: Server, wanted: Wanted, waiter: Waiter) -> bool:
    """Whether C(going_on) is to follow, for a server as it was read by itself C(after) the write.

    Two runs that undo each other's changes come to an end by themselves: who finds undone what it wrote stops, and
    says so. The bound is for what they undo without seeing it.
    """
    return applied.rounds < ROUNDS and waiter.remaining > 0 and crossed(applied.last or applied.plan, after, wanted)


def going_on(api: Writer, applied: Applied, after: Server, wanted: Wanted, waiter: Waiter) -> Steps[Applied]:
    """Bring about what somebody else's change has left to do, as in C(crossed). Raises as C(changing)."""
    rest = replace(wanted, only_if_assigned=(), system_assigned=None)
    more = yield from changing(api, after, rest, waiter, wait=True, read_at=-math.inf)
    return Applied(joined(applied.plan, more.plan), more.server, last=more.plan, rounds=applied.rounds + 1)


def verify(applied: Applied, after: Server, wanted: Wanted) -> Applied:
    """C(applied), if the server as it was read C(after) the write is as planned. Raises C(NotVerified)."""
    problems = unmet(applied.plan, after, wanted)
    if problems:
        raise NotVerified(
            f"The operation on server {after.ref.name} succeeded, but {'; '.join(problems)}.",
            target=after.id,
            hint="Somebody else may have changed the server meanwhile: look at it with state=info, and run again.",
        )
    return replace(applied, server=after, verified=True)


def may_be_undone_later(server: Server, wanted: Wanted) -> bool:
    """Whether C(server) holds what is to be restored, while the operation is still at work that will change it."""
    return wanted.expected is not None and server.updating and not plan(server, wanted).changes


def changing(
    api: Writer, server: Server, wanted: Wanted, waiter: Waiter, *, wait: bool, read_at: float | None = None
) -> Steps[Applied]:
    """Carry out the plan for C(server) until its operation has succeeded.

    C(server) is as it was read when the clock of C(waiter) showed C(read_at), by default when this begins.

    Whatever fails in passing is answered by reading the server again and planning anew, never by sending the same PATCH
    again: a PATCH whose answer was lost may have been carried out, and while a server was busy somebody else changed
    it. Raises C(ServiceError), C(WaitTimeout), and C(Refused) if the server became one to be refused.
    """
    seen_at = waiter.clock.now() if read_at is None else read_at
    server = yield from _settled(api, server, wanted, waiter)
    planned = plan(server, wanted)
    rest = planned
    maybe_applied, failures, fresh = False, 0, FRESH
    while rest.changes:
        yield Turn.WRITE
        if waiter.clock.now() - seen_at > fresh:
            server = yield from waiter.reading(partial(api.get_server, server.ref))
            rest = plan(server, wanted)
            planned = planned if maybe_applied else rest
            if not rest.changes:
                break
        try:
            operation = api.update_identity(server.ref, patch_body(rest))
            if not wait:
                return Applied(planned, server, operation)
            yield from _following(api, server, operation, wanted, waiter)
            break
        except ServiceError as error:
            maybe_applied = maybe_applied or error.maybe_applied
            failures += error.transient
            fresh = CONTENDED if error.busy else fresh
            server = yield from _looking_again(api, server, waiter, error, failures, maybe_applied)
        seen_at = waiter.clock.now()
        rest = plan(server, wanted)
        planned = planned if maybe_applied else rest
    return Applied(planned, server)


def _settled(api: Writer, server: Server, wanted: Wanted, waiter: Waiter) -> Steps[Server]:
    """The server, once what is still in flight has shown."""
    while may_be_undone_later(server, wanted):
        yield waiter.poll_pause(f"Server {server.ref.name} is being changed by somebody else", None)
        server = yield from waiter.reading(partial(api.get_server, server.ref))
    return server


def _looking_again(
    api: Writer, server: Server, waiter: Waiter, error: ServiceError, failures: int, maybe_applied: bool
) -> Steps[Server]:
    """The server after C(error), when it is worth another try: while an operation is at work, its end is not planned.

    Otherwise a second PATCH could get through for what the first one has just done.
    """
    yield _pause(waiter, error, failures, maybe_applied)
    server = yield from waiter.reading(partial(api.get_server, server.ref))
    while server.updating and (error.busy or maybe_applied):
        yield waiter.poll_pause(error.doing, None) if maybe_applied else waiter.pause_after(error, failures)
        server = yield from waiter.reading(partial(api.get_server, server.ref))
    return server


def _pause(waiter: Waiter, error: ServiceError, failures: int, maybe_applied: bool) -> float:
    """Seconds until the next try. A server that is busy with what may be our own change has until the deadline."""
    try:
        return waiter.pause_after(error, failures)
    except ServiceError:
        if not (error.busy and maybe_applied):
            raise
        return waiter.poll_pause(error.doing, error.retry_after)


def _following(api: Writer, server: Server, operation: Operation, wanted: Wanted, waiter: Waiter) -> Steps[None]:
    """Return when the operation has ended. Raises C(OperationFailed), C(WaitTimeout)."""
    doing = (
        f"The identities of server {server.ref.name} are being changed by operation {operation.id}, started "
        f"{operation.start_time}"
    )
    hint = "It goes on in Azure: run again later to see its result, or raise wait_timeout."
    # Without an address to ask, Retry-After is about nothing: the server is looked at as often as usual.
    retry_after, done, quiet = operation.retry_after if operation.url else None, False, 0
    begun, expected = waiter.clock.now(), waiter.pace.expected
    try:
        while not done:
            yield waiter.poll_pause(doing, retry_after, expected)
            expected = 0.0
            if operation.url is None:
                seen = yield from waiter.reading(partial(api.get_server, server.ref))
                quiet = 0 if seen.updating else quiet + 1
                done = quiet >= QUIET_LOOKS or _as_wanted(seen, wanted)
            else:
                done, retry_after = yield from waiter.reading(lambda: api.poll(operation))
        waiter.pace.learn(waiter.clock.now() - begun)
    except (WaitTimeout, UnexpectedAnswer) as error:
        error.hint = f"{error.hint} {hint}".strip()
        raise
    except OperationFailed:
        waiter.pace.learn(waiter.clock.now() - begun)
        raise
    except ServiceError as error:
        if error.status not in (404, 410):
            error.hint = f"{error.hint} {hint}".strip()
            raise
        if operation.url is None:  # not the operation is gone but the server
            raise
        # Azure forgot the operation: the server itself tells what became of it.
        yield from _following(api, server, Operation(operation.id, operation.start_time), wanted, waiter)


def _as_wanted(server: Server, wanted: Wanted) -> bool:
    try:
        return not plan(server, wanted).changes
    except Refused:
        return True
