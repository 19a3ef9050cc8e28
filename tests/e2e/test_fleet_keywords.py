# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keywords of a task with a fleet, which runs in the task's own process and not as a module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.calls import count
from e2e.fleets import QUICK, held_by_server, row_id, rows, seed_servers, servers

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunPlaybook
    from e2e.emulator_client import Emulator

THREE = servers("x", 3)
ROWS = rows(THREE, present=["id-a"])


def fleet(**options: Any) -> dict[str, Any]:
    return {"pgflex.azure.pgflex_identity_fleet": {"servers": ROWS, **QUICK, **options}}


@pytest.mark.smoke
def test_the_environment_of_the_task_signs_in_and_is_gone_for_the_next_one(
    emulator: Emulator, playbook: RunPlaybook
) -> None:
    seed_servers(emulator, THREE)
    environment = emulator.environment
    number = {"PGFLEX_TEST_NUMBER": 7}
    played = playbook(
        [{**fleet(), "environment": [environment, number]}, {**fleet(), "ignore_errors": True}],
        env=dict.fromkeys(environment, ""),
    )
    signed_in, not_signed_in = played.results
    assert signed_in["totals"]["changed"] == 3
    assert not_signed_in["error"]["code"] == "CredentialError"


def test_no_log_hides_the_result(emulator: Emulator, playbook: RunPlaybook) -> None:
    seed_servers(emulator, THREE)
    played = playbook([{**fleet(), "no_log": True}], "-vvv")
    assert played.rc == 0, played.output
    held = held_by_server(emulator)
    assert [held[row_id(each)] for each in ROWS] == [{"id-a"}] * 3
    told = played.output.split("TASK [pgflex.azure.pgflex_identity_fleet]")[1].split("TASK [")[0]
    assert "censored" in told
    assert "pg-x-001" not in told


@pytest.mark.smoke
def test_the_timeout_of_the_task_ends_it_in_order(emulator: Emulator, playbook: RunPlaybook, tmp_path: Path) -> None:
    seed_servers(emulator, THREE)
    emulator.settings(operation_seconds=600)
    record = tmp_path / "before.jsonl"
    played = playbook([{**fleet(waves=["1", "100%"], rollback_file=str(record)), "timeout": 8}])
    assert played.rc == 0, played.output
    [told] = played.results
    assert count(emulator)["write"] == told["totals"]["written"] == 1
    first, *others = told["servers"]
    assert (first["error"]["code"], first["error"]["write"]) == ("WaitTimeout", "accepted")
    assert [each.get("not_started") for each in others] == [True, True]
    assert told["rollback"]
    assert "The timeout of the task, 8 seconds, is less than wait_timeout=600" in " ".join(told["warnings"])


def test_nothing_of_the_libraries_is_in_the_log_of_ansible(
    emulator: Emulator, playbook: RunPlaybook, tmp_path: Path
) -> None:
    seed_servers(emulator, THREE)
    log = tmp_path / "ansible.log"
    played = playbook([fleet()], env={**emulator.environment, "ANSIBLE_LOG_PATH": str(log)})
    assert played.rc == 0, played.output
    logged = log.read_text(encoding="utf-8")
    assert "pgflex_identity_fleet" in logged
    assert "Request URL" not in logged
    assert "Request URL" not in played.output
