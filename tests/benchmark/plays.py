# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks over a generated estate, and what they used: a whole `ansible-playbook` with all its processes."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import yaml

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

NOTHING = {"ansible.builtin.assert": {"that": True, "quiet": True}, "run_once": True}
#: What each server is to hold at the end.
WANTED = {"pgflex_identity_present": ["id-01", "id-02"]}
NOTHING_PLAY = [{"hosts": "all", "gather_facts": False, "tasks": [NOTHING]}]


@dataclass(frozen=True)
class Play:
    """A playbook that has ended: seconds by the clock and of CPU; `peak` is the memory of all its processes, in MB."""

    wall: float
    cpu: float
    peak: float
    output: str


def seed_estate(emulator: Emulator, subscription: str, servers: int, *held: str) -> dict[str, dict[str, str]]:
    """Seed `servers` that hold these of five identities; return them as hosts of an inventory."""
    template = {"identity": {"user_assigned": list(held)}}
    generate = {"servers": servers, "resource_groups": 20, "identities": 5, "template": template}
    emulator.seed({"subscriptions": [{"id": subscription, "generate": generate}]})
    return {each["name"]: {"pgflex_server_id": each["id"]} for each in emulator.servers() if subscription in each["id"]}


def write(folder: Path, **documents: Any) -> None:
    """Write each document to `<name>.yml`."""
    for name, document in documents.items():
        (folder / f"{name}.yml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def play(
    folder: Path, emulator: Emulator, *arguments: str, collections: Path | None = None, said: str = "output"
) -> Play:
    """Run `ansible-playbook` in `folder`, with this build or that in `collections`. Ends the benchmark if it fails.

    It prints to the file `said` in `folder`.
    """
    command = [str(Path(sys.executable).with_name("ansible-playbook")), *arguments]
    env = {**os.environ, **emulator.environment, "ANSIBLE_HOME": str(folder / "home")}
    if collections:
        env["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
    started = time.monotonic()
    with (folder / said).open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=subprocess.STDOUT)
        memory = _Memory(process.pid)
        memory.start()
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        memory.over.set()
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        printed = output.read()
    if process.returncode:
        sys.exit(f"{' '.join(arguments)} failed:\n{printed}")
    return Play(wall, usage.ru_utime + usage.ru_stime, memory.peak, printed)


class _Memory(threading.Thread):
    """Looks at the memory of a process and its descendants twice a second; shared pages count once (PSS)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process = psutil.Process(pid)
        self.over = threading.Event()
        self.peak = 0.0

    def run(self) -> None:
        while not self.over.wait(0.5):
            used = 0
            with suppress(psutil.Error):
                for each in [self.process, *self.process.children(recursive=True)]:
                    with suppress(psutil.Error):
                        used += each.memory_full_info().pss
            self.peak = max(self.peak, used / 1e6)
