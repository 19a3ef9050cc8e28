# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many servers: requests of the listing, and what it costs beside an inventory that is a file."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from benchmark.processes import Usage, measure, run_module
from benchmark.table import Goal, print_table
from e2e.calls import calls

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

INFO = [sys.executable, "-m", "ansible_collections.pgflex.azure.plugins.modules.pgflex_identity_info"]
SOME, MANY = 1_000, 10_000
PAGE_SIZE = 100


def measure_estate(emulator: Emulator, _earlier: Path | None) -> list[str]:
    """Print the tables of many servers; return the goals missed."""
    emulator.settings(throttle=None, page_size=PAGE_SIZE, log_bodies=False)
    with tempfile.TemporaryDirectory() as folder:
        requests = _requests(emulator, _seed(emulator, SOME), Path(folder))
        return requests + _processes(emulator, _seed(emulator, MANY), Path(folder))


def _seed(emulator: Emulator, servers: int) -> str:
    subscription = f"00000000-0000-4000-9000-{servers:012}"
    template = {"identity": {"user_assigned": ["id-01", "id-02"]}, "tags": {"env": "prod", "team": "orders"}}
    generate = {"servers": servers, "resource_groups": servers // 100, "identities": 5, "template": template}
    emulator.seed({"subscriptions": [{"id": subscription, "generate": generate}]})
    return subscription


def _requests(emulator: Emulator, subscription: str, folder: Path) -> list[str]:
    rows = []
    for title, more in (("the servers", {}), ("with client_ids", {"client_ids": True})):
        emulator.clear_requests()
        run_module(INFO, _options(emulator, subscription, **more), folder)
        rows.append([title, *_count(emulator)])
    return print_table(
        f"Requests of pgflex_identity_info for {SOME:,} servers, {PAGE_SIZE} a page",
        ["listing", "list GETs", "goal", "GET identity", "other ARM", "token"],
        rows,
    )


def _options(emulator: Emulator, subscription: str, **more: Any) -> dict[str, Any]:
    return {**emulator.connection, "subscriptions": [subscription], **more}


def _count(emulator: Emulator) -> list[object]:
    seen = calls(emulator)
    lists, identities = seen["GET list"], seen["GET identity"]
    desired = Goal(lists, "=", SOME // PAGE_SIZE)
    return [lists, desired, identities, seen["arm"] - lists - identities, seen["POST token"]]


def _processes(emulator: Emulator, subscription: str, folder: Path) -> list[str]:
    info, _result = run_module(INFO, _options(emulator, subscription), folder)
    ours = folder / "estate.pgflex.yml"
    options = {"plugin": "pgflex.azure.pgflex_servers", **_options(emulator, subscription)}
    ours.write_text(yaml.safe_dump(options), encoding="utf-8")
    plugin, listed = _list(ours)

    hosts = json.loads(listed)["_meta"]["hostvars"]
    if len(hosts) != MANY:
        sys.exit(f"{len(hosts)} hosts instead of {MANY}")
    # What Ansible itself takes for as many hosts with as many variables: a script that only prints them.
    (folder / "hosts.json").write_bytes(listed)
    script = folder / "hosts"
    script.write_text(f"#!/bin/sh\nexec cat {folder}/hosts.json\n", encoding="utf-8")
    script.chmod(0o700)
    return print_table(
        f"{MANY:,} servers",
        ["what", "wall, s", "goal", "CPU, s", "peak, MB", "goal"],
        [
            _row("pgflex_identity_info, module process", info, peak=300),
            _row("ansible-inventory --list, pgflex_servers", plugin, wall=20, peak=500),
            _row("ansible-inventory --list, a script that prints the same", _list(script)[0]),
        ],
    )


def _list(inventory: Path) -> tuple[Usage, bytes]:
    program = str(Path(sys.executable).with_name("ansible-inventory"))
    return measure([program, "-i", str(inventory), "--list"])


def _row(what: str, used: Usage, wall: float | None = None, peak: float | None = None) -> list[object]:
    return [
        what,
        f"{used.wall:.1f}",
        Goal(used.wall, "<", wall, binding=False) if wall else "-",
        f"{used.cpu:.1f}",
        f"{used.peak:.0f}",
        Goal(used.peak, "<", peak) if peak else "-",
    ]
