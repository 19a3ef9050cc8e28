# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a run counts each server once, whatever batches, plays and playbooks it has."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from e2e.roles import ASSIGN, HOSTS, REMOVE, ROLE, recap, record, seed_fleet, told, unwrapped, writes

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.audit_runs import Ran
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

FOUR = HOSTS[:4]
WEB: dict[str, dict[str, Any]] = {each: {"pgflex_resource_group": ""} for each in ("web-1", "web-2")}
STATUSES = ("compliant", "changed", "undeclared", "failed", "not_started")


def batches(size: int) -> list[dict[str, Any]]:
    return [{"hosts": "all", "gather_facts": False, "serial": size, "roles": [ROLE]}]


def words(ran: Ran) -> list[int]:
    """Return how many servers there are of each status; together they are all."""
    found = told(ran)
    numbers = [int(found[each]) for each in STATUSES]
    assert found["servers"] == sum(numbers)
    assert {each: len(found[f"{each}_hosts"]) for each in STATUSES[1:]} == {each: found[each] for each in STATUSES[1:]}
    return numbers


def test_two_playbooks_of_a_run_count_a_server_once(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    site = [{"ansible.builtin.import_playbook": each} for each in (ASSIGN, REMOVE)]
    hosts: dict[str, dict[str, Any]] = {each: {"pgflex_identity_present": "id-b"} for each in FOUR}
    hosts[FOUR[0]] = {"pgflex_identity_present": "id-a"}
    ran = run(site, {**hosts, **WEB}, pgflex_identity_absent="id-c")
    assert ran.rc == 0, ran.output
    assert words(ran) == [3, 1, 0, 0, 0]
    assert told(ran)["left_out_hosts"] == [*WEB]


def test_a_second_playbook_that_is_refused_takes_no_change_back_from_the_counts(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    removal = {"pgflex_identity_absent": "id-b", "pgflex_identity_max_removals": 1}
    site = [
        {"ansible.builtin.import_playbook": ASSIGN, "vars": {"pgflex_identity_present": "id-a"}},
        {"ansible.builtin.import_playbook": REMOVE, "vars": removal},
    ]
    ran = run(site, {FOUR[0]: {}, FOUR[1]: {}, **WEB})
    assert ran.rc == 2, ran.output
    assert sorted(writes(emulator)) == FOUR[:2]
    # Ansible tells the refusal at the first host; the other one stays what the first playbook has made of it.
    assert words(ran) == [0, 1, 0, 1, 0]
    assert (told(ran)["failed_hosts"], told(ran)["changed_hosts"]) == (FOUR[:1], FOUR[1:2])
    assert recap(ran) == {FOUR[0]: "failed", FOUR[1]: "changed"}
    assert (told(ran)["written"], told(ran)["added"], told(ran)["left_out_hosts"]) == (2, 2, [*WEB])


def test_batches_after_one_that_is_refused_are_not_started(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    hosts: dict[str, dict[str, Any]] = {
        "web-1": WEB["web-1"],
        FOUR[0]: {},
        FOUR[1]: {"pgflex_identity_absent": "id-b"},
        FOUR[2]: {"pgflex_identity_absent": "id-b"},
        FOUR[3]: {},
        "web-2": WEB["web-2"],
    }
    ran = run(batches(2), hosts, pgflex_identity_max_removals=0)
    assert ran.rc == 2
    assert told(ran)["failed_hosts"] == [FOUR[1]]
    assert told(ran)["not_started_hosts"] == FOUR[2:]
    assert told(ran)["undeclared_hosts"] == FOUR[:1]
    assert told(ran)["left_out_hosts"] == ["web-1", "web-2"]


@pytest.mark.parametrize("fatal", [False, True], ids=["goes on", "any_errors_fatal"])
def test_batches_after_a_gate_count_as_what_became_of_them(
    emulator: Emulator, run: Run, tmp_path: Path, fatal: bool
) -> None:
    seed_fleet(emulator, "id-b")
    hosts: dict[str, dict[str, Any]] = {each: {"pgflex_identity_present": "id-a"} for each in FOUR}
    hosts |= {FOUR[0]: {"pgflex_identity_present": "id-b"}, FOUR[1]: {}, **WEB}
    play = [{**each, "any_errors_fatal": fatal} for each in batches(2)]
    report = tmp_path / "report.json"
    ran = run(play, hosts, pgflex_identity_fail_on_undeclared=True, pgflex_identity_report_json=str(report))
    assert f"{4 if fatal else 2} servers: 1 compliant, 0 changed (0 added, 0 removed), 1 undeclared" in unwrapped(ran)
    assert words(ran) == ([1, 0, 1, 0, 2] if fatal else [1, 2, 1, 0, 0])
    assert told(ran)["left_out_hosts"] == [*WEB]
    found = json.loads(report.read_text(encoding="utf-8"))
    counted = Counter(each["status"] for each in found["servers"])
    assert ([counted[each] for each in STATUSES], len(found["servers"])) == (words(ran), 4)
    assert found["left_out"] == [*WEB]


def test_a_rollback_of_a_part_that_is_refused_is_about_that_part(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    seed_fleet(emulator)
    assert run(ASSIGN, FOUR[2:], pgflex_identity_present="id-a").rc == 0
    back = {"pgflex_identity_rollback": str(record(tmp_path)), "pgflex_identity_action": "rollback"}
    ran = run("pgflex.azure.rollback", FOUR, **back, pgflex_identity_max_removals=1)
    assert ran.rc == 2
    # Ansible tells it at the first host of the play.
    assert (told(ran)["failed_hosts"], told(ran)["not_started_hosts"]) == (FOUR[:1], FOUR[2:])
    ran = run(batches(2), FOUR, **back, pgflex_identity_max_removals=1)
    assert (told(ran)["failed_hosts"], told(ran)["not_started_hosts"]) == (FOUR[2:3], FOUR[3:])


def test_a_report_that_cannot_be_written_is_told_before_the_plan(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    seed_fleet(emulator, "id-b")
    emulator.clear_requests()
    hosts: dict[str, dict[str, Any]] = {each: {"pgflex_identity_present": "id-a"} for each in FOUR}
    report = str(tmp_path / "none" / "report.json")
    for play in (ASSIGN, batches(2)):
        ran = run(play, hosts, pgflex_identity_report_json=report)
        assert ran.rc == 2
        told_once = f"pgflex_identity_report_json: the folder {tmp_path / 'none'} does not exist on the controller."
        assert told_once in unwrapped(ran)
        assert (told(ran)["failed_hosts"], told(ran)["not_started_hosts"]) == (FOUR[:1], FOUR[1:])
    assert emulator.requests() == []


def halves(**second: Any) -> list[dict[str, Any]]:
    """Return the role in its two entry points."""

    def play(entry: str, **more: Any) -> dict[str, Any]:
        include = {"ansible.builtin.import_role": {"name": ROLE, "tasks_from": entry}}
        return {"gather_facts": False, "tasks": [include], **more}

    return [play("plan", hosts="all"), play("apply", hosts="pgflex_drifted", **second)]


def test_the_second_half_in_batches_counts_the_plan_once(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    hosts: dict[str, dict[str, Any]] = {each: {"pgflex_identity_present": "id-a"} for each in FOUR}
    hosts |= {HOSTS[4]: {"pgflex_identity_present": "id-b"}, HOSTS[5]: {}, **WEB}
    emulator.fault("PATCH", f"{FOUR[3]}$", {"status": 403, "code": "AuthorizationFailed"}, times=-1)
    ran = run(halves(serial=3), hosts, pgflex_identity_absent="id-c", pgflex_identity_waves="100%")
    assert recap(ran) == {**dict.fromkeys(FOUR[:3], "changed"), FOUR[3]: "failed"} | dict.fromkeys(
        [each for each in recap(ran) if each not in FOUR], "ok"
    )
    assert words(ran) == [2, 3, 0, 1, 0]
    assert (told(ran)["written"], told(ran)["added"], told(ran)["left_out"]) == (3, 3, 2)


def test_the_second_half_needs_hosts_that_wait(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    ran = run(halves(strategy="free"), FOUR, pgflex_identity_present="id-a")
    assert ran.rc == 2
    assert "it has to wait for all hosts, as linear does." in unwrapped(ran)
    # No word of the summary: a task with run_once that fails for several hosts at once may cost all of them `always`.
    assert recap(ran) == dict.fromkeys(FOUR, "failed")
    assert writes(emulator) == []


def test_a_rollout_that_cannot_begin_has_failed_where_the_recap_says_so(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    seed_fleet(emulator, "id-b")
    (tmp_path / "records").write_text("no folder", encoding="utf-8")
    for play in (ASSIGN, batches(4)):
        ran = run(play, FOUR, pgflex_identity_present="id-a")
        assert ran.rc == 2
        assert {host for host, end in recap(ran).items() if end == "failed"} == {FOUR[0]}
        assert words(ran) == [0, 0, 0, 1, 3]
    assert writes(emulator) == []
