# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the collection against the emulator and print tables: C(python tests/benchmark).

Ratios of runs that take turns on the same machine, never times against a limit: those would measure the machine.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmark.audit import measure_audit
from benchmark.estate import measure_estate
from benchmark.fleet import measure_fleet
from benchmark.rollout import measure_rollout
from benchmark.single import measure_single
from e2e.emulator_client import running_emulator


def main() -> int:
    """Entry point; returns the exit status."""
    # Images of containers like to set this; plugins would be compiled anew for every run.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with running_emulator() as emulator:
        measure_single(emulator)
        # Before this process grows: the peak of a child begins with the size of its parent.
        measure_fleet(emulator)
        measure_estate(emulator)
        measure_audit(emulator)
        measure_rollout(emulator)
    return 0


if __name__ == "__main__":
    sys.exit(main())
