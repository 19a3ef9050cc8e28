# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory source and the constructed inventory, updated as AWX does it, and a job on what comes out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from awx.conftest import page_files
from awx.controller import ROOT
from awx.jobs import PROJECT, Attached, injected
from awx.places import QUICK
from e2e.fleets import held_by_server
from e2e.world import GROUP, SUBSCRIPTION, user_assigned

if TYPE_CHECKING:
    from awx.controller import Controller, Object
    from awx.launches import Place
    from e2e.emulator_client import Emulator

PROD = {"environment": "prod"}
SERVERS: list[dict[str, Any]] = [
    {"name": "pg-first", "tags": {"canary": "True", **PROD}, "identity": user_assigned("id-a")},
    *({"name": f"pg-prod-{number}", "tags": PROD} for number in range(3)),
    {"name": "pg-other", "tags": {"canary": "false"}},
    {"name": "pg-third"},
]


@pytest.fixture(autouse=True)
def estate(emulator: Emulator) -> None:
    """Seed six servers, four of them in production and one of those a canary."""
    identities = [{"name": "id-a"}, {"name": "id-backup"}]
    group = {"name": GROUP, "location": "canadacentral", "identities": identities, "servers": SERVERS}
    emulator.seed({"subscriptions": [{"id": SUBSCRIPTION, "resource_groups": [group]}]})


def exported(folder: Path, env: dict[str, str], *sources: str) -> dict[str, Any]:
    """Return what AWX imports: ansible-inventory --list --export on these sources."""
    given = [argument for source in sources for argument in ("-i", source)]
    beside = str(Path(sources[-1]).parent)
    output = folder / "output.json"
    done = subprocess.run(
        ["ansible-inventory", "--list", "--export", *given, "-vvv", "--playbook-dir", beside, "--output", str(output)],
        cwd=folder,
        env={**os.environ, "INVENTORY_UPDATE_ID": "1", "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True", **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    return found


def signed_in(place: Place, emulator: Emulator, private: Path) -> dict[str, str]:
    """Return the environment that AWX injects for the place's credential, in an image that trusts the emulator."""
    trusted = {
        "REQUESTS_CA_BUNDLE": emulator.ready["ca_file"],
        "AZURE_POD_IDENTITY_AUTHORITY_HOST": emulator.ready["arm"],
    }
    return {**trusted, **injected([Attached(place.kind(place.credential), place.inputs)], private)}


def source_of(controller: Controller, inventory: str) -> Object:
    """Return the one source of an inventory."""
    number = controller.named("inventories", inventory)["id"]
    [found] = controller.find("inventory_sources", {"inventory": str(number)})
    return found


def constructed(controller: Controller, folder: Path, servers: dict[str, Any]) -> dict[str, Any]:
    """Return the inventory that AWX constructs of another one."""
    source = source_of(controller, "PostgreSQL rollout")
    assert source["source"] == "constructed"
    (folder / "constructed.yml").write_text(yaml.safe_dump(json.loads(source["source_vars"])), encoding="utf-8")
    script = folder / "hosts"
    script.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(servers)!r})\n", encoding="utf-8")
    script.chmod(0o700)
    return exported(folder, {}, "hosts", "constructed.yml")


@pytest.mark.parametrize("kind", ["secret", "certificate", "subscription"])
def test_every_server_is_a_host_whatever_signs_in(kind: str, emulator: Emulator, place: Place, tmp_path: Path) -> None:
    ready, common = emulator.ready, ("subscription", "cloud_environment")
    if kind == "certificate":
        place.credential = "Azure with certificate"
        certificate = Path(ready["client_certificate"]).read_text(encoding="utf-8")
        inputs = {**place.inputs, "certificate": certificate}
        place.inputs = {name: value for name, value in inputs.items() if name != "secret"}
    elif kind == "subscription":
        place.inputs = {name: place.inputs[name] for name in common}
    source = source_of(place.controller, "PostgreSQL servers")
    env = signed_in(place, emulator, tmp_path / "private")
    servers = exported(tmp_path, env, str(ROOT / source["source_path"]))
    assert {each["name"] for each in SERVERS} <= set(servers["pgflex_servers"]["hosts"])
    assert servers["holds_id_a"]["hosts"] == ["pg-first"]
    # The interpreter is named by a template, which is resolved where the job runs.
    known = servers["_meta"]["hostvars"]["pg-first"]
    assert known["ansible_python_interpreter"] == "{{ ansible_playbook_python }}"
    assert known["ansible_connection"] == "local"
    # The group variables of the project are examples, and set nothing.
    assert [name for name, group in servers.items() if name != "_meta" and "vars" in group] == []


def test_group_variables_of_a_repository_of_ones_own_take_effect_in_a_job(
    emulator: Emulator, place: Place, tmp_path: Path
) -> None:
    repository = shutil.copytree(ROOT / PROJECT, tmp_path / "repository")
    files = page_files()
    assert sorted(files) == ["inventory/group_vars/all.yml", "inventory/group_vars/tag_environment_prod.yml"]
    for name, text in files.items():
        assert (repository / name).is_file()
        (repository / name).write_text(text, encoding="utf-8")
    env = signed_in(place, emulator, tmp_path / "private")
    rollout = constructed(place.controller, tmp_path, exported(repository, env, "inventory/estate.pgflex.yml"))
    assert rollout["pgflex_canary"]["hosts"] == ["pg-first"]
    assert {each["name"] for each in SERVERS} <= set(rollout["pgflex_servers"]["hosts"])

    rollout["all"]["vars"] |= QUICK
    place.inventory = rollout
    # The collection is nowhere but where AWX puts what the project's collections/requirements.yml asks for.
    job = place.launch("assign", repository=repository, required=True)
    assert job.status == "successful", job.stdout
    prod = [each["name"] for each in SERVERS if each.get("tags", {}).get("environment")]
    assert job.hosts("changed") == sorted(prod)
    holders = {server.rpartition("/")[2] for server, held in held_by_server(emulator).items() if "id-backup" in held}
    assert holders & {each["name"] for each in SERVERS} == set(prod)
    assert re.findall(r"wave \d: \d", job.stdout) == ["wave 1: 1", "wave 2: 3"]
