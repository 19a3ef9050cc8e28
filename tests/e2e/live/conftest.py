# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run `make live` in this process, against the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.live_runs import Ask, Asked
from e2e.world import GROUP, SERVER

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator


@pytest.fixture
def ask(
    emulator: Emulator,
    outputs: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Ask:
    """Return what runs it, signed in by the environment."""
    # Not at the top: where this file is loaded first the collection is not there yet.
    from live.program import main

    for name, value in emulator.environment.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "live"

    def run(*arguments: str, write: str = "", restore: bool = False) -> Asked:
        place = [] if restore else ["--server", SERVER, "--resource-group", GROUP]
        what = ["--restore"] if restore else ["--identity", write, "--write"] if write else []
        quick = ["--folder", str(folder), "--poll-interval", "0.05", "--longest-lag", "2", "--settled-after", "2"]
        status = main([*place, *what, *quick, *arguments])
        output, problems = capsys.readouterr()
        outputs.extend([output, problems])
        return Asked(status, output, problems, folder)

    return run
