# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The buckets of Azure Resource Manager: a burst, then the refill; what Azure says counts for more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.rate_limits import (
    ANSWERS_TO_RAISE,
    LARGEST_FALL,
    MARGIN,
    MOST_SPARED,
    PUBLISHED,
    RateLimiter,
    RequestKind,
    TokenBucket,
)
from unit.support import REF, SUBSCRIPTION

URL = f"https://arm{REF.id}?api-version=2025-08-01"
REMAINING = "x-ms-ratelimit-remaining-subscription"


def bucket(size: float = 2, refill: float = 0.5, share: float = 1.0) -> TokenBucket:
    return TokenBucket(size, refill, 0, share)


def take(bucket: TokenBucket, number: int = 1, now: float = 0) -> list[float]:
    """Return when tokens can be taken that are taken as soon as they are there."""
    times = []
    for _token in range(number):
        now += bucket.wait(now)
        bucket.take(now)
        times.append(now)
    return times


def send(bucket: TokenBucket, now: float = 0) -> float:
    """Send a request that a token is there for, and end its step."""
    bucket.take(now)
    bucket.send(now)
    bucket.settle()
    return now


def exchange(bucket: TokenBucket, remaining: int, now: float = 0, seconds: float = 0, times: int = 1) -> None:
    """Send requests, each when the one before has its answer; the last one says that so many are left."""
    for left in reversed(range(remaining, remaining + times)):
        bucket.take(now)
        sent = bucket.send(now)
        now += seconds
        bucket.answer(sent, left, None, now)
        bucket.settle()


def learned(headers: dict[str, str], method: str = "GET", url: str = URL, status: int = 429) -> RateLimiter:
    """Return limits that have seen one answer."""
    limiter = RateLimiter()
    limiter.send(method, url, 0)(status, headers, 0)
    return limiter


def wait(limiter: RateLimiter, kind: RequestKind, subscription: str = SUBSCRIPTION) -> float:
    return limiter.bucket(subscription, kind, 0).wait(0)


def test_a_full_bucket_is_a_burst_and_then_requests_come_as_it_fills() -> None:
    assert take(bucket(), 5) == [0, 0, 2, 4, 6]


def test_it_never_holds_more_than_its_size() -> None:
    assert take(bucket(), 3, now=1000) == [1000, 1000, 1002]


def test_what_goes_out_without_a_token_being_taken_is_counted_too() -> None:
    full = bucket()
    full.send(0)
    assert take(full, 2) == [0, 2]


def test_what_is_sent_after_a_token_was_taken_is_counted_once() -> None:
    full = bucket()
    send(full)
    assert take(full, 2) == [0, 2]


def test_a_token_that_was_taken_for_nothing_pays_for_nobody_else() -> None:
    full = bucket(size=10)
    full.take(0)
    full.settle()
    full.send(0)
    assert full.tokens == 8


@pytest.mark.parametrize("remaining", [0, 1])
def test_other_clients_take_from_the_same_bucket(remaining: int) -> None:
    full = bucket(size=100, refill=1)
    exchange(full, remaining)
    assert 1 - remaining < full.wait(0) <= 1 - remaining + MOST_SPARED


def test_it_is_set_up_by_what_answers_in_a_row_say() -> None:
    low = bucket(size=190, refill=10)
    exchange(low, 798, times=ANSWERS_TO_RAISE - 1)
    assert low.tokens < 190
    exchange(low, 797)
    assert low.tokens == 797 - MOST_SPARED
    assert take(low, 787)[-1] == 0
    assert take(low, 10)[-1] == pytest.approx(1)


def test_one_answer_that_says_less_than_the_others_holds_all_of_them_back() -> None:
    low = bucket(size=190, refill=10)
    for remaining in (790, 789, 300, 787, 786):
        exchange(low, remaining)
        assert low.tokens <= 300 - MOST_SPARED
    exchange(low, 785)
    assert low.tokens == 785 - MOST_SPARED


def test_what_may_not_be_in_a_count_is_taken_off_before_it_raises() -> None:
    low = bucket(size=190, refill=10)
    beside = [low.send(0) for _request in range(4)]  # no answer yet
    for _request in range(3):
        low.take(0)  # not sent yet
    exchange(low, 700, times=ANSWERS_TO_RAISE)
    assert low.tokens == 700 - MOST_SPARED - len(beside) - 3


