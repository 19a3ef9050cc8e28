# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet in which a fifth has drifted: how near it comes to the limits of Azure; and once more, compliant."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.processes import Usage, run_module
from benchmark.table import Goal, print_table
from e2e.calls import count
from emulator.control.settings import default_throttle

if TYPE_CHECKING:
    from collections import Counter

    from e2e.emulator_client import Emulator

FLEET = [sys.executable, "-m", "ansible_collections.pgflex.azure.plugins.modules.pgflex_identity_fleet"]
SERVERS, DRIFTED, GROUPS, PAGE_SIZE = 10_000, 2_000, 100, 100
THROTTLE = default_throttle()
OPERATION = 5
#: Seconds in which that many writes can be sent, and the last of them takes effect.
FLOOR = (DRIFTED - THROTTLE["writes"]["bucket"]) / THROTTLE["writes"]["refill"] + OPERATION
SUBSCRIPTION = "00000000-0000-4000-9000-0000000f1ee7"


def measure_fleet(emulator: Emulator) -> list[str]:
    """Print the table of a fleet; return the goals missed."""
    generate = {"servers": SERVERS, "resource_groups": GROUPS, "identities": 3}
    template = {"identity": {"user_assigned": ["id-01", "id-02"]}}
    emulator.seed({"subscriptions": [{"id": SUBSCRIPTION, "generate": {**generate, "template": template}}]})
    emulator.settings(throttle=THROTTLE, operation_seconds=OPERATION, page_size=PAGE_SIZE, log_bodies=False)
    options = {**emulator.connection, "servers": _rows()}
    with tempfile.TemporaryDirectory() as folder:
        change = _run(emulator, options, Path(folder), changed=DRIFTED)
        nothing = _run(emulator, options, Path(folder), changed=0)
    return print_table(
        f"{DRIFTED:,} of {SERVERS:,} servers changed in one task, buckets at their published size, operations of "
        f"{OPERATION} s",
        ["run", "writes", "429", "lists", "polls", "other", "wall, s", "floor, s", "goal", "CPU, s", "peak, MB"],
        [
            _row("a fifth drifted", *change, f"{FLOOR:.0f}", Goal(change[0].wall, "<", 1.2 * FLOOR, binding=False)),
            _row("the same again", *nothing, "-", "-"),
        ],
    )


def _rows() -> list[dict[str, Any]]:
    """Return rows for a fifth of the generated servers, spread over all groups as these were dealt out in turn."""
    every = SERVERS // DRIFTED
    return [
        {
            "subscription_id": SUBSCRIPTION,
            "resource_group": f"rg-{(number - 1) % GROUPS + 1:04}",
            "server_name": f"pg-{number:05}",
            "present": ["id-03" if (number - 1) // GROUPS % every == 0 else "id-02"],
        }
        for number in range(1, SERVERS + 1)
    ]


def _run(emulator: Emulator, options: dict[str, Any], folder: Path, changed: int) -> tuple[Usage, Counter[str]]:
    emulator.clear_requests()
    used, output = run_module(FLEET, options, folder)
    totals = json.loads(output)["totals"]
    if (totals["changed"], totals["failed"]) != (changed, 0):
        sys.exit(f"the fleet ended otherwise than it should: {totals}")
    return used, count(emulator)


def _row(what: str, used: Usage, counts: Counter[str], floor: str, desired: object) -> list[object]:
    kinds = [counts[kind] for kind in ("write", "429", "list", "poll", "read")]
    return [what, *kinds, f"{used.wall:.1f}", floor, desired, f"{used.cpu:.1f}", f"{used.peak:.0f}"]
