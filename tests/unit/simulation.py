# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole fleets without sleeping: threads by one clock, requests that take their time, and Azure's buckets.

Of the threads one runs at a time, until it sleeps or waits; then the clock goes forward to the next one. A run is the
same every time, however many controllers there are.
"""

from __future__ import annotations

import heapq
import itertools
import queue
import random
import threading
from collections import Counter, deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from unittest.mock import patch

from ansible_collections.pgflex.azure.plugins.module_utils._azure.rate_limits import RateLimiter
from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import Clock, Pace, RetryPolicy
from ansible_collections.pgflex.azure.plugins.module_utils._fleet import bulk_reader, scheduler
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.fleet import Fleet
from emulator.arm.errors import SubscriptionRequestsThrottled
from emulator.arm.throttle import Throttle
from emulator.control.settings import AllSettings
from unit.fleet_service import FleetService, targets
from unit.support import SUBSCRIPTION, refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import (
        DesiredState,
        Operation,
        Page,
        Server,
    )
    from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef


T = TypeVar("T")
#: Size, and refill in a second.
Bucket = tuple[float, float]


class Simulation:
    """A clock, and threads that take turns by it."""

    def __init__(self) -> None:
        self.time = 0.0
        self._numbers = itertools.count()
        self._turns: list[tuple[float, int, threading.Event]] = []
        self._over = threading.Event()
        self._errors: list[BaseException] = []

    def now(self) -> float:
        """Return the seconds since the simulation began."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let the other threads run for so many seconds."""
        self.wait(self.wake(threading.Event(), seconds))

    def wake(self, thread: threading.Event, seconds: float = 0.0) -> threading.Event:
        """Give a thread its turn in so many seconds, and return it."""
        heapq.heappush(self._turns, (self.time + seconds, next(self._numbers), thread))
        return thread

    def wait(self, thread: threading.Event) -> None:
        """Let others run until it is the turn of this thread."""
        self._go_on()
        thread.wait()

    def drop(self, thread: threading.Event) -> None:
        """Take back the turns of a thread."""
        self._turns = [turn for turn in self._turns if turn[2] is not thread]
        heapq.heapify(self._turns)

    def spawn(self, work: Callable[..., object], *args: Any, **options: Any) -> None:
        """Start a thread."""
        turn = self.wake(threading.Event())

        def do() -> None:
            turn.wait()
            try:
                work(*args, **options)
            except BaseException as error:
                self._errors.append(error)
            self._go_on()

        threading.Thread(target=do, daemon=True).start()

    def run(self) -> float:
        """Run all threads to their ends, and return when that was."""
        with (
            patch.object(scheduler, "ThreadPoolExecutor", partial(_Pool, self)),
            patch.object(bulk_reader, "ThreadPoolExecutor", partial(_Pool, self)),
            patch.object(queue, "SimpleQueue", partial(_Queue, self)),
        ):
            self._go_on()
            assert self._over.wait(300)
        for error in self._errors:
            raise error
        return self.time

    def _go_on(self) -> None:
        if not self._turns:
            self._over.set()
            return
        self.time, _number, thread = heapq.heappop(self._turns)
        thread.set()


class _Pool:
    """As much of a ThreadPoolExecutor as is used."""

    def __init__(self, simulation: Simulation, _workers: int) -> None:
        self.submit = simulation.spawn
        self.map = map

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_error: object) -> None:
        pass


