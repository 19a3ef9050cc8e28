# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook sets up AWX, and a newcomer can use the result."""

from __future__ import annotations

import copy
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from awx.conftest import documented, run_setup
from awx.controller import NODE_LINKS, ROOT, Controller
from awx.jobs import PROJECT
from awx.rules import Refused, accepted, check_credential_type, check_credentials, check_survey

if TYPE_CHECKING:
    from pathlib import Path

    from awx.conftest import SetUp
    from awx.controller import Object

JOBS = ("list", "audit", "assign", "remove", "rotate", "rollback", "review")
PREFIX = "PostgreSQL identities: "


def templates(controller: Controller) -> dict[str, Object]:
    found = controller.objects["job_templates"].values()
    return {each["name"].removeprefix(PREFIX): each for each in found}


def surveys(controller: Controller) -> list[Object]:
    startable = [*templates(controller).values(), *controller.objects["workflow_job_templates"].values()]
    return [each for each in startable if each.get("survey_enabled")]


def test_every_job_has_a_template_on_an_existing_playbook(controller: Controller) -> None:
    found = templates(controller)
    assert sorted(found) == sorted(JOBS)
    for name, template in found.items():
        text = (ROOT / template["playbook"]).read_text(encoding="utf-8")
        assert f"import_playbook: pgflex.azure.{name}\n" in text
        assert controller.links[f"{template['url']}credentials/"]
        changes = name not in ("list", "audit", "review")
        assert template.get("ask_job_type_on_launch", False) == changes
        assert template.get("diff_mode", False) == changes
        assert not template.get("ask_job_slice_count_on_launch")
        # So a node of the workflow runs on the workflow's inventory.
        assert template["ask_inventory_on_launch"]
        # A container of AWX outlives no job.
        alike = {"pgflex_identity_rollback_dir": "", "pgflex_identity_approved_plan_max_age": 72}
        assert json.loads(template.get("extra_vars", "{}")) == (alike if changes else {})


def test_every_question_explains_itself(controller: Controller) -> None:
    found = surveys(controller)
    assert len(found) == len(JOBS)
    for template in found:
        for question in template["survey_spec"]["spec"]:
            assert len(question["question_description"]) > 40, question["question_name"]


def test_a_required_text_is_not_empty(controller: Controller) -> None:
    required = [
        (template, question["variable"])
        for template in surveys(controller)
        for question in template["survey_spec"]["spec"]
        if question["required"] and "choices" not in question
    ]
    assert len(required) == 3
    for template, variable in required:
        others = {name: "id-a" for each, name in required if each is template}
        with pytest.raises(Refused, match=f"Value '' for '{variable}'"):
            accepted(template, {**others, variable: ""})


def test_every_optional_question_takes_an_empty_answer_and_none(controller: Controller) -> None:
    for template in surveys(controller):
        questions = template["survey_spec"]["spec"]
        needed = {each["variable"]: each.get("default", "id-a") for each in questions if each["required"]}
        optional = {each["variable"]: "" for each in questions if not each["required"]}
        assert accepted(template, {**needed, **optional}) == accepted(template, needed) == {**needed, **optional}


def test_no_survey_hides_what_the_inventory_says(controller: Controller) -> None:
    # Extra variables beat the inventory's, and a survey sends empty answers too. So identities add to those of the
    # inventory, and the rest is what only a launch can say. Artifacts of earlier jobs have other names again.
    assert {each["variable"] for template in surveys(controller) for each in template["survey_spec"]["spec"]} == {
        "pgflex_identity_approved_plan",
        "pgflex_identity_change_reference",
        "pgflex_identity_fail_on_drift",
        "pgflex_identity_fail_on_undeclared",
        "pgflex_identity_absent__survey",
        "pgflex_identity_present__survey",
        "pgflex_identity_rollback",
        "pgflex_identity_rollback_force",
        "pgflex_identity_rotate_from",
        "pgflex_identity_rotate_to",
    }


def test_no_template_takes_variables_beyond_its_survey(controller: Controller) -> None:
    assert [name for name, each in templates(controller).items() if each["ask_variables_on_launch"]] == []


