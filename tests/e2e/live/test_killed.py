# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whenever a run is killed, `make live-restore` puts back what it has left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e.live_runs import Ask, seed_writable
from e2e.world import GROUP, SERVER, SERVER_PATH, held_id, patches, true_identity

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.emulator_client import Emulator

PROGRAM = Path(__file__).resolve().parents[2] / "live"
#: PATCHes of a run: for what is not there, the assignment, a second one meanwhile, one in another casing, the removal.
NULL, ASSIGN, SECOND, CASING, REMOVE = range(1, 6)


def start(emulator: Emulator, folder: Path) -> subprocess.Popen[bytes]:
    """Run it in a process."""
    command = [sys.executable, str(PROGRAM), "--server", SERVER, "--resource-group", GROUP, "--identity", "id-a"]
    return subprocess.Popen(
        [*command, "--write", "--folder", str(folder), "--poll-interval", "0.05"],
        env={**os.environ, **emulator.environment},
        stdout=subprocess.DEVNULL,
    )


def kill_when(
    process: subprocess.Popen[bytes], happened: Callable[[], bool], sign: signal.Signals = signal.SIGKILL
) -> None:
    """Kill it as soon as something has happened, or end it in another way."""
    deadline = time.monotonic() + 60
    while not happened():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(sign)
    assert process.wait(timeout=60) == (-sign if sign == signal.SIGKILL else 130)


@pytest.mark.parametrize(
    ("number", "state"),
    [(ASSIGN, "Ready"), (ASSIGN, "Updating"), (SECOND, "Ready"), (CASING, "Ready"), (REMOVE, "Ready")],
)
def test_what_a_killed_run_has_left_is_put_back(
    number: int, state: str, emulator: Emulator, ask: Ask, tmp_path: Path
) -> None:
    seed_writable(emulator, "id-b", seconds=0.7)
    emulator.settings(state_while_running=state)
    before = true_identity(emulator)
    kill_when(start(emulator, tmp_path / "live"), lambda: len(patches(emulator)) >= number)
    assert "make live-restore first" in ask(write="id-a").problems
    asked = ask(restore=True)
    assert asked.status == 0, asked.problems
    while any(each["busy"] for each in emulator.servers()):
        emulator.knock()
    assert true_identity(emulator) == before
    assert "There is nothing to put back" in ask(restore=True).output


def test_a_run_that_was_killed_before_it_assigned_has_left_nothing(
    emulator: Emulator, ask: Ask, tmp_path: Path
) -> None:
    seed_writable(emulator, "id-b", seconds=0.7)
    before = true_identity(emulator)
    kill_when(start(emulator, tmp_path / "live"), lambda: len(patches(emulator)) >= NULL)
    assert "There is nothing to put back" in ask(restore=True).output
    while any(each["busy"] for each in emulator.servers()):
        emulator.knock()
    assert true_identity(emulator) == before
    assert ask(write="id-a").status == 0


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted_removes_what_it_has_assigned(
    sign: signal.Signals, emulator: Emulator, ask: Ask, tmp_path: Path
) -> None:
    seed_writable(emulator, "id-b", seconds=0.7)
    process = start(emulator, tmp_path / "live")
    kill_when(process, lambda: len(patches(emulator)) >= CASING, sign)
    assert true_identity(emulator)["ids"] == [held_id("id-b").lower()]
    assert "There is nothing to put back" in ask(restore=True).output


def test_a_lost_answer_is_left_to_live_restore(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator, seconds=1.5)
    emulator.settings(state_while_running="Ready")
    emulator.fault("PATCH", SERVER_PATH, {"disconnect": "after"})
    asked = ask(write="id-a")
    assert (asked.status, "run make live-restore" in asked.problems) == (1, True)
    assert true_identity(emulator)["ids"] == []
    assert ask(restore=True).status == 0
    assert [each["after"]["user_assigned"] != [] for each in emulator.operations()] == [True, False]
    assert true_identity(emulator)["ids"] == []


def test_an_operation_that_fails_leaves_nothing(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator)
    emulator.fault("PATCH", SERVER_PATH, {"operation_status": "Failed"})
    asked = ask(write="id-a")
    assert (asked.status, "InternalServerError" in asked.problems) == (1, True)
    assert "There is nothing to put back" in ask(restore=True).output


def test_the_journal_is_written_before_the_patch(emulator: Emulator, ask: Ask, tmp_path: Path) -> None:
    seed_writable(emulator)
    emulator.fault("PATCH", SERVER_PATH, {"silent": "before"})
    folder = tmp_path / "live"
    # It is not processed, and never will be.
    kill_when(
        start(emulator, folder), lambda: any(each["hits"] for each in emulator.faults() if "silent" in each["then"])
    )
    journal = folder / "journal.jsonl"
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    assert [each.get("kind") for each in lines] == [None, "intent"]
    assert ask(restore=True).status == 0


def test_other_identities_that_are_gone_are_told_and_not_assigned(emulator: Emulator, ask: Ask, tmp_path: Path) -> None:
    seed_writable(emulator, "id-b", seconds=0.7)
    kill_when(start(emulator, tmp_path / "live"), lambda: len(patches(emulator)) >= ASSIGN)
    seed_writable(emulator, "id-a")
    asked = ask(restore=True)
    assert "id-b any more, which the run has not removed" in asked.output
    assert true_identity(emulator)["ids"] == []


def test_without_a_run_there_is_nothing_to_put_back(emulator: Emulator, ask: Ask) -> None:
    asked = ask(restore=True)
    assert (asked.status, emulator.requests()) == (0, [])
    assert "There is nothing to put back" in asked.output
