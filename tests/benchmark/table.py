# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables in plain text, which are also Markdown, and what is wanted of their figures."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LEGEND = """\
wanted  what a figure to its left shall be. The benchmark ends with status 1 where a count, a ratio or an amount of
        memory is otherwise. Seconds by the clock are only to be compared: a limit would measure the machine.
ratio   what is measured, divided by what it is compared with: the median of runs that take turns. In the last table
        the seconds divided by the floor.
floor   the seconds that Azure's limits and operations take, whatever the client does.
lists, polls, writes, other
        requests to Azure Resource Manager: pages of lists, looks at an operation, PATCHes, and all else, which is
        mostly reads of one server or identity.
429     how many of them were refused for being too many.
wall, CPU, peak
        seconds by the clock, seconds of CPU of all processes, and the most memory at once."""
_SIGNS = {"<": operator.lt, "<=": operator.le, "=": operator.eq}


@dataclass(frozen=True)
class DesiredState:
    """What `figure` shall be, as the cell beside it; unless `binding`, it is there to compare with only."""

    figure: float
    sign: str
    limit: float
    binding: bool = True

    @property
    def missed(self) -> bool:
        """Whether a figure that is held to it is otherwise."""
        return self.binding and not _SIGNS[self.sign](self.figure, self.limit)

    def __str__(self) -> str:
        return f"{self.limit:g}" if self.sign == "=" else f"{self.sign} {self.limit:g}"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Print `targets` under `head`, columns aligned. Returns a line for each figure that is not as wanted."""
    lines = [list(head), *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    print(f"\n{title}\n")
    for number, line in enumerate(lines):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print(flush=True)
    return [
        f"{title}{f': {row[0]}' if len(rows) > 1 else ''}: {cell.figure:.4g}, wanted {cell}"
        for row in rows
        for cell in row
        if isinstance(cell, DesiredState) and cell.missed
    ]
