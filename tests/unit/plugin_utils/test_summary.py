# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a rollout, from the results of its plan and of its change."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from ansible.parsing.splitter import parse_kv

from ansible_collections.pgflex.azure.plugins.plugin_utils._summary import add, sum_up, tell, undo

WAVE = {"servers": 1, "changed": 1, "failed": 0, "not_started": 0, "started": "2026-01-01T10:00:00+00:00"}
WAVES = [{**WAVE, "ended": "2026-01-01T10:01:00+00:00"}, {**WAVE, "changed": 0, "not_started": 1, "ended": None}]


def result(changed: str, failed: str = "", ok: int = 0, not_started: int = 0, **more: Any) -> dict[str, Any]:
    """A result with a server for each letter; those in both lists have not been begun."""
    names = sorted({*changed, *failed})
    rows = [{"name": name, "changed": name in changed, "failed": name in failed} for name in names]
    counts = {"servers": len(names) + ok, "ok": ok, "changed": len(changed)}
    totals = {**counts, "failed": len(failed) - not_started, "not_started": not_started}
    return {"servers": rows, "totals": totals, **more}


PLAN = result("abcd", "e", ok=5)


@pytest.mark.parametrize(
    ("rollout", "counts", "changed", "failed"),
    [
        ({}, (10, 5, 0, 1, 4), [], ["e"]),
        (result("abc", "de"), (10, 5, 3, 2, 0), ["a", "b", "c"], ["d", "e"]),
        (result("a", "bcde", not_started=2), (10, 5, 1, 2, 2), ["a"], ["b", "c", "d", "e"]),
        (result("abc", ok=2), (10, 7, 3, 0, 0), ["a", "b", "c"], []),
    ],
    ids=["nothing begun", "all begun", "stopped", "as wanted by then"],
)
def test_the_counts_add_up_to_the_servers_of_the_plan(
    rollout: dict[str, Any], counts: tuple[int, ...], changed: list[str], failed: list[str]
) -> None:
    batch = sum_up(PLAN, rollout)
    assert tuple(batch[name] for name in ("servers", "ok", "changed", "failed", "not_started")) == counts
    assert (batch["changed_hosts"], batch["failed_hosts"]) == (changed, failed)


def test_batches_of_a_play_add_up_with_a_record_each() -> None:
    first = add({}, sum_up(result("a"), result("a", rollback="pgflex1:one")))
    second = add(first, sum_up(result("", ok=1), {}))
    third = add(second, sum_up(result("b", "c"), result("b", "c", rollback="pgflex1:two")))
    assert third == {
        "servers": 4,
        "ok": 1,
        "changed": 2,
        "failed": 1,
        "not_started": 0,
        "changed_hosts": ["a", "b"],
        "failed_hosts": ["c"],
        "rollback": "pgflex1:one pgflex1:two",
    }


def test_several_waves_and_the_counts_are_told_in_a_line_each() -> None:
    batch = sum_up(result("ab"), result("a", "b", not_started=1))
    assert tell(batch, WAVES, check=False) == [
        "wave 1: 1 server, 1 changed, 0 failed, 10:00:00 to 10:01:00 UTC",
        "wave 2: 1 server, 0 changed, 0 failed, 1 not begun",
        "2 servers: 0 as wanted, 1 changed, 0 failed, 1 not begun.",
    ]
    one = sum_up(result("a"), result("a"))
    assert tell(one, WAVES[:1], check=True) == ["1 server: 0 as wanted, 1 to change, 0 failed, 0 not begun."]


def test_the_command_that_takes_it_back_can_be_pasted() -> None:
    start = "To undo it: ansible-playbook pgflex.azure.rollback -i prod"
    assert undo(["prod"], "/var/record.json") == f"{start} -e pgflex_identity_rollback=/var/record.json"
    words = shlex.split(undo(["prod", "my hosts.yml"], "/var/a record.json"))
    assert words[-3:-1] == ["my hosts.yml", "-e"]
    assert parse_kv(words[-1]) == {"pgflex_identity_rollback": "/var/a record.json"}


@pytest.mark.parametrize("plan", [{}, {"totals": {}}, {"totals": {"servers": 1, "changed": 1}, "servers": []}])
def test_what_is_no_result_is_refused(plan: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        sum_up(plan, {})
