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
import math
import queue
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


@dataclass
class JobResult(Generic[K]):
    """The end of a `Job`: its result or its error; neither if it was not started, `late` if for lack of time."""

    key: K
    result: Any = None
    error: PgflexError | None = None
    started: bool = True
    late: bool = False


@dataclass(order=True)
class _Due(Generic[K]):
    at: float
    number: int
    job: Job[K] = field(compare=False)
    kind: RequestKind | None = field(compare=False, default=None)
    #: The buckets that it has a token of, and how often Azure had said to wait by then.
    reserved: tuple[tuple[TokenBucket, int], ...] = field(compare=False, default=())
    late: bool = field(compare=False, default=False)

    @property
    def void(self) -> bool:
        return not self.late and any(bucket.blocks != blocks for bucket, blocks in self.reserved)


@dataclass
class _Step(Generic[K]):
    job: Job[K]
    request: float | RequestKind | None = None
    result: Any = None
    error: BaseException | None = None
    stopped: bool = False
    late: bool = False


@dataclass
class Scheduler:
    """Runs work.

    `may_start` is asked before the first write of each work, when it is about to be sent. A job that has to wait
    for a turn longer than `until` gets a `WaitTimeout` then; a first write that would come later does not begin.
    """

    limiter: RateLimiter
    clock: Clock = field(default_factory=Clock)
    may_start: Callable[[], bool] = lambda: True
    until: float = math.inf
    workers: int = WORKERS

    def run(self, jobs: Iterable[Job[K]]) -> Iterator[JobResult[K]]:
        """Yield the ends of all `jobs`, in the order in which they come; a fault ends its own job only."""
        due = [_Due(self.clock.now(), number, job) for number, job in enumerate(jobs)]
        number = len(due)
        ended: queue.SimpleQueue[_Step[K]] = queue.SimpleQueue()
        running = 0
        with ThreadPoolExecutor(self.workers) as pool:
            while due or running:
                running += self._start_due(due, ended, pool, self.workers - running)
                step = self._next_end(due, ended, running)
                if step is None:
                    continue
                running -= 1
                again = self._after(step, number)
                number += 1
                if isinstance(again, _Due):
                    heapq.heappush(due, again)
                else:
                    yield again

    def _start_due(
        self, due: list[_Due[K]], ended: queue.SimpleQueue[_Step[K]], pool: ThreadPoolExecutor, room: int
    ) -> int:
        started = 0
        while due and started < room and due[0].at <= self.clock.now():
            one = heapq.heappop(due)
            if one.kind and one.void:
                heapq.heappush(due, self._schedule_request(one.job, one.kind, one.number))
                continue
            if one.kind is RequestKind.WRITE and not one.late and len(one.reserved) == 1:
                # Only now: a read that had been reserved with the write would have kept those of others waiting.
                heapq.heappush(due, self._reserve(one, RequestKind.READ))
                continue
            started += 1
            first_write = one.kind is RequestKind.WRITE and not one.job.started
            if first_write and (one.late or self.clock.now() > self.until):
                ended.put(_Step(one.job, stopped=True, late=True))
            elif one.late:
                pool.submit(_take_step, one.job, ended, WaitTimeout(_NO_CAPACITY))
            elif first_write and not self._may_write(one.job):
                ended.put(_Step(one.job, stopped=True))
                started += _stop_writes(due, ended)
            else:
                pool.submit(_take_step, one.job, ended)
        return started

    def _may_write(self, job: Job[K]) -> bool:
        # Asked once: a write that is tried again may have been carried out the first time: that is to be found out.
        job.started = self.may_start()
        return job.started

    def _next_end(self, due: list[_Due[K]], ended: queue.SimpleQueue[_Step[K]], running: int) -> _Step[K] | None:
        pause = max(0.0, due[0].at - self.clock.now()) if due and running < self.workers else None
        if not running:
            self.clock.sleep(pause or 0.0)
            return None
        try:
            return ended.get(timeout=pause)
        except queue.Empty:
            return None

    def _after(self, step: _Step[K], number: int) -> _Due[K] | JobResult[K]:
        if step.error is not None and not isinstance(step.error, Exception):
            raise step.error
        if step.stopped:
            step.job.coroutine.close()
            return JobResult(step.job.key, started=False, late=step.late)
        if step.request is None:
            return JobResult(step.job.key, step.result, as_pgflex_error(step.error) if step.error else None)
        if isinstance(step.request, RequestKind):
            return self._schedule_request(step.job, step.request, number)
        return _Due(self.clock.now() + step.request, number, step.job)

    def _schedule_request(self, job: Job[K], kind: RequestKind, number: int) -> _Due[K]:
        """Return when the request may be sent."""
        return self._reserve(_Due(0.0, number, job, kind), kind)

    def _reserve(self, one: _Due[K], kind: RequestKind) -> _Due[K]:
        """Return `one`, due at its turn. A write has its own read right before it, and needs a turn of both kinds."""
        now = self.clock.now()
        bucket = self.limiter.bucket(one.job.subscription_id, kind, now)
        one.at = now + bucket.reserve(now)
        one.late = one.at > max(now, self.until)
        if one.late:
            one.at = max(now, self.until)
        one.reserved = (*one.reserved, (bucket, bucket.blocks))
        return one


def _stop_writes(due: list[_Due[K]], ended: queue.SimpleQueue[_Step[K]]) -> int:
    """Stop all first writes: they need not wait for their turns to hear it. Return how many these were."""
    stopped = [one for one in due if one.kind is RequestKind.WRITE and not one.job.started]
    if stopped:
        due[:] = [one for one in due if one.kind is not RequestKind.WRITE or one.job.started]
        heapq.heapify(due)
    for one in stopped:
        for bucket, blocks in one.reserved:
            bucket.release(blocks)
        ended.put(_Step(one.job, stopped=True))
    return len(stopped)


def _take_step(job: Job[K], ended: queue.SimpleQueue[_Step[K]], error: PgflexError | None = None) -> None:
    """Take the next step, or end by `error`, which the steps may add to."""
    try:
        ended.put(_Step(job, request=job.coroutine.throw(error) if error else next(job.coroutine)))
    except StopIteration as end:
        ended.put(_Step(job, result=end.value))
    except BaseException as error:
        ended.put(_Step(job, error=error))
