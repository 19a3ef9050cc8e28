# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One emulator for all pages, with the servers of `make emulator`, as new for each page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from docs.pages import ROOT
from e2e.emulator_client import Emulator, running_emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[Emulator]:
    """Start it once."""
    with running_emulator("--seed", str(ROOT / "tests" / "demo" / "seed.yml")) as emulator:
        yield emulator


@pytest.fixture
def cloud(running_cloud: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """Reset it to its start, but quick; nothing of the developer's home is seen."""
    monkeypatch.setenv("HOME", str(tmp_path))
    running_cloud.reset()
    running_cloud.settings(operation_seconds=0.05, retry_after=1, throttle=None)
    return running_cloud
