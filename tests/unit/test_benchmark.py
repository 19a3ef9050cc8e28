# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark fails where a figure is not as wanted, and says what its columns mean."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from benchmark import __main__ as program
from benchmark.table import LEGEND, DesiredState, print_table

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator


@pytest.mark.parametrize(
    ("desired", "text", "missed"),
    [
        (DesiredState(3, "<=", 3), "<= 3", False),
        (DesiredState(3.01, "<=", 3), "<= 3", True),
        (DesiredState(80, "<", 80), "< 80", True),
        (DesiredState(10, "=", 10), "10", False),
        (DesiredState(11, "=", 10), "10", True),
        (DesiredState(400, "<", 222, binding=False), "< 222", False),
    ],
)
def test_a_figure_is_held_to_what_is_wanted_unless_it_is_of_the_clock(
    desired: DesiredState, text: str, missed: bool
) -> None:
    assert (str(desired), desired.missed) == (text, missed)


def test_a_table_tells_which_figures_are_not_as_wanted(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [["one", 1, DesiredState(1, "=", 1)], ["two", 2, DesiredState(2, "=", 1)]]
    assert print_table("Lists", ["what", "lists", "wanted"], rows) == ["Lists: two: 2, wanted 1"]
    assert capsys.readouterr().out.splitlines()[3:] == [
        "| what | lists | wanted |",
        "|------|-------|--------|",
        "| one  | 1     | 1      |",
        "| two  | 2     | 1      |",
        "",
    ]


@pytest.mark.parametrize(("missed", "status"), [([], 0), (["Lists: 2, wanted 1"], 1)], ids=["as wanted", "missed"])
def test_the_benchmark_ends_with_1_where_something_is_not_as_wanted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missed: list[str], status: int
) -> None:
    def measure(_emulator: Emulator) -> list[str]:
        return missed

    monkeypatch.setattr(program, "running_emulator", nullcontext)
    monkeypatch.setattr(program, "PARTS", {"one": measure})
    assert program.main([]) == status
    shown = capsys.readouterr()
    assert shown.out == f"{LEGEND}\n"
    assert shown.err.splitlines() == [f"Not as wanted: {line}" for line in missed]


def test_a_part_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["singel"])
    assert "there is no part singel" in capsys.readouterr().err
