# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make live` writes only where it is told to."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLACE = ("SERVER=pg", "RESOURCE_GROUP=rg")


@pytest.mark.parametrize(
    ("more", "writes"),
    [
        ((), False),
        (("IDENTITY=id",), False),
        (("IDENTITY=id", "WRITE=1"), True),
        (("IDENTITY=id", "WRITE=0"), False),
        (("IDENTITY=id", "WRITE="), False),
    ],
)
def test_make_live_writes_only_with_write_1(more: tuple[str, ...], writes: bool) -> None:
    # What a variable of the shell says does not count.
    env = {**os.environ, "WRITE": "1", "SERVER": "pg-other"}
    command = ["make", "--dry-run", "--directory", str(ROOT), "live", *PLACE, *more]
    said = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout
    assert '--server "pg" --resource-group "rg"' in said
    assert ("--write" in said) == writes
