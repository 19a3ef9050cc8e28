# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Follow the operation of a change to its end, by its own address or by the server that it is at work on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from .._azure.retry import LONGEST_POLL_INTERVAL
from .._errors import OperationFailed, Refused, ServiceError, UnexpectedAnswer, WaitTimeout
from .._identity.models import Operation
from .._identity.planner import plan

if TYPE_CHECKING:
    from .._azure.retry import Coroutine, RetryPolicy
    from .._identity.models import DesiredState, Server
    from .._identity.resource_ids import ServerRef

#: Seconds after the scouts at which others see whether they have learned how long operations take.
AFTER_SCOUTS = 1.0
#: Without an operation to follow, a server that is not at work this often in a row has ended what it did.
QUIET_LOOKS = 5


class ServerClient(Protocol):
    """The part of `client.Api` that is needed here."""

    def get_server(self, ref: ServerRef) -> Server:
        """See `Api`."""

    def update_identity(self, ref: ServerRef, body: dict[str, Any], policy_token: str = "") -> Operation:
        """See `Api`."""

    def acquire_policy_token(self, ref: ServerRef, body: dict[str, Any], change_reference: str) -> str:
        """See `Api`."""

    def poll(self, operation: Operation) -> tuple[bool, float | None]:
        """See `Api`."""


def poll_operation(
    api: ServerClient, server: Server, operation: Operation, desired: DesiredState, retry_policy: RetryPolicy
) -> Coroutine[None]:
    """Return when the operation has ended. Raise `OperationFailed`, `WaitTimeout`."""
    doing = (
        f"The identities of server {server.ref.name} are being changed by operation {operation.id}, started "
        f"{operation.start_time}"
    )
    hint = "It goes on in Azure: run again later to see its result, or raise wait_timeout."
    try:
        yield from _follow(doing, api, server, operation, desired, retry_policy)
    except (WaitTimeout, UnexpectedAnswer) as error:
        error.hint = f"{error.hint} {hint}".strip()
        raise
    except OperationFailed:
        raise
    except ServiceError as error:
        if error.status not in (404, 410):
            error.hint = f"{error.hint} {hint}".strip()
            raise
        if operation.url is None:  # not the operation is gone but the server
            raise
        # Azure forgot the operation: the server itself tells what became of it.
        yield from poll_operation(api, server, Operation(operation.id, operation.start_time), desired, retry_policy)


def _follow(
    doing: str,
    api: ServerClient,
    server: Server,
    operation: Operation,
    desired: DesiredState,
    retry_policy: RetryPolicy,
) -> Coroutine[None]:
    # Without an address to ask, Retry-After is about nothing: the server is looked at as often as usual.
    retry_after, done, quiet = operation.retry_after if operation.url else None, False, 0
    pace, begun, is_scout = retry_policy.pace, retry_policy.clock.now(), False
    try:
        if operation.url and retry_after is None:
            is_scout = yield from _first_pause(doing, retry_policy)
        else:
            yield retry_policy.poll_pause(doing, retry_after)
        while not done:
            if operation.url is None:
                seen = yield from retry_policy.reading(partial(api.get_server, server.ref))
                quiet = 0 if seen.updating else quiet + 1
                done = quiet >= QUIET_LOOKS or _is_as_desired(seen, desired)
            else:
                done, retry_after = yield from retry_policy.reading(lambda: api.poll(operation))
            if not done:
                yield retry_policy.poll_pause(doing, retry_after)
        pace.learn(retry_policy.clock.now() - begun)
    finally:
        if is_scout:
            pace.dismiss()


def _first_pause(doing: str, retry_policy: RetryPolicy) -> Coroutine[bool]:
    """Return when an operation is worth a look, and whether it is a scout, which is so after a usual pause.

    Another one is when the shortest would be done; or after a minute, while none has ended.
    """
    pace, clock = retry_policy.pace, retry_policy.clock
    begun = clock.now()
    while not pace.enlist():
        likely = max(pace.expected, retry_policy.poll_interval) if pace.expected else LONGEST_POLL_INTERVAL
        left = begun + likely - clock.now()
        if left <= 0:
            return False
        # A little later than the scouts look, to hear what they have found.
        yield retry_policy.poll_pause(doing, left if pace.expected else retry_policy.poll_interval + AFTER_SCOUTS)
    yield retry_policy.poll_pause(doing)
    return True


def _is_as_desired(server: Server, desired: DesiredState) -> bool:
    try:
        return not plan(server, desired).changes
    except Refused:
        return True
    except UnexpectedAnswer:
        return False
