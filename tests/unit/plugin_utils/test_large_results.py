# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large results keep in a file what an estate has much of, and get it back from there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.filter.identity_report import identity_report
from ansible_collections.pgflex.azure.plugins.module_utils._files import write_entries
from ansible_collections.pgflex.azure.plugins.plugin_utils._large_results import MOST_CHARACTERS, keep_small, whole


def result(number: int, folder: Path) -> dict[str, Any]:
    """Return the result for so many servers with names of 40 characters."""
    servers = [{"name": f"{index:040}", "changed": False, "failed": True, "msg": "gone"} for index in range(number)]
    return {"servers": servers, "result_dir": str(folder)}


def test_ten_thousand_servers_are_in_a_file_and_all_of_them_are_reported(tmp_path: Path) -> None:
    large = result(10_000, tmp_path)
    small = keep_small(large)
    assert len(str(small)) < 500
    assert oct(Path(small["servers"]).stat().st_mode)[-3:] == "600"
    assert whole(small) == large
    write_entries(str(tmp_path), large["servers"])
    assert identity_report(small, "summary")["failed"] == 10_000


@pytest.mark.parametrize("number", [0, 1000])
def test_a_small_result_stays_as_it_is(number: int, tmp_path: Path) -> None:
    small = result(number, tmp_path)
    assert len(str(small["servers"])) < MOST_CHARACTERS
    assert keep_small(small) is small
    assert whole(small) == small


def test_without_a_folder_nothing_is_kept_elsewhere(tmp_path: Path) -> None:
    large = {**result(10_000, tmp_path), "result_dir": None}
    assert keep_small(large) is large
