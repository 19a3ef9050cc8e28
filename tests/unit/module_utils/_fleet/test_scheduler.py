# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many works in steps: what is due goes, what waits costs nothing, turns keep to the limits, and the deadline holds."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.rate_limits import (
    MARGIN,
    RateLimiter,
    RequestKind,
    TokenBucket,
)
from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import Clock
from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput, WaitTimeout
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.scheduler import WORKERS, Job, JobResult, Scheduler
from unit.support import SUBSCRIPTION, FakeTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import Coroutine

OTHER = "00000000-0000-0000-0000-000000000002"


@dataclass
class Run:
    """A scheduler by a clock that stands still, and what its works did: when, who, which."""

    may_start: Callable[[], bool] = lambda: True
    until: float = float("inf")
    time: FakeTime = field(default_factory=FakeTime)
    limiter: RateLimiter = field(default_factory=RateLimiter)
    did: list[tuple[float, str, Any]] = field(default_factory=list)

    def job(self, name: str, *requests: float | RequestKind, subscription: str = SUBSCRIPTION) -> Job[str]:
        """Return work that asks for all `requests` in turn, and returns its name in capitals."""
        return Job(name, subscription, self._steps(name, requests))

    def _steps(self, name: str, requests: tuple[float | RequestKind, ...]) -> Coroutine[str]:
        for request in requests:
            yield request
            self.did.append((self.time.time, name, request))
        return name.upper()

    def scheduler(self) -> Scheduler[str]:
        clock = Clock(self.time.now, self.time.sleep)
        return Scheduler(self.limiter, clock, self.may_start, self.until)

    def end(self, *jobs: Job[str]) -> dict[str, JobResult[str]]:
        """Return the ends by name, in the order in which they came."""
        before = threading.active_count()
        found = {end.key: end for end in self.scheduler().run(jobs)}
        assert threading.active_count() == before
        return found

    def bucket(self, kind: RequestKind, size: float, refill: float, subscription: str = SUBSCRIPTION) -> TokenBucket:
        """Use another bucket than the published one."""
        made = TokenBucket(size, refill, 0)
        self.limiter.buckets[subscription, kind] = made
        return made


def raising(error: BaseException, after: float = 0) -> Coroutine[None]:
    yield after
    raise error


def test_without_work_there_is_nothing_to_wait_for() -> None:
    assert Run().end() == {}


def test_ends_come_in_the_order_in_which_they_happen() -> None:
    run = Run()
    ends = run.end(run.job("slow", 30.0), run.job("quick", 1.0, 2.0), run.job("at once"))
    assert {name: end.result for name, end in ends.items()} == {"at once": "AT ONCE", "quick": "QUICK", "slow": "SLOW"}
    assert list(ends) == ["at once", "quick", "slow"]
    assert run.time.time == 30


def test_pauses_of_all_pass_together() -> None:
    run = Run()
    run.end(*(run.job(str(number), 60.0, 60.0) for number in range(100)))
    assert run.time.time == 120


def test_turns_are_given_as_the_bucket_fills() -> None:
    run = Run()
    run.bucket(RequestKind.WRITE, size=2, refill=0.5)
    run.end(*(run.job(str(number), RequestKind.WRITE) for number in range(5)))
    assert [at for at, _name, _request in run.did] == [0, 0, 2, 4, 6]


def test_a_full_bucket_of_one_subscription_does_not_hold_up_another_nor_reads() -> None:
    run = Run()
    run.bucket(RequestKind.WRITE, size=1, refill=0.01)
    held_up = [run.job(f"held up {number}", RequestKind.WRITE) for number in range(20)]
    free = [run.job("other", RequestKind.WRITE, subscription=OTHER), run.job("read", RequestKind.READ)]
    run.end(*held_up, *free)
    times = {name: at for at, name, _request in run.did}
    assert (times["other"], times["read"]) == (0, 0)
    assert times["held up 19"] == pytest.approx(1900)


