# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout is summed up from the results of its plan and of its change."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.plugin_utils._summary import Batch, add, sum_up, tell, undo

if TYPE_CHECKING:
    from pathlib import Path

NOTHING = {"added": 0, "removed": 0}
WAVE = {"servers": 1, "changed": 1, "failed": 0, "not_started": 0, **NOTHING, "started": "2026-01-01T10:00:00+00:00"}
WAVES = [{**WAVE, "ended": "2026-01-01T10:01:00+00:00"}, {**WAVE, "changed": 0, "not_started": 1, "ended": None}]


def result(
    changed: str,
    failed: str = "",
    not_started: str = "",
    compliant: str = "",
    undeclared: str = "",
    lost: int = 0,
    **more: Any,
) -> dict[str, Any]:
    """Return a result with a server for each letter; `lost` is how many failed after a write. A change adds two."""
    names = sorted({*changed, *failed, *not_started, *undeclared, *compliant})
    rows = [{"name": name, "changed": name in changed, "failed": name in failed + not_started} for name in names]
    for row in rows:
        row.update({"not_started": True} if row["name"] in not_started else {})
        row.update({"undeclared": True} if row["name"] in undeclared else {})
    counts = {"servers": len(names), "compliant": len(compliant), "changed": len(changed)}
    totals = {**counts, "undeclared": len(undeclared), "failed": len(failed), "not_started": len(not_started)}
    totals.update(written=len(changed) + lost, added=2 * len(changed), removed=len(changed))
    return {"servers": rows, "totals": totals, **more}


PLAN = result("abcd", "e", compliant="vwxyz")
FAILED: dict[str, Any] = {"failed": True, "msg": "x"}


class Told:
    """The result of the latest batch of a run, and of all so far."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {}
        self.batch: dict[str, Any] = {}

    def add(
        self, plan: dict[str, Any], rollout: dict[str, Any], hosts: str = "", rest: str = "", play: str = "1"
    ) -> dict[str, Any]:
        """Add a batch of `hosts`, a letter each, of a play that has the `rest` too; the first host is the task's."""
        told, found = add(self._kept, plan, rollout, Batch(play, hosts[:1], [*hosts], [*hosts, *rest]))
        # As in the file between two batches.
        self._kept, self.batch = json.loads(json.dumps(told)), sum_up([found])
        return sum_up(told["plans"].values())


def summed(plan: dict[str, Any], rollout: dict[str, Any], hosts: str = "") -> dict[str, Any]:
    return Told().add(plan, rollout, hosts)


@pytest.mark.parametrize(
    ("rollout", "counts", "changed", "failed", "not_started"),
    [
        ({}, (10, 5, 0, 1, 4), "", "e", "abcd"),
        (result("abc", "de"), (10, 5, 3, 2, 0), "abc", "de", ""),
        (result("a", "be", "cd"), (10, 5, 1, 2, 2), "a", "be", "cd"),
        (result("abc", compliant="de"), (10, 7, 3, 0, 0), "abc", "", ""),
    ],
    ids=["nothing started", "all started", "stopped", "compliant by then"],
)
def test_the_counts_add_up_to_the_servers_of_the_plan(
    rollout: dict[str, Any], counts: tuple[int, ...], changed: str, failed: str, not_started: str
) -> None:
    batch = summed(PLAN, rollout)
    assert tuple(batch[name] for name in ("servers", "compliant", "changed", "failed", "not_started")) == counts
    names = {"changed_hosts": changed, "failed_hosts": failed, "not_started_hosts": not_started}
    assert {name: "".join(batch[name]) for name in names} == names


def test_batches_of_a_play_add_up_with_a_record_each() -> None:
    told = Told()
    told.add(result("a", undeclared="x"), result("a", rollback="pgflex1:one"), "ax")
    told.add(result("", compliant="y"), {}, "y")
    third = told.add(result("b", "c"), result("b", "c", lost=1, rollback="pgflex1:two"), "bc")
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
        "not_approved": 0,
        "not_approved_hosts": [],
        "rollback": "pgflex1:one,pgflex1:two",
    }


def test_several_waves_and_the_counts_are_told_in_a_line_each() -> None:
    batch = summed(result("ab"), result("a", "", "b"))
    assert tell(batch, {}, WAVES, check=False) == [
        "wave 1: 1 server, 1 changed, 0 failed, 10:00:00 to 10:01:00 UTC",
        "wave 2: 1 server, 0 changed, 0 failed, 1 not started",
        "2 servers: 0 compliant, 1 changed (2 added, 1 removed), 0 failed, 1 not started.",
    ]
    one = summed(result("a"), result("a"))
    assert tell(one, {}, WAVES[:1], check=True) == [
        "1 server: 0 compliant, 1 drifted (2 missing, 1 extra), 0 failed, 0 not started."
    ]
    lost = summed(result("abc"), result("a", "bc", lost=1))
    assert tell(lost, {}, WAVES[:1], check=False) == [
        "3 servers: 0 compliant, 1 changed (2 added, 1 removed), 2 failed (1 of these was written to, or may have "
        "been), 0 not started."
    ]
    some = summed(result("a", compliant="yz", undeclared="bcdefg"), result("a"))
    assert tell(some, {}, WAVES[:1], check=False) == [
        "left alone, since nothing says what they shall hold: b, c, d, e, f, ...",
        "9 servers: 2 compliant, 1 changed (2 added, 1 removed), 6 undeclared, 0 failed, 0 not started.",
    ]


