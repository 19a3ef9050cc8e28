# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docstrings say what a function does, as an order; ruff's D401 knows verbs in another form, and this the rest."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from utils.ansible_test import checkout_files

ROOT = Path(__file__).resolve().parents[2]
Documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
FILES = [name for name in checkout_files() if name.endswith(".py")]
#: How a docstring of a function begins that describes a thing, or a case, and gives no order.
NO_VERB = re.compile(
    r"(A|All|An|As|At|By|Each|Every|Everything|For|From|How|If|In|It|Its|Not|Nothing|On|One|Only|Same|So|Some|The|These|This"
    r"|Those|To|What|When|Where|Whether|Which|While|Who|Why|With|Without)\b|`"
)
#: A sentence of a docstring that begins with "What".
WHAT = re.compile(r"(?:^|[.:;!?]\s+)What\b")


def is_property(node: ast.AST) -> bool:
    """Tell whether a function is read like a field: then its docstring may describe one."""
    decorators = getattr(node, "decorator_list", [])
    return any("property" in ast.unparse(each) for each in decorators)


def problems(text: str) -> list[str]:
    """Return the docstrings of a file that break a rule, with the rule."""
    found = []
    for node in ast.walk(ast.parse(text)):
        docstring = ast.get_docstring(node) if isinstance(node, Documented) else None
        if not docstring:
            continue
        name = getattr(node, "name", "the file")
        is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not name.startswith("test_")
        if is_function and not is_property(node) and NO_VERB.match(docstring):
            found.append(f"{name}: begin with a verb")
        if WHAT.search(docstring):
            found.append(f'{name}: no sentence begins with "What"')
        if re.search(r"\b[CIOV]\(", docstring):
            found.append(f"{name}: backticks, not C()")
    return found


@pytest.mark.parametrize("name", FILES)
def test_docstrings_are_orders(name: str) -> None:
    assert problems((ROOT / name).read_text(encoding="utf-8")) == []


def test_every_rule_finds_what_breaks_it() -> None:
    text = 'def f():\n    """The sum."""\n\n\ndef g():\n    """Add C(x). What is left stays."""\n'
    assert problems(text) == [
        "f: begin with a verb",
        'g: no sentence begins with "What"',
        "g: backticks, not C()",
    ]
    assert problems('class A:\n    """A thing."""\n\n    @property\n    def f(self):\n        """The sum."""\n') == []