def test_an_answer_that_was_overtaken_counts_less_what_was_sent_since() -> None:
    full = bucket(size=100, refill=1)
    slow = full.send(0)
    for _request in range(30):
        send(full)
    full.answer(slow, 40, None, 0)
    assert full.tokens == pytest.approx(40 - 30 - 41 * (1 - MARGIN))


def test_a_bucket_that_was_seen_is_never_taken_for_larger() -> None:
    small = bucket(size=190, refill=10)
    exchange(small, 39)
    assert take(small, 100, now=1000)[-1] == pytest.approx(1000 + (100 - 40 * MARGIN) / 10)


def test_a_blocked_bucket_gives_one_token_when_azure_said_and_then_fills() -> None:
    full = bucket()
    full.block(30, now=10)
    assert take(full, 3, now=10) == [40, 42, 44]


def test_a_shorter_block_does_not_shorten_a_longer_one() -> None:
    full = bucket()
    full.block(30, now=0)
    full.block(5, now=0)
    assert full.wait(0) == 30


def test_a_block_voids_what_was_counted_before_it() -> None:
    low = bucket(size=190, refill=10)
    exchange(low, 700, times=ANSWERS_TO_RAISE)
    early = [low.send(0) for _request in range(ANSWERS_TO_RAISE)]
    low.block(5, now=0)
    for sent in early:
        low.answer(sent, 700, None, 6)
    assert low.tokens == pytest.approx(11)


def test_what_answers_say_during_a_block_does_not_end_it() -> None:
    low = bucket(size=190, refill=10)
    low.block(5, now=0)
    exchange(low, 700, times=ANSWERS_TO_RAISE)
    assert low.wait(0) >= 5


def test_each_token_is_given_once_whichever_thread_asks() -> None:
    full = bucket(size=5000, refill=1)
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _number: send(full), range(5000)))
    assert full.tokens == 0


@pytest.mark.parametrize(("true", "rate"), [(30, 20), (2, 5), (10, 10)], ids=["more", "less", "as thought"])
def test_the_refill_is_learned(true: float, rate: float) -> None:
    one = bucket(size=800, refill=10)
    exchange(one, 799)
    left, seen = 400.0, []
    for number in range(int(60 * rate)):
        left += true / rate - 1
        exchange(one, int(left), now=number / rate, seconds=0.05)
        seen.append(one.refill)
    assert one.refill == pytest.approx(true, abs=0.6)
    assert max(seen) <= max(10, true)


def test_who_shares_a_bucket_thinks_of_a_refill_without_what_others_take() -> None:
    one = bucket(size=800, refill=10)
    exchange(one, 799)
    for number in range(300):
        exchange(one, 200, now=number / 5)
    assert one.refill == pytest.approx(5, abs=0.5)


def test_the_refill_falls_slowly_since_others_may_stop_any_time() -> None:
    one = bucket(size=800, refill=10)
    exchange(one, 799)
    exchange(one, 700)
    exchange(one, 500, now=6)
    assert one.refill == 10
    exchange(one, 300, now=12)
    assert one.refill == 10 * LARGEST_FALL
    for number in range(10):
        exchange(one, 200 - number * 10, now=18 + 6 * number)
    assert one.refill == 1


def test_requests_that_are_counted_in_two_regions_do_not_change_the_refill() -> None:
    one = bucket(size=800, refill=10)
    exchange(one, 799)
    for number in range(100):
        exchange(one, 700 if number % 2 else 200, now=number * 6)
    assert one.refill == 10


def test_what_may_arrive_after_a_count_does_not_lower_the_refill() -> None:
    one = bucket(size=800, refill=10)
    exchange(one, 799)
    for now, number, remaining in ((0, 120, 500), (6, 60, 439), (12, 0, 438)):  # sixty come between two
        early = [one.send(now) for _request in range(number)]
        exchange(one, remaining, now=now)
        for sent in early:  # counted after that one
            one.answer(sent, remaining - number, None, now + 1)
    assert one.refill == 10


def test_what_may_not_have_arrived_does_not_raise_the_refill() -> None:
    one = bucket(size=800, refill=10)
    exchange(one, 799)
    for now in (0, 6, 12):
        exchange(one, 200 + 10 * now, now=now)
        for _request in range(60):
            one.send(now)  # no answer yet
    assert one.refill == 10


def test_a_full_bucket_says_nothing_about_the_refill() -> None:
    one = bucket(size=800, refill=10)
    for number in range(100):
        exchange(one, 799, now=number)
    assert one.refill == 10


