# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role reports input that it cannot use with the host it belongs to, or before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.roles import (
    ASSIGN,
    HOSTS,
    ROLE,
    recap,
    seed_fleet,
    told,
    truth,
    unwrapped,
    writes,
)

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator
    from e2e.roles import Run


def test_bad_input_fails_its_hosts_alone_unless_the_rollout_is_strict(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b", encryption={"primary": "id-b"})
    before = truth(emulator)
    hosts: dict[str, dict[str, Any]] = {
        HOSTS[0]: {},
        HOSTS[1]: {},
        "twin": {"pgflex_server_name": HOSTS[1].upper(), "pgflex_identity_absent": "id-c"},
        "no-server": {"pgflex_resource_group": ""},
        "both": {"pgflex_server_name": HOSTS[2], "pgflex_identity_absent": "id-a"},
        "encrypts": {"pgflex_server_name": HOSTS[3], "pgflex_identity_absent": "id-b"},
        "unknown": {"pgflex_server_name": HOSTS[4], "pgflex_identity_present": "id-none"},
    }
    problems = (
        f"{HOSTS[1]}: error: servers: {HOSTS[1]} and twin name the same server, ",
        f"twin: error: servers: {HOSTS[1]} and twin name the same server, ",
        "1 host is no server and is left out: no-server",
        "is in present too: it cannot both be assigned and removed.",
        "encrypts: error: Cannot remove identity /subscriptions/",
        "unknown: error: ",
    )
    variables = {"pgflex_identity_present": "id-a", "pgflex_identity_waves": ""}
    strict = run(ASSIGN, hosts, pgflex_identity_strict="true", **variables)
    assert strict.rc == 2
    assert [each for each in problems if each not in unwrapped(strict)] == []
    assert truth(emulator) == before
    assert writes(emulator) == []
    assert (told(strict)["compliant"], told(strict)["failed"], told(strict)["not_started"]) == (0, 5, 1)
    lenient = run(ASSIGN, hosts, **variables)
    assert lenient.rc == 2
    ends = {HOSTS[0]: "changed", **dict.fromkeys(list(hosts)[1:], "failed")}
    # Of the second play the host that is no server is no part.
    assert recap(lenient) == {host: end for host, end in ends.items() if host != "no-server"}
    assert writes(emulator) == [HOSTS[0]]


def test_of_two_batches_that_name_one_server_the_later_one_is_refused(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator)
    hosts: dict[str, dict[str, Any]] = {
        HOSTS[0]: {"pgflex_identity_present": "id-a"},
        HOSTS[1]: {"pgflex_identity_present": "id-a"},
        "twin": {"pgflex_server_name": HOSTS[0].upper(), "pgflex_identity_present": "id-c"},
        HOSTS[2]: {"pgflex_identity_present": "id-a"},
    }
    play = {"hosts": "all", "gather_facts": False, "serial": 2, "roles": [ROLE]}
    ran = run([play], hosts, pgflex_identity_purge=True, pgflex_identity_max_removals="100%")
    assert f"error: servers: {HOSTS[0]} of an earlier batch and twin name the same server, " in unwrapped(ran)
    assert sorted(writes(emulator)) == HOSTS[:3]
    assert recap(ran) == {**dict.fromkeys(HOSTS[:3], "changed"), "twin": "failed"}
    assert (told(ran)["changed_hosts"], told(ran)["failed_hosts"]) == (HOSTS[:3], ["twin"])


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        (
            {"pgflex_identity_waves": "1, many"},
            "pgflex_identity_waves: 'many' is neither a number of servers, from 1, nor a percentage",
        ),
        (
            {"pgflex_identity_max_fail_percentage": "200"},
            "pgflex_identity_max_fail_percentage: 200 is not a percentage that can work.",
        ),
        (
            {"pgflex_identity_action": "assing"},
            "pgflex_identity_action: 'assing' is none of assign, remove, rotate, rollback, list.",
        ),
    ],
    ids=["waves", "failure budget", "action"],
)
def test_what_cannot_work_ends_the_play_before_anything_is_sent(
    emulator: Emulator, run: Run, variables: dict[str, Any], problem: str
) -> None:
    task = {"ansible.builtin.import_role": {"name": ROLE, "rolespec_validate": False}}
    play = {"hosts": "all", "gather_facts": False, "tasks": [task]}
    ran = run([play], HOSTS, **variables)
    assert ran.rc == 2
    assert problem in unwrapped(ran)
    assert "Traceback" not in ran.output
    assert emulator.requests() == []


