# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of the buckets: no request finds none left, and nothing that is counted ends a block."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from itertools import count, cycle, islice
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pgflex.azure.plugins.module_utils._azure.rate_limits import (
    PUBLISHED,
    RateLimiter,
    RequestKind,
    SentRequest,
    TokenBucket,
)
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.scheduler import WORKERS

if TYPE_CHECKING:
    from collections.abc import Callable

#: Of one example, after the first one.
REQUESTS = 300
WRITE_SIZE, WRITE_REFILL = PUBLISHED[RequestKind.WRITE]


@dataclass
class Wire:
    """A bucket of Azure, and the requests and answers of one client, which overtake each other on their ways."""

    client: TokenBucket
    size: int
    level: float
    refill: float
    now: float = 0.0
    filled_at: float = 0.0
    largest: int = 0
    ways: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    numbers: count[int] = field(default_factory=count)

    def send(self, there: float, back: float) -> None:
        """Send a request. It has to find a token when it arrives."""
        sent = self.client.send(self.now)

        def arrive() -> None:
            self.level = min(self.size, self.level + (self.now - self.filled_at) * self.refill)
            self.filled_at = self.now
            assert self.level >= 1 - 1e-6
            self.level -= 1
            remaining = math.floor(self.level + 1e-6)
            self.largest = max(self.largest, remaining + 1)
            self._later(back, lambda: self._learn(sent, remaining))

        self._later(there, arrive)

    def _learn(self, sent: SentRequest, remaining: int) -> None:
        before = self.client.refill
        self.client.answer(sent, remaining, None, self.now)
        # It is corrected where it is wrong, and never beyond.
        right = self.refill * self.client.share
        assert min(before, right) - 1e-6 <= self.client.refill <= max(before, right) + 1e-6

    def pass_until(self, time: float) -> None:
        """Let what arrives by a time arrive."""
        while self.ways and self.ways[0][0] <= time:
            self.now, _number, arrive = heapq.heappop(self.ways)
            arrive()
        self.now = time

    def _later(self, seconds: float, arrive: Callable[[], None]) -> None:
        heapq.heappush(self.ways, (self.now + seconds, next(self.numbers), arrive))


@given(
    size=st.integers(WORKERS, 1000),
    level=st.floats(0, 1),
    refill=st.floats(WRITE_REFILL, 100),
    share=st.sampled_from([1.0, 0.5, 0.1]),
    ways=st.lists(st.tuples(st.floats(0.001, 3), st.floats(0.001, 3)), min_size=1, max_size=40),
)
def test_never_more_is_sent_than_azure_has(
    size: int, level: float, refill: float, share: float, ways: list[tuple[float, float]]
) -> None:
    """The first answer comes before the others are sent, lest the bucket be smaller than published.

    Nor may it be smaller than what is on its way, which may arrive all at once.
    """
    part = RateLimiter(share).bucket("abc", RequestKind.WRITE, now=0)
    wire = Wire(part, size, max(1.0, size * level), refill)
    wire.send(0, 0)
    wire.pass_until(0)
    for there, back in islice(cycle(ways), REQUESTS):
        while len(wire.ways) == WORKERS or part.wait(wire.now):
            turn = wire.now + part.wait(wire.now) if len(wire.ways) < WORKERS else math.inf
            wire.pass_until(min([turn, *(at for at, _number, _arrive in wire.ways)]))
        part.take(wire.now)
        wire.send(there, back)
        part.settle()
    if share < 1:
        believed = max(WRITE_SIZE, wire.largest) + max(refill, WRITE_REFILL) * wire.now
        assert max(1.0, believed * share) + 1 >= REQUESTS


@given(
    before=st.lists(st.integers(0, 1000), max_size=5),
    seconds=st.floats(1, 100),
    after=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 1000), st.booleans()), max_size=8),
)
def test_nothing_is_sent_before_azure_said_whatever_is_counted_meanwhile(
    before: list[int], seconds: float, after: list[tuple[float, int, bool]]
) -> None:
    one = TokenBucket(190, 10, 0)
    for remaining in before:
        one.answer(one.send(0), remaining, None, 0)
    early = [one.send(0) for _answer in after]
    one.block(seconds, now=0)
    for sent, (part, remaining, is_early) in zip(early, sorted(after)):
        now = part * seconds
        one.answer(sent if is_early else one.send(now), remaining, None, now)
        assert one.wait(now) >= seconds - now - 1e-6
    assert one.tokens <= 1
