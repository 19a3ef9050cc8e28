# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of an estate without drift, beside a playbook on the same inventory whose only task does nothing."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.plays import NOTHING_PLAY, play, seed_estate, write
from benchmark.table import Goal, print_table
from e2e.calls import count

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

SUBSCRIPTION = "00000000-0000-4000-8000-0000000000ad"
SERVERS = 1000
RUNS = 7


def measure_audit(emulator: Emulator) -> list[str]:
    """Print the table of the audit; return the goals missed."""
    hosts = seed_estate(emulator, SUBSCRIPTION, SERVERS, "id-01")
    emulator.settings(page_size=100, throttle=None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        estate = {"all": {"hosts": hosts, "vars": {"pgflex_identity_present": ["id-01"]}}}
        write(folder, estate=estate, nothing=NOTHING_PLAY)
        audits, nothings = [], []
        for _run in range(RUNS):
            nothings.append(play(folder, emulator, "-i", "estate.yml", "nothing.yml").wall)
            emulator.clear_requests()
            audits.append(play(folder, emulator, "-i", "estate.yml", "pgflex.azure.audit").wall)
    counts = count(emulator)
    ratio = statistics.median(audit / nothing for audit, nothing in zip(audits, nothings))
    return print_table(
        f"Audit of {SERVERS} hosts without drift beside a play that does nothing with run_once, medians of {RUNS}",
        ["audit, s", "nothing, s", "ratio", "goal", "lists", "other ARM", "tokens"],
        [
            [
                f"{statistics.median(audits):.2f}",
                f"{statistics.median(nothings):.2f}",
                f"{ratio:.2f}",
                Goal(ratio, "<=", 3),
                counts["list"],
                counts["write"] + counts["poll"] + counts["read"],
                counts["token"],
            ]
        ],
    )
