# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every broken rule is noticed by the tests that are named for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mutations.table import MUTATIONS

TESTS = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def told() -> dict[str, list[str]]:
    """The tests that did not notice, by rule; from one process for all, which imports what they share once."""
    command = [sys.executable, "-m", "mutations"]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == len(MUTATIONS), done.stderr
    return {each["rule"]: each["not noticed by"] for each in lines}


@pytest.mark.parametrize("rule", [each.rule for each in MUTATIONS])
def test_a_broken_rule_is_noticed(rule: str, told: dict[str, list[str]]) -> None:
    assert told[rule] == []


def test_no_rule_is_named_twice() -> None:
    assert len({each.rule for each in MUTATIONS}) == len(MUTATIONS)