def test_the_published_limit_is_kept_over_any_minute() -> None:
    run = Run()
    run.end(*(run.job(str(number), RequestKind.WRITE) for number in range(1000)))
    times = sorted(at for at, _name, _request in run.did)
    for start in times[::10]:
        assert len([at for at in times if start <= at < start + 60]) <= MARGIN * 200 + 60 * 10 + 1
    assert run.time.time == pytest.approx((1000 - 200 * MARGIN) / 10)


def test_a_block_moves_what_had_its_time_already() -> None:
    run = Run()
    bucket = run.bucket(RequestKind.WRITE, size=1, refill=1)

    def blocking() -> Coroutine[str]:
        yield 2.5
        bucket.block(100, run.time.time)
        return ""

    jobs = [run.job(str(number), RequestKind.WRITE) for number in range(6)]
    ends = run.end(*jobs, Job("block", SUBSCRIPTION, blocking()))
    assert sorted(at for at, _name, _request in run.did) == [0, 1, 2, 102.5, 103.5, 104.5]
    assert len(ends) == 7


def test_an_error_of_ours_ends_its_work_alone() -> None:
    run = Run()
    ends = run.end(Job("bad", SUBSCRIPTION, raising(InvalidInput("option", "no"))), run.job("good", 5.0))
    assert isinstance(ends["bad"].error, InvalidInput)
    assert ends["bad"].result is None
    assert (ends["good"].error, ends["good"].result) == (None, "GOOD")


def test_a_fault_ends_its_work_alone_too() -> None:
    run = Run()
    ends = run.end(Job("bad", SUBSCRIPTION, raising(ZeroDivisionError("by nought"))), run.job("good", 5.0))
    assert str(ends["bad"].error).startswith("Unexpected ZeroDivisionError: by nought.")
    assert (ends["good"].error, ends["good"].result) == (None, "GOOD")


def test_the_user_ends_the_run_and_leaves_no_thread() -> None:
    run = Run()
    before = threading.active_count()
    jobs = [
        Job("bad", SUBSCRIPTION, raising(KeyboardInterrupt(), after=3.0)),
        *(run.job(str(each), 9.0) for each in range(50)),
    ]
    with pytest.raises(KeyboardInterrupt):
        list(run.scheduler().run(jobs))
    assert threading.active_count() == before
    assert run.did == []


def test_a_run_that_is_left_begins_nothing_more_and_leaves_no_thread() -> None:
    run = Run()
    before = threading.active_count()
    ends = run.scheduler().run([run.job("first"), run.job("second", 1.0)])
    assert next(ends).key == "first"
    ends.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert run.did == []


def test_thousands_of_works_need_few_threads() -> None:
    run = Run()
    most: list[int] = []

    def counting() -> Coroutine[None]:
        for _step in range(3):
            most.append(threading.active_count())
            yield 100.0

    before = threading.active_count()
    ends = list(run.scheduler().run([Job(str(number), SUBSCRIPTION, counting()) for number in range(3000)]))
    assert len(ends) == 3000
    assert max(most) <= before + WORKERS
    assert run.time.time == 300


def test_requests_run_at_once_up_to_the_number_of_workers() -> None:
    run = Run()
    together = threading.Barrier(WORKERS, timeout=20)

    def meeting() -> Coroutine[bool]:
        yield RequestKind.READ
        return together.wait() >= 0

    ends = run.end(*(Job(str(number), SUBSCRIPTION, meeting()) for number in range(WORKERS)))
    assert [end.result for end in ends.values()] == [True] * WORKERS


def test_what_waits_in_a_request_does_not_hold_up_the_others() -> None:
    run = Run()
    others_done = threading.Event()

    def stuck() -> Coroutine[bool]:
        yield RequestKind.READ
        return others_done.wait(20)

    jobs = [Job("stuck", SUBSCRIPTION, stuck()), *(run.job(str(number), RequestKind.READ) for number in range(100))]
    ended: list[str] = []
    for end in run.scheduler().run(jobs):
        ended.append(end.key)
        if len(ended) == 100:
            others_done.set()
    assert ended[-1] == "stuck"