def test_an_undeclared_server_that_cannot_be_read_any_more_has_failed() -> None:
    batch = summed(result("a", undeclared="bc"), result("a", "b"))
    assert (batch["compliant"], batch["undeclared"], batch["failed"]) == (0, 1, 1)
    assert (batch["undeclared_hosts"], batch["failed_hosts"]) == (["c"], ["b"])


def test_the_command_that_takes_it_back_can_be_pasted(tmp_path: Path) -> None:
    inventory, blank = tmp_path / "prod", tmp_path / "my hosts.yml"
    for path in (inventory, blank):
        path.touch()
    start = f"To undo it: ansible-playbook pgflex.azure.rollback -i {inventory}"
    assert undo([str(inventory)], "/var/a.json", {}) == f"{start} -e pgflex_identity_rollback=/var/a.json"
    words = shlex.split(undo([str(inventory), str(blank)], "/var/o'brien, a.json", {}))
    assert words[-3:-1] == [str(blank), "-e"]
    assert json.loads(words[-1]) == {"pgflex_identity_rollback": "/var/o'brien, a.json"}


def test_what_named_the_server_on_the_command_line_names_it_for_the_way_back() -> None:
    extra = {"pgflex_server_name": "pg-1", "pgflex_resource_group": "rg 1", "pgflex_identity_present": "id-a"}
    words = shlex.split(undo(["/etc/ansible/no-such-hosts", "a,b"], "/r.json", extra))
    assert words[3:] == [
        *("ansible-playbook", "pgflex.azure.rollback", "-i", "a,b", "-e", "pgflex_server_name=pg-1"),
        *("-e", '{"pgflex_resource_group": "rg 1"}', "-e", "pgflex_identity_rollback=/r.json"),
    ]


