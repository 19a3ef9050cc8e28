# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of an estate without drift, beside a playbook on the same inventory whose only task does nothing."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from benchmark.table import print_table

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

SUBSCRIPTION = "00000000-0000-4000-8000-0000000000ad"
SERVERS = 1000
RUNS = 5
WANTED = 3
NOTHING = {"ansible.builtin.assert": {"that": True, "quiet": True}, "run_once": True}


def measure_audit(emulator: Emulator) -> None:
    """Print the table of the audit."""
    template = {"identity": {"user_assigned": ["id-01"]}}
    generate = {"servers": SERVERS, "resource_groups": 20, "identities": 5, "template": template}
    emulator.seed({"subscriptions": [{"id": SUBSCRIPTION, "generate": generate}]})
    emulator.settings(page_size=100, throttle=None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder, emulator)
        audits, nothings = [], []
        for _run in range(RUNS):
            nothings.append(_play(folder, emulator, "nothing.yml"))
            emulator.clear_requests()
            audits.append(_play(folder, emulator, "pgflex.azure.audit"))
    pages = len(emulator.requests("arm"))
    tokens = len([each for each in emulator.requests("token") if each["method"] == "POST"])
    ratio = statistics.median(audit / nothing for audit, nothing in zip(audits, nothings))
    print_table(
        f"Audit of {SERVERS} hosts without drift beside a play that does nothing with run_once, medians of {RUNS}",
        ["audit, s", "nothing, s", "ratio", "wanted", "ARM requests", "tokens"],
        [
            [
                f"{statistics.median(audits):.2f}",
                f"{statistics.median(nothings):.2f}",
                f"{ratio:.2f}",
                f"<= {WANTED}",
                pages,
                tokens,
            ]
        ],
    )


def _write(folder: Path, emulator: Emulator) -> None:
    hosts: dict[str, dict[str, Any]] = {
        each["name"]: {"pgflex_server_id": each["id"]} for each in emulator.servers() if SUBSCRIPTION in each["id"]
    }
    inventory = {"all": {"hosts": hosts, "vars": {"pgflex_identity_present": ["id-01"]}}}
    play = {"hosts": "all", "gather_facts": False, "tasks": [NOTHING]}
    for name, document in (("estate.yml", inventory), ("nothing.yml", [play])):
        (folder / name).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def _play(folder: Path, emulator: Emulator, playbook: str) -> float:
    """Wall time in seconds."""
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "estate.yml", playbook]
    started = time.monotonic()
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **emulator.environment}, capture_output=True, text=True, check=False
    )
    took = time.monotonic() - started
    if done.returncode:
        sys.exit(f"{playbook} failed:\n{done.stdout}{done.stderr}")
    return took
