# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing but the approved change is made: a server that would need another one fails alone, and is left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from e2e.fleets import seed_servers
from e2e.roles import (
    ASSIGN,
    HOSTS,
    REMOVE,
    ROLE,
    ROLLBACK,
    recap,
    record,
    seed_fleet,
    told,
    truth,
    unwrapped,
    writes,
)
from e2e.world import user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.audit_runs import Ran
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

DESIRED = {"pgflex_identity_present": "id-a"}
PURGED: dict[str, Any] = {"pgflex_identity_present": "id-a", "pgflex_identity_purge": "yes"}
PLAN = ("-e", "pgflex_identity_approved_plan=plan.json")
STRICT = ("-e", "pgflex_identity_approved_plan_strict=yes")
FEW = HOSTS[:4]
#: The first failure of a change ends the rollout.
CAREFUL = {"pgflex_identity_waves": "1", "pgflex_identity_max_fail_percentage": 0}


def write_foreign(emulator: Emulator, host: str, *held: str) -> None:
    """Let somebody else give a server these identities and no others."""
    seed_servers(emulator, [{"name": host, "identity": user_assigned(*held)}])


def make_plan(run: Run, hosts: Any, playbook: str | list[dict[str, Any]] = ASSIGN, **variables: Any) -> Ran:
    """Write plan.json in a check run."""
    ran = run(playbook, hosts, "--check", "-e", "pgflex_identity_plan_file=plan.json", **variables)
    assert ran.rc == 0, ran.output
    return ran


def held(emulator: Emulator) -> list[list[str]]:
    """Return the names of the identities that the first servers truly hold."""
    found = {server.rpartition("/")[2]: ids for server, (_type, ids) in truth(emulator).items()}
    return [[each.rpartition("/")[2] for each in found[host]] for host in FEW]


def ends(ran: Ran) -> list[str]:
    """Return how the first hosts ended; those without a task of their own were left alone."""
    found = recap(ran)
    return [found.get(host, "ok") for host in FEW]


