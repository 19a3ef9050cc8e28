# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables in plain text, which are also Markdown, and goals for their figures."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LEGEND = """\
goal    for the figure to its left. The benchmark ends with status 1 where a count, a ratio or an amount of
        memory misses it. Seconds alone are only to be compared: a limit would measure the machine.
ratio   what is measured, divided by what it is compared with: CPU by that of runs that take turns, as a median; the
        wall time of a rollout by its floor.
earlier the revision that AGAINST names, checked out beside this one.
floor   the seconds that Azure's limits and operations take, whatever the client does: as long as the bucket takes to
        let all writes through, and one operation.
a server
        requests, divided by the servers.
lists, polls, writes, other
        requests to Azure Resource Manager: pages of lists, looks at an operation, PATCHes, and all else, which is
        mostly reads of one server or identity.
429     how many of them were refused for being too many.
wall, CPU, peak
        seconds by the clock, seconds of CPU of all processes, and the most memory at once."""
_SIGNS = {"<": operator.lt, "<=": operator.le, "=": operator.eq}


@dataclass(frozen=True)
class Goal:
    """The goal of `figure`, as the cell beside it; unless `binding`, it is there to compare with only."""

    figure: float
    sign: str
    limit: float
    binding: bool = True

    @property
    def missed(self) -> bool:
        """Tell whether a figure that is held to it is otherwise."""
        return self.binding and not _SIGNS[self.sign](self.figure, self.limit)

    def __str__(self) -> str:
        return f"{self.limit:g}" if self.sign == "=" else f"{self.sign} {self.limit:g}"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Print `rows` under `head`, columns aligned; return a line for each goal missed."""
    lines = [list(head), *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    print(f"\n{title}\n")
    for number, line in enumerate(lines):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print(flush=True)
    return [
        f"{title}{f': {row[0]}' if len(rows) > 1 else ''}: {cell.figure:.4g}, goal {cell}"
        for row in rows
        for cell in row
        if isinstance(cell, Goal) and cell.missed
    ]
