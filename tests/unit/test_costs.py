# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make test` ends with what its sessions cost, and with what was skipped for want of something."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from utils.costs import costs_of_sessions, skipped, slowest_files

if TYPE_CHECKING:
    from pathlib import Path

JUNIT = """<testsuites><testsuite>
<testcase classname="tests.e2e.test_quick" time="0.5"/>
<testcase classname="tests.e2e.test_slow" time="2"/><testcase classname="tests.e2e.test_slow" time="3">
<skipped message="docker-registry is not installed"/></testcase>
</testsuite></testsuites>"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a run of three sessions, one of which needs a Python that is missing."""
    sessions = [
        {"name": "unit", "signatures": [], "result": "success", "reason": None, "duration": 10.0},
        {"name": "e2e", "signatures": [], "result": "failed", "reason": "exit code 1", "duration": 90.0},
        {
            "name": "cores",
            "signatures": ["cores(2.21-python3.12)"],
            "result": "skipped",
            "reason": "Python interpreter 3.12 not found",
            "duration": 0.0,
        },
    ]
    (tmp_path / "report.json").write_text(json.dumps({"sessions": sessions}), encoding="utf-8")
    (tmp_path / "unit.cpu").write_text("12.4", encoding="utf-8")
    (tmp_path / "e2e.cpu").write_text("150.2", encoding="utf-8")
    (tmp_path / "e2e.xml").write_text(JUNIT, encoding="utf-8")
    return tmp_path


def test_what_costs_most_comes_first(folder: Path) -> None:
    assert [line.split() for line in costs_of_sessions(folder)] == [
        ["150", "s", "CPU", "90", "s", "e2e"],
        ["12", "s", "CPU", "10", "s", "unit"],
        ["163", "s", "CPU", "in", "all"],
    ]


def test_a_file_counts_with_all_its_tests(folder: Path) -> None:
    assert [line.split() for line in slowest_files(folder)] == [
        ["5", "s", "tests/e2e/test_slow.py", "(e2e)"],
        ["0", "s", "tests/e2e/test_quick.py", "(e2e)"],
    ]


def test_what_was_skipped_says_what_is_missing(folder: Path) -> None:
    assert list(skipped(folder)) == [
        "cores(2.21-python3.12): Python interpreter 3.12 not found",
        "tests of e2e: docker-registry is not installed",
    ]
