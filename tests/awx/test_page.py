# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page's names, numbers and commands are true. The effect of the commands is tested by those who run them."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from awx.conftest import PAGE, documented
from awx.controller import ROOT

if TYPE_CHECKING:
    from awx.controller import Controller

TEXT = PAGE.read_text(encoding="utf-8")
#: The same with one space where the page has a new line.
PROSE = " ".join(TEXT.split())
VARS = ROOT / "playbooks" / "awx" / "vars"


class _Loader(yaml.SafeLoader):
    """Reads variables of Ansible as they are written."""


_Loader.add_constructor("!unsafe", lambda _loader, node: node.value)


def variables(name: str) -> dict[str, Any]:
    """Return a file of `playbooks/awx/vars`."""
    found: dict[str, Any] = yaml.load((VARS / name).read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    return found


def test_every_setting_and_variable_that_the_page_names_is_there() -> None:
    settings, objects = variables("settings.yml"), variables("objects.yml")
    assert [name for name in re.findall(r"pgflex_awx_\w+", TEXT) if name not in settings] == []
    used = json.dumps(objects) + (ROOT / "playbooks" / "awx" / "setup.yml").read_text(encoding="utf-8")
    assert [name for name in settings if name not in used] == []
    specs = ROOT / "roles" / "pgflex_identity" / "meta" / "argument_specs.yml"
    options = yaml.safe_load(specs.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    artifacts = {"pgflex_identity_result", "pgflex_identity_audit", "pgflex_identity_planned"}
    named = {name.partition("__")[0] for name in re.findall(r"pgflex_identity_\w+", TEXT)}
    assert named - set(options) - artifacts == set()


def test_the_page_asks_for_the_environment_and_the_targets_that_there_are() -> None:
    assert [each.partition("=")[0] for each in documented("export CONTROLLER_HOST")[1:]] == [
        "CONTROLLER_HOST",
        "CONTROLLER_OAUTH_TOKEN",
    ]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"make (\w+)[`\n]", TEXT):
        assert f"\n{target}:" in makefile
    [image] = re.findall(r"podman push (\S+)", TEXT)
    assert documented("ansible-builder build")[-1] == image
    assert documented("ansible-playbook pgflex.azure.awx.setup")[-1] == f"pgflex_awx_image={image}"
    [definition] = re.findall(r"EE_DEFINITION='(.+)'", TEXT)
    known = yaml.safe_load((ROOT / "execution-environment.yml").read_text(encoding="utf-8"))
    assert {name: set(each) <= set(known[name]) for name, each in json.loads(definition).items()} == {"images": True}


def test_the_numbers_of_the_page_are_those_of_the_benchmark() -> None:
    table = (ROOT / "docs" / "docsite" / "rst" / "benchmark.rst").read_text(encoding="utf-8")

    def row(run: str) -> dict[str, float]:
        """Return the row that the table has for a run."""
        [line] = [line for line in table.splitlines() if line.strip().startswith(f"| {run} ")]
        _run, servers, wall, _floor, _ratio, cpu, _peak, refused, requests = line.strip(" |").split("|")
        found = {"servers": servers, "wall": wall, "cpu": cpu, "refused": refused, "requests": requests}
        return {name: float(value) for name, value in found.items()}

    fleet, single = row("assign, one wave"), row("host by host, 20 forks")
    assert (
        f"{fleet['servers']:,.0f} servers that all drift take {fleet['wall']:.0f} seconds in one wave, "
        f"{fleet['cpu']:.0f} seconds of CPU, {fleet['requests']:.0f} requests for each" in PROSE
    )
    assert fleet["refused"] == 0
    assert (
        f"with 20 forks, {single['servers']:.0f} servers take {single['wall']:.0f} seconds, "
        f"{single['cpu']:.0f} seconds of CPU and {single['requests']:.0f} requests for each" in PROSE
    )


def test_the_page_names_the_objects_that_there_are(controller: Controller) -> None:
    for collection in ("job_templates", "workflow_job_templates", "inventories", "schedules", "credential_types"):
        for item in controller.objects[collection].values():
            assert item["name"].rpartition(": ")[2].removeprefix("Azure with ") in PROSE, item["name"]


@pytest.mark.parametrize("name", sorted(name for name in variables("objects.yml") if name.startswith("controller_")))
def test_infra_aap_configuration_reads_all_that_an_object_says(name: str) -> None:
    kept = yaml.safe_load((ROOT / "tests" / "awx" / "aap_configuration.yml").read_text(encoding="utf-8"))
    objects = variables("objects.yml")[name]
    # The credential is there only if its inputs are given: an expression.
    said = (
        set(re.findall(r"'(\w+)':", objects)) if isinstance(objects, str) else {key for each in objects for key in each}
    )
    assert "name" in said
    assert said <= set(kept[name]["keys"])
