# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Links that Sphinx does not see: those to this project's own files and pages by their full address, and to make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from docs.pages import GALAXY, ROOT, RST, console_commands, page_paths

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = [
    *page_paths(),
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "docs" / "docsite" / "links.yml",
    ROOT / "examples" / "README.md",
    ROOT / "galaxy.yml",
]
FILES = re.compile(rf"{re.escape(GALAXY['repository'])}/(?:blob|tree)/main/([\w./-]*[\w/-])")
PAGES = re.compile(rf"{re.escape(GALAXY['documentation'])}([\w./-]*\w)")
RELATIVE = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def source_of(page: str) -> Path:
    """Return the source of a page of the site."""
    stem = page.removesuffix(".html")
    return RST / f"{stem.removeprefix('docsite/')}.rst" if stem.startswith("docsite/") else ROOT / "docs" / f"{stem}.md"


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_files_and_pages_of_this_project_lead_somewhere(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [name for name in FILES.findall(text) if not (ROOT / name).exists()] == []
    assert [name for name in PAGES.findall(text) if not source_of(name).exists()] == []
    assert [name for name in RELATIVE.findall(text) if path.suffix == ".md" and not (path.parent / name).exists()] == []


def test_every_make_target_that_is_shown_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    shown = {
        match
        for path in TEXTS
        for match in re.findall(r"(?m)(?:`|\$ |^)make (?:-C azure )?([a-z0-9]+)", path.read_text())
    }
    assert {name for name in shown if f"\n{name}:" not in makefile} == set()
    assert any(command.startswith("make ") for page in page_paths() for command in console_commands(page))
