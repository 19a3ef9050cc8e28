# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make emulator`: what it prints can be pasted, and nothing is left of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
MAKE = ("make", "emulator")
#: As a shell without job control starts what it shall not wait for.
IN_THE_BACKGROUND = ("sh", "-c", "trap '' INT; exec make emulator")


def ctrl_c(pid: int) -> None:
    """Send SIGINT to everything that runs in the terminal, as Ctrl-C does."""
    os.killpg(pid, signal.SIGINT)


def terminate(pid: int) -> None:
    """Send SIGTERM to the process that was started, as a service manager does."""
    os.kill(pid, signal.SIGTERM)


@contextmanager
def emulator_of(command: tuple[str, ...], end: Callable[[int], None], env: dict[str, str]) -> Iterator[str]:
    """Yield the lines to paste while the emulator runs; then end it."""
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        printed = list(iter(process.stdout.readline, "Ctrl-C ends it.\n"))
        try:
            yield "".join(printed[printed.index("\n") :])
        finally:
            end(process.pid)
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise


ENVIRONMENT = ROOT / ".cache" / "emulator.env"


def folder_of_the_emulator() -> Path:
    """Return the folder where the running emulator has its files."""
    assert ENVIRONMENT.stat().st_mode & 0o777 == 0o600
    (authority,) = re.findall("^export REQUESTS_CA_BUNDLE=(.*)$", ENVIRONMENT.read_text("utf-8"), re.MULTILINE)
    return Path(authority).parent


def test_make_emulator_prints_what_to_paste(tmp_path: Path) -> None:
    env = {**os.environ, "HOME": str(tmp_path)}
    with emulator_of(MAKE, ctrl_c, env) as pasted:
        folder = folder_of_the_emulator()
        done = subprocess.run(["bash", "-ec", pasted], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PLAY [List managed identities]" in done.stdout
    assert " extra), 0 failed." in done.stdout
    assert "@all:" in done.stdout
    assert '"name":"pg-orders"' in done.stdout
    assert "source .cache/emulator.env\n" in pasted
    assert not folder.exists()
    assert not ENVIRONMENT.exists()


@pytest.mark.parametrize(("command", "end"), [(MAKE, terminate), (IN_THE_BACKGROUND, ctrl_c)])
def test_make_emulator_leaves_nothing_behind(
    command: tuple[str, ...], end: Callable[[int], None], tmp_path: Path
) -> None:
    with emulator_of(command, end, {**os.environ, "HOME": str(tmp_path)}):
        folder = folder_of_the_emulator()
        assert folder.exists()
    assert not folder.exists()
    assert not ENVIRONMENT.exists()
