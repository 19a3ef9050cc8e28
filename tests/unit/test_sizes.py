# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No file and no function is too long to be read in one go."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST_FILE, LONGEST_FUNCTION = 250, 40
FOLDERS = ("docs", "plugins", "roles", "tests")
FILES = [ROOT / "noxfile.py", *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))]
#: What ansible-doc prints stands in the module as text.
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
NO_CODE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


def lines_of(node: ast.stmt) -> set[int]:
    """Return the numbers of its lines."""
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def prose(tree: ast.Module) -> set[int]:
    """Return the lines of docstrings, and of documentation for ansible-doc."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node) is not None:
            found |= lines_of(node.body[0])
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and {ast.unparse(each) for each in statement.targets} & DOCUMENTATION:
            found |= lines_of(statement)
    return found


def code_lines(text: str, tree: ast.Module) -> set[int]:
    """Return the lines with code: not blank, no comment, no documentation."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    lines = {line for each in tokens if each.type not in NO_CODE for line in range(each.start[0], each.end[0] + 1)}
    return lines - prose(tree)


def too_long(text: str) -> list[str]:
    """Return the file, and its functions, that have too many lines of code."""
    tree = ast.parse(text)
    lines = code_lines(text, tree)
    found = [f"{len(lines)} lines"] if len(lines) > LONGEST_FILE else []
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = len(lines & lines_of(node))
            found += [f"{node.name}: {length} lines"] if length > LONGEST_FUNCTION else []
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_and_its_functions_are_short(path: Path) -> None:
    assert too_long(path.read_text(encoding="utf-8")) == []


def test_documentation_comments_and_blank_lines_do_not_count() -> None:
    text = '"""A\n\nB."""\n\nDOCUMENTATION = """\n---\n"""\n# comment\n\n\ndef f():\n    """C."""\n    return (\n\n1)\n'
    assert sorted(code_lines(text, ast.parse(text))) == [11, 13, 15]
    function = "def f():\n" + "    x = 1\n" * 40
    assert too_long(function) == ["f: 41 lines"]
    assert too_long(function + "y = 1\n" * 210) == ["251 lines", "f: 41 lines"]
