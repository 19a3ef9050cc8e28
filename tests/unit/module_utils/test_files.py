# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entries of a result come back as they were kept, and nobody else reads them."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._files import read_entries, read_entry, write_entries

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["pg-1", "../../etc/passwd", "a/b", "'; DROP TABLE entries; --", "größe", "{{ 1 }}", ""]


def test_an_entry_comes_back_under_whatever_name(tmp_path: Path) -> None:
    entries = [{"name": name, "changed": True, "assigned": [name]} for name in NAMES]
    write_entries(str(tmp_path), entries)
    assert read_entries(str(tmp_path), NAMES) == entries
    assert len(list(tmp_path.iterdir())) == 1


def test_a_later_entry_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    write_entries(str(tmp_path), [{"name": "pg-1", "changed": False}, {"name": "pg-2", "changed": False}])
    write_entries(str(tmp_path), [{"name": "pg-1", "changed": True}])
    assert read_entries(str(tmp_path), ["pg-1", "pg-2"]) == [
        {"name": "pg-1", "changed": True},
        {"name": "pg-2", "changed": False},
    ]


def test_a_name_without_an_entry_has_none(tmp_path: Path) -> None:
    write_entries(str(tmp_path), [])
    assert read_entry(str(tmp_path), "pg-1") is None


@pytest.mark.parametrize("content", [None, b"", b"no database, " * 100])
def test_what_is_no_result_is_an_error_of_the_system(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "entries.sqlite").write_bytes(content)
    with pytest.raises(OSError, match=r"entries\.sqlite"):
        read_entry(str(tmp_path), "pg-1")


def test_nobody_else_may_read_entries(tmp_path: Path) -> None:
    write_entries(str(tmp_path), [{"name": "pg-1"}])
    assert [stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()] == [0o600]
