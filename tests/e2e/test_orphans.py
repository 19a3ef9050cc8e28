# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A worker of Ansible whose controller is gone: a closed terminal, SIGHUP or SIGKILL ends one and not the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from e2e.calls import count
from e2e.fleets import QUICK, held_by_server, row_id, rows, run_fleet, seed_servers, servers

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

SIX = servers("x", 6, "id-b")
ROWS = rows(SIX, present=["id-a"])


def written(emulator: Emulator, least: int, seconds: float = 120) -> int:
    """Wait for so many PATCHes, and return how many there are."""
    deadline = time.monotonic() + seconds
    while count(emulator)["write"] < least and time.monotonic() < deadline:
        time.sleep(0.1)
    return count(emulator)["write"]


@pytest.mark.smoke
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL], ids=lambda each: each.name)
def test_nothing_more_begins_once_ansible_is_gone(
    emulator: Emulator, outputs: list[str], tmp_path: Path, number: signal.Signals
) -> None:
    seed_servers(emulator, SIX)
    emulator.settings(operation_seconds=3)
    record = tmp_path / "before.jsonl"
    options: dict[str, Any] = {**QUICK, "servers": ROWS, "waves": [1], "rollback_file": str(record)}
    tasks = [{"pgflex.azure.pgflex_identity_fleet": options}]
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    (tmp_path / "site.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("ansible-playbook")), "site.yml"],
        cwd=tmp_path,
        env={**os.environ, **emulator.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert written(emulator, 1) >= 1
    process.send_signal(number)
    process.wait()
    # The worker follows what it has sent to its end, and then ends itself.
    begun = count(emulator)["write"]
    deadline = time.monotonic() + 60
    while '"end"' not in record.read_text(encoding="utf-8") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert '"end"' in record.read_text(encoding="utf-8")
    assert count(emulator)["write"] <= begun + 1
    held = held_by_server(emulator)
    changed = [each["server_name"] for each in ROWS if "id-a" in held[row_id(each)]]
    assert len(changed) == count(emulator)["write"] < len(SIX)
    # As from every record: what was written is put back.
    assert run_fleet(emulator, outputs, rows(SIX, absent=["id-a"]))["totals"]["changed"] == len(changed)
