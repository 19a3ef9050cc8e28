# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rollouts that are rolled back: by their record, also after a kill, and never over somebody else's change."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import read_record
from e2e.fleets import held_by_server, seed_servers
from e2e.roles import (
    ASSIGN,
    HOSTS,
    ROLLBACK,
    fleet_inventory,
    recap,
    record,
    seed_fleet,
    told,
    truth,
    unwrapped,
    writes,
)
from e2e.world import user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator
    from e2e.roles import Run

DESIRED: dict[str, Any] = {"pgflex_identity_present": "id-a", "pgflex_identity_purge": "true"}


def seed_mixed(emulator: Emulator) -> dict[str, tuple[str, list[str]]]:
    """Seed servers of every kind; return what is true of them."""
    held = [(), ("id-a",), ("id-b",), ("id-b", "id-c"), ("id-a", "id-b")] * 3
    servers = [
        {"name": name, "identity": user_assigned(*names, system=number % 2 == 0)}
        for number, (name, names) in enumerate(zip(HOSTS, held))
    ]
    seed_servers(emulator, servers)
    return truth(emulator)


@pytest.mark.smoke
def test_a_rollback_returns_the_estate_to_exactly_what_it_was(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    before = seed_mixed(emulator)
    out = run(ASSIGN, HOSTS, pgflex_identity_system_assigned="false", **DESIRED)
    assert out.rc == 0, out.output
    after = truth(emulator)
    assert after != before
    path = record(tmp_path)
    assert oct(path.stat().st_mode)[-3:] == "600"
    estate = tmp_path / "estate.yml"
    assert f"ansible-playbook pgflex.azure.rollback -i {estate} -e pgflex_identity_rollback={path}" in out.output
    emulator.clear_requests()

    # As the next job of a workflow in AWX gets it.
    handed_on = {"pgflex_identity_result": out.stats["pgflex_identity_result"]}
    back = run(ROLLBACK, HOSTS, "-e", json.dumps(handed_on), **DESIRED)
    assert back.rc == 0, back.output
    assert truth(emulator) == before
    changed = out.stats["pgflex_identity_result"]["changed_hosts"]
    assert recap(back) == {**dict.fromkeys(recap(back), "ok"), **dict.fromkeys(changed, "changed")}
    assert sorted(writes(emulator)) == changed
    assert (told(back)["action"], told(back)["changed_hosts"]) == ("rollback", changed)
    # The record of the rollback takes the rollback back.
    again = run(ROLLBACK, HOSTS, "-e", f"pgflex_identity_rollback={record(tmp_path)}")
    assert again.rc == 0, again.output
    assert truth(emulator) == after


def test_what_somebody_else_has_changed_since_is_left_alone_unless_forced(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    before = seed_mixed(emulator)
    hosts = HOSTS[2:5]
    assert run(ASSIGN, hosts, **DESIRED).rc == 0
    path = record(tmp_path)
    seed_servers(emulator, [{"name": HOSTS[3], "identity": user_assigned("id-a", "id-cmk", system=True)}])
    others = truth(emulator)
    emulator.clear_requests()
    # One of the record is not in this play, and one of this play is not in the record.
    back = run(ROLLBACK, [HOSTS[1], *hosts[:2]], "-e", f"pgflex_identity_rollback={path}")
    assert back.rc == 2
    assert recap(back) == {HOSTS[1]: "ok", HOSTS[2]: "changed", HOSTS[3]: "failed"}
    assert f"Server {HOSTS[3]} is not as expected: " in back.output
    assert unwrapped(back).count(f"they are not in this play: {HOSTS[4]}; 1 of the record.") == 1
    assert writes(emulator) == [HOSTS[2]]
    assert told(back)["servers"] == 2
    left = {server: held for server, held in truth(emulator).items() if before[server] != held}
    assert left == {server: held for server, held in others.items() if server.endswith((HOSTS[3], HOSTS[4]))}
    forced = run(ROLLBACK, HOSTS, "-e", f"pgflex_identity_rollback={path}", pgflex_identity_rollback_force="yes")
    assert forced.rc == 0, forced.output
    assert truth(emulator) == before


def test_a_record_that_is_not_whole_or_of_another_estate_changes_nothing(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    seed_mixed(emulator)
    artifact = run(ASSIGN, HOSTS[2:3], **DESIRED).stats["pgflex_identity_result"]
    path = record(tmp_path)
    edited = tmp_path / "edited.jsonl"
    edited.write_text(path.read_text(encoding="utf-8").replace("id-b", "id-c"), encoding="utf-8")
    seed_fleet(emulator, "id-a")
    emulator.clear_requests()
    of_another = (
        "rollback: The record names none of the servers of this play. It is that of an earlier job of this workflow "
        f"(assign), which changed {HOSTS[2]}: "
    )
    for variables, hosts, problem in (
        (
            {"pgflex_identity_rollback": str(edited)},
            HOSTS,
            "rollback: line 2 of the record was changed after it was written, or a part of it is missing.",
        ),
        ({"pgflex_identity_result": artifact}, HOSTS[5:], of_another),
        ({"pgflex_identity_rollback": ""}, HOSTS, "rollback: is not set. Set pgflex_identity_rollback, "),
    ):
        ran = run(ROLLBACK, hosts, "-e", json.dumps(variables))
        assert ran.rc == 2
        assert f"The run failed, not this server: {problem}" in unwrapped(ran)
        # What is counted as failed is red.
        assert told(ran)["failed_hosts"] == [*recap(ran)] == hosts[:1]
        assert "Traceback" not in ran.output
    assert emulator.requests() == []


def test_a_job_in_a_workflow_that_changed_nothing_has_nothing_to_roll_back(emulator: Emulator, run: Run) -> None:
    ran = run(ROLLBACK, HOSTS, pgflex_identity_result={"check": False, "rollback": ""})
    assert ran.rc == 2
    assert "The artifact pgflex_identity_result is of a job that changed nothing; " in unwrapped(ran)
    assert emulator.requests() == []


def start(emulator: Emulator, folder: Path) -> subprocess.Popen[str]:
    """Start the playbook assign on all hosts, three at once."""
    inventory = fleet_inventory(HOSTS, folder, pgflex_identity_waves="3", **DESIRED)
    (folder / "estate.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    return subprocess.Popen(
        ["ansible-playbook", "-i", "estate.yml", ASSIGN],
        cwd=folder,
        env={**os.environ, **emulator.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def family(pid: int) -> set[int]:
    """Return the process and all that it has started. A worker of Ansible is in a session of its own."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = {int(each): int(parent) for each, parent in (line.split() for line in listed.splitlines())}
    found = {pid}
    while more := {each for each, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def is_alive(pid: int) -> bool:
    """Return whether one of the process's threads lives: the first may be dead while others still hold its files."""
    command = ["ps", "-L", "-o", "stat=", "-p", str(pid)]
    states = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return any(each[:1] != "Z" for each in states.split())


def kill_after(emulator: Emulator, process: subprocess.Popen[str], number: int, outputs: list[str]) -> None:
    """Kill the run and all its processes once `number` servers were written to."""
    deadline = time.monotonic() + 300
    while len(writes(emulator)) < number:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    killed = family(process.pid)
    for each in killed:
        with suppress(ProcessLookupError):  # it ended with its parent
            os.kill(each, signal.SIGKILL)
    # A process that is killed holds its files, and so the lock on the record, until it is gone.
    while any(is_alive(each) for each in killed):
        time.sleep(0.05)
    outputs.append(process.communicate(timeout=300)[0])


@pytest.mark.parametrize("first", ["the next run", "the rollback"])
def test_a_run_that_was_killed_in_a_wave_converges_and_can_be_rolled_back(
    emulator: Emulator, run: Run, outputs: list[str], tmp_path: Path, first: str
) -> None:
    before = seed_mixed(emulator)
    emulator.settings(operation_seconds=1)
    kill_after(emulator, start(emulator, tmp_path), 5, outputs)
    path = record(tmp_path)
    assert not read_record("rollback", str(path)).finished
    if first == "the next run":
        # With operations of the killed one still under way.
        on = run(ASSIGN, HOSTS, pgflex_identity_waves="100%", **DESIRED)
        assert on.rc == 0, on.output
        held = held_by_server(emulator)
        assert [names for server, names in held.items() if "/pg-x-" in server] == [{"id-a"}] * len(HOSTS)
    # Until an operation has ended, nothing shows in Azure of what it will do.
    while any(each["busy"] for each in emulator.servers()):
        time.sleep(0.05)
    # Both runs have a record, if both have run.
    back = run(ROLLBACK, HOSTS, "-e", f"pgflex_identity_rollback={path.parent}/*-assign.jsonl")
    assert back.rc == 0, back.output
    assert "The record is of a rollout that was interrupted." in unwrapped(back)
    assert truth(emulator) == before
