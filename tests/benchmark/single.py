# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server: requests for each state, and CPU and memory beside a module that only uses the SDK."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.processes import Usage, measure, run_module
from benchmark.table import Goal, print_table
from e2e.calls import calls
from emulator.entra.tokens import AUDIENCE

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

HERE = Path(__file__).resolve().parent
OURS = "ansible_collections.pgflex.azure.plugins.modules.pgflex_identity"
GROUP, SERVER = "rg-benchmark", "pg-benchmark"
RUNS = 7


def measure_single(emulator: Emulator, _earlier: Path | None) -> list[str]:
    """Print the tables of one server; return the goals missed."""
    subscription = emulator.ready["subscription_ids"][0]
    group = {
        "name": GROUP,
        "location": "canadacentral",
        "identities": [{"name": "id-a"}],
        "servers": [{"name": SERVER}],
    }
    emulator.seed({"subscriptions": [{"id": subscription, "resource_groups": [group]}]})
    emulator.settings(operation_seconds=0.5, throttle=None)
    with tempfile.TemporaryDirectory() as folder:
        return _requests(emulator, Path(folder)) + _processes(emulator, Path(folder))


def _options(emulator: Emulator, **more: Any) -> dict[str, Any]:
    return {**emulator.connection, "resource_group": GROUP, "server_name": SERVER, "poll_interval": 0.25, **more}


def _requests(emulator: Emulator, folder: Path) -> list[str]:
    rows = []
    for title, more in (
        ("a change: assign", {"identities": ["id-a"]}),
        ("nothing to do", {"identities": ["id-a"]}),
        ("state=info", {"state": "info"}),
        ("a change: remove", {"identities": ["id-a"], "state": "absent"}),
        ("nothing to do: remove", {"identities": ["id-a"], "state": "absent"}),
    ):
        emulator.clear_requests()
        _run_module([sys.executable, "-m", OURS], _options(emulator, **more), folder)
        rows.append([title, *_count(emulator)])
    return print_table("Requests of one task", ["task", "GET server", "PATCH", "polls", "other ARM", "token"], rows)


def _count(emulator: Emulator) -> list[int]:
    seen = calls(emulator)
    known = [seen["GET server"], seen["PATCH server"], seen["GET operation"]]
    return [*known, seen["arm"] - sum(known), seen["POST token"]]


def _processes(emulator: Emulator, folder: Path) -> list[str]:
    ours = _options(emulator, identities=["id-a"], state="absent")
    endpoints = {
        "authority": emulator.ready["arm"],
        "arm": emulator.ready["arm"],
        "audience": AUDIENCE.rstrip("/"),
        "group": GROUP,
        "name": SERVER,
    }
    theirs = {**{name: value for name, value in ours.items() if name in emulator.connection}, **endpoints}
    del theirs["cloud_environment"]
    rows = []
    for title, run in (("module process", _run_module), ("whole ansible task", _run_task)):
        mine, theirs_used = [], []
        for _run in range(RUNS):
            theirs_used.append(run(_command("sdk_only", run), theirs, folder))
            mine.append(run(_command("ours", run), ours, folder))
        rows.append(_compare(title, mine, theirs_used))
    return print_table(
        f"CPU of an unchanged task beside a module that only imports the SDK and makes the same GET, medians of {RUNS}",
        ["what", "ours, s", "SDK only, s", "ratio", "goal", "our peak, MB", "goal", "SDK only, MB"],
        rows,
    )


def _compare(title: str, mine: list[Usage], theirs: list[Usage]) -> list[object]:
    cpu = statistics.median(each.cpu for each in mine)
    sdk = statistics.median(each.cpu for each in theirs)
    ratio = statistics.median(ours.cpu / other.cpu for ours, other in zip(mine, theirs))
    peak = statistics.median(each.peak for each in mine)
    peak_sdk = statistics.median(each.peak for each in theirs)
    alone = title == "module process"
    most = Goal(ratio, "<=", 1.08)
    limit = Goal(peak, "<", 80) if alone else "-"
    return [title, f"{cpu:.2f}", f"{sdk:.2f}", f"{ratio:.2f}", most, f"{peak:.0f}", limit, f"{peak_sdk:.0f}"]


def _command(which: str, run: object) -> list[str]:
    if run is _run_module:
        return (
            [sys.executable, "-m", OURS] if which == "ours" else [sys.executable, str(HERE / "modules" / "sdk_only.py")]
        )
    name = "pgflex.azure.pgflex_identity" if which == "ours" else "sdk_only"
    ansible = str(Path(sys.executable).with_name("ansible"))
    return [
        ansible,
        "localhost",
        "-M",
        str(HERE / "modules"),
        "-m",
        name,
        "-e",
        f"ansible_python_interpreter={sys.executable}",
    ]


def _run_module(command: list[str], options: dict[str, Any], folder: Path) -> Usage:
    return run_module(command, options, folder)[0]


def _run_task(command: list[str], options: dict[str, Any], _folder: Path) -> Usage:
    return measure([*command, "-a", json.dumps(options)])[0]
