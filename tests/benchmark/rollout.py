# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook assign over servers that all drift, beside the floor that limits and operations set."""

from __future__ import annotations

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.plays import WANTED, Play, play, seed_estate, write
from benchmark.table import Goal, print_table
from e2e.calls import count
from emulator.control.settings import default_throttle

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

SUBSCRIPTION = "00000000-0000-4000-8000-0000000d21f7"
PUBLISHED = default_throttle()
#: The writes that a recorded answer says are left, and as many reads to go with them, with the published refill.
LARGE = {
    **PUBLISHED,
    "writes": {**PUBLISHED["writes"], "bucket": 800},
    "reads": {**PUBLISHED["reads"], "bucket": 1100},
}
OPERATION = 20
DRIFTED = 1000
#: So many servers host by host: all of them would take a quarter of an hour.
HOST_BY_HOST, FORKS = 40, 20
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
ONE_WAVE = ("-e", json.dumps({"pgflex_identity_waves": ["100%"]}))
ASSIGN = ("-i", "estate.yml", "pgflex.azure.assign", *ONE_WAVE)


def measure_rollout(emulator: Emulator, earlier: Path | None) -> list[str]:
    """Print the table of rollouts; return the goals missed."""
    published = _floor(DRIFTED, PUBLISHED)
    large = _one("one wave, large buckets", emulator, LARGE)
    unread = _one("the same, reads not counted in answers", emulator, LARGE, remaining_counts="recorded")
    rows = [
        _row(*large, _floor(DRIFTED, LARGE)),
        _row(*unread, _floor(DRIFTED, LARGE)),
        _row(*_one("one wave, published buckets", emulator, PUBLISHED), published, most=1.15),
        _row(*_one("the same, lists an hour behind", emulator, PUBLISHED, list_lag=3600), published, most=1.25),
        _row(*_two(emulator), _floor(DRIFTED, LARGE), most=1.2, refused=0.01),
        _row(*_host_by_host(emulator), OPERATION, servers=HOST_BY_HOST),
    ]
    if earlier:
        before = _one("one wave, large buckets, earlier", emulator, LARGE, earlier=earlier)
        rows.insert(1, _row(*before, _floor(DRIFTED, LARGE)))
    missed = print_table(
        f"{DRIFTED:,} servers that all drift, operations of {OPERATION} s",
        ["run", "servers", "wall, s", "floor, s", "ratio", "goal", "CPU, s", "peak, MB", "429", "goal", "a server"],
        rows,
    )
    if not earlier:
        return missed
    ratio = large[1].wall / before[1].wall
    return missed + print_table(
        "Wall time of one wave, large buckets, against the earlier build",
        ["this build, s", "earlier, s", "ratio", "goal"],
        [[f"{large[1].wall:.1f}", f"{before[1].wall:.1f}", f"{ratio:.2f}", Goal(ratio, "<=", 0.5)]],
    )


def _floor(servers: int, throttle: dict[str, Any]) -> float:
    """Return the seconds that no client can beat."""
    writes = throttle["writes"]
    floor: float = max(0.0, servers - writes["bucket"]) / writes["refill"] + OPERATION
    return floor


def _prepare(emulator: Emulator, folder: Path, servers: int, throttle: dict[str, Any], **settings: Any) -> list[str]:
    """Prepare an estate of its own, with full buckets, and return its hosts."""
    emulator.reset()
    emulator.settings(page_size=100, throttle=throttle, operation_seconds=OPERATION, log_bodies=False)
    hosts = seed_estate(emulator, SUBSCRIPTION, servers, "id-01")
    write(folder, estate={"all": {"hosts": hosts, "vars": WANTED}}, one_by_one=ONE_BY_ONE)
    emulator.settings(**{"remaining_counts": "all", **settings})
    emulator.clear_requests()
    return list(hosts)


def _one(
    title: str, emulator: Emulator, throttle: dict[str, Any], earlier: Path | None = None, **settings: Any
) -> tuple[str, Play, dict[str, int]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(emulator, folder, DRIFTED, throttle, **settings)
        done = play(folder, emulator, *ASSIGN, collections=earlier)
    return title, done, count(emulator)


def _two(emulator: Emulator) -> tuple[str, Play, dict[str, int]]:
    """Run two controllers at once, each with half of the servers of one subscription."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        hosts = _prepare(emulator, folder, DRIFTED, LARGE)
        halves = hosts[: DRIFTED // 2], hosts[DRIFTED // 2 :]
        for number, half in enumerate(halves):
            (folder / f"half{number}").write_text("\n".join(half), encoding="utf-8")
        run = partial(play, folder, emulator, *ASSIGN)
        with ThreadPoolExecutor() as pool:
            one, other = pool.map(lambda number: run("--limit", f"@half{number}", said=f"said{number}"), range(2))
    both = Play(max(one.wall, other.wall), one.cpu + other.cpu, one.peak + other.peak, "")
    return "one wave, two controllers of 500 each", both, count(emulator)


def _host_by_host(emulator: Emulator) -> tuple[str, Play, dict[str, int]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(emulator, folder, HOST_BY_HOST, PUBLISHED)
        done = play(folder, emulator, "-i", "estate.yml", "one_by_one.yml", "-f", str(FORKS))
    return f"host by host, {FORKS} forks", done, count(emulator)


def _row(
    title: str,
    done: Play,
    counts: dict[str, int],
    floor: float,
    most: float | None = None,
    refused: float = 0.0,
    servers: int = DRIFTED,
) -> list[object]:
    sent = sum(counts[kind] for kind in ("write", "poll", "list", "read"))
    ratio = done.wall / floor
    return [
        title,
        servers,
        f"{done.wall:.1f}",
        f"{floor:.0f}",
        f"{ratio:.2f}",
        Goal(ratio, "<=", most) if most else "-",
        f"{done.cpu:.1f}",
        f"{done.peak:.0f}",
        counts["429"],
        Goal(counts["429"], "<=", round(refused * sent)),
        f"{sent / servers:.2f}",
    ]
