# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Count the files that a reader enters between a task and the body of its first PATCH, as a profiler sees them."""

from __future__ import annotations

import re
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from e2e.fleets import rows, run_fleet, seed_servers, servers
from e2e.world import identity_id, seed_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

DESIGN = Path(__file__).resolve().parents[2] / "docs" / "design.md"
_OPTIMIZED = 0x1  # of functions, and of no module or class body


@contextmanager
def entered() -> Iterator[set[str]]:
    """Collect our files whose functions are called until the body is handed over."""
    files: set[str] = set()
    over: list[bool] = []

    def look(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and not over and code.co_flags & _OPTIMIZED and "/pgflex/azure/plugins/" in code.co_filename:
            files.add(code.co_filename.partition("/pgflex/azure/plugins/")[2])
            if code.co_name == "update_identity":
                over.append(True)

    threading.setprofile(look)
    sys.setprofile(look)
    try:
        yield files
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def stated(module: str) -> int:
    """Return the number that the page on the design has for a module."""
    found = re.search(rf"`{module}` enters (\d+) of our files", " ".join(DESIGN.read_text(encoding="utf-8").split()))
    assert found
    return int(found[1])


@pytest.mark.parametrize("module_name", ["pgflex_identity", "pgflex_identity_fleet"])
def test_the_way_from_a_task_to_the_body_is_as_long_as_the_page_says(
    module_name: str, emulator: Emulator, module: RunModule, outputs: list[str]
) -> None:
    many = servers("x", 30)
    with entered() as files:
        if module_name == "pgflex_identity":
            seed_server(emulator)
            assert module(identities=[identity_id("id-a")])["changed"]
        else:
            seed_servers(emulator, many)
            assert run_fleet(emulator, outputs, rows(many, present=["id-a"]))["changed"]
    print(module_name, *sorted(files), sep="\n  ")
    assert len(files) == stated(module_name)