def test_each_subscription_has_a_bucket_for_reads_and_one_for_writes() -> None:
    limiter = RateLimiter()
    reads = limiter.bucket("ABC", RequestKind.READ, now=0)
    assert limiter.bucket("abc", RequestKind.READ, now=5) is reads
    others = [limiter.bucket("abc", RequestKind.WRITE, now=0), limiter.bucket("def", RequestKind.READ, now=0)]
    for each, kind in zip((reads, *others), (RequestKind.READ, RequestKind.WRITE, RequestKind.READ)):
        size, refill = PUBLISHED[kind]
        assert (each.size, each.refill) == (size * MARGIN, refill)
    assert len(limiter.buckets) == 3


@pytest.mark.parametrize(("share", "size", "refill"), [(0.5, 100, 5), (0.001, 1, 0.01)], ids=["half", "at least one"])
def test_a_share_is_that_part_of_the_bucket(share: float, size: float, refill: float) -> None:
    part = RateLimiter(share).bucket("abc", RequestKind.WRITE, now=0)
    assert part.size == pytest.approx(max(1, size * MARGIN))
    assert part.refill == pytest.approx(refill)
    assert part.wait(0) == 0


def test_a_share_of_what_is_believed_is_taken_once() -> None:
    part = RateLimiter(0.5).bucket("abc", RequestKind.WRITE, now=0)
    left, now = 800, 0.0
    while not part.wait(now):
        left -= 1
        exchange(part, left)
    assert 400 <= left <= 400 + MOST_SPARED


def test_only_a_share_of_what_is_left_is_ours() -> None:
    part = bucket(size=100, refill=1, share=0.5)
    exchange(part, 40)
    assert part.tokens == pytest.approx((40 - 41 * (1 - MARGIN)) / 2)


@pytest.mark.parametrize("name", ["reads", "global-reads"])
def test_what_azure_says_is_left_counts(name: str) -> None:
    assert wait(learned({f"{REMAINING}-{name}": "0"}, status=200), RequestKind.READ) > 0


def test_a_count_over_all_regions_alone_raises_nothing() -> None:
    limiter = RateLimiter()
    for number in range(20):
        limiter.send("GET", URL, number)(200, {f"{REMAINING}-global-reads": "16499"}, number)
    reads = limiter.bucket(SUBSCRIPTION, RequestKind.READ, 20)
    assert reads.wait(20) == 0
    assert take(reads, 300, now=20)[-1] == pytest.approx(20 + (300 - 250 * MARGIN) / 25)


def test_of_two_counts_the_smaller_one_counts() -> None:
    limiter = learned({f"{REMAINING}-reads": "0", f"{REMAINING}-global-reads": "16499"}, status=200)
    assert wait(limiter, RequestKind.READ) > 0


@pytest.mark.parametrize(("method", "kind", "other"), [("GET", *RequestKind), ("PATCH", *reversed(RequestKind))])
def test_only_the_bucket_of_the_request_is_blocked_by_429(method: str, kind: RequestKind, other: RequestKind) -> None:
    limiter = learned({"Retry-After": "17"}, method)
    assert wait(limiter, kind) == 17
    assert wait(limiter, other) == 0
    assert wait(limiter, kind, subscription="00000000-0000-0000-0000-000000000002") == 0


@pytest.mark.parametrize("said", ["", "0", "-5", "soon", "nan"])
def test_without_a_time_that_makes_sense_a_block_takes_a_second(said: str) -> None:
    assert wait(learned({"Retry-After": said}), RequestKind.READ) == 1


@pytest.mark.parametrize("status", [200, 409, 503])
def test_retry_after_on_other_answers_is_no_matter_of_limits(status: int) -> None:
    assert wait(learned({"Retry-After": "60"}, status=status), RequestKind.READ) == 0


@pytest.mark.parametrize(
    "url", ["https://arm/subscriptions?api-version=1", "https://arm/metadata/endpoints", "https://arm"]
)
def test_what_is_in_no_subscription_has_no_bucket(url: str) -> None:
    assert not learned({"Retry-After": "60"}, url=url).buckets


def test_a_count_that_is_none_is_passed_over() -> None:
    limiter = learned({f"{REMAINING}-reads": "many", f"{REMAINING}-global-reads": "-1"}, status=200)
    assert take(limiter.bucket(SUBSCRIPTION, RequestKind.READ, 0), 200)[-1] == 0
