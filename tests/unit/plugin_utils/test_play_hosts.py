# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reach what tests of whole plays cannot: a strategy whose list is another one than expected."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ansible.plugins.strategy import StrategyBase

from ansible_collections.pgflex.azure.plugins.plugin_utils._play_hosts import OWN_PREFIX, PlayHosts

if TYPE_CHECKING:
    from collections.abc import Iterator

TASKS = Path(__file__).resolve().parents[3] / "roles" / "pgflex_identity" / "tasks"
NAMES = ["a", "b", "c", "d"]
#: What stands for the hosts where the strategy's list is not believed.
BATCH = ["a", "d"]
TASK = SimpleNamespace(_uuid="this", _parent=None, when=[])


class Strategy(StrategyBase):  # type: ignore[misc]
    """One whose loop has these pairs, and asks from within."""

    def __init__(self, pairs: Any) -> None:
        self.pairs = pairs

    def run(self) -> list[str]:
        """See the docstring of the class."""
        host_tasks = self.pairs  # noqa: F841
        return ask()


def ask() -> list[str]:
    """Ask for the hosts at the task, as the first of them."""
    variables = {"ansible_play_batch": BATCH, "ansible_play_hosts_all": NAMES}
    return PlayHosts(TASK, "a", variables, "the.own.role").candidates()


def pairs(names: str, task: str = "this") -> list[Any]:
    """Hosts of one letter each, with a task."""
    return [(SimpleNamespace(name=name), SimpleNamespace(_uuid=task)) for name in names]


def test_the_hosts_of_the_strategy_are_those_at_the_same_task() -> None:
    assert Strategy([*pairs("a"), *pairs("b", "another"), *pairs("c")]).run() == ["a", "c"]


@pytest.mark.parametrize(
    "unexpected",
    [None, 1, [], ["ab"], [("a", "b")], pairs("abc", "another"), pairs("bc"), pairs("ba"), pairs("abb"), pairs("ax")],
    ids=["nothing", "a number", "empty", "texts", "no objects", "others", "not own", "own last", "twice", "foreign"],
)
def test_a_list_that_is_not_as_expected_is_not_believed(unexpected: Any) -> None:
    assert Strategy(unexpected).run() == BATCH


def test_without_a_strategy_above_the_batch_counts() -> None:
    assert ask() == BATCH


def conditions(tasks: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the conditions that tasks below inherit, or the fleet's own."""
    for each in tasks:
        names = {name.rpartition(".")[2] for name in each}
        if names & {"block", "import_tasks", "pgflex_identity_fleet"}:
            whens = each.get("when", [])
            yield from whens if isinstance(whens, list) else [whens]
        for section in ("block", "rescue", "always"):
            yield from conditions(each.get(section, []))


def test_the_roles_own_conditions_are_told_from_those_of_a_play() -> None:
    found = [each for path in TASKS.glob("*.yml") for each in conditions(yaml.safe_load(path.read_text("utf-8")))]
    assert found
    assert [each for each in found if OWN_PREFIX not in each] == []
