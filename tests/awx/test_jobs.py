# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX runs them, from the job templates and the workflow that the collection sets up."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from awx.launches import Node, run_workflow, status_of
from awx.places import inventory_of
from awx.public_collections import display_of_runner
from awx.rules import Refused, accepted
from e2e.conftest import secrets_of
from e2e.fleets import held_by_server, seed_servers, servers
from e2e.world import user_assigned

if TYPE_CHECKING:
    from awx.launches import Place
    from e2e.emulator_client import Emulator

#: Way to a host that nobody can reach, as an inventory for virtual machines may set it for all.
ELSEWHERE = {"ansible_connection": "ssh", "ansible_host": "192.0.2.1", "ansible_become_method": "su"}
OUTCOME = "Give each host its own result"
UNFORCED = {"pgflex_identity_rollback_force": "false"}
#: As a survey's field gives it.
ANSWER = "# for the new application\n\n id-b  # see the ticket\n\n"


def check_no_secret(place: Place, emulator: Emulator) -> None:
    """Check that nothing that AWX stores of a job holds a secret or a token."""
    for job in place.jobs:
        for secret in secrets_of(emulator):
            assert secret not in json.dumps(job.events)


def held(emulator: Emulator, names: list[str]) -> list[list[str]]:
    """Return what these servers truly hold."""
    by_name = {server_id.rpartition("/")[2]: sorted(names) for server_id, names in held_by_server(emulator).items()}
    return [by_name[name] for name in names]


def check_events(jobs: dict[str, Any], names: list[str]) -> None:
    """Check that each host has its own status and its own difference, in the plan too."""
    assert jobs["plan"].hosts("changed") == names
    assert jobs["fleet"].hosts("changed") == names[1:]
    assert jobs["fleet"].hosts("failures") == jobs["fleet"].hosts("dark") == []
    assert set(jobs["plan"].results(OUTCOME)) == set(names)
    assert all("id-b" in str(each["diff"]["after"]) for each in jobs["plan"].results(OUTCOME).values())
    assert "3 servers: 0 compliant, 3 changed (4 added, 0 removed), 0 failed, 0 not started." in jobs["fleet"].stdout


def test_a_rollout_is_planned_tried_on_canaries_approved_done_and_audited(
    emulator: Emulator, place: Place, home: Path
) -> None:
    seeded = servers("app", 4, "id-a")
    seed_servers(emulator, seeded)
    names = [each["name"] for each in seeded]
    # What the inventory wants of one host counts besides the survey.
    place.inventory = inventory_of(names, names[:1], **ELSEWHERE)
    place.inventory["_meta"]["hostvars"] = {names[3]: {"pgflex_identity_present": ["id-c"]}}
    seen: list[list[list[str]]] = []

    def approve() -> bool:
        seen.append(held(emulator, names))
        return True

    done = run_workflow(place, "rollout", {"pgflex_identity_present__survey": ANSWER}, approve)
    assert [(name, node.ended) for name, node in done.items()] == [
        (name, "successful") for name in ("plan", "canary", "review", "approval", "fleet", "audit")
    ], [job.stdout for job in place.jobs]
    # The plan has changed nothing, the canary itself alone.
    assert seen == [[["id-a", "id-b"], ["id-a"], ["id-a"], ["id-a"]]]
    assert held(emulator, names) == [["id-a", "id-b"]] * 3 + [["id-a", "id-b", "id-c"]]

    plan, canary, fleet = (done[name].artifacts["pgflex_identity_result"] for name in ("plan", "canary", "fleet"))
    assert [(each["check"], each["servers"], each["changed_hosts"]) for each in (plan, canary, fleet)] == [
        (True, 4, names),
        (False, 1, names[:1]),
        (False, 3, names[1:]),
    ]
    assert done["audit"].artifacts["pgflex_identity_audit"]["compliant"] == 4
    check_events({name: node.job for name, node in done.items() if node.job}, names)

    assert status_of(place, done) == "successful"
    # The record is in the artifacts, since a file would go with the container.
    assert all(each["rollback"] for each in (canary, fleet))
    assert not plan["rollback"]
    folders = (home / ".ansible", Path(os.environ["ANSIBLE_HOME"]))
    assert [folder for folder in folders if (folder / "pgflex_identity").exists()] == []
    check_no_secret(place, emulator)


