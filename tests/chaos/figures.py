# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Count what was tried, for the words at the end of the run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaos.drivers import Told
    from chaos.facts import Facts


@dataclass
class Figures:
    """Counts of the whole run. `lost` and `unseen` are as in `invariants`."""

    steps: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    servers: int = 0
    writes: int = 0
    failed: int = 0
    lost: int = 0
    unseen: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    lagging: Counter[str] = field(default_factory=Counter)

    def count(self, driver: str, told: list[Told], facts: Facts, hits: Counter[str]) -> None:
        """Add one run: what it told of each server, what is true, and how often faults hit."""
        self.steps += 1
        self.runs[driver] += 1
        self.servers += len(told)
        self.failed += sum(each.failed for each in told)
        self.writes += sum(each["by"] == "client" and not each["refused"] for each in facts.changes)
        self.faults += hits

    def lines(self) -> list[str]:
        """Return the figures as lines for people."""
        faults = ", ".join(f"{kind} {number}" for kind, number in sorted(self.faults.items()))
        runs = ", ".join(f"{driver} {number}" for driver, number in sorted(self.runs.items()))
        return [
            f"steps: {self.steps}; runs: {runs}; servers in them: {self.servers}, of which failed: {self.failed}",
            f"changes accepted by the service: {self.writes}",
            f"faults that hit: {self.faults.total()} ({faults})",
            f"runs that began with lists behind: {self.lagging['lists']}, with GETs behind: {self.lagging['GETs']}",
            f"identities lost that nobody asked to remove: {self.lost}; "
            f"others' changes in the moment of a write: {self.unseen}",
        ]


FIGURES = Figures()
