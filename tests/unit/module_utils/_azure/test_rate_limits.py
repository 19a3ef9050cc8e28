# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The buckets of Azure Resource Manager: a burst, then the refill; what Azure says counts for more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.rate_limits import (
    MARGIN,
    PUBLISHED,
    RateLimiter,
    RequestKind,
    TokenBucket,
)
from unit.support import REF, SUBSCRIPTION

URL = f"https://arm{REF.id}?api-version=2025-08-01"
REMAINING = "x-ms-ratelimit-remaining-subscription"


def bucket(size: float = 2, refill: float = 0.5) -> TokenBucket:
    return TokenBucket(size, refill, filled_at=0)


def learned(headers: dict[str, str], method: str = "GET", url: str = URL, status: int = 429) -> RateLimiter:
    """Return limits that have seen one answer."""
    limiter = RateLimiter()
    limiter.observe(method, url, status, headers, 0)
    return limiter


def wait(limiter: RateLimiter, kind: RequestKind, now: float = 0, subscription: str = SUBSCRIPTION) -> float:
    return limiter.bucket(subscription, kind, now).reserve(now)


def test_a_full_bucket_is_a_burst_and_then_requests_come_as_it_fills() -> None:
    full = bucket()
    assert [full.reserve(0) for _turn in range(5)] == [0, 0, 2, 4, 6]


def test_reserved_times_are_kept_while_the_clock_goes_on() -> None:
    full = bucket()
    times = [now + full.reserve(now) for now in (0, 0, 0, 1, 1, 30, 30)]
    assert times == [0, 0, 2, 4, 6, 30, 30]


def test_it_never_holds_more_than_its_size() -> None:
    full = bucket()
    assert [full.reserve(1000) for _turn in range(3)] == [0, 0, 2]


def test_other_clients_take_from_the_same_bucket() -> None:
    full = bucket()
    full.observe(0, now=0)
    assert full.reserve(0) == 2


def test_azure_knows_no_more_than_what_is_already_reserved() -> None:
    full = bucket()
    for _turn in range(4):
        full.reserve(0)
    full.observe(100, now=0)
    assert full.reserve(0) == 6


def test_a_blocked_bucket_gives_one_token_when_azure_said_and_then_fills() -> None:
    full = bucket()
    full.block(30, now=10)
    times = [now + full.reserve(now) for now in (10, 15, 40)]
    assert times == [40, 42, 44]


def test_a_shorter_block_does_not_shorten_a_longer_one() -> None:
    full = bucket()
    full.block(30, now=0)
    full.block(5, now=0)
    assert full.reserve(0) == 30


def test_a_block_voids_what_is_reserved_so_nothing_is_waited_for_twice() -> None:
    full = bucket()
    for _turn in range(100):
        full.reserve(0)
    full.block(5, now=0)
    assert full.reserve(0) == 5


def test_only_blocks_are_counted_so_that_a_time_given_before_can_be_dropped() -> None:
    full = bucket()
    full.reserve(0)
    full.observe(1, now=0)
    assert full.blocks == 0
    full.block(1, now=0)
    assert full.blocks == 1


def test_each_token_is_given_once_whichever_thread_asks() -> None:
    full = bucket(size=1, refill=1)
    with ThreadPoolExecutor(10) as pool:
        waits = list(pool.map(lambda _number: full.reserve(0), range(5000)))
    assert sorted(waits) == list(range(5000))


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
    assert part.reserve(0) == 0


@pytest.mark.parametrize("suffix", ["reads", "global-reads"])
def test_what_azure_says_is_left_counts(suffix: str) -> None:
    limiter = learned({f"{REMAINING}-{suffix}": "1"}, status=200)
    waits = [wait(limiter, RequestKind.READ) for _turn in range(2)]
    assert waits == [0, pytest.approx(1 / 25)]


def test_of_two_counts_the_smaller_one_counts() -> None:
    limiter = learned({f"{REMAINING}-reads": "0", f"{REMAINING}-global-reads": "16499"}, status=200)
    assert wait(limiter, RequestKind.READ) > 0


def test_only_a_share_of_what_is_left_is_ours() -> None:
    limiter = RateLimiter(share=0.5)
    limiter.observe("PATCH", URL, 202, {f"{REMAINING}-writes": "4"}, 0)
    assert [wait(limiter, RequestKind.WRITE) > 0 for _turn in range(3)] == [False, False, True]


@pytest.mark.parametrize(("method", "kind", "other"), [("GET", *RequestKind), ("PATCH", *reversed(RequestKind))])
def test_only_the_bucket_of_the_request_is_blocked_by_429(method: str, kind: RequestKind, other: RequestKind) -> None:
    limiter = learned({"Retry-After": "17"}, method)
    assert wait(limiter, kind) == 17
    assert wait(limiter, other) == 0
    assert wait(limiter, kind, subscription="00000000-0000-0000-0000-000000000002") == 0


@pytest.mark.parametrize("said", ["", "0", "-5", "soon", "nan"])
def test_without_a_time_that_makes_sense_a_block_takes_a_second(said: str) -> None:
    assert 0 <= wait(learned({"Retry-After": said}), RequestKind.READ) <= 1
    assert learned({"Retry-After": said}).bucket(SUBSCRIPTION, RequestKind.READ, 0).blocks == 1


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
    assert [wait(limiter, RequestKind.READ) for _turn in range(200)] == [0] * 200
