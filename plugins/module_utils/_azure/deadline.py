# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""The end of a task's time, for connections: no request begins after it, and none that runs outlasts it by much."""

from __future__ import annotations

import math
import threading
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, TypeVar

from .._errors import WaitTimeout
from .retry import Clock

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: Seconds without a byte after which an answer is given up.
READ_TIMEOUT = 30.0
#: A request that began in time has so many seconds, lest its answer be cut off for nothing.
SHORTEST_TIMEOUT = 5.0


class TooLate(Exception):
    """Time is over. Work that has `begun` goes on in another thread and is left alone; else nothing has."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__()
        self.begun = begun


class Deadline:
    """`seconds` after it was made."""

    def __init__(self, seconds: float = math.inf) -> None:
        self.seconds = seconds
        self._clock = Clock()
        self._end = self._clock.now() + seconds

    @property
    def remaining(self) -> float:
        """Return the seconds that are left, less than 0 when it has passed."""
        return self._end - self._clock.now()

    def bound(self, timeout: float, least: float = SHORTEST_TIMEOUT) -> float:
        """Return the part of `timeout` that is left. Raise `TooLate` when nothing may begin any more."""
        if self.remaining <= 0:
            raise TooLate(begun=False)
        return min(timeout, max(self.remaining, least))

    def run(self, work: Callable[[], T], least: float = SHORTEST_TIMEOUT) -> T:
        """Return what `work` returns, or raise what it raises. Raise `TooLate` if it does not end in time.

        It is done in a thread: a timeout of a socket begins again with each byte, and looking up a name has none.
        """
        limit = self.bound(math.inf, least)
        if math.isinf(limit):
            return work()
        future: Future[T] = Future()

        def do() -> None:
            try:
                future.set_result(work())
            except BaseException as error:
                future.set_exception(error)

        # A daemon, so that what is left alone does not keep the process from ending.
        threading.Thread(target=do, daemon=True).start()
        if not wait([future], limit).done:
            raise TooLate(begun=True)
        return future.result()

    def passed(self, doing: str) -> WaitTimeout:
        """Return the error for what could not be done in time."""
        return WaitTimeout(f"{doing}: not finished within wait_timeout={self.seconds:g} seconds.")
