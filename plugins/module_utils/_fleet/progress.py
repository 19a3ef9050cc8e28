# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Tell in time how far a long piece of work is: a line of text every few seconds."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .._azure.retry import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds before the first line, and between two.
FIRST, INTERVAL = 2.0, 10.0
#: Seconds that the last line may take.
_LAST_LINE = 1.0


@dataclass
class Progress:
    """Counts of a rollout. `writes_per_second` is what the limits of Azure let through, for the estimate.

    `started` counts rows whose change was sent, `changed`, `same` and `failed` those that have ended.
    """

    clock: Clock = field(default_factory=Clock)
    writes_per_second: float = 10.0
    sizes: list[int] = field(default_factory=list)
    wave: int = 0
    started: int = 0
    changed: int = 0
    same: int = 0
    failed: int = 0
    _sent_at: float = field(default=0.0, init=False)
    _operation: float | None = field(default=None, init=False)

    def start_wave(self) -> None:
        """Start the next wave."""
        self.wave += 1
        self._sent_at = self.clock.now()

    def end_target(self, *, failed: bool, changed: bool) -> None:
        """Count a row that has ended."""
        self.failed += failed
        self.changed += changed and not failed
        self.same += not (changed or failed)
        if changed and self._operation is None:
            # The first one to end tells how long Azure takes for a change.
            self._operation = self.clock.now() - self._sent_at

    @property
    def ended(self) -> int:
        """How many rows have ended."""
        return self.changed + self.same + self.failed

    def line(self) -> str:
        """Say how far it is, in one line."""
        if not self.sizes:
            return "Reading the servers."
        left = sum(self.sizes) - self.started
        of = f"wave {self.wave} of {len(self.sizes)}: " if len(self.sizes) > 1 else ""
        return (
            f"{of}{self.ended} done, {self.changed} changed, {self.failed} failed, "
            f"{max(0, self.started - self.ended)} in flight, {left} left{self._estimate(left)}"
        )

    def _estimate(self, left: int) -> str:
        if self._operation is None:
            return ""
        waves_left = len(self.sizes) - self.wave + 1
        seconds = left / self.writes_per_second + waves_left * self._operation
        return f", about {_duration(seconds)} to go"

    @contextmanager
    def told(self, tell: Callable[[str], None] | None) -> Iterator[None]:
        """Pass a line to `tell` every now and then while the body runs, in a thread."""
        if not tell:
            yield
            return
        over = threading.Event()
        teller = threading.Thread(target=self._keep_telling, args=(tell, over), daemon=True)
        teller.start()
        try:
            yield
        finally:
            over.set()
            # Whoever listens may be gone, and have left a pipe that is full.
            teller.join(_LAST_LINE)

    def _keep_telling(self, tell: Callable[[str], None], over: threading.Event) -> None:
        pause = FIRST
        while not over.wait(pause):
            pause = INTERVAL
            try:
                tell(self.line())
            except OSError:  # nobody to tell any more; the work goes on
                return


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(10, round(seconds, -1)):.0f} s"
    return f"{seconds / 60:.0f} min"
