# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Limits of Azure Resource Manager: token buckets for each subscription, one for reads and one for writes.

Until an answer counts what is left, a bucket is taken to be of the size that Microsoft publishes (azure-docs,
`request-limits-and-throttling`: 250 reads and 25 a second, 200 writes and 10 a second, for each subscription, principal
and region). A recording of 2026 says 799 after one write. Of its reads only the count over all regions is there: that
says nothing about the bucket of one, except where it is smaller.

A count is as old as its answer, and answers overtake each other. So each request notes what was on its way beside it:
what may not be in the count is taken off it before the count raises a belief, and three answers in a row must say so.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .responses import retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    #: Status and headers of an answer, and when it came.
    Learn = Callable[[int, Mapping[str, str], float], None]


class RequestKind(Enum):
    """A request that is about to be sent."""

    READ = "reads"
    WRITE = "writes"


_REMAINING = "x-ms-ratelimit-remaining-subscription"
#: Size, and refill in a second.
PUBLISHED = {RequestKind.READ: (250.0, 25.0), RequestKind.WRITE: (200.0, 10.0)}

#: A request takes its time to Azure, and not always the same: one that comes early finds a token that we have not used.
#: The rate needs no such share, since requests do not come early ever more.
MARGIN = 0.95
#: Of a bucket that is counted no more than this is spared: as many requests as another controller has on their way.
MOST_SPARED = 10.0
#: So many counts in a row have to say that more is left before that is believed.
ANSWERS_TO_RAISE = 3
#: Seconds between two counts that the refill is learned from, and the share of the bucket above which it may be full.
WINDOW, NEARLY_FULL = 5.0, 0.9
#: The refill falls to no less than this share of what it was, in all and in one step: others may stop any time.
LEAST_REFILL, LARGEST_FALL = 0.1, 0.5
#: Seconds after which a request without an answer is not on its way any more.
LOST_AFTER = 60.0
#: A refill of which nothing is known.
_ANY = -math.inf, math.inf
#: Seconds add up inexactly.
_WHOLE = 1 - 1e-9


@dataclass(frozen=True)
class SentRequest:
    """A request: the `number`-th of its bucket, sent `at` that time while `beside` others had no answer yet."""

    number: int
    beside: int
    at: float


@dataclass(frozen=True)
class _Count:
    """The requests `remaining` by one answer; `sent` had been sent by the time that it came."""

    request: SentRequest
    remaining: int
    at: float
    sent: int


