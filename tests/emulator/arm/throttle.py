# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Token buckets per subscription and principal, as ARM limits requests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.arm.errors import SubscriptionRequestsThrottled

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.control.settings import AllSettings

# ARM also counts over all regions, with fifteen times the bucket of one region.
REGIONS = 15
# What is left after one request by the recordings of 2026, sent while throttling is off. Those of reads show the count
# over all regions only.
LEFT = {"reads": 1099, "writes": 799}
SHOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "recorded": {"reads": ("global-reads",), "writes": ("global-writes", "writes")},
    "all": {"reads": ("global-reads", "reads"), "writes": ("global-writes", "writes")},
    "none": {"reads": (), "writes": ()},
}


@dataclass
class _Bucket:
    tokens: float
    at: float


class Throttle:
    """Buckets that fill with time; `clock` gives seconds."""

    def __init__(self, settings: AllSettings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], _Bucket] = {}

    def clear(self) -> None:
        self._buckets.clear()

    def take(self, kind: str, subscription_id: str, actor: str) -> dict[str, str]:
        """Count one request of `kind` ("reads", "writes") and return the rate limit headers of its answer.

        :raises SubscriptionRequestsThrottled: with Retry-After in whole seconds, when the bucket is empty.
        """
        limits = self._settings.throttle
        if limits is None:
            return self._headers(kind, LEFT[kind], LEFT[kind] + 1)
        size = limits[kind]["bucket"]
        bucket = self._fill((kind, subscription_id.lower(), actor), limits[kind])
        if bucket.tokens < 1:
            seconds = max(1, math.ceil((1 - bucket.tokens) / limits[kind]["refill"]))
            raise SubscriptionRequestsThrottled(
                kind=kind.removesuffix("s"),
                subscription=subscription_id,
                actor=actor,
                seconds=seconds,
                headers={"Retry-After": str(seconds)},
            )
        bucket.tokens -= 1
        return self._headers(kind, bucket.tokens, size)

    def _fill(self, name: tuple[str, str, str], limits: dict[str, float]) -> _Bucket:
        """Return a bucket as it is now, less what a second client has taken of it."""
        size, now = limits["bucket"], self._clock()
        bucket = self._buckets.setdefault(name, _Bucket(size, now))
        gained = (now - bucket.at) * (limits["refill"] - limits.get("others", 0))
        bucket.tokens = max(0.0, min(size, bucket.tokens + gained))
        bucket.at = now
        return bucket

    def _headers(self, kind: str, left: float, size: float) -> dict[str, str]:
        counts = {kind: int(left), f"global-{kind}": int((REGIONS - 1) * size + left)}
        shown = SHOWN[self._settings.remaining_counts][kind]
        return {f"x-ms-ratelimit-remaining-subscription-{name}": str(counts[name]) for name in shown}
