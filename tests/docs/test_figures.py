# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page `reliability` counts what there is. What the chaos suite did is held to it there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from docs.pages import ROOT
from fuzz.test_fuzz import MODULES, OPTIONS, TEXTS
from mutations.table import MUTATIONS
from utils.figures import promised


@pytest.mark.parametrize(("word", "mark"), [("Kills", "kill"), ("Bad", "bad_input")])
def test_so_many_tests_are_marked(word: str, mark: str) -> None:
    collect = [
        sys.executable,
        "-m",
        "pytest",
        "--collect-only",
        "-q",
        "-m",
        mark,
        "tests/e2e",
    ]
    done = subprocess.run(collect, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sum("::" in line for line in done.stdout.splitlines()) >= promised(word) > 0


def test_so_much_is_random() -> None:
    assert TEXTS + OPTIONS * len(MODULES) >= promised("Random") > 0


def test_so_many_rules_are_broken() -> None:
    assert len(MUTATIONS) >= promised("Rules") > 0
