# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long-running operations: started by a PATCH, finished by time, looked at only when somebody reads."""

from __future__ import annotations

import base64
import hashlib
import heapq
import itertools
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from emulator.arm import resource_ids
from emulator.arm.errors import InvalidOperationSignature, OperationNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.clock import Clock
    from emulator.postgresql.models import Server, ServerIdentity

# Lengths as recorded: certificate and signature of the poll URL, in bytes before base64url.
_CERTIFICATE_BYTES, _SIGNATURE_BYTES, _HASH_BYTES = 1970, 256, 32
# Ticks of 100 ns between year 1 and 1970, for `t` in the poll URL.
_EPOCH_TICKS = 621_355_968_000_000_000


@dataclass
class Outcome:
    """How an operation ends. `identity` is what the server has then, None to leave it."""

    status: str = "Succeeded"
    error: dict[str, str] | None = None
    identity: ServerIdentity | None = None


@dataclass
class Operation:
    """One change of one server; `finished` stays false for ever when its outcome is InProgress.

    `by` tells who asked for it: `client`, or `meanwhile` for somebody else in a fault. `refused` is true if the server
    was busy, so that it never began. `request` is what the control API tells of the request that caused it.
    """

    server: Server
    outcome: Outcome
    api_version: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    finished: bool = False
    by: str = "client"
    refused: bool = False
    request: dict[str, Any] | None = None
    begun_at: float | None = None
    ended_at: float | None = None

    def __post_init__(self) -> None:
        self.before = self.server.identity

    @property
    def start_time(self) -> str:
        """Return the start with as many fraction digits as it takes, as the service writes it (`.27Z`, `.467Z`)."""
        text = self.started.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3].rstrip("0").rstrip(".")
        return f"{text}Z"

    def body(self) -> dict[str, Any]:
        """Return the answer to a poll: no end time, no percentage, no resource ID."""
        status = self.outcome.status if self.finished else "InProgress"
        body: dict[str, Any] = {"name": self.id, "status": status, "startTime": self.start_time}
        if self.finished and self.outcome.error:
            body["error"] = self.outcome.error
        return body

    def true_state(self) -> dict[str, Any]:
        """Return what the control API tells: who changed what from what to what; and when, by the cloud's clock."""
        identity = self.outcome.identity
        return {
            "id": self.id,
            "server": self.server.id,
            "by": self.by,
            "status": self.outcome.status,
            "error": self.outcome.error["code"] if self.outcome.error else None,
            "refused": self.refused,
            "started": self.begun_at,
            "ended": self.ended_at,
            "before": self.before.as_dict(),
            "after": identity.as_dict() if identity and self.finished else None,
        }

    def new_identity(self) -> dict[str, Any]:
        """Return the identity that it gave its server, since when, and why."""
        assert self.outcome.identity is not None
        return {"time": self.ended_at, "by": self.by, "request": self.request, **self.outcome.identity.as_dict()}


class Operations:
    """All operations since the start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(16)
        self._operations: dict[str, Operation] = {}
        self._running: list[tuple[float, int, Operation]] = []
        self._order = itertools.count()
        #: Of when the state is that answers show.
        self.settled_at = clock.now()

    def clear(self) -> None:
        self._operations.clear()
        self._running.clear()

    def entries(self) -> list[dict[str, Any]]:
        """Return all of them, in the order in which they started."""
        return [each.true_state() for each in self._operations.values()]

    def histories(self, servers: Iterable[Server]) -> list[dict[str, Any]]:
        """Return every identity that each server has had since it was seeded, oldest first."""
        # One look at all operations, not one for each server: a fleet has thousands of both.
        made: dict[int, list[Operation]] = {}
        for each in self._operations.values():
            if each.finished and each.outcome.identity not in {None, each.before}:
                made.setdefault(id(each.server), []).append(each)
        return [{"id": each.id, "name": each.name, "states": _states(each, made.get(id(each), []))} for each in servers]

    def start(self, operation: Operation, seconds: float) -> None:
        self._operations[operation.id] = operation
        operation.server.change(self._clock.seconds(), busy=True)
        operation.begun_at = self._clock.now()
        if operation.outcome.status != "InProgress":
            heapq.heappush(self._running, (self._clock.seconds() + seconds, next(self._order), operation))

    def fail_beside(self, operation: Operation) -> None:
        """Register an operation that failed without ever touching its busy server."""
        self._operations[operation.id] = operation
        operation.finished = operation.refused = True
        operation.begun_at = operation.ended_at = self._clock.now()

    def settle(self) -> None:
        """Finish what is due: only now the server shows the change."""
        now, self.settled_at = self._clock.seconds(), self._clock.now()
        while self._running and self._running[0][0] <= now:
            due, _number, operation = heapq.heappop(self._running)
            operation.finished = True
            operation.ended_at = self.settled_at - (now - due)
            operation.server.change(due, busy=False, identity=operation.outcome.identity)

    def find(self, kind: str, operation_id: str, query: dict[str, str]) -> Operation:
        """Return the operation of a poll URL, whose query must be the one that was handed out.

        :raises OperationNotFound: if there is none.
        :raises InvalidOperationSignature: if the query was changed.
        """
        operation = self._operations.get(operation_id.lower())
        if operation is None:
            raise OperationNotFound(operation=operation_id)
        if query != self._query(kind, operation):
            raise InvalidOperationSignature(operation=operation_id)
        return operation

    def url(self, base: str, kind: str, operation: Operation) -> str:
        """Return the poll URL of `kind`, `azureAsyncOperation` or `operationResults`, about 3.5 kB long."""
        server = operation.server
        location = resource_ids.short_location(server.location)
        return (
            f"{base}/subscriptions/{server.subscription_id}/providers/Microsoft.DBforPostgreSQL/locations/{location}/"
            f"{kind}/{operation.id}?{urlencode(self._query(kind, operation))}"
        )

    def _query(self, kind: str, operation: Operation) -> dict[str, str]:
        # Derived instead of stored: thousands of operations would hold megabytes of noise.
        certificate = self._noise(f"c{operation.id}", _CERTIFICATE_BYTES)
        return {
            "api-version": operation.api_version,
            "t": str(_EPOCH_TICKS + int(operation.started.timestamp() * 10_000_000)),
            "c": f"MIIH{certificate}",
            "s": self._noise(f"s{kind}{operation.id}", _SIGNATURE_BYTES),
            "h": self._noise(f"h{kind}{operation.id}", _HASH_BYTES),
        }

    def _noise(self, what: str, length: int) -> str:
        digest = hashlib.shake_256(self._key + what.encode()).digest(length)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _states(server: Server, made: list[Operation]) -> list[dict[str, Any]]:
    first = made[0].before if made else server.identity
    return [
        {"time": None, "by": "seed", "request": None, **first.as_dict()},
        *(each.new_identity() for each in made),
    ]
