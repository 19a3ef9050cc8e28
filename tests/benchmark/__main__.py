# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the collection against the emulator and print tables: `python tests/benchmark`, or `... single estate`.

Counts of requests, amounts of memory, and ratios of runs that take turns on the same machine are held to goals: a goal
that is missed is named at the end, and the status is 1. Seconds by the clock are only printed beside their goals: a
limit would measure the machine.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmark.audit import measure_audit
from benchmark.estate import measure_estate
from benchmark.fleet import measure_fleet
from benchmark.rollout import measure_rollout
from benchmark.single import measure_single
from benchmark.table import LEGEND
from e2e.emulator_client import running_emulator

PARTS = {
    "single": measure_single,
    # Before this process grows: the peak of a child begins with the size of its parent.
    "fleet": measure_fleet,
    "estate": measure_estate,
    "audit": measure_audit,
    "rollout": measure_rollout,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the parts that are named, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python tests/benchmark", description="Measure the collection.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"only these: {', '.join(PARTS)}")
    asked = parser.parse_args(arguments).parts or list(PARTS)
    if unknown := set(asked) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    # Images of containers like to set this; plugins would be compiled anew for every run.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print(LEGEND, flush=True)
    with running_emulator() as emulator:
        missed = [line for name, measure in PARTS.items() if name in asked for line in measure(emulator)]
    for line in missed:
        print(f"Goal missed: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
