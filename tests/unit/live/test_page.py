# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page about a run on a real server lists every question, asked or not."""

from __future__ import annotations

import re
from pathlib import Path

from live.guards import TAG, VALUE
from live.questions import NOT_ASKED, QUESTIONS, READ, WRITE

PAGE = Path(__file__).resolve().parents[3] / "docs" / "docsite" / "rst" / "live.rst"


def listed() -> list[set[str]]:
    """Return the names in the first column of each table of the page."""
    tables = PAGE.read_text(encoding="utf-8").split(".. list-table::")[1:]
    rows = [re.findall(r"^   \* - (``.*``)$", table, re.MULTILINE) for table in tables]
    return [{name for row in table for name in re.findall(r"``(\w+)``", row)} for table in rows]


def test_the_page_has_all_questions_and_no_other() -> None:
    asked = [{each.name for each in QUESTIONS if each.mode == mode} for mode in (READ, WRITE)]
    assert listed() == [*asked, set(NOT_ASKED)]


def test_the_page_names_the_tag() -> None:
    assert f"tag ``{TAG}`` with the value ``{VALUE}``" in PAGE.read_text(encoding="utf-8")
