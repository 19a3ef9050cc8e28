# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout is summed up from the results of its plan and of its change."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from ansible.parsing.splitter import parse_kv

from ansible_collections.pgflex.azure.plugins.plugin_utils._summary import add, not_reached, sum_up, tell, undo

WAVE = {"servers": 1, "changed": 1, "failed": 0, "not_started": 0, "started": "2026-01-01T10:00:00+00:00"}
WAVES = [{**WAVE, "ended": "2026-01-01T10:01:00+00:00"}, {**WAVE, "changed": 0, "not_started": 1, "ended": None}]


def result(
    changed: str,
    failed: str = "",
    not_started: str = "",
    compliant: int = 0,
    undeclared: str = "",
    lost: int = 0,
    **more: Any,
) -> dict[str, Any]:
    """Return a result with a server for each letter; `lost` is how many failed after a write. A change adds two."""
    names = sorted({*changed, *failed, *not_started, *undeclared})
    rows = [{"name": name, "changed": name in changed, "failed": name in failed + not_started} for name in names]
    for row in rows:
        row.update({"not_started": True} if row["name"] in not_started else {})
        row.update({"undeclared": True} if row["name"] in undeclared else {})
    counts = {"servers": len(names) + compliant, "compliant": compliant, "changed": len(changed)}
    totals = {**counts, "undeclared": len(undeclared), "failed": len(failed), "not_started": len(not_started)}
    totals.update(written=len(changed) + lost, added=2 * len(changed), removed=len(changed))
    return {"servers": rows, "totals": totals, **more}


PLAN = result("abcd", "e", compliant=5)


@pytest.mark.parametrize(
    ("rollout", "counts", "changed", "failed", "not_started"),
    [
        ({}, (10, 5, 0, 1, 4), "", "e", "abcd"),
        (result("abc", "de"), (10, 5, 3, 2, 0), "abc", "de", ""),
        (result("a", "be", "cd"), (10, 5, 1, 2, 2), "a", "be", "cd"),
        (result("abc", compliant=2), (10, 7, 3, 0, 0), "abc", "", ""),
    ],
    ids=["nothing started", "all started", "stopped", "compliant by then"],
)
def test_the_counts_add_up_to_the_servers_of_the_plan(
    rollout: dict[str, Any], counts: tuple[int, ...], changed: str, failed: str, not_started: str
) -> None:
    batch = sum_up(PLAN, rollout)
    assert tuple(batch[name] for name in ("servers", "compliant", "changed", "failed", "not_started")) == counts
    names = {"changed_hosts": changed, "failed_hosts": failed, "not_started_hosts": not_started}
    assert {name: "".join(batch[name]) for name in names} == names


def test_batches_of_a_play_add_up_with_a_record_each() -> None:
    first = add({}, sum_up(result("a", undeclared="x"), result("a", rollback="pgflex1:one")))
    second = add(first, sum_up(result("", compliant=1), {}))
    third = add(second, sum_up(result("b", "c"), result("b", "c", lost=1, rollback="pgflex1:two")))
    assert third == {
        "servers": 5,
        "compliant": 1,
        "changed": 2,
        "undeclared": 1,
        "failed": 1,
        "not_started": 0,
        "written": 3,
        "added": 4,
        "removed": 2,
        "changed_hosts": ["a", "b"],
        "undeclared_hosts": ["x"],
        "failed_hosts": ["c"],
        "left_out": 0,
        "left_out_hosts": [],
        "not_started_hosts": [],
        "rollback": "pgflex1:one pgflex1:two",
    }


def test_several_waves_and_the_counts_are_told_in_a_line_each() -> None:
    batch = sum_up(result("ab"), result("a", "", "b"))
    assert tell(batch, {}, WAVES, check=False) == [
        "wave 1: 1 server, 1 changed, 0 failed, 10:00:00 to 10:01:00 UTC",
        "wave 2: 1 server, 0 changed, 0 failed, 1 not started",
        "2 servers: 0 compliant, 1 changed (2 added, 1 removed), 0 failed, 1 not started.",
    ]
    one = sum_up(result("a"), result("a"))
    assert tell(one, {}, WAVES[:1], check=True) == [
        "1 server: 0 compliant, 1 drifted (2 missing, 1 extra), 0 failed, 0 not started."
    ]
    lost = sum_up(result("abc"), result("a", "bc", lost=1))
    assert tell(lost, {}, WAVES[:1], check=False) == [
        "3 servers: 0 compliant, 1 changed (2 added, 1 removed), 2 failed (1 of these was written to, or may have "
        "been), 0 not started."
    ]
    some = sum_up(result("a", compliant=2, undeclared="bcdefg"), result("a"))
    assert tell(some, {}, WAVES[:1], check=False) == [
        "left alone, since nothing says what they shall hold: b, c, d, e, f, ...",
        "9 servers: 2 compliant, 1 changed (2 added, 1 removed), 6 undeclared, 0 failed, 0 not started.",
    ]


def test_an_undeclared_server_that_cannot_be_read_any_more_has_failed() -> None:
    batch = sum_up(result("a", undeclared="bc"), result("a", "b"))
    assert (batch["compliant"], batch["undeclared"], batch["failed"]) == (0, 1, 1)
    assert (batch["undeclared_hosts"], batch["failed_hosts"]) == (["c"], ["b"])


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


def test_a_plan_that_failed_as_a_whole_failed_one_host_and_started_no_other() -> None:
    batch = sum_up({"failed": True, "msg": "x"}, {}, ["a", "b", "c"], "b")
    assert (batch["servers"], batch["failed"], batch["not_started"]) == (3, 1, 2)
    assert (batch["failed_hosts"], batch["not_started_hosts"]) == (["b"], ["a", "c"])


def test_hosts_that_are_no_servers_are_named_before_the_totals() -> None:
    batch = sum_up({**result("a"), "left_out": ["web-1", "web-2"]}, {})
    assert batch["servers"] == 1
    assert tell(batch, {}, [], check=True)[-2] == "2 hosts are no servers and are left out: web-1, web-2"


def test_hosts_that_an_earlier_batch_has_left_out_are_not_those_that_were_not_reached() -> None:
    first = add({}, sum_up(result("", compliant=2, left_out=["web-1"]), {}))
    assert not_reached(["pg-1", "web-1", "pg-2", "pg-3", "pg-4"], first) == ["pg-3", "pg-4"]
    assert not_reached(["pg-1"], {}) == ["pg-1"]