def test_a_plan_is_carried_out_as_it_was_approved(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    seed_fleet(emulator, "id-b")
    write_foreign(emulator, FEW[3], "id-a")
    planned = make_plan(run, FEW, **DESIRED)
    assert writes(emulator) == []
    document = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert [each["host"] for each in document["servers"]] == FEW[:3]
    assert (tmp_path / "plan.json").stat().st_mode & 0o777 == 0o600
    assert "Plan for approval: 3 servers, in plan.json." in planned.output
    # Others may change what the plan does not touch, and do what it says.
    write_foreign(emulator, FEW[0], "id-b", "id-c")
    write_foreign(emulator, FEW[1], "id-a", "id-b")
    ran = run(ASSIGN, FEW, *PLAN, **DESIRED)
    assert ran.rc == 0, ran.output
    assert ends(ran) == ["changed", "ok", "changed", "ok"]
    assert held(emulator) == [["id-a", "id-b", "id-c"], ["id-a", "id-b"], ["id-a", "id-b"], ["id-a"]]
    assert "3 servers: 2 as approved, 1 done already, 0 not approved." in unwrapped(ran)
    assert "pgflex_identity_planned" not in ran.stats
    again = run(ASSIGN, FEW, *PLAN, **DESIRED)
    assert (again.rc, ends(again)) == (0, ["ok"] * 4), again.output


def test_a_server_that_needs_something_else_fails_alone(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    make_plan(run, FEW[:3], **PURGED)
    # A purge would take what nobody has looked at; the last one is new in the inventory.
    write_foreign(emulator, FEW[1], "id-b", "id-c")
    before = held(emulator)
    for check in (("--check",), ()):
        ran = run(ASSIGN, FEW, *check, *PLAN, **PURGED, **CAREFUL)
        assert ran.rc == 2, ran.output
        assert ends(ran) == ["changed", "failed", "changed", "failed"]
        said = unwrapped(ran)
        assert (
            "server pg-x-001 is not what was approved: now it is to assign id-a, remove id-b and id-c; approved" in said
        )
        assert "was assign id-a, remove id-b. Have a new plan approved" in said
        assert "was nothing: the plan does not have this server" in said
        assert "3 servers: 2 as approved, 0 done already, 2 not approved." in said
        assert "2 failed (2 not approved), 0 not started." in said
        assert told(ran)["not_approved_hosts"] == [FEW[1], FEW[3]]
        assert "pgflex_identity_planned" not in ran.stats
        if check:
            assert (writes(emulator), held(emulator)) == ([], before)
    assert sorted(writes(emulator)) == [FEW[0], FEW[2]]
    assert held(emulator) == [["id-a"], ["id-b", "id-c"], ["id-a"], ["id-b"]]


def test_only_a_part_of_what_was_approved_is_something_else(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator)
    make_plan(run, FEW, pgflex_identity_present="id-a,id-c")
    write_foreign(emulator, FEW[0], "id-c")
    ran = run(ASSIGN, FEW, *PLAN, **DESIRED)
    assert (ran.rc, ends(ran)) == (2, ["changed", "failed", "failed", "failed"]), ran.output
    assert "now it is to assign id-a; approved" in unwrapped(ran)
    assert "was assign id-a and id-c." in unwrapped(ran)
    assert held(emulator) == [["id-a", "id-c"], [], [], []]


def test_strictly_one_difference_stops_all(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    make_plan(run, FEW, **PURGED)
    write_foreign(emulator, FEW[2], "id-b", "id-c")
    for check in (("--check",), ()):
        ran = run(ASSIGN, FEW, *check, *PLAN, *STRICT, **PURGED)
        assert ran.rc == 2, ran.output
        assert "Not started: approved_plan_strict is set, and not as approved: pg-x-002 (1 in all)." in unwrapped(ran)
        assert (told(ran)["failed_hosts"], told(ran)["not_started"]) == ([FEW[2]], 3)
        assert told(ran)["not_approved_hosts"] == FEW
    assert writes(emulator) == []
    write_foreign(emulator, FEW[2], "id-b")
    ran = run(ASSIGN, FEW, *PLAN, *STRICT, **PURGED)
    assert (ran.rc, ends(ran)) == (0, ["changed"] * 4), ran.output


def test_a_part_of_the_run_is_held_to_the_whole_plan(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    seed_fleet(emulator, "id-a", "id-b")
    hosts = {host: {"pgflex_identity_absent": "id-b"} for host in FEW}
    half = {"pgflex_identity_max_removals": "100%"}
    play = {"hosts": "all", "gather_facts": False, "serial": 3, "roles": [ROLE]}
    planned = make_plan(run, hosts, [play], **half)
    document = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert ([each["host"] for each in document["servers"]], document["compared"]) == (FEW, 4)
    # A tenth of one server would be none, and of the four of the plan two are half.
    few = run(ASSIGN, hosts, "--limit", FEW[0], "-e", "pgflex_identity_max_removals=99%", *PLAN)
    assert few.rc == 2
    assert "the plan takes identities from 4 of 4 servers (pg-x-000, pg-x-001, pg-x-002, pg-x-003), and pgflex" in (
        unwrapped(few)
    )
    assert writes(emulator) == []
    text = json.dumps({"pgflex_identity_planned": planned.stats["pgflex_identity_planned"]})
    given = ("-e", text, "-e", "pgflex_identity_approved_plan=workflow")
    ran = run(ASSIGN, hosts, "--limit", FEW[0], "-e", "pgflex_identity_max_removals=4", *given)
    assert (ran.rc, writes(emulator)) == (0, [FEW[0]]), ran.output
    assert (
        "4 servers: 1 as approved, 0 done already, 0 not approved; 3 not in this run (pg-x-001, pg-x-002, pg-x-003)."
        in (unwrapped(ran))
    )


def test_a_rollback_needs_no_plan_and_leaves_what_was_approved(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    seed_fleet(emulator, "id-b")
    make_plan(run, FEW[:2], **DESIRED)
    ran = run(ASSIGN, FEW[:3], *PLAN, **DESIRED)
    assert (ran.rc, told(ran)["not_approved_hosts"]) == (2, [FEW[2]]), ran.output
    after = truth(emulator)
    # As in a workflow: what has failed is only what was not approved.
    handed_on = ("-e", json.dumps({"pgflex_identity_result": ran.stats["pgflex_identity_result"]}))
    spared = run(ROLLBACK, FEW, *handed_on, "-e", "pgflex_identity_approved_plan=workflow")
    assert (spared.rc, truth(emulator)) == (0, after), spared.output
    assert "Nothing is put back: the job before this one has failed only where a change was not approved." in unwrapped(
        spared
    )
    undone = run(ROLLBACK, FEW, "-e", f"pgflex_identity_rollback={record(tmp_path)}", *PLAN)
    assert (undone.rc, held(emulator)) == (0, [["id-b"]] * 4), undone.output
    # A failure of another kind is put back as ever.
    failed = {**ran.stats["pgflex_identity_result"], "failed_hosts": [FEW[2], FEW[3]]}
    given = ("-e", json.dumps({"pgflex_identity_result": failed}))
    assert "Nothing is put back" not in run(ROLLBACK, FEW, "--check", *given).output


def edited(folder: Path, **changes: Any) -> None:
    """Change plan.json, and leave its checksum."""
    document = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    (folder / "plan.json").write_text(json.dumps({**document, **changes}), encoding="utf-8")


def test_a_plan_that_does_not_count_ends_the_run_before_anything_is_sent(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    seed_fleet(emulator)
    make_plan(run, FEW, **DESIRED)
    first = (tmp_path / "plan.json").read_text(encoding="utf-8")
    cases: list[tuple[tuple[str, ...], str]] = [
        (("-e", "pgflex_identity_approved_plan=workflow"), "no job before this one has handed on a plan as"),
        (("-e", "pgflex_identity_approved_plan=other.json"), "the plan 'other.json' cannot be read: No such file"),
        ((*PLAN, "-e", "pgflex_identity_approved_plan_max_age=0"), "pgflex_identity_approved_plan_max_age: 0 is not a"),
        ((*PLAN, "-e", "pgflex_identity_approved_plan_max_age=1e-9"), "the plan was made 0.0 hours ago, on"),
        (("-e", "pgflex_identity_plan_file=new.json"), "pgflex_identity_plan_file: is for check mode"),
    ]
    emulator.clear_requests()
    for arguments, said in cases:
        ran = run(ASSIGN, FEW, *arguments, **DESIRED)
        assert ran.rc == 2, ran.output
        assert said in unwrapped(ran)
    edited(tmp_path, change_reference="CHG1")
    assert "pgflex_identity_approved_plan: the plan was changed after it was made" in unwrapped(
        run(ASSIGN, FEW, *PLAN, **DESIRED)
    )
    assert emulator.requests() == []
    # An earlier file is kept.
    make_plan(run, FEW, **DESIRED)
    [kept] = tmp_path.glob("plan.json.*~")
    assert kept.read_text(encoding="utf-8") != first
    assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["change_reference"] == ""


def test_hosts_that_go_their_own_ways_have_no_plan_together(emulator: Emulator, run: Run) -> None:
    play = {"hosts": "all", "strategy": "free", "gather_facts": False, "roles": [ROLE]}
    lost = {"pgflex_identity_waves": "100%", "pgflex_identity_max_fail_percentage": "100"}
    ran = run([play], FEW[:2], *PLAN, **DESIRED, **lost)
    assert ran.rc == 2
    assert "pgflex_identity_approved_plan: nobody has the whole plan in a play whose hosts do not wait" in unwrapped(
        ran
    )
    assert emulator.requests() == []


def test_an_action_is_held_to_a_plan_of_its_own(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    make_plan(run, FEW, pgflex_identity_absent="id-b")
    ran = run(REMOVE, FEW, *PLAN, pgflex_identity_absent="id-b")
    assert (ran.rc, ends(ran), writes(emulator)) == (2, ["failed"] * 4, []), ran.output
    assert "0 servers: 0 as approved, 0 done already, 4 not approved." in unwrapped(ran)
