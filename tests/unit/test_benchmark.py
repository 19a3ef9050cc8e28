# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark fails where a goal is missed, and says what its columns mean."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from benchmark import __main__ as program
from benchmark.earlier import ROOT, checked_out
from benchmark.page import BEGIN, END, replace_tables
from benchmark.table import LEGEND, Goal, print_table

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator


@pytest.mark.parametrize(
    ("goal", "text", "missed"),
    [
        (Goal(3, "<=", 3), "<= 3", False),
        (Goal(3.01, "<=", 3), "<= 3", True),
        (Goal(80, "<", 80), "< 80", True),
        (Goal(10, "=", 10), "10", False),
        (Goal(11, "=", 10), "10", True),
        (Goal(400, "<", 222, binding=False), "< 222", False),
    ],
)
def test_a_figure_is_held_to_its_goal_unless_it_is_of_the_clock(goal: Goal, text: str, missed: bool) -> None:
    assert (str(goal), goal.missed) == (text, missed)


def test_a_table_tells_which_goals_are_missed(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["one", 1, Goal(1, "=", 1)], ["two", 2, Goal(2, "=", 1)]]
    assert print_table("Lists", ["what", "lists", "goal"], rows) == ["Lists: two: 2, goal 1"]
    assert capsys.readouterr().out.splitlines()[3:] == [
        "| what | lists | goal |",
        "|------|-------|------|",
        "| one  | 1     | 1    |",
        "| two  | 2     | 1    |",
        "",
    ]


@pytest.mark.parametrize(("missed", "status"), [([], 0), (["Lists: 2, goal 1"], 1)], ids=["met", "missed"])
def test_the_benchmark_ends_with_1_where_a_goal_is_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missed: list[str], status: int
) -> None:
    def measure(_emulator: Emulator, _earlier: Path | None) -> list[str]:
        return missed

    monkeypatch.setattr(program, "running_emulator", nullcontext)
    monkeypatch.setattr(program, "PARTS", {"one": measure})
    assert program.main([]) == status
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{LEGEND}\n\n20")
    assert "ansible-core 2" in shown.out
    assert shown.err.splitlines() == [f"Goal missed: {line}" for line in missed]


def test_the_page_gets_the_tables_and_keeps_the_rest() -> None:
    page = f"Above\n\n{BEGIN}\n\n.. code-block:: text\n\n   old\n\n{END}\nBelow\n"
    replaced = replace_tables(page, "\ntitle  \n\n| a |\n\n")
    assert replaced == f"Above\n\n{BEGIN}\n\n.. code-block:: text\n\n   title\n\n   | a |\n\n{END}\nBelow\n"
    assert replace_tables(replaced, "title\n\n| a |") == replaced


def test_a_page_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="begin of make bench"):
        replace_tables("Above", "tables")


def test_the_page_of_the_documentation_has_the_marks() -> None:
    page = (ROOT / "docs" / "docsite" / "rst" / "benchmark.rst").read_text(encoding="utf-8")
    assert "| x |" in replace_tables(page, "| x |")


def test_a_revision_that_there_is_not_is_refused() -> None:
    with (
        pytest.raises(SystemExit, match="no-such-revision: "),
        checked_out("no-such-revision"),
    ):
        pytest.fail("checked out")


def test_a_part_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["singel"])
    assert "there is no part singel" in capsys.readouterr().err