@pytest.mark.parametrize("plan", [{}, {"totals": {}}])
def test_what_is_no_result_is_refused(plan: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        summed(plan, {})


def test_a_plan_that_failed_as_a_whole_failed_one_host_and_started_no_other() -> None:
    batch = summed(FAILED, {}, "bac")
    assert (batch["servers"], batch["failed"], batch["not_started"]) == (3, 1, 2)
    assert (batch["failed_hosts"], batch["not_started_hosts"]) == (["b"], ["a", "c"])


def test_hosts_that_are_no_servers_are_named_before_the_totals() -> None:
    batch = summed({**result("a"), "left_out": ["web-1", "web-2"]}, {})
    assert batch["servers"] == 1
    assert tell(batch, {}, [], check=True)[-2] == "2 hosts are no servers and are left out: web-1, web-2"


def test_a_rollout_that_failed_as_a_whole_failed_one_host_and_started_no_other() -> None:
    batch = summed(result("bc", compliant="a"), FAILED, "abc")
    assert (batch["failed_hosts"], batch["not_started_hosts"], batch["compliant"]) == (["a"], ["b", "c"], 0)


def test_the_hosts_of_batches_that_do_not_begin_are_not_started() -> None:
    told = Told()
    # Of a batch one host is no server, and another one is none of a rollback; the next batch fails as a whole.
    told.add(result("", compliant="a", left_out=["b"]), {}, "abc", "defg")
    third = told.add({**FAILED, "hosts": ["e"], "left_out": ["d"]}, {}, "def", "abcg")
    assert (third["compliant"], third["failed_hosts"], third["not_started_hosts"]) == (1, ["d"], ["e", "g"])
    assert third["left_out_hosts"] == ["b"]


def test_a_gate_after_which_a_host_goes_on_says_nothing_of_the_rest() -> None:
    told = Told()
    shut = {"pgflex_identity_fail_on_undeclared": "y"}
    first = told.add(result("a", compliant="b", undeclared="u", stopped_by=shut), {}, "abu", "cw")
    assert (first["servers"], first["not_started_hosts"]) == (3, ["a"])
    both = told.add(result("c", left_out=["w"]), result("c"), "cw", "abu")
    assert (both["servers"], both["changed_hosts"], both["left_out_hosts"]) == (4, ["c"], ["w"])


def test_of_a_gate_that_fails_all_the_rest_are_not_started_until_they_begin() -> None:
    told = Told()
    shut = {"pgflex_identity_fail_on_undeclared": "y"}
    first = told.add(result("a", undeclared="u", stopped_by=shut), {}, "au", "cwz")
    assert first["not_started_hosts"] == ["a", "c", "w", "z"]
    # With ignore_errors.
    both = told.add(result("", compliant="c", left_out=["w"]), {}, "cw", "auz")
    assert (both["compliant"], both["not_started_hosts"], both["left_out_hosts"]) == (1, ["a", "z"], ["w"])


@pytest.mark.parametrize("stopped", [{"stopped_by": {"x": "y"}}, {}], ids=["a gate", "all failed"])
def test_a_batch_that_stops_starts_none_of_the_rest_unless_they_begin_all_the_same(stopped: dict[str, Any]) -> None:
    told = Told()
    plan = result("a", "b", **stopped)
    first = told.add(plan, {} if stopped else result("", "ab"), "ab", "cd")
    assert first["not_started_hosts"] == (["a", "c", "d"] if stopped else ["c", "d"])
    # With ignore_errors.
    assert told.add(result("", compliant="cd"), {}, "cd", "ab")["not_started_hosts"] == (["a"] if stopped else [])


def test_a_batch_of_which_one_host_goes_on_says_nothing_of_the_rest() -> None:
    assert Told().add(result("", "ab"), result("", "ab"), "abc", "de")["servers"] == 2


def test_a_host_of_two_playbooks_is_one_server_with_the_last_word() -> None:
    told = Told()
    told.add(result("ab", compliant="c"), result("ab"), "abc", play="1")
    both = told.add(result("c", compliant="b", undeclared="ad"), result("", "c"), "abcd", play="2")
    assert (both["servers"], both["changed_hosts"], both["failed_hosts"]) == (4, ["a", "b"], ["c"])
    assert both["undeclared_hosts"] == ["d"]
    # Each playbook has assigned what it says.
    assert (both["written"], both["added"], told.batch["changed"], told.batch["compliant"]) == (2, 4, 0, 1)


def test_a_server_that_several_playbooks_write_to_is_written_to_once() -> None:
    told = Told()
    told.add(result("ab", result_dir="one"), result("ab"), "ab", play="1")
    both = told.add(result("ab", result_dir="two"), result("a", "b", lost=1), "ab", play="2")
    assert (both["changed_hosts"], both["failed_hosts"], both["written"], both["added"]) == (["a"], ["b"], 3, 6)


def test_what_was_changed_stays_changed_where_a_later_playbook_does_not_begin() -> None:
    told = Told()
    told.add(result("abc"), result("abc"), "abc", play="1")
    both = told.add({**FAILED, "hosts": ["a", "b", "c"]}, {}, "abc", play="2")
    assert (both["changed_hosts"], both["failed_hosts"], both["not_started"]) == (["b", "c"], ["a"], 0)
    assert (both["written"], both["added"], both["servers"]) == (3, 6, 3)


def test_a_second_play_in_batches_carries_out_one_plan() -> None:
    plan = result("abc", "d", compliant="xy", result_dir="plan")
    told = Told()
    first = told.add(plan, result("a"), "a", "bcd", play="2")
    assert (first["servers"], first["changed_hosts"], first["not_started_hosts"]) == (6, ["a"], ["b", "c"])
    told.add(plan, result("b", compliant="c"), "bc", "ad", play="2")
    last = told.add(plan, result("", "d", lost=1), "d", "abc", play="2")
    assert told.batch == last
    assert [last[name] for name in ("servers", "compliant", "changed", "failed", "not_started")] == [6, 3, 2, 1, 0]
    assert (last["written"], last["added"], last["removed"]) == (3, 4, 2)


def test_what_is_told_twice_counts_once() -> None:
    told = Told()
    plan, rollout = result("a", result_dir="plan"), result("a", rollback="pgflex1:one")
    assert told.add(plan, rollout, "a") == told.add(plan, rollout, "a")


def test_who_is_undeclared_says_the_rollout_where_it_has_looked_again() -> None:
    assert summed(result("a", "b"), result("a", undeclared="b"))["undeclared_hosts"] == ["b"]
    assert summed(result("a", undeclared="b"), result("a", compliant="b"))["undeclared_hosts"] == []


def test_what_was_not_approved_is_counted_apart() -> None:
    plan = result("ab", "c", "d", approved_plan=APPROVED)
    for each in plan["servers"][2:]:
        each["not_approved"] = True
    told = Told()
    summary = told.add(plan, result("a", "b"), "abcd")
    assert (summary["failed_hosts"], summary["not_started_hosts"]) == (["b", "c"], ["d"])
    assert (summary["not_approved"], summary["not_approved_hosts"]) == (2, ["c", "d"])
    lines = tell(told.batch, plan, [], check=False)
    outside = "6 not in this run (e, f, g, h, i, ...). Change reference: CHG1."
    assert lines[-2] == (f"approved plan of then, 9 servers: 1 as approved, 2 done already, 3 not approved; {outside}")
    assert "2 failed (1 not approved), 1 not started." in lines[-1]
    # One that a later plan of the same run has changed was approved there.
    assert told.add(result("c"), result("c"), "c", play="2")["not_approved_hosts"] == ["d"]


APPROVED = {
    "made": "then",
    "change_reference": "CHG1",
    "servers": 9,
    "fitting": 1,
    "done": 2,
    "not_approved": 3,
    "outside": 6,
    "outside_hosts": [*"efghij"],
}
