# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The test writable_file tells what can be written, and neither makes a file nor changes one."""

from __future__ import annotations

import errno
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.plugin_utils._report import writable
from ansible_collections.pgflex.azure.plugins.plugin_utils._report.writable import writable_file
from ansible_collections.pgflex.azure.plugins.test import writable_file as plugin

if TYPE_CHECKING:
    from pathlib import Path


def refuse(monkeypatch: pytest.MonkeyPatch, problem: int) -> None:
    """Let no file be opened for writing."""

    def opened(path: Any, *_arguments: Any) -> int:
        raise OSError(problem, os.strerror(problem), str(path))

    monkeypatch.setattr(f"{writable.__name__}.os.open", opened)


@pytest.fixture(autouse=True)
def _draft(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make drafts by another `open` than the one that tests refuse."""
    monkeypatch.setattr(f"{writable.__name__}.os", SimpleNamespace(**vars(os)))


def test_a_new_file_can_be_written_and_is_not_made(tmp_path: Path) -> None:
    assert writable_file(str(tmp_path / "report.csv"))
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_report_stays_as_it_is(tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    report.write_text("of yesterday", encoding="utf-8")
    os.utime(report, (1, 1))
    assert writable_file(str(report))
    assert report.read_text(encoding="utf-8") == "of yesterday"
    assert report.stat().st_mtime == 1
    assert list(tmp_path.iterdir()) == [report]


def test_home_and_links_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "gone.csv").symlink_to(tmp_path / "none" / "report.csv")
    assert writable_file("~/report.csv")
    assert not writable_file("~/gone.csv")


@pytest.mark.parametrize("path", ["none/report.csv", "folder", "file/report.csv", "x" * 300])
def test_what_cannot_be_a_file_is_not_writable(tmp_path: Path, path: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    assert not writable_file(str(tmp_path / path))


@pytest.mark.parametrize(("problem", "can"), [(errno.EPERM, False), (errno.EROFS, False), (errno.EACCES, True)])
def test_a_file_that_is_fixed_is_not_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: int, can: bool
) -> None:
    (tmp_path / "report.csv").touch()
    refuse(monkeypatch, problem)
    assert writable_file(str(tmp_path / "report.csv")) is can


def test_somebody_elses_file_in_a_sticky_folder_is_not_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.csv").touch()
    monkeypatch.setattr(f"{writable.__name__}.os.geteuid", lambda: 4711)
    assert writable_file(str(tmp_path / "report.csv"))
    tmp_path.chmod(0o1777)
    assert not writable_file(str(tmp_path / "report.csv"))


def test_a_folder_where_nothing_can_be_made_is_not_writable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(**_facts: Any) -> None:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(f"{writable.__name__}.tempfile.NamedTemporaryFile", made)
    assert not writable_file(str(tmp_path / "report.csv"))


def test_the_test_has_its_name() -> None:
    assert plugin.TestModule().tests() == {"writable_file": writable_file}