class _Queue:
    """As much of a SimpleQueue as is used, for one reader."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._items: deque[Any] = deque()
        self._reader: threading.Event | None = None

    def put(self, item: Any) -> None:
        self._items.append(item)
        if self._reader:
            self._simulation.drop(self._reader)
            self._simulation.wake(self._reader)
            self._reader = None

    def get(self, timeout: float | None = None) -> Any:
        if not self._items:
            self._reader = threading.Event()
            if timeout is not None:
                self._simulation.wake(self._reader, timeout)
            self._simulation.wait(self._reader)
            self._reader = None
        if not self._items:
            raise queue.Empty
        return self._items.popleft()


@dataclass
class Controller:
    """A client of its own on the way to a service that all share. It has the interface of `client.Api`."""

    azure: Azure
    number: int
    observer: Any = None

    def __post_init__(self) -> None:
        self._random = random.Random(self.number)  # noqa: S311

    def sign_in(self) -> None:
        """See `Api`."""

    def get_server(self, ref: ServerRef) -> Server:
        """GET."""
        return self._exchange("GET", partial(self.azure.service.get_server, ref))

    def update_identity(self, ref: ServerRef, body: dict[str, Any], _policy_token: str = "") -> Operation:
        """PATCH."""
        return self._exchange("PATCH", partial(self.azure.service.update_identity, ref, body))

    def poll(self, operation: Operation) -> tuple[bool, float | None]:
        """GET of an operation."""
        return self._exchange("GET", partial(self.azure.service.poll, operation))

    def servers_url(self, subscription_id: str, resource_group: str | None = None) -> str:
        """Return where a list begins."""
        return self.azure.service.servers_url(subscription_id, resource_group)

    def get_page(self, url: str, doing: str) -> Page:
        """GET of a page."""
        return self._exchange("GET", partial(self.azure.page, url, doing))

    def _exchange(self, method: str, request: Callable[[], T]) -> T:
        tell = self.observer(method, f"https://arm/subscriptions/{SUBSCRIPTION}/x") if self.observer else None
        self.azure.simulation.sleep(self._way())
        status, headers = self.azure.count(method)
        answer = request() if status == 200 else None
        self.azure.simulation.sleep(self._way())
        if tell:
            tell(status, headers)
        if answer is None:
            raise refusal(429, retry_after=float(headers["Retry-After"]))
        return answer

    def _way(self) -> float:
        """Return seconds: some hundredths, and now and then a second, so that others overtake."""
        late = self._random.random() < 0.01
        return self._random.uniform(0.5, 1.5) if late else self._random.uniform(0.01, 0.06)


@dataclass
class Azure:
    """Servers, and buckets for reads and writes.

    `counts` are those that answers have, `others` the writes a second of a client that is not simulated. Lists that are
    `frozen` show for ever what they showed first.
    """

    reads: Bucket
    writes: Bucket
    counts: Literal["recorded", "all", "none"] = "recorded"
    others: float = 0
    frozen: bool = False
    pages: dict[str, Page] = field(default_factory=dict)
    simulation: Simulation = field(default_factory=Simulation)
    service: FleetService = field(default_factory=lambda: FleetService(page_size=100))
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    times: dict[str, list[float]] = field(default_factory=lambda: {"GET": [], "PATCH": []})

    def __post_init__(self) -> None:
        time: Any = self.simulation
        self.service.time = time
        buckets = {
            name: {"bucket": size, "refill": refill}
            for name, (size, refill) in (("reads", self.reads), ("writes", self.writes))
        }
        buckets["writes"]["others"] = self.others
        self._throttle = Throttle(AllSettings(throttle=buckets, remaining_counts=self.counts), self.simulation.now)

    def count(self, method: str) -> tuple[int, dict[str, str]]:
        """Count a request, and return status and headers of its answer."""
        status = 200
        try:
            headers = self._throttle.take("reads" if method == "GET" else "writes", SUBSCRIPTION, "actor")
        except SubscriptionRequestsThrottled as error:
            status, headers = 429, dict(error.headers)
        self.answers[method, status] += 1
        self.times[method].append(self.simulation.time)
        return status, headers

    def page(self, url: str, doing: str) -> Page:
        """Return a page of a list."""
        if not self.frozen or url not in self.pages:
            self.pages[url] = self.service.get_page(url, doing)
        return self.pages[url]

    @property
    def refused(self) -> int:
        """How many requests were answered by 429."""
        return self.answers["GET", 429] + self.answers["PATCH", 429]

    def fleet(self, share: float = 1.0) -> Fleet:
        """Return the fleet of one more controller."""
        clock = Clock(self.simulation.now, self.simulation.sleep)
        policy = partial(RetryPolicy, 1800, 10, 600, clock, 0.0, Pace())
        self.controllers = getattr(self, "controllers", 0) + 1
        api: Any = Controller(self, self.controllers)
        return Fleet(api, RateLimiter(share), policy, validate=False, clock=clock)

    def roll_out(self, desired: DesiredState, controllers: int = 1, share: float = 1.0) -> float:
        """Have so many controllers change a part of the servers each, and return how long that took."""
        every = targets(self.service, desired)
        for number in range(controllers):
            self.simulation.spawn(self.fleet(share).run, every[number::controllers], check_mode=False)
        ended = self.simulation.run()
        assert [each.error for each in every if each.error] == []
        assert all(each.reconciled and each.reconciled.verified for each in every)
        return ended
