# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Follow the operation of a change to its end, by its own address or by the server that it is at work on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from .._errors import OperationFailed, Refused, ServiceError, UnexpectedAnswer, WaitTimeout
from .._identity.models import Operation
from .._identity.planner import plan

if TYPE_CHECKING:
    from .._azure.retry import Coroutine, RetryPolicy
    from .._identity.models import DesiredState, Server
    from .._identity.resource_ids import ServerRef

#: Without an operation to follow, a server that is not at work this often in a row has ended what it did.
QUIET_LOOKS = 5


class ServerClient(Protocol):
    """The part of `client.Api` that is needed here."""

    def get_server(self, ref: ServerRef) -> Server:
        """See `Api`."""

    def update_identity(self, ref: ServerRef, body: dict[str, Any]) -> Operation:
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
                done = quiet >= QUIET_LOOKS or _is_as_desired(seen, desired)
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


def _is_as_desired(server: Server, desired: DesiredState) -> bool:
    try:
        return not plan(server, desired).changes
    except Refused:
        return True
    except UnexpectedAnswer:
        return False
