# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run finds the plan that it is held to, and makes one only where that is asked for and can be."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.plugin_utils._approved_plan import (
    find_plan,
    refuse_plan_file,
    split_plan,
)

if TYPE_CHECKING:
    from pathlib import Path

HANDED_ON = {"pgflex_identity_planned": "pgflexplan1:x"}


@pytest.mark.parametrize("action", ["assign", "remove", "rotate"])
def test_the_word_for_the_plan_of_a_workflow_stands_for_it(action: str) -> None:
    given = {"action": action, "approved_plan": " workflow "}
    assert find_plan(given, HANDED_ON, "x") == {"action": action, "approved_plan": "pgflexplan1:x"}
    with pytest.raises(InvalidInput, match="x: is 'workflow', and no job before this one has handed on a plan"):
        find_plan(given, {}, "x")


@pytest.mark.parametrize(
    "given",
    [{"action": "rollback", "approved_plan": "workflow"}, {"approved_plan": ""}, {"approved_plan": "plan.json"}],
)
def test_nothing_else_is_looked_for(given: dict[str, Any]) -> None:
    assert find_plan(given, {}, "x") == given


def test_a_packed_plan_is_in_no_invocation_and_a_path_is() -> None:
    packed = {"approved_plan": "pgflexplan1:x", "waves": [1]}
    assert split_plan(packed, goes_on=False) == ({"waves": [1]}, {"approved_plan": "pgflexplan1:x"})
    assert split_plan({"approved_plan": "plan.json"}, goes_on=False) == ({"approved_plan": "plan.json"}, {})
    later = split_plan({"approved_plan": "plan.json"}, goes_on=True)[1]
    assert later == {"approved_plan_max_age": math.inf, "canaries": None}


@pytest.mark.parametrize(
    ("arguments", "check", "said"),
    [
        ({"action": "assign"}, False, "is for check mode"),
        ({"action": "rollback"}, True, "goes with no rollback"),
        ({"action": "assign", "approved_plan": "old.json"}, True, "does not go with pgflex_identity_approved_plan"),
    ],
)
def test_a_file_for_a_plan_is_refused_where_none_is_made(
    arguments: dict[str, Any], said: str, tmp_path: Path, *, check: bool
) -> None:
    with pytest.raises(InvalidInput, match=f"pgflex_identity_plan_file: {said}"):
        refuse_plan_file(str(tmp_path / "plan.json"), arguments, check=check)
    refuse_plan_file("", arguments, check=check)
    refuse_plan_file(str(tmp_path / "plan.json"), {"action": "assign"}, check=True)