@dataclass
class TokenBucket:
    """Tokens, one for a request, of which `share` is ours. They are below zero where Azure counts fewer than we do.

    Who wants to send a request takes a token when there is one; `send` and `answer` tell what goes over the wire, also
    of requests that nobody took a token for. Several threads may use a bucket.
    """

    size: float
    refill: float
    filled_at: float
    share: float = 1.0
    tokens: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens = self.size
        self._lock = threading.Lock()
        self._least_refill = self.refill * LEAST_REFILL
        self._largest: int | None = None  # that Azure may have counted before any request
        self._spared = 0.0
        # Tokens taken: in all, by steps that have not ended, and by those of them that were not sent yet.
        self._taken = self._under_way = self._ahead = 0
        self._sent = self._void = 0
        self._on_their_way: dict[int, float] = {}
        self._raises: deque[float] = deque(maxlen=ANSWERS_TO_RAISE)
        self._first: _Count | None = None
        self._bounds = _ANY

    def wait(self, now: float) -> float:
        """Return in how many seconds there is a token, as far as is known now."""
        with self._lock:
            self._fill(now)
            missing = 0.0 if self.tokens >= _WHOLE else 1.0 - self.tokens
            return max(0.0, self.filled_at - now) + missing / self.refill

    def take(self, now: float) -> None:
        """Take the token for a request that is sent soon, or not at all by the time of `settle`."""
        with self._lock:
            self._fill(now)
            self._spend()
            self._under_way += 1
            self._ahead += 1

    def settle(self) -> None:
        """End what a token was taken for."""
        with self._lock:
            self._under_way -= 1
            self._ahead = min(self._ahead, self._under_way)

    def send(self, now: float) -> SentRequest:
        """Note that a request goes out, and return what its answer is to be told with."""
        with self._lock:
            self._fill(now)
            if self._ahead:
                self._ahead -= 1
            else:
                self._spend()
            while self._on_their_way and next(iter(self._on_their_way.values())) < now - LOST_AFTER:
                del self._on_their_way[next(iter(self._on_their_way))]
            self._sent += 1
            sent = SentRequest(self._sent, len(self._on_their_way), now)
            self._on_their_way[sent.number] = now
            return sent

    def answer(self, sent: SentRequest, remaining: int | None, everywhere: int | None, now: float) -> None:
        """Learn from the answer to `sent` what Azure counts in this bucket, and in those of all regions together."""
        with self._lock:
            self._on_their_way.pop(sent.number, None)
            self._fill(now)
            if sent.number <= self._void:
                return
            not_counted = self._sent - sent.number + self._ahead
            if everywhere is not None:
                self.tokens = min(self.tokens, (everywhere - not_counted) * self.share)
            if remaining is not None:
                self._learn_size(remaining + 1)
                self._learn_refill(_Count(sent, remaining, now, self._sent))
                self._believe((remaining - self._spared - not_counted) * self.share, sent.beside, now)

    def block(self, seconds: float, now: float) -> None:
        """Fill nothing for as long as Azure said to wait, and hold one token then. Counts from before are void."""
        with self._lock:
            self._fill(now)
            self.tokens = 1.0
            self.filled_at = max(self.filled_at, now + seconds)
            self._void = self._sent
            self._raises.clear()
            self._first, self._bounds = None, _ANY

    def _believe(self, left: float, beside: int, now: float) -> None:
        """Lower the tokens to what is `left` for us, or raise them if that is sure.

        Requests that were sent earlier, and had no answer, are likely to be in the count: they are taken off too, but
        only to raise. A share is never raised: of what is left when it is spent, the rest is for others.
        """
        self.tokens = min(self.tokens, left)
        self._raises.append(left - beside + self._taken)
        if self.share == 1 and len(self._raises) == ANSWERS_TO_RAISE and now >= self.filled_at:
            self.tokens = max(self.tokens, min(self.size, min(self._raises) - self._taken))

    def _learn_size(self, seen: int) -> None:
        """Take the largest count for the size: what was there once may be so again, more is hearsay."""
        if self._largest is not None and seen <= self._largest:
            return
        self._largest = seen
        self._spared = min(MOST_SPARED, seen * (1 - MARGIN))
        before, self.size = self.size, max(1.0, (seen - self._spared) * self.share)
        if self.share < 1:
            self.tokens += max(0.0, self.size - before)

    def _learn_refill(self, count: _Count) -> None:
        """Correct the refill, less what others take, where two counts contradict it whatever was on its way."""
        if count.remaining >= NEARLY_FULL * (self._largest or 0):
            self._first, self._bounds = None, _ANY
            return
        first, request = self._first, count.request
        if first is None:
            self._first = count
        elif count.at - first.at >= WINDOW and request.number > first.sent:
            self._first = count
            gained = count.remaining - first.remaining
            answered = request.number - 1 - request.beside
            fewest = max(0, answered - first.sent) + 1
            most = first.request.beside + count.sent - first.request.number
            lowest = (gained - 1 + fewest) / (count.at - first.request.at) * self.share
            highest = (gained + 1 + most) / (request.at - first.at) * self.share
            # Twice in a row: a request may be counted in another region than the one before, and the next one not.
            (before_lowest, before_highest), self._bounds = self._bounds, (lowest, highest)
            lowest, highest = min(lowest, before_lowest), max(highest, before_highest)
            refill = min(max(self.refill, lowest), max(highest, self.refill * LARGEST_FALL))
            self.refill = max(refill, self._least_refill)

    def _spend(self) -> None:
        self.tokens -= 1
        self._taken += 1

    def _fill(self, now: float) -> None:
        if now > self.filled_at:
            self.tokens = min(self.size, self.tokens + (now - self.filled_at) * self.refill)
            self.filled_at = now


@dataclass
class RateLimiter:
    """The buckets of all subscriptions. `share` of them is ours, 0 to 1, where others use the same principal."""

    share: float = 1.0
    buckets: dict[tuple[str, RequestKind], TokenBucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def bucket(self, subscription_id: str, kind: RequestKind, now: float) -> TokenBucket:
        """Return the bucket that a request is counted in."""
        name = subscription_id.lower(), kind
        with self._lock:
            if name not in self.buckets:
                size, refill = (each * self.share for each in PUBLISHED[kind])
                self.buckets[name] = TokenBucket(max(1.0, size * MARGIN), refill, now, self.share)
            return self.buckets[name]

    def send(self, method: str, url: str, now: float) -> Learn:
        """Note a request that goes out, and return what is to be told of its answer."""
        parts = urlsplit(url).path.split("/")
        if len(parts) < 3 or parts[1].lower() != "subscriptions":
            return lambda _status, _headers, _now: None
        kind = RequestKind.READ if method == "GET" else RequestKind.WRITE
        bucket = self.bucket(parts[2], kind, now)
        return partial(_learn, bucket, kind, bucket.send(now))


def _learn(
    bucket: TokenBucket, kind: RequestKind, sent: SentRequest, status: int, headers: Mapping[str, str], now: float
) -> None:
    """Learn from an answer: how many requests are left, and if it is 429, how long to wait."""
    bucket.answer(sent, _count(headers, kind.value), _count(headers, f"global-{kind.value}"), now)
    if status == 429:
        bucket.block(max(1.0, retry_after(headers) or 1.0), now)


def _count(headers: Mapping[str, str], name: str) -> int | None:
    said = headers.get(f"{_REMAINING}-{name}") or ""
    return int(said) if said.isdecimal() else None
