# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time that passes without sleeping: the waits of the collection put its own clock and the emulator's forward."""

from __future__ import annotations

import math
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.emulator_client import Emulator


class VirtualTime:
    """Seconds that only go forward; `jump` is by how many more they do at the first wait, as of a suspended machine.

    `passed` counts all but the jump. Also what the Azure libraries sleep between their own tries passes at once.
    """

    def __init__(self, emulator: Emulator, jump: float = 0.0) -> None:
        self._emulator = emulator
        self._lock = threading.Lock()
        self._jump = jump
        self._monotonic, self._time = time.monotonic, time.time
        self._skipped = 0.0
        self.passed = 0.0

    def now(self) -> float:
        return self._monotonic() + self._skipped

    def since_1970(self) -> float:
        return self._time() + self._skipped

    def sleep(self, seconds: float) -> None:
        if not 0 <= seconds < math.inf:
            raise OverflowError(f"as the real one: {seconds}")
        with self._lock:
            jump, self._jump = self._jump, 0.0
            self._emulator.advance(seconds + jump)
            self._skipped += seconds + jump
            self.passed += seconds

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Make every new clock this one while the context lasts."""

        def set_up(clock: Clock) -> None:
            clock.now, clock.sleep = self.now, self.sleep

        with ExitStack() as stack:
            stack.enter_context(patch.object(Clock, "__init__", set_up))
            stack.enter_context(patch("time.sleep", self.sleep))
            stack.enter_context(patch("time.time", self.since_1970))
            yield
