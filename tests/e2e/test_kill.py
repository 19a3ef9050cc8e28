# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kill a rollout at a random moment: each server holds what it held or what was asked for, and the next run ends it.

test_fleet_races does this with short rollouts; this is a large one, with its record and with ansible-playbook.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import read_record
from e2e.calls import count
from e2e.fleets import ended, held_by_server, row_id, rows, run_fleet, seed_servers, servers, start_fleet
from e2e.world import SERVER_OPTIONS, identity_id, seed_server, true_identity, user_assigned

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

SIZE = 200
BEFORE, AFTER = {"id-a", "id-c"}, {"id-a", "id-b"}


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_a_large_rollout_that_is_killed_leaves_a_record_and_can_be_ended(
    emulator: Emulator, outputs: list[str], tmp_path: Path, sign: signal.Signals
) -> None:
    many = servers("fleet", SIZE, *sorted(BEFORE))
    seed_servers(emulator, many)
    # About a hundred writes a second, so that the end is not there before the signal.
    emulator.fault("PATCH", "", {"delay": 0.1}, times=-1)
    asked = rows(many, present=["id-b"], absent=["id-c"])
    mine = [row_id(row) for row in asked]
    record_file = tmp_path / "before.jsonl"
    moment = random.Random(sign.name).choice(range(5, SIZE))  # noqa: S311
    process = start_fleet(emulator, tmp_path, asked, rollback_file=str(record_file))
    wait_for(lambda: count(emulator)["write"] >= moment)
    process.send_signal(sign)
    ended(process, outputs)
    assert process.returncode == -sign

    wait_for(lambda: not any(each["busy"] for each in emulator.servers()))
    held = held_by_server(emulator)
    assert [each for each in mine if held[each] not in (BEFORE, AFTER)] == []
    assert sum(held[each] == AFTER for each in mine) >= moment - 1
    record = read_record("rollback", str(record_file))
    assert not record.finished
    intended = {entry.server_id.lower() for entry in record.entries}
    assert {each for each in mine if held[each] == AFTER} <= intended < set(mine)
    result = run_fleet(emulator, outputs, asked)
    assert (result["totals"]["failed"], result["totals"]["not_started"]) == (0, 0)
    held = held_by_server(emulator)
    assert [each for each in mine if held[each] != AFTER] == []


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_a_playbook_that_is_killed_during_a_change_can_be_run_again(
    emulator: Emulator, module: RunModule, tmp_path: Path, sign: signal.Signals
) -> None:
    seed_server(emulator, user_assigned("id-a"))
    emulator.settings(operation_seconds=1)
    options: dict[str, Any] = {**SERVER_OPTIONS, "identities": ["id-b"], "poll_interval": 0.1}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"pgflex.azure.pgflex_identity": options}]}
    (tmp_path / "site.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    process = subprocess.Popen(
        ["ansible-playbook", "site.yml"],
        cwd=tmp_path,
        env={**os.environ, **emulator.environment, "ANSIBLE_PYTHON_INTERPRETER": sys.executable},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_for(lambda: any(each["method"] == "PATCH" for each in emulator.requests("arm")))
    # With all that it has started, as a machine or a container that goes down.
    os.killpg(process.pid, sign)
    assert process.wait(timeout=300) != 0
    result = module(identities=["id-b"])
    assert result.get("failed") is None, json.dumps(result)
    assert true_identity(emulator)["ids"] == sorted(identity_id(each).lower() for each in ("id-a", "id-b"))
    assert not module(identities=["id-b"])["changed"]
    assert sum(each["status"] == 202 for each in emulator.requests("arm") if each["method"] == "PATCH") == 1
