# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Waves of a rollout: a few servers first, then more. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .._errors import InvalidInput, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BETWEEN = re.compile(r"[,\s]+")
_WAVE = re.compile(r"[0-9]{1,9}|[0-9]{1,9}(\.[0-9]{1,9})?%")


def read_waves(option: str, value: Sequence[str]) -> list[str]:
    """Return numbers of servers and percentages, as `serial` of a play has them. Raise `InvalidInput`."""
    waves = [wave for each in value for wave in _BETWEEN.split(each) if wave]
    for wave in waves:
        if not _is_wave(wave):
            problem = "is neither a number of servers, from 1, nor a percentage up to 100%."
            raise InvalidInput(option, f"{quoted(wave)} {problem}")
    if not waves:
        raise InvalidInput(option, "is empty: name at least one wave, as 100%.")
    return waves


def _is_wave(text: str) -> bool:
    if not _WAVE.fullmatch(text):
        return False
    number = float(text.rstrip("%"))
    return 0 < number <= (100 if text.endswith("%") else number)


def wave_sizes(waves: Sequence[str], total: int) -> Iterator[int]:
    """Return how many of `total` servers each wave takes: as with `serial`, the last one comes again until all had one.

    A percentage is that of all servers, rounded down, and at least one server.
    """
    left, number = total, 0
    while left:
        wave = waves[min(number, len(waves) - 1)]
        size = max(1, int(float(wave[:-1]) / 100 * total)) if wave.endswith("%") else int(wave)
        yield min(size, left)
        left -= min(size, left)
        number += 1
