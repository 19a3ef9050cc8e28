# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a process and see what it used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Usage:
    """The usage of a process and those it waited for: seconds by the clock and of CPU, and the largest one's MB."""

    wall: float
    cpu: float
    peak: float


def run_module(command: list[str], options: dict[str, Any], folder: Path) -> tuple[Usage, bytes]:
    """Run a module as its own process; its options go through a file in `folder`."""
    arguments = folder / "arguments.json"
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}), encoding="utf-8")
    return measure([*command, str(arguments)])


def measure(command: list[str], **more_env: str) -> tuple[Usage, bytes]:
    """Run `command` with this checkout as pgflex.azure; what it used and printed. Ends the benchmark if it fails."""
    env = {**os.environ, "PYTHONPATH": os.environ["ANSIBLE_COLLECTIONS_PATH"], **_quiet(), **more_env}
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=env)
    output = process.stdout.read() if process.stdout else b""
    _pid, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} failed:\n{output.decode()}")
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), output


def _quiet() -> Mapping[str, str]:
    return {"ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
