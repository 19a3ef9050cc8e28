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

    from emulator.control.settings import Settings

# ARM also counts over all regions, with fifteen times the bucket of one region.
REGIONS = 15
# What the recordings of 2026 show, sent while throttling is off.
RECORDED = {"reads": {"global-reads": 16499}, "writes": {"global-writes": 11999, "writes": 799}}


@dataclass
class _Bucket:
    tokens: float
    at: float


class Throttle:
    """Buckets that fill with time; `clock` gives seconds."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
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
            return _headers(RECORDED[kind])
        size, refill = limits[kind]["bucket"], limits[kind]["refill"]
        now = self._clock()
        bucket = self._buckets.setdefault((kind, subscription_id.lower(), actor), _Bucket(size, now))
        bucket.tokens = min(size, bucket.tokens + (now - bucket.at) * refill)
        bucket.at = now
        if bucket.tokens < 1:
            seconds = max(1, math.ceil((1 - bucket.tokens) / refill))
            raise SubscriptionRequestsThrottled(
                kind=kind.removesuffix("s"),
                subscription=subscription_id,
                actor=actor,
                seconds=seconds,
                headers={"Retry-After": str(seconds)},
            )
        bucket.tokens -= 1
        left = {f"global-{kind}": int((REGIONS - 1) * size + bucket.tokens)}
        if kind == "writes":
            left[kind] = int(bucket.tokens)
        return _headers(left)


def _headers(left: dict[str, int]) -> dict[str, str]:
    return {f"x-ms-ratelimit-remaining-subscription-{name}": str(count) for name, count in left.items()}
