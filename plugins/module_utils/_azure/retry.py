# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""How long to wait and how often to try, against one deadline. The clock is an argument, so tests need not sleep.

The SDK's own retries are switched off: it sends a PATCH again on 500, 503 and 504, and on any status that carries
`Retry-After`, for as long as that header says (azure-core 1.41.0, `RetryPolicy`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TypeVar, Union

from .._errors import OperationFailed, ServerBusy, ServiceError, WaitTimeout
from .rate_limits import RequestKind

T = TypeVar("T")
#: Work in steps. Between two it asks for a pause in seconds, or for the turn to send a request; whoever runs it, for
#: one server or for thousands, decides what happens meanwhile.
Coroutine = Generator[Union[float, RequestKind], None, T]

#: How often a request is sent whose failures are transient: no answer, 408, 500, 502, 503, 504.
TRIES = 5
#: A longer `Retry-After` on an operation that runs is not honoured: the operation would end long before.
LONGEST_POLL_INTERVAL = 60.0
#: One alone may be stuck.
MOST_SCOUTS = 3


# What was read before the machine was suspended is old. On Linux the monotonic clock stands still meanwhile.
_COUNTS_TIME_ASLEEP = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _now() -> float:
    return time.clock_gettime(_COUNTS_TIME_ASLEEP)


@dataclass
class Clock:
    """Seconds that only go forward, also while the machine is suspended."""

    now: Callable[[], float] = _now
    sleep: Callable[[float], None] = time.sleep


@dataclass
class Pace:
    """`expected`: seconds that the shortest operation of a run took that succeeded, 0 while none has.

    To ask sooner what became of a later one would be of no use, and reads are limited too: while nothing is known only
    a few operations, the scouts, are looked at as often as asked.
    """

    expected: float = 0.0
    scouts: int = 0

    def learn(self, seconds: float) -> None:
        """Learn that an operation has succeeded after so many seconds."""
        self.expected = min(self.expected or seconds, seconds)

    def enlist(self) -> bool:
        """Return whether an operation is to be a scout; it is until `dismiss`."""
        enlisted = not self.expected and self.scouts < MOST_SCOUTS
        self.scouts += enlisted
        return enlisted

    def dismiss(self) -> None:
        """End the service of a scout."""
        self.scouts -= 1


@dataclass
class RetryPolicy:
    """How long one task waits: `wait_timeout` over everything, `busy_timeout` for a busy server, all in seconds.

    `started` is when the deadline began to run, by default now. Waiters of a fleet share a `pace`.
    """

    wait_timeout: float
    poll_interval: float
    busy_timeout: float
    clock: Clock = field(default_factory=Clock)
    started: float | None = None
    pace: Pace = field(default_factory=Pace)

    def __post_init__(self) -> None:
        self._deadline = (self.clock.now() if self.started is None else self.started) + self.wait_timeout
        self._busy_since: float | None = None

    @property
    def remaining(self) -> float:
        """Seconds until the deadline."""
        return self._deadline - self.clock.now()

    def poll_pause(self, doing: str, retry_after: float | None = None) -> float:
        """Return seconds until the next look at something that runs.

        Raise `WaitTimeout` when the deadline has passed.
        """
        if self.remaining <= 0:
            raise WaitTimeout(f"{doing}: not finished within wait_timeout={self.wait_timeout:g} seconds.")
        asked = retry_after if retry_after is not None and retry_after > 0 else self.poll_interval
        return min(asked, LONGEST_POLL_INTERVAL, self.remaining)

    def pause_after(self, error: ServiceError, failures: int, times: int = 1) -> float:
        """Return seconds until what failed is tried again. Raise `error` if it will not get better or time is over.

        `failures` counts the transient ones of this request in a row, this one included. The pause that the service
        names is kept so many `times`.
        """
        if error.busy:
            self._be_patient_with_busy(error)
        elif error.transient and failures >= TRIES:
            error.hint = f"Tried {failures} times. {error.hint}".strip()
            raise error
        elif not error.transient and not error.throttled:
            raise error
        pause = min(2.0**failures, self.poll_interval) if error.transient else self.poll_interval
        if error.retry_after is not None and error.retry_after > 0:  # 0 would mean a loop without a pause
            pause = error.retry_after * times
        if error.busy and self._busy_since is not None:
            # A last look when its time is over, rather than as late as the service would have it.
            pause = min(pause, max(self._busy_since + self.busy_timeout - self.clock.now(), 0.0))
        if pause >= self.remaining:
            no_time = f"wait_timeout={self.wait_timeout:g} leaves no time for another try."
            if no_time not in error.hint:  # a poll's error comes here a second time, with the write that it belongs to
                error.hint = f"{error.hint} {no_time}".strip()
            raise error
        return pause

    def busy_pause(self, server: str) -> float:
        """Return seconds until the next look at a server whose state shows somebody else's operation.

        Raise `ServerBusy` when `busy_timeout`, or the deadline, has passed.
        """
        now = self.clock.now()
        self._busy_since = now if self._busy_since is None else self._busy_since
        left = min(self._busy_since + self.busy_timeout - now, self.remaining)
        if left <= 0:
            raise ServerBusy(
                f"Server {server} is busy with another operation. Nothing was written.",
                hint="Run again when that has ended, or raise busy_timeout.",
            )
        return min(self.poll_interval, left)

    def _be_patient_with_busy(self, error: ServiceError) -> None:
        now = self.clock.now()
        self._busy_since = now if self._busy_since is None else self._busy_since
        if now - self._busy_since >= self.busy_timeout:
            raise error

    def reading(
        self, request: Callable[[], T], kind: RequestKind = RequestKind.READ, *, granted: bool = False
    ) -> Coroutine[T]:
        """Return the result of a request that changes nothing, tried again after a transient failure or when throttled.

        With `kind` WRITE the turn that is asked for is that of the write which follows at once, too. The first turn may
        have been `granted` already.
        """
        failures = 0
        while True:
            if not granted:
                yield kind
            granted = False
            try:
                return request()
            except OperationFailed:
                # Read well: asking again would only hear again that the operation failed, busy or not.
                raise
            except ServiceError as error:
                failures += error.transient
                pause = self.pause_after(error, failures)
            yield pause

    def read(self, request: Callable[[], T]) -> T:
        """Run `reading` where nothing else is to be done meanwhile."""
        return run_blocking(self.reading(request), self.clock)


def run_blocking(steps: Coroutine[T], clock: Clock) -> T:
    """Return the result of `coroutine`, with nothing else done meanwhile: pauses are slept, turns are granted."""
    try:
        while True:
            request = next(steps)
            if not isinstance(request, RequestKind):
                clock.sleep(request)
    except StopIteration as end:
        result: T = end.value
        return result
