# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workflow `test` has the matrices of the noxfile, ansible-core on Python and the Azure SDK; so has the README."""

from __future__ import annotations

import ast
import re
from typing import Any

import yaml

from docs.pages import ROOT

TEST = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8"))
NOXFILE = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))


def constant(name: str) -> Any:
    """Return a constant of noxfile.py, which cannot be imported outside of nox."""
    [value] = [
        node.value
        for node in NOXFILE.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name
    ]
    return ast.literal_eval(value)


def test_the_workflow_runs_every_core_on_every_python_of_the_matrix() -> None:
    desired = [{"core": core, "python": python} for core, pythons in constant("CORES").items() for python in pythons]
    assert TEST["jobs"]["cores"]["strategy"]["matrix"]["include"] == desired


def test_the_readme_names_every_core_and_python_that_is_tested() -> None:
    [requirement] = re.findall(
        r"(?s)- Tested with ansible-core (.+?)\.\n", (ROOT / "README.md").read_text(encoding="utf-8")
    )
    shown: dict[str, tuple[str, ...]] = {}
    for first, second, oldest, newest in re.findall(
        r"(2\.\d+)(?: and\s+(2\.\d+))? on Python 3\.(\d+) to\s+3\.(\d+)", requirement
    ):
        pythons = tuple(f"3.{minor}" for minor in range(int(oldest), int(newest) + 1))
        shown |= {core: pythons for core in (first, second) if core}
    assert shown == constant("CORES")


def test_the_workflow_runs_every_sdk_of_the_matrix() -> None:
    [session] = [node for node in NOXFILE.body if isinstance(node, ast.FunctionDef) and node.name == "sdk"]
    ids = [
        ast.literal_eval(keyword.value)
        for node in ast.walk(session)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "id"
    ]
    assert TEST["jobs"]["sdk"]["strategy"]["matrix"]["azure"] == ids
