# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The time of the emulated cloud, which a test may put forward: nobody has to sleep through an operation."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass
class Clock:
    """The machine's clock, `ahead` seconds put forward."""

    ahead: float = 0.0

    def seconds(self) -> float:
        """Return seconds that only go forward, for durations."""
        return time.monotonic() + self.ahead

    def now(self) -> float:
        """Return the seconds since 1970, for the life of tokens."""
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Put the clock forward.

        :raises ValueError: unless `seconds` is a number from 0.
        """
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds >= 0:
            raise ValueError(f"the clock goes forward by a number of seconds, not by {seconds!r}")
        self.ahead += seconds
