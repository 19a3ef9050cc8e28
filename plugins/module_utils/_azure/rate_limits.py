# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Limits of Azure Resource Manager: token buckets for each subscription, one for reads and one for writes.

Sizes are those that Microsoft publishes (azure-docs, `request-limits-and-throttling`: 250 reads and 25 a second, 200
writes and 10 a second, for each subscription, principal and region). The numbers in the answers count for more.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .responses import retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping


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


@dataclass
class TokenBucket:
    """Tokens, one for a request. Below zero they stand for requests that were given a time in the future.

    `blocks` counts how often Azure said to wait: a time that was given before that is no longer good. Several threads
    may use a bucket.
    """

    size: float
    refill: float
    filled_at: float
    tokens: float = field(init=False)
    blocks: int = 0

    def __post_init__(self) -> None:
        self.tokens = self.size
        self._lock = threading.Lock()

    def reserve(self, now: float) -> float:
        """Take a token, and return how many seconds later the request may be sent."""
        with self._lock:
            self._fill(now)
            self.tokens -= 1
            return max(0.0, self.filled_at - now) + max(0.0, -self.tokens / self.refill)

    def release(self, blocks: int) -> None:
        """Give back a token that was taken when `blocks` was as given, and not used."""
        with self._lock:
            if self.blocks == blocks:
                self.tokens = min(self.size, self.tokens + 1)

    def observe(self, remaining: float, now: float) -> None:
        """Learn that Azure counts `remaining` requests: other clients take from the same bucket."""
        with self._lock:
            self._fill(now)
            self.tokens = min(self.tokens, remaining)

    def block(self, seconds: float, now: float) -> None:
        """Fill nothing for as long as Azure said to wait, and hold one token then. All reservations are void."""
        with self._lock:
            self._fill(now)
            self.tokens = 1.0
            self.filled_at = max(self.filled_at, now + seconds)
            self.blocks += 1

    def _fill(self, now: float) -> None:
        if now > self.filled_at:
            self.tokens = min(self.size, self.tokens + (now - self.filled_at) * self.refill)
            self.filled_at = now


@dataclass
class RateLimiter:
    """The buckets of all subscriptions. `share` of them is ours, 0 to 1, where others use the same principal."""

    share: float = 1.0
    buckets: dict[tuple[str, RequestKind], TokenBucket] = field(default_factory=dict)

    def bucket(self, subscription_id: str, kind: RequestKind, now: float) -> TokenBucket:
        """Return the bucket that a request is counted in."""
        name = subscription_id.lower(), kind
        if name not in self.buckets:
            size, refill = (each * self.share for each in PUBLISHED[kind])
            self.buckets[name] = TokenBucket(max(1.0, size * MARGIN), refill, now)
        return self.buckets[name]

    def observe(self, method: str, url: str, status: int, headers: Mapping[str, str], now: float) -> None:
        """Learn from an answer: how many requests are left, and if it is 429, how long to wait."""
        parts = urlsplit(url).path.split("/")
        if len(parts) < 3 or parts[1].lower() != "subscriptions":
            return
        kind = RequestKind.READ if method == "GET" else RequestKind.WRITE
        bucket = self.bucket(parts[2], kind, now)
        remaining = [
            int(headers[name])
            for name in (f"{_REMAINING}-{kind.value}", f"{_REMAINING}-global-{kind.value}")
            if (headers.get(name) or "").isdigit()
        ]
        if remaining:
            bucket.observe(min(remaining) * self.share, now)
        if status == 429:
            bucket.block(max(retry_after(headers) or 1.0, 1.0), now)
