# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Many pieces of work in steps, at once and within the limits of Azure Resource Manager.

One thread decides whose turn it is; a few others carry out the requests. Waiting costs no thread: an identity change
takes two minutes on the service, and thousands of them wait together.
"""

from __future__ import annotations

import heapq
import itertools
import math
import queue
from collections import OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .._azure.rate_limits import RateLimiter, RequestKind, TokenBucket
from .._azure.retry import Clock
from .._errors import PgflexError, WaitTimeout, as_pgflex_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .._azure.retry import Coroutine

K = TypeVar("K")
#: Requests at once. It is also the size of the connection pool of the SDK's transport (requests, `DEFAULT_POOLSIZE`).
WORKERS = 10
_NO_CAPACITY = "Azure Resource Manager does not let through as many requests within wait_timeout."


@dataclass
class Job(Generic[K]):
    """Steps, with a key to tell them by; their requests count against `subscription_id`."""

    key: K
    subscription_id: str
    coroutine: Coroutine[Any]
    started: bool = field(default=False, init=False)
    #: The buckets that the step under way has a token of.
    taken: tuple[TokenBucket, ...] = field(default=(), init=False)


@dataclass
class JobResult(Generic[K]):
    """The end of a `Job`: its result or its error; neither if it was not started, `late` if for lack of time."""

    key: K
    result: Any = None
    error: PgflexError | None = None
    started: bool = True
    late: bool = False


@dataclass(order=True)
class _Pause(Generic[K]):
    until: float
    number: int
    job: Job[K] = field(compare=False)


@dataclass
class _Line(Generic[K]):
    """The jobs that wait for their turns to send a request, first come first served.

    A write has its own read right before it: it needs a token of both kinds, and takes none before it can have both.
    """

    kind: RequestKind
    buckets: tuple[TokenBucket, ...]
    jobs: deque[Job[K]] = field(default_factory=deque)

    def wait(self, now: float) -> float:
        """Return in how many seconds it is the turn of the first one, as far as is known now."""
        return max(bucket.wait(now) for bucket in self.buckets)


@dataclass
class _Step(Generic[K]):
    job: Job[K]
    request: float | RequestKind | None = None
    result: Any = None
    error: BaseException | None = None
    stopped: bool = False
    late: bool = False


@dataclass
class Scheduler(Generic[K]):
    """Runs work, once.

    `may_start` is asked before the first write of each work, when it is about to be sent. A job that has to wait
    for a turn longer than `until` gets a `WaitTimeout` then; a first write that would come later does not begin.
    """

    limiter: RateLimiter
    clock: Clock = field(default_factory=Clock)
    may_start: Callable[[], bool] = lambda: True
    until: float = math.inf
    workers: int = WORKERS
    _running: int = field(default=0, init=False)
    _pauses: list[_Pause[K]] = field(default_factory=list, init=False)
    # The one that was served last is at the end.
    _lines: OrderedDict[tuple[str, RequestKind], _Line[K]] = field(default_factory=OrderedDict, init=False)
    _ended: queue.SimpleQueue[_Step[K]] = field(init=False)

    def run(self, jobs: Iterable[Job[K]]) -> Iterator[JobResult[K]]:
        """Yield the ends of all `jobs`, in the order in which they come; a fault ends its own job only."""
        self._ended = queue.SimpleQueue()
        self._numbers = itertools.count()
        for job in jobs:
            self._pause(job, 0.0)
        with ThreadPoolExecutor(self.workers) as self._pool:
            while self._pauses or self._lines or self._running:
                self._resume()
                self._serve()
                step = self._next_end()
                if step is not None:
                    self._running -= 1
                    if result := self._after(step):
                        yield result

    def _pause(self, job: Job[K], seconds: float) -> None:
        heapq.heappush(self._pauses, _Pause(self.clock.now() + seconds, next(self._numbers), job))

    def _resume(self) -> None:
        """Go on with the jobs whose pauses are over."""
        while self._pauses and self._running < self.workers and self._pauses[0].until <= self.clock.now():
            self._submit(heapq.heappop(self._pauses).job)

    def _serve(self) -> None:
        """Give turns, to the kinds and subscriptions by turns: neither writes nor reads keep the others waiting."""
        served = True
        while served:
            served = False
            for name, line in tuple(self._lines.items()):
                if self._running < self.workers and self._serve_first(line):
                    served = True
                    self._lines.move_to_end(name)
                if not line.jobs:
                    del self._lines[name]

    def _serve_first(self, line: _Line[K]) -> bool:
        """Give the first one of a line its turn, or end it for lack of time. Return whether it was either."""
        now = self.clock.now()
        late = line.wait(now) > 0
        if not line.jobs or (late and now < self.until):
            return False
        job = line.jobs.popleft()
        first_write = line.kind is RequestKind.WRITE and not job.started
        if first_write and (late or now > self.until):
            self._stop(job, late=True)
        elif late:
            self._submit(job, WaitTimeout(_NO_CAPACITY))
        elif first_write and not self._may_write(job):
            self._stop(job)
            self._stop_writes()
        else:
            for bucket in line.buckets:
                bucket.take(now)
            job.taken = line.buckets
            self._submit(job)
        return True

    def _may_write(self, job: Job[K]) -> bool:
        # Asked once: a write that is tried again may have been carried out the first time: that is to be found out.
        job.started = self.may_start()
        return job.started

    def _stop(self, job: Job[K], *, late: bool = False) -> None:
        self._running += 1
        self._ended.put(_Step(job, stopped=True, late=late))

    def _stop_writes(self) -> None:
        """Stop all first writes: they need not wait for their turns to hear it."""
        for line in self._lines.values():
            if line.kind is RequestKind.WRITE:
                for job in line.jobs:
                    if not job.started:
                        self._stop(job)
                line.jobs = deque(job for job in line.jobs if job.started)

    def _submit(self, job: Job[K], error: PgflexError | None = None) -> None:
        self._running += 1
        self._pool.submit(_take_step, job, self._ended, error)

    def _next_end(self) -> _Step[K] | None:
        pause = self._next_turn() if self._running < self.workers else None
        if not self._running:
            self.clock.sleep(pause or 0.0)
            return None
        try:
            return self._ended.get(timeout=pause)
        except queue.Empty:
            return None

    def _next_turn(self) -> float | None:
        """Return in how many seconds somebody waits no longer; None if nobody waits."""
        now = self.clock.now()
        waits = [min(line.wait(now), max(0.0, self.until - now)) for line in self._lines.values()]
        if self._pauses:
            waits.append(max(0.0, self._pauses[0].until - now))
        return min(waits, default=None)

    def _after(self, step: _Step[K]) -> JobResult[K] | None:
        job = step.job
        for bucket in job.taken:
            bucket.settle()
        job.taken = ()
        if step.error is not None and not isinstance(step.error, Exception):
            raise step.error
        if step.stopped:
            job.coroutine.close()
            return JobResult(job.key, started=False, late=step.late)
        if step.request is None:
            return JobResult(job.key, step.result, as_pgflex_error(step.error) if step.error else None)
        if isinstance(step.request, RequestKind):
            self._line(job, step.request).jobs.append(job)
        else:
            self._pause(job, step.request)
        return None

    def _line(self, job: Job[K], kind: RequestKind) -> _Line[K]:
        name = job.subscription_id.lower(), kind
        if name not in self._lines:
            kinds = (kind,) if kind is RequestKind.READ else (kind, RequestKind.READ)
            now = self.clock.now()
            buckets = tuple(self.limiter.bucket(job.subscription_id, each, now) for each in kinds)
            self._lines[name] = _Line(kind, buckets)
        return self._lines[name]


def _take_step(job: Job[K], ended: queue.SimpleQueue[_Step[K]], error: PgflexError | None = None) -> None:
    """Take the next step, or end by `error`, which the steps may add to."""
    try:
        ended.put(_Step(job, request=job.coroutine.throw(error) if error else next(job.coroutine)))
    except StopIteration as end:
        ended.put(_Step(job, result=end.value))
    except BaseException as error:
        ended.put(_Step(job, error=error))