def test_what_differs_from_the_plan_is_red_and_not_a_surprise(emulator: Emulator, place: Place) -> None:
    seeded = servers("app", 5, "id-a")
    seed_servers(emulator, seeded)
    names = [each["name"] for each in seeded]
    wanted = {"pgflex_identity_present": ["id-b"], "pgflex_identity_purge": True}
    place.inventory = inventory_of(names, names[:1], **wanted, pgflex_identity_max_removals="5")

    def approve() -> bool:
        # Since the plan somebody else has written to one, a group variable has changed, and a canary was marked.
        seed_servers(emulator, [{"name": names[1], "identity": user_assigned("id-a", "id-c")}])
        place.inventory = inventory_of(names, [names[0], names[4]], **wanted, pgflex_identity_max_removals="5")
        place.inventory["_meta"]["hostvars"] = {names[2]: {"pgflex_identity_present__new": ["id-c"]}}
        return True

    answers = {"pgflex_identity_change_reference": "CHG1"}
    done = run_workflow(place, "rollout", answers, approve)
    assert [(name, node.ended) for name, node in done.items()] == [
        ("plan", "successful"),
        ("canary", "successful"),
        ("review", "successful"),
        ("approval", "successful"),
        ("fleet", "failed"),
        ("rollback fleet", "successful"),
        ("audit", "failed"),
    ], [job.stdout for job in place.jobs]
    jobs = {name: node.job for name, node in done.items() if node.job}
    shown = jobs["review"].stdout
    assert "5 of 5 servers would change" in shown
    assert f"REMOVED from 5 servers: id-a: {', '.join(names)}" in shown
    assert "; change reference CHG1" in shown
    assert f"canaries, changed: {names[0]}" in shown
    # Red are those that differ; what was approved is done, and stays.
    assert (jobs["fleet"].hosts("failures"), jobs["fleet"].hosts("changed")) == (names[1:3], names[3:4])
    assert f"2 not in this run ({names[0]}, {names[4]})." in jobs["fleet"].stdout
    assert "Nothing is put back" in " ".join(jobs["rollback fleet"].stdout.split())
    assert held(emulator, names) == [["id-b"], ["id-a", "id-c"], ["id-a"], ["id-b"], ["id-a"]]
    assert status_of(place, done) == "failed"
    # No other job sets the key of the plan, and no job shares an event between a plan and a record.
    assert [name for name, node in done.items() if "pgflex_identity_planned" in node.artifacts] == ["plan"]
    for job in place.jobs:
        assert [each for each in job.events if "pgflexplan1:" in str(each) and "pgflex1:" in str(each)] == []


def test_without_a_plan_a_node_fails_before_anything_is_sent(emulator: Emulator, place: Place) -> None:
    place.inventory = inventory_of(["pg-app-000"], pgflex_identity_present="id-b")
    job = place.launch("assign", {"pgflex_identity_approved_plan": "workflow"})
    assert job.status == "failed"
    assert "no job before this one has handed on a plan as pgflex_identity_planned" in " ".join(job.stdout.split())
    review = place.launch("review")
    assert review.status == "failed"
    assert "There is no plan: no job before this one has handed on" in " ".join(review.stdout.split())
    assert emulator.requests() == []


def check_rollback_fails(place: Place, artifacts: dict[str, Any], why: str) -> None:
    """Run the node that puts back the fleet with what jobs before it have handed on, and see it fail."""
    template = place.controller.named("job_templates", "PostgreSQL identities: rollback")
    job = place.run(template, {**accepted(template, UNFORCED), **artifacts}, limit="all:!pgflex_canary")
    assert job.status == "failed"
    assert why in " ".join(job.stdout.split())


