# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long is waited and how often tried, by a clock that moves only when somebody sleeps."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import TRIES, Clock, Pace, RetryPolicy
from ansible_collections.pgflex.azure.plugins.module_utils._errors import ServiceError, WaitTimeout
from unit.support import FakeTime, busy, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

NO_TIME = "wait_timeout=100 leaves no time for another try."


def failing(*errors: ServiceError) -> Callable[[], str]:
    """Return a request that fails with these, one after the other, and then answers."""
    left = list(errors)

    def request() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return request


@pytest.mark.parametrize(
    ("error", "pauses"),
    [
        pytest.param(lambda: refusal(None), [2, 4, 8, 10], id="no answer: longer and longer, at most poll_interval"),
        pytest.param(lambda: refusal(503), [2, 4, 8, 10], id="unavailable: the same"),
        pytest.param(lambda: refusal(500, retry_after=5), [5, 5, 5, 5], id="Retry-After 5 is honoured"),
        pytest.param(lambda: refusal(503, retry_after=0), [2, 4, 8, 10], id="Retry-After 0 does not hurry us"),
        pytest.param(lambda: refusal(503, retry_after=-9), [2, 4, 8, 10], id="a date in the past neither"),
        pytest.param(lambda: refusal(429), [10, 10, 10, 10], id="throttled without a word: poll_interval"),
        pytest.param(lambda: refusal(429, retry_after=17), [17, 17, 17, 17], id="throttled for 17 seconds"),
        pytest.param(lambda: refusal(429, retry_after=0), [10, 10, 10, 10], id="throttled for 0 seconds: no hot loop"),
        pytest.param(busy, [10, 10, 10, 10], id="busy: poll_interval"),
        pytest.param(lambda: busy(3), [3, 3, 3, 3], id="busy for 3 seconds"),
    ],
)
def test_a_request_is_tried_again_after_a_pause(error: Callable[[], ServiceError], pauses: list[float]) -> None:
    time = FakeTime()

    assert time.retry_policy().read(failing(*(error() for _pause in pauses))) == "answer"
    assert time.pauses == pauses


@pytest.mark.parametrize("status", [None, 408, 500, 502, 503, 504])
def test_a_transient_failure_is_tried_five_times(status: int | None) -> None:
    time = FakeTime()

    with pytest.raises(ServiceError) as caught:
        time.retry_policy().read(failing(*(refusal(status) for _try in range(TRIES))))

    assert caught.value.hint.startswith("Tried 5 times.")
    assert time.pauses == [2, 4, 8, 10]


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(refusal(400, "LinkedInvalidPropertyId"), id="400"),
        pytest.param(refusal(400, retry_after=1), id="400 with Retry-After"),
        pytest.param(refusal(401, "ExpiredAuthenticationToken"), id="401"),
        pytest.param(refusal(403, "AuthorizationFailed"), id="403"),
        pytest.param(refusal(404, "ResourceNotFound"), id="404"),
        pytest.param(refusal(409, "ScopeLocked"), id="409 ScopeLocked"),
        pytest.param(refusal(409, "ScopeLocked", retry_after=1), id="409 ScopeLocked with Retry-After"),
        pytest.param(refusal(501), id="501"),
    ],
)
def test_what_will_not_get_better_is_not_tried_again(error: ServiceError) -> None:
    time = FakeTime()

    with pytest.raises(ServiceError) as caught:
        time.retry_policy().read(failing(error))

    assert caught.value is error
    assert time.pauses == []


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(refusal(429, retry_after=86400), id="an absurd Retry-After"),
        pytest.param(refusal(503, retry_after=100), id="a Retry-After that ends with the deadline"),
        pytest.param(busy(100.5), id="a busy server that asks for too much"),
    ],
)
def test_a_pause_beyond_the_deadline_is_not_slept(error: ServiceError) -> None:
    time = FakeTime()

    with pytest.raises(ServiceError) as caught:
        time.retry_policy(wait_timeout=100).read(failing(error))

    assert caught.value.hint.endswith(NO_TIME)
    assert time.pauses == []


