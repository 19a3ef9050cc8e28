# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks over an estate that is as declared, beside a play that does nothing and beside an earlier build."""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmark.plays import NOTHING_PLAY, WANTED, Play, play, seed_estate, write
from benchmark.table import Goal, print_table
from e2e.calls import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.emulator_client import Emulator

SUBSCRIPTION = "00000000-0000-4000-8000-0000000a5519"
ASSIGN, AUDIT = "pgflex.azure.assign", "pgflex.azure.audit"
#: Of CPU, of the play that does nothing.
MOST = {ASSIGN: 1.85, AUDIT: 1.9}
MOST_AGAINST_EARLIER = 0.7
MOST_MILLISECONDS, MOST_MEGABYTES = 0.6, 250


def measure_playbooks(emulator: Emulator, earlier: Path | None) -> list[str]:
    """Print the tables; return the goals missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _prepare(emulator, folder, 1000)
        rows = [_thousand(emulator, folder, ASSIGN, earlier), _thousand(emulator, folder, AUDIT, None)]
        missed = print_table(
            "1,000 servers as declared: CPU beside that of a play on the same inventory that does nothing; medians of "
            "runs in turns",
            [
                *("playbook", "runs", "CPU, s", "nothing, s", "ratio", "goal", "earlier, s", "ratio", "goal"),
                *("wall, s", "lists", "writes", "tokens"),
            ],
            rows,
        )
        _prepare(emulator, folder, 10_000)
        return missed + print_table(
            "10,000 servers as declared, one run",
            [
                "playbook",
                "CPU, s",
                "nothing, s",
                "ms a server beyond it",
                "goal",
                "peak, MB",
                "goal",
                "wall, s",
                "lists",
            ],
            [_ten_thousand(emulator, folder)],
        )


def _prepare(emulator: Emulator, folder: Path, servers: int) -> None:
    emulator.reset()
    emulator.settings(page_size=100, throttle=None, log_bodies=False)
    hosts = seed_estate(emulator, SUBSCRIPTION, servers, *WANTED["pgflex_identity_present"])
    write(folder, estate={"all": {"hosts": hosts, "vars": WANTED}}, nothing=NOTHING_PLAY)


def _thousand(emulator: Emulator, folder: Path, playbook: str, earlier: Path | None, runs: int = 5) -> list[object]:
    nothings, ours, theirs = [], [], []
    for _run in range(runs):
        nothings.append(play(folder, emulator, "-i", "estate.yml", "nothing.yml"))
        if earlier:
            theirs.append(play(folder, emulator, "-i", "estate.yml", playbook, collections=earlier))
        emulator.clear_requests()
        ours.append(play(folder, emulator, "-i", "estate.yml", playbook))
    counts = count(emulator)
    beside_nothing = _ratio(ours, nothings)
    beside_earlier = [_cpu(theirs), *_held(_ratio(ours, theirs), MOST_AGAINST_EARLIER)] if earlier else ["-"] * 3
    return [
        playbook,
        runs,
        _cpu(ours),
        _cpu(nothings),
        *_held(beside_nothing, MOST[playbook]),
        *beside_earlier,
        f"{median(each.wall for each in ours):.2f}",
        *(counts[kind] for kind in ("list", "write", "token")),
    ]


def _ten_thousand(emulator: Emulator, folder: Path) -> list[object]:
    nothing = play(folder, emulator, "-i", "estate.yml", "nothing.yml")
    emulator.clear_requests()
    ours = play(folder, emulator, "-i", "estate.yml", ASSIGN)
    beyond = (ours.cpu - nothing.cpu) / 10
    return [
        ASSIGN,
        _cpu([ours]),
        _cpu([nothing]),
        f"{beyond:.2f}",
        # The machine's, as all seconds are.
        Goal(beyond, "<=", MOST_MILLISECONDS, binding=False),
        f"{ours.peak:.0f}",
        Goal(ours.peak, "<=", MOST_MEGABYTES),
        f"{ours.wall:.1f}",
        count(emulator)["list"],
    ]


def _cpu(runs: Sequence[Play]) -> str:
    return f"{median(each.cpu for each in runs):.2f}"


def _ratio(ours: Sequence[Play], theirs: Sequence[Play]) -> float:
    return median(mine.cpu / other.cpu for mine, other in zip(ours, theirs))


def _held(ratio: float, most: float) -> list[object]:
    return [f"{ratio:.2f}", Goal(ratio, "<=", most)]