def edges(controller: Controller) -> set[tuple[str, str, str]]:
    """Return which node of the workflow follows which, and on what outcome."""
    nodes = controller.objects["workflow_job_template_nodes"]
    return {
        (node["identifier"], link.partition("_")[0], nodes[number]["identifier"])
        for node in nodes.values()
        for link in NODE_LINKS
        for number in controller.links.get(f"{node['url']}{link}/", [])
    }


def test_the_workflow_puts_back_what_fails_after_the_plan(controller: Controller) -> None:
    nodes = controller.objects["workflow_job_template_nodes"]
    assert edges(controller) == {
        ("plan", "success", "canary"),
        ("canary", "success", "review"),
        ("review", "success", "approval"),
        ("review", "failure", "rollback canary"),
        ("canary", "failure", "rollback canary"),
        ("approval", "success", "fleet"),
        ("approval", "failure", "rollback canary"),
        ("fleet", "success", "audit"),
        ("fleet", "failure", "rollback fleet"),
        ("rollback canary", "success", "audit"),
        ("rollback fleet", "success", "audit"),
    }
    [workflow] = controller.objects["workflow_job_templates"].values()
    assert workflow["inventory"] == controller.named("inventories", "PostgreSQL rollout")["id"]
    limits = {node["identifier"]: node["limit"] for node in nodes.values() if "limit" in node}
    canary, others = "pgflex_canary", "all:!pgflex_canary"
    assert limits == {"canary": canary, "rollback canary": canary, "fleet": others, "rollback fleet": others}
    plan = next(each for each in nodes.values() if each["identifier"] == "plan")
    assert plan["job_type"] == "check"
    said = {node["identifier"]: node.get("extra_data", {}) for node in nodes.values()}
    held = [name for name, data in said.items() if data.get("pgflex_identity_approved_plan") == "workflow"]
    assert sorted(held) == ["canary", "fleet"]


def test_the_nightly_audit_needs_nobody_to_answer(controller: Controller) -> None:
    [schedule] = controller.objects["schedules"].values()
    audit = templates(controller)["audit"]
    assert schedule["unified_job_template"] == audit["id"]
    assert accepted(audit, schedule["extra_data"]) == {
        "pgflex_identity_fail_on_drift": "true",
        "pgflex_identity_fail_on_undeclared": "false",
    }
    # AWX works out the next time from a start in the past; before a start in the future it would run no audit.
    assert schedule["rrule"].removeprefix("DTSTART:")[:8] < time.strftime("%Y%m%d")


def test_the_project_asks_for_the_version_that_it_belongs_to() -> None:
    found = yaml.safe_load((ROOT / PROJECT / "collections" / "requirements.yml").read_text(encoding="utf-8"))
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert found == {"collections": [{"name": "pgflex.azure", "version": galaxy["version"]}]}


def test_without_an_image_nothing_is_asked_of_the_controller(tmp_path: Path) -> None:
    done = run_setup("http://127.0.0.1:9", tmp_path, ["ansible-playbook", "pgflex.azure.awx.setup"])
    assert done.returncode == 2
    assert "pgflex_awx_image is not set: build the image from execution-environment.yml" in done.stdout


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"pgflex_awx_credential_inputs": {}},
            'pgflex_awx_credential: AWX has nothing named "Azure" among its credentials. Make it there, or set '
            "pgflex_awx_credential_inputs, with which it is made here. Nothing was made or changed.",
        ),
        ({"pgflex_awx_organization": "None"}, 'pgflex_awx_organization: AWX has nothing named "None" among its org'),
        ({"pgflex_awx_credential_type": "Azure with nothing"}, 'named "Azure with nothing" among its credential types'),
        ({"pgflex_awx_registry_credential": "r"}, 'pgflex_awx_registry_credential: AWX has nothing named "r"'),
        ({"pgflex_awx_project_credential": "p"}, 'pgflex_awx_project_credential: AWX has nothing named "p"'),
        ({"pgflex_awx_instance_groups": ["pods"]}, 'named "pods" among its instance groups'),
        ({"pgflex_awx_audit_notifications": ["mail"]}, 'named "mail" among its notification templates'),
    ],
)
def test_what_is_missing_is_found_before_anything_is_made(settings: dict[str, Any], said: str, set_up: SetUp) -> None:
    controller = Controller()
    before = copy.deepcopy(controller.objects)
    done = set_up(controller, fails=True, **settings)
    assert said in " ".join(done.stdout.split()), done.stdout
    assert controller.objects == before


