# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a file are told while it grows."""

from __future__ import annotations

import queue
from typing import TYPE_CHECKING

from ansible_collections.pgflex.azure.plugins.plugin_utils._progress_lines import tail_lines

if TYPE_CHECKING:
    from pathlib import Path


def test_each_line_is_told_at_once_and_the_last_ones_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    path.touch()
    told: queue.Queue[str] = queue.Queue()
    with tail_lines(path, told.put), path.open("a", encoding="utf-8", buffering=1) as file:
        file.write("one\n")
        assert told.get(timeout=10) == "one"
        file.write("two\nthree\n")
    assert [told.get_nowait(), told.get_nowait()] == ["two", "three"]
    assert told.empty()
