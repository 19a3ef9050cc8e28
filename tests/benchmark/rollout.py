# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook assign over an estate: compliant, beside a play that does nothing; all drifted, beside the floor."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmark.plays import NOTHING_PLAY, Play, play, seed_estate, write
from benchmark.table import Goal, print_table
from e2e.calls import count
from emulator.control.settings import default_throttle

if TYPE_CHECKING:
    from collections import Counter

    from e2e.emulator_client import Emulator

SUBSCRIPTION = "00000000-0000-4000-8000-0000000a5519"
THROTTLE = default_throttle()
OPERATION = 20
DRIFTED = 1000
#: So many servers host by host: all of them would take a quarter of an hour.
HOST_BY_HOST, FORKS = 100, 20
WANTED = {"pgflex_identity_present": ["id-01", "id-02"]}
ONE_BY_ONE = [
    {
        "hosts": "all",
        "gather_facts": False,
        "vars": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [
            {
                "pgflex.azure.pgflex_identity": {
                    "server_id": "{{ pgflex_server_id }}",
                    "identities": "{{ pgflex_identity_present }}",
                }
            }
        ],
    }
]


def measure_rollout(emulator: Emulator) -> list[str]:
    """Print the tables of a rollout; return the goals missed."""
    compliant = [_compliant(emulator, 1000, 7, most=3), _compliant(emulator, 10_000, 1)]
    missed = print_table(
        "pgflex.azure.assign over a compliant estate, beside a play on the same inventory that does nothing; medians",
        [
            "servers",
            "runs",
            "assign, s",
            "nothing, s",
            "ratio",
            "goal",
            "CPU, s",
            "peak, MB",
            "lists",
            "writes",
            "tokens",
        ],
        compliant,
    )
    floor = (DRIFTED - THROTTLE["writes"]["bucket"]) / THROTTLE["writes"]["refill"] + OPERATION
    rows = [
        _drifted(emulator, DRIFTED, "assign, one wave", f"{floor:.0f}", 'pgflex_identity_waves=["100%"]'),
        _drifted(
            emulator,
            DRIFTED,
            "the same, lists an hour behind",
            f"{floor:.0f}",
            'pgflex_identity_waves=["100%"]',
            list_lag=3600,
        ),
        _drifted(emulator, DRIFTED, "assign, waves 1, 10%, 100%", f"{floor + 2 * OPERATION:.0f}"),
        _host_by_host(emulator),
    ]
    return missed + print_table(
        f"Servers that all drift, buckets at their published size, operations of {OPERATION} s",
        ["run", "servers", "wall, s", "floor, s", "ratio", "CPU, s", "peak, MB", "429", "requests a server"],
        rows,
    )


def _prepare(emulator: Emulator, folder: Path, servers: int, *held: str, list_lag: float = 0) -> None:
    """Prepare an estate of its own, with full buckets."""
    emulator.reset()
    emulator.settings(page_size=100, throttle=THROTTLE, operation_seconds=OPERATION, log_bodies=False)
    hosts = seed_estate(emulator, SUBSCRIPTION, servers, *held)
    write(folder, estate={"all": {"hosts": hosts, "vars": WANTED}}, nothing=NOTHING_PLAY, one_by_one=ONE_BY_ONE)
    emulator.settings(list_lag=list_lag)
    emulator.clear_requests()


def _compliant(emulator: Emulator, servers: int, runs: int, most: float | None = None) -> list[object]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(emulator, folder, servers, "id-01", "id-02")
        pairs = []
        for _run in range(runs):
            nothing = play(folder, emulator, "-i", "estate.yml", "nothing.yml")
            emulator.clear_requests()
            pairs.append((play(folder, emulator, "-i", "estate.yml", "pgflex.azure.assign"), nothing))
    counts = count(emulator)
    ratio = median(done.wall / nothing.wall for done, nothing in pairs)
    return [
        f"{servers:,}",
        runs,
        f"{median(done.wall for done, _nothing in pairs):.2f}",
        f"{median(nothing.wall for _done, nothing in pairs):.2f}",
        f"{ratio:.2f}",
        Goal(ratio, "<=", most) if most else "-",
        f"{median(done.cpu for done, _nothing in pairs):.1f}",
        f"{max(done.peak for done, _nothing in pairs):.0f}",
        counts["list"],
        counts["write"],
        counts["token"],
    ]


def _drifted(
    emulator: Emulator, servers: int, title: str, floor: str, *extra: str, list_lag: float = 0
) -> list[object]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(emulator, folder, servers, "id-01", list_lag=list_lag)
        given = [each for text in extra for each in ("-e", _as_json(text))]
        done = play(folder, emulator, "-i", "estate.yml", "pgflex.azure.assign", *given)
    return _row(title, servers, done, floor, count(emulator))


def _as_json(text: str) -> str:
    name, value = text.split("=", 1)
    return f'{{"{name}": {value}}}'


def _host_by_host(emulator: Emulator) -> list[object]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(emulator, folder, HOST_BY_HOST, "id-01")
        done = play(folder, emulator, "-i", "estate.yml", "one_by_one.yml", "-f", str(FORKS))
    return _row(f"host by host, {FORKS} forks", HOST_BY_HOST, done, str(OPERATION), count(emulator))


def _row(title: str, servers: int, done: Play, floor: str, counts: Counter[str]) -> list[Any]:
    sent = sum(counts[kind] for kind in ("write", "poll", "list", "read")) / servers
    ratio = f"{done.wall / float(floor):.2f}"
    return [
        title,
        servers,
        f"{done.wall:.1f}",
        floor,
        ratio,
        f"{done.cpu:.1f}",
        f"{done.peak:.0f}",
        counts["429"],
        f"{sent:.2f}",
    ]
