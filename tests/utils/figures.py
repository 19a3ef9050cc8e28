# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page `reliability` says of the tests, for the tests to hold it to."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst" / "reliability.rst"


def promised(first_word: str) -> int:
    """The number in the row of the table that begins so."""
    found = re.findall(rf"\* - {first_word}\b.*\n     - ([\d,]+)\n", PAGE.read_text(encoding="utf-8"))
    assert len(found) == 1, (first_word, found)
    return int(found[0].replace(",", ""))