def test_a_first_write_is_asked_for_when_its_turn_comes_not_when_it_queues() -> None:
    run = Run()
    run.may_start = lambda: run.time.time < 5
    run.bucket(RequestKind.WRITE, size=1, refill=1)
    ends = run.end(*(run.job(str(number), RequestKind.WRITE) for number in range(10)))
    started = {name for name, end in ends.items() if end.started}
    assert started == {name for _at, name, _request in run.did} == {"0", "1", "2", "3", "4"}
    assert all(end.result is None and end.error is None for end in ends.values() if not end.started)


def test_the_others_hear_at_once_that_no_more_is_started() -> None:
    run = Run()
    run.may_start = lambda: run.time.time < 5
    run.bucket(RequestKind.WRITE, size=1, refill=1)
    writes = [run.job(str(number), RequestKind.WRITE) for number in range(3000)]
    ends = run.end(
        *writes, run.job("started", 0.5, RequestKind.WRITE, 60.0), run.job("reading", 70.0, RequestKind.READ)
    )
    assert (run.time.time, ends["reading"].result) == (70, "READING")
    assert [at for at, _name, request in run.did if request is RequestKind.WRITE] == [0, 1, 2, 3, 4]


def test_what_has_started_to_write_may_read_and_write_on() -> None:
    run = Run()
    run.may_start = lambda: run.time.time < 5
    ends = run.end(
        run.job("started", RequestKind.WRITE, 60.0, RequestKind.READ, RequestKind.WRITE),
        run.job("late", 60.0, RequestKind.WRITE),
    )
    assert (ends["started"].started, ends["started"].result) == (True, "STARTED")
    assert (ends["late"].started, ends["late"].result) == (False, None)


def test_what_is_not_started_is_closed() -> None:
    run = Run(may_start=lambda: False)
    closed = []

    def coroutine() -> Coroutine[None]:
        try:
            yield RequestKind.WRITE
        finally:
            closed.append(True)

    held = coroutine()
    assert not run.end(Job("one", SUBSCRIPTION, held))["one"].started
    assert closed == [True]


@pytest.mark.parametrize("kind", list(RequestKind))
def test_a_turn_that_comes_after_the_deadline_is_a_timeout_at_the_deadline(kind: RequestKind) -> None:
    run = Run(until=10.0)
    run.bucket(kind, size=1, refill=0.5)
    ends = run.end(*(run.job(str(number), kind) for number in range(20)))
    assert [at for at, _name, _request in run.did] == [0, 2, 4, 6, 8, 10]
    late = [end for end in ends.values() if isinstance(end.error, WaitTimeout) or end.late]
    assert len(late) == 14
    # What was not sent by then is not sent.
    assert {end.started for end in late} == {kind is RequestKind.READ}
    assert run.time.time == 10


def test_azure_cannot_make_anybody_wait_beyond_the_deadline() -> None:
    run = Run(until=30.0)
    run.bucket(RequestKind.READ, size=5, refill=5).block(float("inf"), now=0)
    ends = run.end(run.job("one", RequestKind.READ), run.job("two", 5.0))
    assert isinstance(ends["one"].error, WaitTimeout)
    assert ends["two"].result == "TWO"
    assert run.time.time == 30


def test_a_turn_that_needs_no_waiting_is_given_after_the_deadline_too() -> None:
    run = Run(until=10.0)
    assert run.end(run.job("last look", 11.0, RequestKind.READ))["last look"].result == "LAST LOOK"


def test_steps_may_add_to_the_timeout() -> None:
    run = Run(until=1.0)
    run.bucket(RequestKind.READ, size=1, refill=0.1).block(60, now=0)

    def coroutine() -> Coroutine[None]:
        try:
            yield RequestKind.READ
        except WaitTimeout as error:
            error.hint = "It goes on in Azure."
            raise

    assert str(run.end(Job("one", SUBSCRIPTION, coroutine()))["one"].error).endswith("It goes on in Azure.")