def test_a_rollout_that_is_not_approved_is_put_back_and_red(emulator: Emulator, place: Place) -> None:
    seeded = servers("app", 2, "id-a")
    seed_servers(emulator, seeded)
    names = [each["name"] for each in seeded]
    place.inventory = inventory_of(names, names[:1])
    done = run_workflow(place, "rollout", {"pgflex_identity_present__survey": ANSWER}, lambda: False)
    assert [(name, node.ended) for name, node in done.items()] == [
        ("plan", "successful"),
        ("canary", "successful"),
        ("review", "successful"),
        ("approval", "failed"),
        ("rollback canary", "successful"),
        ("audit", "failed"),
    ], [job.stdout for job in place.jobs]
    # The artifact of the canary says what to undo, with the workflow's answers beside it.
    assert [place.jobs[number].hosts("changed") for number in (1, 3)] == [names[:1], names[:1]]
    assert held(emulator, names) == [["id-a"], ["id-a"]]
    assert place.jobs[-1].hosts("failures") == names
    assert status_of(place, done) == "failed"

    # A rollback that fails is red for itself: nothing follows it that would count as its handling.
    for name in ("rollback canary", "rollback fleet"):
        ended = {**done, "audit": Node("successful", {}, {}), name: Node("failed", {}, {})}
        assert status_of(place, ended) == "failed"

    # A job that is cancelled hands on nothing, so that the next one gets what an earlier one has handed on.
    check_rollback_fails(
        place, done["plan"].artifacts, "is of a check job, which changes nothing; a job that was killed"
    )
    check_rollback_fails(
        place, done["canary"].artifacts, "rollback: The record names none of the servers of this play."
    )


def test_an_audit_and_a_list_are_red_for_the_servers_that_need_it(emulator: Emulator, place: Place) -> None:
    seed_servers(emulator, servers("app", 4, "id-a"))
    # The first one is compliant; the last one does not exist.
    names = [f"pg-app-00{number}" for number in range(5)]
    declared = [{"pgflex_identity_present": name} for name in ("id-a", "id-a", "id-b")]
    place.inventory = inventory_of(names)
    place.inventory["_meta"]["hostvars"] = dict(zip(names, [*declared, {}, declared[0]]))
    answers = {"pgflex_identity_fail_on_drift": "true", "pgflex_identity_fail_on_undeclared": "true"}
    audit = place.launch("audit", answers)
    assert (audit.status, audit.hosts("failures"), audit.hosts("ok")) == ("failed", names[2:], names[:1])
    told = {host: each["msg"] for host, each in audit.results(OUTCOME).items()}
    assert sorted(told) == names[2:]
    assert told[names[2]] == "Drifted: missing id-b."
    assert told[names[3]] == "Undeclared: nothing says what it shall hold. It holds id-a."
    assert told[names[4]].startswith("Cannot read server pg-app-004")
    listed = place.launch("list")
    assert (listed.status, listed.hosts("failures"), listed.hosts("ok")) == ("failed", names[4:], names[:1])
    place.inventory = inventory_of(names[:3], pgflex_identity_present="id-a")
    assert [job.hosts("failures") for job in (place.launch("audit", answers), place.launch("list"))] == [[], []]