@pytest.mark.parametrize("variable", ["pgflex_identity_waves", "pgflex_identity_connection"])
def test_what_counts_for_all_hosts_of_a_run_must_be_the_same_for_all(
    emulator: Emulator, run: Run, variable: str
) -> None:
    seed_fleet(emulator)
    values = {"pgflex_identity_waves": ["100%"], "pgflex_identity_connection": {"secret": "a-secret"}}
    hosts: dict[str, dict[str, Any]] = {HOSTS[0]: {}, HOSTS[1]: {variable: values[variable]}}
    ran = run(ASSIGN, hosts, pgflex_identity_present="id-a")
    assert ran.rc == 2
    shown = "one" if variable.endswith("connection") else "['100%']"
    problem = f"{variable}: is not set for {HOSTS[0]} and {shown} for {HOSTS[1]}, but counts for all hosts of a run"
    assert problem in unwrapped(ran)
    assert emulator.requests() == []
    if variable.endswith("waves"):
        assert told(ran) == {
            "check": False,
            "action": "assign",
            "servers": 2,
            "compliant": 0,
            "changed": 0,
            "undeclared": 0,
            "failed": 1,
            "not_started": 1,
            "written": 0,
            "added": 0,
            "removed": 0,
            "changed_hosts": [],
            "undeclared_hosts": [],
            "failed_hosts": HOSTS[:1],
            "not_started_hosts": HOSTS[1:2],
            "not_approved": 0,
            "not_approved_hosts": [],
            "left_out": 0,
            "left_out_hosts": [],
        }
        alone = run(ASSIGN, hosts, "--limit", HOSTS[1], pgflex_identity_present="id-a")
        assert alone.rc == 0, alone.output
        # What the role does not take matters to no other playbook.
        assert run("pgflex.azure.list", hosts).rc == 0


def test_a_report_without_a_folder_ends_the_play_before_anything_is_written(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    ran = run(ASSIGN, HOSTS[:2], pgflex_identity_present="id-a", pgflex_identity_report_csv="none/report.csv")
    assert ran.rc == 2
    assert "pgflex_identity_report_csv: the folder " in unwrapped(ran)
    assert "Traceback" not in ran.output
    assert writes(emulator) == []


def test_a_report_that_cannot_be_written_ends_the_play_before_anything_is_written(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    seed_fleet(emulator, "id-b")
    (tmp_path / "report.csv").mkdir()
    (tmp_path / "report.json").write_text("of yesterday", encoding="utf-8")
    reports = {f"pgflex_identity_report_{kind}": str(tmp_path / f"report.{kind}") for kind in ("json", "csv", "html")}
    ran = run(ASSIGN, HOSTS[:2], pgflex_identity_present="id-a", **reports)
    assert ran.rc == 2
    assert f"pgflex_identity_report_csv: {tmp_path}/report.csv cannot be written on the controller." in unwrapped(ran)
    assert writes(emulator) == []
    assert (tmp_path / "report.json").read_text(encoding="utf-8") == "of yesterday"
    assert not (tmp_path / "report.html").exists()


def test_what_is_about_rows_of_hosts_does_not_go_together_with_rows(emulator: Emulator, run: Run) -> None:
    tasks = [
        {"pgflex.azure.pgflex_identity_fleet": {"servers": [], **option}, "ignore_errors": True}
        for option in ({"action": "remove"}, {"rollback": "pgflex1:x"}, {"rollback_force": True})
    ]
    ran = run([{"hosts": "all", "gather_facts": False, "tasks": tasks}], HOSTS[:1])
    for option in ("action", "rollback", "rollback_force"):
        assert f"{option}: is about rows that are made of the hosts of the play" in unwrapped(ran)
    assert emulator.requests() == []


def test_an_outcome_needs_the_folder_of_a_fleet(run: Run) -> None:
    tasks = [
        {"pgflex.azure.pgflex_identity_outcome": options, "ignore_errors": True}
        for options in ({}, {"register": "nothing"}, {"result_dir": "none"})
    ]
    ran = run([{"hosts": "all", "gather_facts": False, "tasks": tasks}], HOSTS[:1])
    assert "result_dir: is not set: it has to be that of a result of pgflex_identity_fleet." in unwrapped(ran)
    assert "register: 'nothing' is no result of pgflex_identity_fleet with a result_dir." in unwrapped(ran)
    assert "result_dir: what became of the server cannot be read: [Errno 2] No such file or directory" in unwrapped(ran)
    assert "Traceback" not in ran.output


def test_hosts_that_all_fail_before_anything_is_asked_are_counted(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    ran = run(ASSIGN, {name: {"pgflex_resource_group": ""} for name in HOSTS[:2]}, pgflex_identity_present="id-a")
    assert unwrapped(ran).count("fatal: ") == 1
    assert "2 servers: 0 compliant, 0 changed (0 added, 0 removed), 1 failed, 1 not started." in ran.output
    assert recap(ran) == {HOSTS[0]: "failed"}
    assert (told(ran)["compliant"], told(ran)["failed_hosts"], told(ran)["not_started_hosts"]) == (
        0,
        HOSTS[:1],
        HOSTS[1:2],
    )
