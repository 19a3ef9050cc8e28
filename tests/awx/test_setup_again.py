# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook runs again where it has been before."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

import yaml

from awx.controller import NODE_LINKS, ROOT
from awx.jobs import PROJECT
from awx.test_setup import edges, templates
from e2e.audit_runs import run_on

if TYPE_CHECKING:
    from pathlib import Path

    from awx.conftest import SetUp
    from awx.controller import Controller, Object

SET_UP = ROOT / "playbooks" / "awx"


def changed(output: str) -> dict[str, list[str]]:
    """Return the names of the objects that each task has changed."""
    found: dict[str, list[str]] = {}
    for task, lines in re.findall(r"^TASK \[(.+?)\].*\n((?:.+\n)*)", output, re.MULTILINE):
        if names := re.findall(r"^changed: .*item=(.+?)\)", lines, re.MULTILINE):
            found[task] = names
    return found


def test_nothing_changes_the_second_time(controller: Controller, set_up: SetUp) -> None:
    again = copy.deepcopy(controller)
    done = set_up(again)
    assert changed(done.stdout) == {}, done.stdout
    assert "changed=0 " in done.stdout
    assert (again.objects, again.links) == (controller.objects, controller.links)


def spoil(controller: Controller) -> None:
    """Leave an earlier edition of the workflow, with a node of another name, and what an admin has before."""
    [node] = controller.find("workflow_job_template_nodes", {"identifier": "audit"})
    node["identifier"] = "old name"
    for name in ("registry", "source control"):
        kind = controller.named("credential_types", "Microsoft Azure Resource Manager")["id"]
        controller.create("credentials", {"name": name, "credential_type": kind})
    controller.create("instance_groups", {"name": "pods on AKS"})
    controller.create("notification_templates", {"name": "mail"})


def test_what_differs_is_changed_and_a_node_of_another_name_goes(controller: Controller, set_up: SetUp) -> None:
    again = copy.deepcopy(controller)
    spoil(again)
    again.repository = ROOT / PROJECT
    done = set_up(
        again,
        pgflex_awx_credential_inputs={"subscription": "s", "client": "c", "tenant": "t", "secret": "another"},
        pgflex_awx_credential_update_secrets=True,
        pgflex_awx_project_folder="",
        pgflex_awx_registry_credential="registry",
        pgflex_awx_project_credential="source control",
        pgflex_awx_instance_groups=["pods on AKS"],
        pgflex_awx_audit_notifications=["mail"],
    )
    everything = [f"PostgreSQL identities: {name}" for name in templates(again)]
    assert changed(done.stdout) == {
        "Credentials": ["(censored due to no_log"],
        "Execution environments": ["PostgreSQL identities"],
        "Projects": ["PostgreSQL identities"],
        "Inventories": ["PostgreSQL servers", "PostgreSQL rollout"],
        "Inventory sources": ["Azure"],
        "Job templates": everything,
        "Workflows": ["PostgreSQL identities: rollout"],
    }
    assert edges(again) == edges(controller)
    nodes = [each.objects["workflow_job_template_nodes"].values() for each in (again, controller)]
    assert len({*(each["identifier"] for each in nodes[0])}) == len(nodes[0]) == len(nodes[1])
    assert again.named("credentials", "Azure")["inputs"]["secret"] == "another"  # noqa: S105
    check_links(again)


def test_a_secret_stays_when_another_input_changes(controller: Controller, set_up: SetUp) -> None:
    again = copy.deepcopy(controller)
    done = set_up(again, pgflex_awx_credential_inputs={"subscription": "s", "client": "other", "tenant": "t"})
    assert changed(done.stdout) == {"Credentials": ["(censored due to no_log"]}
    inputs = again.named("credentials", "Azure")["inputs"]
    assert inputs == {"subscription": "s", "client": "other", "tenant": "t", "secret": "x"}
    # Not read as anything new: nobody can tell whether it differs.
    done = set_up(again, pgflex_awx_credential_inputs={**inputs, "secret": "another"})
    assert changed(done.stdout) == {}
    assert again.named("credentials", "Azure")["inputs"] == inputs


def check_links(again: Controller) -> None:
    """Check that everything has what an admin had before."""

    def number(collection: str, name: str) -> int:
        found: int = again.named(collection, name)["id"]
        return found

    for item in (*templates(again).values(), *again.objects["inventories"].values()):
        assert again.links[f"{item['url']}instance_groups/"] == [number("instance_groups", "pods on AKS")]
    told = again.links[f"{templates(again)['audit']['url']}notification_templates_error/"]
    assert told == [number("notification_templates", "mail")]
    project, image = (
        again.named(collection, "PostgreSQL identities") for collection in ("projects", "execution_environments")
    )
    assert project["credential"] == number("credentials", "source control")
    assert image["credential"] == number("credentials", "registry")


def other_editions(nodes: list[Object]) -> dict[str, list[Object]]:
    """Return the nodes with something else in one of them, by what that is; and as they are."""

    def other(named: str, /, **fields: Any) -> list[Object]:
        return [{**each, **fields} if each["identifier"] == named else each for each in nodes]

    [approval] = [each for each in nodes if each["identifier"] == "approval"]
    starts = approval["summary_fields"]["unified_job_template"]
    found = {f"no {link}": other("canary", **{link: []}) for link in NODE_LINKS[:2]}
    for name, value in (("name", "x"), ("timeout", 1), ("description", "x")):
        found[f"approval {name}"] = other("approval", summary_fields={"unified_job_template": {**starts, name: value}})
    return {
        **found,
        "as they are": nodes,
        "an always node": other("canary", always_nodes=[approval["id"]]),
        "another name": other("audit", identifier="old name"),
        "another template": other("audit", summary_fields=nodes[0]["summary_fields"]),
        "another limit": other("fleet", limit="all"),
        "no limit": other("fleet", limit=None),
        "another job type": other("plan", job_type="run"),
        "other answers": other("audit", extra_data={"pgflex_identity_fail_on_drift": "false"}),
        "no answers": other("audit", extra_data={}),
        "a node less": nodes[1:],
        "none": [],
    }


def test_a_workflow_is_written_if_any_part_of_a_node_differs(controller: Controller, tmp_path: Path) -> None:
    held = controller.objects["workflow_job_template_nodes"].values()
    editions = other_editions([controller.shown("workflow_job_template_nodes", each) for each in held])
    tasks = yaml.safe_load((SET_UP / "tasks" / "objects.yml").read_text(encoding="utf-8"))
    [compared] = [each["vars"] for each in tasks if each["name"] == "Workflows"]
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "vars_files": [str(SET_UP / "vars" / f"{name}.yml") for name in ("settings", "objects")],
        "vars": {**compared, "nodes": "{{ editions[item] }}", "object": "{{ controller_workflows[0] }}"},
        "tasks": [{"ansible.builtin.debug": {"msg": "{{ item }}: {{ differs }}"}, "loop": "{{ editions | list }}"}],
    }
    (tmp_path / "editions.yml").write_text(yaml.safe_dump({"editions": editions}), encoding="utf-8")
    ran = run_on(tmp_path, {"all": {}}, [play], "-e", "@editions.yml", env={})
    assert ran.rc == 0, ran.output
    noticed = dict(re.findall(r'"msg": "(.+): (True|False)"', ran.output))
    assert noticed == {**dict.fromkeys(editions, "True"), "as they are": "False"}
