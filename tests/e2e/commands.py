# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a command of Ansible in a process of its own that is forked from one in which Ansible is already imported.

Starting ansible-inventory costs three times the CPU of what it then does here. Nothing else differs from the command
on PATH: its own main(), arguments, environment, folder, output and exit status. The packed form of a module is kept
for the next command. A command with settings of Ansible in its environment (ANSIBLE_...) is started from PATH, since
Ansible reads these when it is imported.
"""

from __future__ import annotations

import functools
import gc
import importlib
import multiprocessing
import os
import subprocess
import tempfile
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from e2e.forked_modules import fork_modules
from e2e.kept_code import keep_collections_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Set in the environment of a command: its modules are processes as usual, and no forks.
MODULE_PROCESSES = "PGFLEX_TEST_PROCESSES"
_PROGRAMS = {
    "ansible": "ansible.cli.adhoc",
    "ansible-inventory": "ansible.cli.inventory",
    "ansible-playbook": "ansible.cli.playbook",
}
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["e2e.preloaded"])


@dataclass(frozen=True)
class Done:
    """A finished command."""

    rc: int
    stdout: str
    stderr: str


def run_command(command: Sequence[str], folder: Path, env: Mapping[str, str]) -> Done:
    """Run `command` in `folder`, with `env` on top of the environment of this process."""
    if any(name.startswith("ANSIBLE_") for name in env):
        done = subprocess.run(
            command, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)
    _start_server()
    with tempfile.TemporaryDirectory() as outputs:
        paths = [str(Path(outputs) / name) for name in ("stdout", "stderr")]
        process = _PROCESSES.Process(target=_become, args=(list(command), str(folder), {**os.environ, **env}, paths))
        process.start()
        process.join()
        assert process.exitcode is not None
        return Done(process.exitcode, *(Path(path).read_text(encoding="utf-8") for path in paths))


@functools.cache
def _start_server() -> None:
    """Start what is forked, once, with a way to what it imports first: not every Python tells it our own."""
    with patch.dict(os.environ, PYTHONPATH=str(Path(__file__).parents[1])):
        forkserver.ensure_running()


def _become(command: list[str], folder: str, env: dict[str, str], outputs: list[str]) -> None:
    """Be the command, in the forked process."""
    # A look for garbage among what was imported would copy it, here and in each worker of Ansible. None lives long.
    gc.freeze()
    gc.set_threshold(100_000)
    for descriptor, path in enumerate(outputs, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), descriptor)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(folder)
    # Each command has one of its own, which is gone when it ends. In the tests' own process modules have no controller.
    constants: Any = importlib.import_module("ansible.constants")
    constants.DEFAULT_LOCAL_TMP = str(Path(outputs[0]).parent)
    # Each look whether a worker has ended costs CPU time, and there are a thousand in a second.
    constants.DEFAULT_INTERNAL_POLL_INTERVAL = 0.005
    keep_collections_code()
    if MODULE_PROCESSES not in env:
        # Ansible packs a module once in a command, and finds it there by its full name: no test changes one.
        packed = Path(env["ANSIBLE_HOME"]) / "ansiballz_cache"
        packed.mkdir(parents=True, exist_ok=True)
        Path(outputs[0]).with_name(packed.name).symlink_to(packed)
        fork_modules()
    importlib.import_module(_PROGRAMS[command[0]]).main(command)