@pytest.mark.parametrize("version", ["", "2.4.0"], ids=["this runner", "that of AWX 24.6.1"])
def test_a_job_tells_how_far_it_is_while_it_changes_servers(emulator: Emulator, place: Place, version: str) -> None:
    if version:
        place.env = {**place.env, "AWX_LIB_DIRECTORY": display_of_runner(version)}
    seeded = servers("app", 3, "id-a")
    seed_servers(emulator, seeded)
    names = [each["name"] for each in seeded]
    place.inventory = inventory_of(names, pgflex_identity_present="id-b", pgflex_identity_waves="1,100%")
    for name in names[1:]:
        emulator.fault("PATCH", name, {"delay": 4})
    job = place.launch("assign")
    assert job.status == "successful", job.stdout
    [told] = [event for event in job.events if " in flight, " in event["stdout"]]
    assert told["stdout"] == "wave 2 of 2: 1 done, 1 changed, 0 failed, 2 in flight, 0 left, about 10 s to go"
    of_task = [event for event in job.events if event["event_data"].get("task") == "Change the servers"]
    [ended] = [event for event in of_task if event["event"] == "runner_on_ok"]
    at, end = (datetime.fromisoformat(event["created"]) for event in (told, ended))
    assert (end - at).total_seconds() > 0.5
    assert "errantly" not in json.dumps(job.events)


def test_empty_answers_change_nothing_and_the_job_says_so(emulator: Emulator, place: Place) -> None:
    seed_servers(emulator, servers("app", 1, "id-a"))
    place.inventory = inventory_of(["pg-app-000"])
    said = {}
    for name in ("assign", "remove", "rotate"):
        template = place.controller.named("job_templates", f"PostgreSQL identities: {name}")
        questions = template["survey_spec"]["spec"]
        # AWX asks for a character at least where an answer is required: a space will do for it.
        job = place.run(template, {each["variable"]: "" for each in questions})
        assert job.status == ("failed" if name == "rotate" else "successful"), job.stdout
        said[name] = " ".join(job.stdout.split())
    for name, variable in (("assign", "pgflex_identity_present"), ("remove", "pgflex_identity_absent")):
        assert f"Nothing is to be changed on any host: none has an identity in {variable}" in said[name]
    assert "pgflex_identity_rotate_from: is not set: it has to name the identity to replace." in said["rotate"]
    assert [each for each in emulator.requests("arm") if each["method"] == "PATCH"] == []


def test_a_template_in_an_answer_stays_text(emulator: Emulator, place: Place) -> None:
    place.inventory = inventory_of(["pg-app-000"])
    template = "{{ lookup('env', 'AZURE_SECRET') }}"
    job = place.launch("rotate", {"pgflex_identity_rotate_from": template, "pgflex_identity_rotate_to": "id-b"})
    assert job.status == "failed"
    # A comma ends a name.
    assert template.partition(",")[0] in job.results(OUTCOME)["pg-app-000"]["msg"]
    check_no_secret(place, emulator)


def test_a_rollout_without_canaries_is_told_that_no_host_is_meant(emulator: Emulator, place: Place) -> None:
    place.inventory = inventory_of(["pg-app-000"])
    job = place.launch("assign", {}, limit="pgflex_canary")
    assert job.status == "failed"
    assert "leaves us with no hosts to target" in job.stdout


@pytest.mark.parametrize(
    ("name", "answers", "message"),
    [
        ("remove", {}, "'pgflex_identity_absent__survey' value missing"),
        ("rotate", {"pgflex_identity_rotate_from": "id-a"}, "'pgflex_identity_rotate_to' value missing"),
        ("rotate", {"pgflex_identity_rotate_from": "", "pgflex_identity_rotate_to": "id-b"}, "Value ''"),
        ("rollback", {}, "'pgflex_identity_rollback_force' value missing"),
        ("audit", {}, "'pgflex_identity_fail_on_drift' value missing"),
        ("audit", {"pgflex_identity_fail_on_drift": "true"}, "'pgflex_identity_fail_on_undeclared' value missing"),
        ("assign", {"ansible_connection": "ssh"}, "not allowed on launch"),
    ],
)
def test_awx_itself_refuses_a_launch(place: Place, name: str, answers: dict[str, Any], message: str) -> None:
    with pytest.raises(Refused, match=message):
        place.launch(name, answers)
