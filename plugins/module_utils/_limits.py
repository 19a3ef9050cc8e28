# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""What Azure Resource Manager lets through: token buckets for each subscription, one for reads and one for writes.

Sizes are those that Microsoft publishes (azure-docs, C(request-limits-and-throttling): 250 reads and 25 a second, 200
writes and 10 a second, for each subscription, principal and region). What the answers say counts for more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class Turn(Enum):
    """A request that is about to be sent."""

    READ = "reads"
    WRITE = "writes"


#: Size, and refill in a second.
PUBLISHED = {Turn.READ: (250.0, 25.0), Turn.WRITE: (200.0, 10.0)}


@dataclass
class Bucket:
    """Tokens, one for a request. C(tokens) below zero are requests that have been given a time in the future."""

    size: float
    refill: float
    filled_at: float
    tokens: float = field(init=False)
    blocked_until: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.size

    def reserve(self, now: float) -> float:
        """Take a token; returns how many seconds later the request may be sent."""
        self._fill(now)
        self.tokens -= 1
        return max(0.0, -self.tokens / self.refill, self.blocked_until - now)

    def observe(self, remaining: float, now: float) -> None:
        """Azure counts C(remaining) requests: other clients take from the same bucket."""
        self._fill(now)
        self.tokens = min(self.tokens, remaining)

    def block(self, seconds: float, now: float) -> None:
        """Azure has said to wait."""
        self._fill(now)
        self.tokens = min(self.tokens, 0.0)
        self.blocked_until = max(self.blocked_until, now + seconds)

    def _fill(self, now: float) -> None:
        self.tokens = min(self.size, self.tokens + (now - self.filled_at) * self.refill)
        self.filled_at = now


@dataclass
class Limits:
    """The buckets of all subscriptions. C(share) of them is ours, 0 to 1, where others use the same principal."""

    share: float = 1.0
    buckets: dict[tuple[str, Turn], Bucket] = field(default_factory=dict)

    def bucket(self, subscription_id: str, turn: Turn, now: float) -> Bucket:
        """The bucket that a request is counted in."""
        key = subscription_id.lower(), turn
        if key not in self.buckets:
            size, refill = PUBLISHED[turn]
            self.buckets[key] = Bucket(max(1.0, size * self.share), refill * self.share, now)
        return self.buckets[key]
