# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Reconcile one server: read -> plan -> write -> wait -> verify, through a client and a clock.

Each PATCH follows its own GET: what a list, a plan or an earlier look said is hearsay by the time that it is a server's
turn, the service has no etag, and the type in a PATCH would undo what somebody else has done to the system-assigned
identity meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from .._azure.policies import PolicyTokens
from .._azure.rate_limits import RequestKind
from .._errors import (
    WRITE_ACCEPTED,
    WRITE_DONE,
    WRITE_NONE,
    WRITE_UNKNOWN,
    OperationFailed,
    PgflexError,
    ServiceError,
    WaitTimeout,
    as_pgflex_error,
)
from .._identity.planner import patch_body, plan
from .policy_tokens import TokenHolder
from .polling import poll_operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._azure.retry import Coroutine, RetryPolicy
    from .._identity.models import DesiredState, Operation, Plan, Server
    from .._identity.resource_ids import ServerRef
    from .polling import ServerClient
    from .preflight import Preflight


@dataclass(frozen=True)
class ReconcileResult:
    """All that was done: `plan` as carried out, `server` as last read, `operation` the last one, if there was any.

    `before` is the server as its own GET showed it right before the first write; without a write it is `server`.
    `accepted` is true where the operation was not waited for, `verified` once the server was read after the write and
    found as planned. Of a server that was written to once more `plan` is all that was done, `last` the last part of it,
    and `rounds` how many parts followed a first.
    """

    plan: Plan
    server: Server
    operation: Operation | None = None
    accepted: bool = False
    verified: bool = False
    last: Plan | None = None
    rounds: int = 0
    before: Server | None = None


