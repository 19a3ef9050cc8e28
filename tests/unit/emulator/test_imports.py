# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The packages of the emulator import each other one way, as its architecture page says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

EMULATOR = Path(__file__).resolve().parents[2] / "emulator"
BELOW = {
    "arm": {"arm", "schema"},
    "entra": {"arm", "entra", "schema"},
    "postgresql": {"arm", "postgresql", "schema"},
    "control": {"arm", "control", "postgresql", "schema"},
}
MODULES = [path for package in BELOW for path in sorted((EMULATOR / package).rglob("*.py"))]


def imported(text: str) -> set[str]:
    """Return what is imported from directly below `emulator` when the module runs, not for annotations only."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body.clear()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "emulator":
            names |= {f"emulator.{each.name}" for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
    return {name.split(".")[1] for name in names if name.startswith("emulator.")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(EMULATOR)))
def test_a_package_imports_only_what_is_below_it(path: Path) -> None:
    package = path.relative_to(EMULATOR).parts[0]
    assert imported(path.read_text(encoding="utf-8")) <= BELOW[package]


def test_every_package_has_its_place() -> None:
    assert {path.parent.name for path in EMULATOR.glob("*/__init__.py")} == set(BELOW)


def test_imports_for_annotations_do_not_count() -> None:
    text = "import emulator.cloud\nfrom emulator import schema\nfrom emulator.arm import errors\n"
    assert imported(text) == {"arm", "cloud", "schema"}
    assert imported("if TYPE_CHECKING:\n    from emulator.control.settings import Settings\n") == set()
