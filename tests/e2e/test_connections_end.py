# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections are closed when the work is done: a process may do much of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from e2e.runs import run_in_process
from e2e.world import SERVER_ID, SERVER_OPTIONS, seed_server

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


WORK: list[tuple[str, dict[str, Any]]] = [
    ("pgflex_identity", {**SERVER_OPTIONS, "state": "info"}),
    ("pgflex_identity_info", {}),
    ("pgflex_identity_fleet", {"action": "assign", "servers": [{"name": "a", "server_id": SERVER_ID}]}),
]


@pytest.mark.parametrize(("name", "options"), WORK, ids=str)
def test_no_connection_outlives_the_work(emulator: Emulator, name: str, options: dict[str, Any]) -> None:
    seed_server(emulator)
    given = {**emulator.connection, "wait_timeout": 60, **options}
    run_in_process(given, check=True, name=name)
    before = open_files()
    for _time in range(3):
        result, printed = run_in_process(given, check=True, name=name)
        assert "error" not in result, printed
    assert open_files() <= before