@dataclass
class Change:
    """The change of one server, and how far it is.

    `preflight` is asked before a write, `before_write` told right before it: what it raises stops the write.
    `after_write` is told in the end what became of the writes, in the words of errors, or "failed" where an operation
    has. `seen` is a look at the server after which nothing else was sent; without it the server is read. `likely` is an
    earlier look, by which a policy token can be asked for; `policy_tokens` are those of the whole run. `approve` gets
    each plan of a write first of all, and what it raises stops the write too.
    """

    api: ServerClient
    ref: ServerRef
    desired: DesiredState
    retry_policy: RetryPolicy
    wait: bool = True
    preflight: Preflight | None = None
    before_write: Callable[[Server, Plan], None] | None = None
    after_write: Callable[[str], None] | None = None
    seen: Server | None = None
    likely: Server | None = None
    policy_tokens: PolicyTokens = field(default_factory=PolicyTokens)
    approve: Callable[[Plan], None] | None = None
    write: str = WRITE_NONE
    operation: Operation | None = None
    planned: Plan | None = None
    before: Server | None = None
    failures: int = 0
    throttled: int = 0

    def __post_init__(self) -> None:
        self._holder = TokenHolder(self.policy_tokens, self.ref)

    def reconcile_steps(self) -> Coroutine[ReconcileResult]:
        """Carry out what is desired until the operation has succeeded.

        Raise `ServiceError`, `ServerBusy`, `WaitTimeout`, `Refused` and what `approve` and `before_write` raise, all of
        which say what became of the write.
        """
        try:
            result = yield from self._steps()
        except Exception as caught:
            error = as_pgflex_error(caught)
            self._end("failed" if isinstance(error, OperationFailed) else self.write)
            raise told(error, self.write, self.operation) from caught
        # Whose answer was lost has been seen to be there.
        self._end(WRITE_DONE if self.write == WRITE_UNKNOWN else self.write)
        return result

    def _end(self, outcome: str) -> None:
        if self.after_write:
            self.after_write(outcome)

    def _steps(self) -> Coroutine[ReconcileResult]:
        while True:
            server = yield from self._read()
            if server.updating:
                yield from self._wait_until_idle(server)
                self._holder.drop()
                continue
            rest = plan(server, self.desired)
            if self.write == WRITE_NONE or self.planned is None:
                self.planned, self.before = rest, server
            if not rest.changes:
                return ReconcileResult(self.planned, server, self.operation, before=self.before)
            if self.approve:
                self.approve(rest)
            if self.preflight and self.preflight.check(server, rest):
                continue  # that took its time: the write follows a look of its own
            if self._holder.lacks(patch_body(rest)):
                self.likely = server
                continue
            if (yield from self._submit(server, rest)):
                accepted = not self.wait
                return ReconcileResult(self.planned, server, self.operation, accepted, before=self.before)

    def _read(self) -> Coroutine[Server]:
        if self.seen is not None:
            server, self.seen = self.seen, None
            return server
        yield RequestKind.WRITE
        body = self._likely_body()
        if body is not None and self._holder.lacks(body):
            yield from self._holder.acquire(self.api, body, self.retry_policy)
        get = partial(self.api.get_server, self.ref)
        return (yield from self.retry_policy.reading(get, RequestKind.WRITE, granted=True))

    def _likely_body(self) -> dict[str, Any] | None:
        """Return what is likely to be sent, once after each look."""
        server, self.likely = self.likely, None
        try:
            rest = plan(server, self.desired) if server and not server.updating else None
        except PgflexError:
            return None
        return patch_body(rest) if rest and rest.changes else None

    def _wait_until_idle(self, server: Server) -> Coroutine[None]:
        """Return when no operation is at work any more. One that may be our own has until the deadline."""
        while server.updating:
            if self.write == WRITE_NONE:
                yield self.retry_policy.busy_pause(self.ref.name)
            else:
                yield self.retry_policy.poll_pause(f"Server {self.ref.name} is being changed", None)
            server = yield from self.retry_policy.reading(partial(self.api.get_server, self.ref))

    def _submit(self, server: Server, rest: Plan) -> Coroutine[bool]:
        """Send the PATCH for `rest`, and wait for its operation. Return False if all has to be looked at again.

        A transient failure is answered by reading the server again and planning anew, never by sending the same
        PATCH again: a PATCH whose answer was lost may have been carried out, and while a server was busy somebody else
        changed it.
        """
        if self.retry_policy.remaining <= 0:
            raise WaitTimeout(f"Server {self.ref.name}: no time is left to change it.")
        if self.before_write:
            self.before_write(server, rest)
        earlier = self.write, self.operation
        token = self._holder.take()
        try:
            operation = self.api.update_identity(self.ref, patch_body(rest), token)
        except ServiceError as error:
            yield from self._after_refusal(server, error, token)
            return False
        except PgflexError:
            raise
        except Exception:
            # Whether it came before or after the request went out, a fault does not say.
            self.write = WRITE_UNKNOWN if self.write == WRITE_NONE else self.write
            raise
        self.write, self.operation = WRITE_ACCEPTED, operation
        try:
            if self.wait:
                yield from poll_operation(self.api, server, operation, self.desired, self.retry_policy)
                self.write = WRITE_DONE
        except ServiceError as error:
            if isinstance(error, OperationFailed) and error.busy:  # it has ended, and did nothing
                self._end(WRITE_NONE)
                self.write, self.operation = earlier
            yield self._pause(error)
            return False
        return True

    def _after_refusal(self, server: Server, error: ServiceError, token: str) -> Coroutine[None]:
        """Return when the server is to be looked at again. Raise `error` if that is of no use."""
        self._end(WRITE_UNKNOWN if error.maybe_applied else WRITE_NONE)
        if self._holder.is_demanded(error, token):
            self.likely = server
            return
        if self.write == WRITE_NONE and error.maybe_applied:
            self.write = WRITE_UNKNOWN
        # The next token is a write of the quota too: after the time that brings one, the PATCH would be refused again.
        self.throttled += bool(token) and error.throttled
        yield self._pause(error)

    def _pause(self, error: ServiceError) -> float:
        """Return seconds until the next try. A server busy with what may be our change has until the deadline."""
        self.failures += error.transient
        try:
            return self.retry_policy.pause_after(error, self.failures, 1 + self.throttled * error.throttled)
        except ServiceError:
            if not error.busy or self.write == WRITE_NONE:
                raise
            return self.retry_policy.poll_pause(error.doing, error.retry_after)


def told(error: PgflexError, write: str, operation: Operation | None) -> PgflexError:
    """Return the error, which says from now on what became of the write."""
    error.write = write
    if operation and write in (WRITE_ACCEPTED, WRITE_DONE):
        error.operation = operation.id, operation.start_time
    return error
