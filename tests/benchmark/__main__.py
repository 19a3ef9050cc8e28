# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the collection against the emulator and print tables: `python tests/benchmark`, or `... single estate`.

Counts of requests, amounts of memory, and ratios of runs that take turns on the same machine are held to goals: a goal
that is missed is named at the end, and the status is 1. Seconds by the clock are only printed beside their goals: a
limit would measure the machine. With `--against` an earlier revision is checked out, and measured beside this one; with
`--page` the tables replace those on a page of the documentation.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmark.earlier import checked_out, surroundings
from benchmark.estate import measure_estate
from benchmark.page import replace_tables
from benchmark.playbooks import measure_playbooks
from benchmark.rollout import measure_rollout
from benchmark.single import measure_single
from benchmark.table import LEGEND
from e2e.emulator_client import running_emulator

if TYPE_CHECKING:
    from typing import TextIO

PARTS = {
    # Before this process grows: the peak of a child begins with the size of its parent.
    "single": measure_single,
    "estate": measure_estate,
    "playbooks": measure_playbooks,
    "rollout": measure_rollout,
}


class _Both(io.StringIO):
    """Keeps what is printed, and prints it at once."""

    def __init__(self, shown: TextIO) -> None:
        super().__init__()
        self._shown = shown

    def write(self, text: str) -> int:
        self._shown.write(text)
        return super().write(text)

    def flush(self) -> None:
        self._shown.flush()


def main(arguments: list[str] | None = None) -> int:
    """Run the parts that are named, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python tests/benchmark", description="Measure the collection.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(PARTS)}")
    parser.add_argument("--against", metavar="REVISION", default="", help="measure this revision as well")
    parser.add_argument("--page", metavar="FILE", type=Path, help="put the tables on this page")
    given = parser.parse_args(arguments)
    asked = given.parts or list(PARTS)
    if unknown := set(asked) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    # Images of containers like to set this; plugins would be compiled anew for every run.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(LEGEND, flush=True)
    printed = _Both(sys.stdout)
    with redirect_stdout(printed), checked_out(given.against) as earlier, running_emulator() as emulator:
        print(f"\n{surroundings(given.against)}", flush=True)
        missed = [line for name, measure in PARTS.items() if name in asked for line in measure(emulator, earlier)]
    if given.page:
        given.page.write_text(
            replace_tables(given.page.read_text(encoding="utf-8"), printed.getvalue()), encoding="utf-8"
        )
    for line in missed:
        print(f"Goal missed: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
