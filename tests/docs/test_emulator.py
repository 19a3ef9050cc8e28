# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make emulator`: what it prints can be pasted, and nothing is left of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]


def ctrl_c(pid: int) -> None:
    """A terminal tells everything that runs in it."""
    os.killpg(pid, signal.SIGINT)


def terminate(pid: int) -> None:
    """A service manager tells the one that it has started."""
    os.kill(pid, signal.SIGTERM)


@pytest.mark.parametrize("end", [ctrl_c, terminate])
def test_make_emulator_prints_what_to_paste_and_leaves_nothing_behind(
    end: Callable[[int], None], tmp_path: Path
) -> None:
    env = {**os.environ, "HOME": str(tmp_path)}
    with subprocess.Popen(
        ["make", "emulator"], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        printed = list(iter(process.stdout.readline, "Ctrl-C ends it.\n"))
        try:
            pasted = "".join(printed[printed.index("\n") :])
            done = subprocess.run(
                ["bash", "-ec", pasted], cwd=ROOT, env=env, capture_output=True, text=True, check=False
            )
        finally:
            end(process.pid)
        process.communicate(timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "PLAY [List managed identities]" in done.stdout
    assert "drifted, 0 failed." in done.stdout
    assert "@all:" in done.stdout
    assert '"name":"pg-orders"' in done.stdout
    (authority,) = re.findall("^export REQUESTS_CA_BUNDLE=(.*)$", pasted, re.MULTILINE)
    assert not Path(authority).parent.exists()
