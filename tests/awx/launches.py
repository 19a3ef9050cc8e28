# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Launch what the controller holds as AWX 24.6.1 does: a job template, or a whole workflow.

Sources: awx/main/models/mixins.py (surveys), workflow.py (get_job_kwargs: what a node hands to its job).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from awx.controller import NODE_LINKS
from awx.jobs import AZURE_RM, PROJECT, Attached, Job, Launch, custom_type, run_job
from awx.rules import accepted, check_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from awx_plugins.interfaces._temporary_private_api import ManagedCredentialType

    from awx.controller import Controller, Object

NAME = "PostgreSQL identities: {}"


@dataclass
class Place:
    """Where jobs run: the inventory as its script prints it, `inputs` of the `credential`, `env` of the image.

    `container` is empty for a process, else an image and options for podman.
    """

    controller: Controller
    inventory: Mapping[str, Any]
    inputs: Mapping[str, Any]
    env: Mapping[str, str]
    folder: Path
    jobs: list[Job] = field(default_factory=list)
    container: list[str] = field(default_factory=list)
    credential: str = "Microsoft Azure Resource Manager"

    def kind(self, name: str) -> ManagedCredentialType:
        """Return a credential type by its name."""
        found = self.controller.named("credential_types", name)
        return AZURE_RM if found.get("managed") else custom_type(found)

    def launch(self, name: str, answers: Mapping[str, Any] | None = None, *more: Attached, **prompts: Any) -> Job:
        """Launch a job template as a person does; with `more` credentials than it has."""
        template = self.controller.named("job_templates", NAME.format(name))
        if more:
            check_credentials(template, [self.credential], [self.credential, *(each.kind.name for each in more)])
        return self.run(template, accepted(template, dict(answers or {})), *more, **prompts)

    def run(self, template: Object, answers: Mapping[str, Any], *more: Attached, **prompts: Any) -> Job:
        """Run a job with these extra variables."""
        credential = Attached(self.kind(self.credential), self.inputs)
        folder = f"{PROJECT}/" if "repository" in prompts else ""
        launch = Launch(
            playbook=template["playbook"].removeprefix(folder),
            inventory=self.inventory,
            credentials=[credential, *more],
            extra_vars=json.loads(template.get("extra_vars", "{}")),
            answers=dict(answers),
            diff=template.get("diff_mode", False),
            **prompts,
        )
        job = run_job(launch, self.folder / f"job-{len(self.jobs)}", self.env, *self.container)
        self.jobs.append(job)
        return job


@dataclass
class Node:
    """A node of a workflow job: how it ended, and what it and the nodes before it have handed on."""

    ended: str
    ancestors: dict[str, Any]
    artifacts: dict[str, Any]
    job: Job | None = None


def run_workflow(place: Place, name: str, answers: Mapping[str, Any], approve: Callable[[], bool]) -> dict[str, Node]:
    """Run a workflow to its end. Return the nodes that ran by their identifiers, in the order of their beginning."""
    workflow = place.controller.named("workflow_job_templates", NAME.format(name))
    said = accepted(workflow, dict(answers))
    nodes = place.controller.find("workflow_job_template_nodes", {"workflow_job_template": str(workflow["id"])})
    done: dict[str, Node] = {}
    while node := next((each for each in nodes if _comes(place.controller, each, nodes, done)), None):
        ancestors: dict[str, Any] = {}
        for parent, _link in _parents(place.controller, node, nodes):
            if parent in done:
                ancestors |= done[parent].ancestors | done[parent].artifacts
        done[node["identifier"]] = _run_node(place, node, said, ancestors, approve)
    return done


def status_of(place: Place, done: Mapping[str, Node]) -> str:
    """Tell how the workflow ends, as WorkflowDAG.has_workflow_failed does: what follows a failure has handled it."""
    links = place.controller.links
    nodes = place.controller.objects["workflow_job_template_nodes"].values()
    handled = {node["identifier"] for node in nodes for link in NODE_LINKS[1:] if links.get(f"{node['url']}{link}/")}
    failed = [name for name, node in done.items() if node.ended == "failed"]
    return "successful" if set(failed) <= handled else "failed"


def _parents(controller: Controller, node: Object, nodes: list[Object]) -> list[tuple[str, str]]:
    return [
        (other["identifier"], link)
        for other in nodes
        for link in NODE_LINKS
        if node["id"] in controller.links.get(f"{other['url']}{link}/", [])
    ]


def _comes(controller: Controller, node: Object, nodes: list[Object], done: Mapping[str, Node]) -> bool:
    parents = _parents(controller, node, nodes)
    wanted = {"successful": ("success_nodes", "always_nodes"), "failed": ("failure_nodes", "always_nodes")}
    if node["identifier"] in done:
        return False
    return not parents or any(parent in done and link in wanted[done[parent].ended] for parent, link in parents)


def _run_node(
    place: Place, node: Object, said: Mapping[str, Any], ancestors: dict[str, Any], approve: Callable[[], bool]
) -> Node:
    template = place.controller.startable(node["unified_job_template"])
    if template["type"] == "workflow_approval":
        return Node("successful" if approve() else "failed", ancestors, {})
    # Artifacts are stronger than what the node says, and what was typed in for the workflow is stronger still.
    variables = {**accepted(template, node.get("extra_data", {})), **ancestors, **said}
    job = place.run(template, variables, limit=node.get("limit", ""), check=node.get("job_type") == "check")
    return Node(job.status, ancestors, job.artifacts, job)