def test_a_busy_server_that_asks_for_an_hour_has_busy_timeout_all_the_same() -> None:
    time = FakeTime()

    with pytest.raises(ServiceError):
        time.retry_policy(wait_timeout=7200, busy_timeout=25).read(failing(*(busy(3600) for _try in range(9))))

    assert time.pauses == [25]


def test_that_there_is_no_time_is_said_once() -> None:
    retry_policy, error = FakeTime().retry_policy(wait_timeout=100), refusal(429, retry_after=200)

    for _level in range(2):
        with pytest.raises(ServiceError):
            retry_policy.pause_after(error, 0)

    assert str(error).count(NO_TIME) == 1


def test_throttling_ends_with_the_deadline() -> None:
    time = FakeTime()

    with pytest.raises(ServiceError, match=NO_TIME):
        time.retry_policy(wait_timeout=100).read(failing(*(refusal(429, retry_after=30) for _try in range(9))))

    assert time.pauses == [30, 30, 30]


@pytest.mark.parametrize(
    ("busy_timeout", "pauses"),
    [
        pytest.param(0, [], id="not at all"),
        pytest.param(1, [1], id="once"),
        pytest.param(25, [10, 10, 5], id="until the time is over"),
        pytest.param(30, [10, 10, 10], id="not beyond it"),
    ],
)
def test_a_busy_server_is_tried_for_busy_timeout(busy_timeout: float, pauses: list[float]) -> None:
    time = FakeTime()

    with pytest.raises(ServiceError) as caught:
        time.retry_policy(busy_timeout=busy_timeout).read(failing(*(busy() for _try in range(9))))

    assert caught.value.busy
    assert time.pauses == pauses


def test_a_short_poll_interval_makes_all_pauses_short() -> None:
    time = FakeTime()

    time.retry_policy(poll_interval=0.5).read(failing(refusal(503), refusal(429), busy()))

    assert time.pauses == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [
        pytest.param(None, 10, id="poll_interval, if Azure does not say"),
        pytest.param(5, 5, id="what Azure says"),
        pytest.param(0, 10, id="not nothing"),
        pytest.param(-3, 10, id="not less than nothing"),
        pytest.param(3600, 60, id="a minute at most"),
    ],
)
def test_the_pause_between_two_looks_is_never_too_long(retry_after: float | None, pause: float) -> None:
    assert FakeTime().retry_policy().poll_pause("The operation", retry_after) == pause


def test_few_are_looked_at_while_nothing_is_known_of_how_long_it_takes() -> None:
    pace = Pace()
    assert [pace.enlist() for _each in range(5)] == [True, True, True, False, False]
    pace.dismiss()
    assert [pace.enlist(), pace.enlist()] == [True, False]
    for seconds in (30.0, 20.0, 40.0):
        pace.learn(seconds)
    pace.dismiss()
    assert (pace.expected, pace.enlist()) == (20.0, False)


def test_the_last_look_is_at_the_deadline() -> None:
    time = FakeTime()
    retry_policy = time.retry_policy(wait_timeout=25)

    for _look in range(3):
        time.sleep(retry_policy.poll_pause("The operation", None))
    with pytest.raises(WaitTimeout, match=r"^The operation: not finished within wait_timeout=25 seconds\.$"):
        retry_policy.poll_pause("The operation", None)

    assert time.pauses == [10, 10, 5]
    assert retry_policy.remaining == 0


def test_the_clock_runs_from_the_start_of_the_task() -> None:
    time = FakeTime()
    retry_policy = time.retry_policy(wait_timeout=100)
    time.sleep(60)

    assert retry_policy.remaining == 40


def test_without_a_clock_real_time_passes() -> None:
    retry_policy = RetryPolicy(wait_timeout=100, poll_interval=1, busy_timeout=1)

    assert isinstance(retry_policy.clock, Clock)
    assert 0 < retry_policy.remaining <= 100


def test_the_clock_counts_the_time_that_the_machine_was_asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep = 3600.0 + time.monotonic()
    monkeypatch.setattr(time, "clock_gettime", {time.CLOCK_BOOTTIME: asleep, time.CLOCK_MONOTONIC: 1.0}.__getitem__)
    assert Clock().now() == asleep
