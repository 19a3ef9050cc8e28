# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fleets for tests: servers in one line each, the task in this process or in one of its own, and what is true."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e.fleet_task import MODULE
from e2e.runs import run_in_process
from e2e.world import GROUP, NAMES, SUBSCRIPTION, user_assigned

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

QUICK = {"poll_interval": 0.1, "wait_timeout": 600, "busy_timeout": 300}


def seed_servers(emulator: Emulator, servers: list[dict[str, Any]], subscription: str = SUBSCRIPTION) -> None:
    """Seed servers in `GROUP`, with all identities beside them."""
    group = {
        "name": GROUP,
        "location": "canadacentral",
        "identities": [{"name": name} for name in NAMES],
        "servers": servers,
    }
    emulator.seed({"subscriptions": [{"id": subscription, "resource_groups": [group]}]})


def servers(kind: str, number: int, *held: str, **facts: Any) -> list[dict[str, Any]]:
    """Return `number` servers of a kind, as a seed has them, that hold these identities."""
    return [{"name": f"pg-{kind}-{each:03}", "identity": user_assigned(*held), **facts} for each in range(number)]


def rows(seeded: list[dict[str, Any]], subscription: str = SUBSCRIPTION, **desired: Any) -> list[dict[str, Any]]:
    """Return a row with these options for each of these servers."""
    place = {"subscription_id": subscription, "resource_group": GROUP}
    return [{"server_name": each["name"], **place, **desired} for each in seeded]


def totals_of(**counts: int) -> dict[str, int]:
    """Return the totals of a fleet's result, 0 where nothing is given."""
    names = ("servers", "compliant", "changed", "undeclared", "failed", "not_started", "written", "added", "removed")
    return {**dict.fromkeys(names, 0), **counts}


def run_fleet(
    emulator: Emulator, outputs: list[str], asked: list[dict[str, Any]], *, check: bool = False, **options: Any
) -> dict[str, Any]:
    """Run the task in this process."""
    given = {**emulator.connection, **QUICK, "servers": asked, **options}
    result, output = run_in_process(given, check=check, name=MODULE)
    outputs.append(output)
    return result


def start_fleet(
    emulator: Emulator, folder: Path, asked: list[dict[str, Any]], called: str = "fleet", **options: Any
) -> subprocess.Popen[str]:
    """Start the task in a process of its own. Its requests carry `called` in their user agent."""
    given = {**emulator.connection, **QUICK, "servers": asked, **options}
    arguments = folder / f"{called}.json"
    arguments.write_text(json.dumps(given), encoding="utf-8")
    path = os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], str(Path(__file__).parents[1])])
    return subprocess.Popen(
        [sys.executable, "-m", "e2e.fleet_task", str(arguments)],
        env={**os.environ, "PYTHONPATH": path, "AZURE_HTTP_USER_AGENT": called},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: subprocess.Popen[str], outputs: list[str]) -> str:
    """Return what the process printed, once it has ended."""
    output = process.communicate(timeout=900)[0]
    outputs.append(output)
    return output


def held_by_server(emulator: Emulator) -> dict[str, set[str]]:
    """Return the names of the identities that each server truly holds, by the server's lower case ID."""
    return {server: {each.rpartition("/")[2] for each in held} for server, (_type, held) in emulator.holdings().items()}


def row_id(row: dict[str, Any]) -> str:
    """Return the lower case ID of the server that a row is about."""
    return (
        f"/subscriptions/{row['subscription_id']}/resourcegroups/{GROUP}"
        f"/providers/microsoft.dbforpostgresql/flexibleservers/{row['server_name']}"
    ).lower()