def test_behind_a_gateway_it_answers_where_the_page_says(controller: Controller, set_up: SetUp) -> None:
    gateway = Controller("/api/controller/v2/")
    done = set_up(gateway, fails=True)
    said = " ".join(done.stdout.split())
    assert "CONTROLLER_OPTIONAL_API_URLPATTERN_PREFIX=/api/controller/" in said, done.stdout
    assert "Nothing was made or changed." in said
    [exported] = documented("export CONTROLLER_OPTIONAL")[1:]
    name, _equals, value = exported.partition("=")
    set_up(gateway, env={name: value})
    assert {name: len(each) for name, each in gateway.objects.items()} == {
        name: len(each) for name, each in controller.objects.items()
    }


def test_a_plan_that_its_approval_would_outlive_is_refused(tmp_path: Path) -> None:
    given = ["-e", "pgflex_awx_image=i", "-e", "pgflex_awx_approval_timeout=259201"]
    done = run_setup("http://127.0.0.1:9", tmp_path, ["ansible-playbook", "pgflex.azure.awx.setup", *given])
    assert done.returncode == 2
    assert "pgflex_awx_approval_timeout is 259201 seconds, and pgflex_awx_plan_max_age 72 hours" in done.stdout


def test_no_playbook_waits_for_somebody_at_a_keyboard() -> None:
    files = [path for folder in ("playbooks", "roles") for path in (ROOT / folder).rglob("*.yml")]
    assert [path for path in files if re.search(r"vars_prompt|\bpause:", path.read_text(encoding="utf-8"))] == []
    assert len(files) > 10


FIELD = {"id": "a", "label": "A", "type": "string"}
QUESTION = {"question_name": "A?", "variable": "a", "type": "text", "required": False}


@pytest.mark.parametrize(
    ("fields", "injectors"),
    [
        ([{**FIELD, "id": "tower"}], {}),
        ([{**FIELD, "id": "a-b"}], {}),
        ([{**FIELD, "unknown": 1}], {}),
        ([{**FIELD, "type": "integer"}], {}),
        ([FIELD, FIELD], {}),
        ([FIELD], {"env": {"ANSIBLE_AZURE_AUTH_SOURCE": "msi"}}),
        ([FIELD], {"env": {"A": "{{ b }}"}}),
        ([FIELD], {"files": {}}),
    ],
)
def test_the_rules_refuse_a_credential_type_that_awx_refuses(fields: list[Object], injectors: Object) -> None:
    with pytest.raises(Refused):
        check_credential_type({"kind": "cloud", "inputs": {"fields": fields}, "injectors": injectors})


@pytest.mark.parametrize(
    ("asks", "given", "message"),
    [
        (False, ["A"], "not configured to prompt"),
        (True, ["B"], "Removing A credential at launch time without replacement is not supported"),
        (True, ["A", "B", "B"], "Cannot assign multiple B credentials"),
    ],
)
def test_the_rules_refuse_credentials_that_awx_refuses(asks: bool, given: list[str], message: str) -> None:
    with pytest.raises(Refused, match=message):
        check_credentials({"ask_credential_on_launch": asks}, ["A"], given)
    check_credentials({"ask_credential_on_launch": True}, ["A"], ["A", "B"])


@pytest.mark.parametrize(
    "question",
    [
        {"type": "boolean"},
        {"required": "no"},
        {"type": "integer", "default": "10"},
        {"type": "multiplechoice"},
        {"type": "multiplechoice", "choices": ["x"], "default": "y"},
        {"min": "1"},
    ],
)
def test_the_rules_refuse_a_survey_that_awx_refuses(question: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        check_survey({"name": "", "description": "", "spec": [{**QUESTION, **question}]})
