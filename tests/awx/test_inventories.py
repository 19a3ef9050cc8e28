# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory source and the constructed inventory, updated as AWX does it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import yaml

from awx.controller import ROOT
from e2e.world import GROUP, SUBSCRIPTION, user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from awx.controller import Controller, Object
    from awx.launches import Place
    from e2e.emulator_client import Emulator

SERVERS = [
    {"name": "pg-first", "tags": {"canary": "True", "environment": "prod"}, "identity": user_assigned("id-a")},
    {"name": "pg-other", "tags": {"canary": "false"}},
    {"name": "pg-third"},
]


def exported(folder: Path, env: dict[str, str], *sources: str) -> dict[str, Any]:
    """What AWX imports: ansible-inventory --list --export on these sources."""
    given = [argument for source in sources for argument in ("-i", source)]
    done = subprocess.run(
        ["ansible-inventory", "--list", "--export", *given, "-vvv", "--playbook-dir", ".", "--output", "output.json"],
        cwd=folder,
        env={**os.environ, "INVENTORY_UPDATE_ID": "1", "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True", **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((folder / "output.json").read_text(encoding="utf-8"))
    return found


def source_of(controller: Controller, inventory: str) -> Object:
    """The one source of an inventory."""
    number = controller.named("inventories", inventory)["id"]
    [found] = controller.find("inventory_sources", {"inventory": str(number)})
    return found


def test_every_server_is_a_host_the_tagged_ones_are_canaries_and_groups_say_what_they_want(
    emulator: Emulator, controller: Controller, place: Place, tmp_path: Path
) -> None:
    group = {
        "name": GROUP,
        "location": "canadacentral",
        "identities": [{"name": "id-a"}, {"name": "id-b"}],
        "servers": SERVERS,
    }
    emulator.seed({"subscriptions": [{"id": SUBSCRIPTION, "resource_groups": [group]}]})
    source = ROOT / source_of(controller, "PostgreSQL servers")["source_path"]
    # A repository of somebody's own: what a group wants stands beside the inventory file.
    shutil.copytree(source.parent, tmp_path / "inventory")
    wanted = tmp_path / "inventory" / "group_vars" / "tag_environment_prod.yml"
    wanted.parent.mkdir()
    wanted.write_text("pgflex_identity_present__backup: id-b\n", encoding="utf-8")
    servers = exported(tmp_path, emulator.environment, f"inventory/{source.name}")
    assert {"pg-first", "pg-other", "pg-third"} <= set(servers["pgflex_servers"]["hosts"])
    assert servers["holds_id_a"]["hosts"] == servers["tag_environment_prod"]["hosts"] == ["pg-first"]
    # The interpreter is named by a template, which is resolved where the job runs.
    known = servers["_meta"]["hostvars"]["pg-first"]
    assert known["ansible_python_interpreter"] == "{{ ansible_playbook_python }}"
    assert known["ansible_connection"] == "local"

    constructed = source_of(controller, "PostgreSQL rollout")
    assert constructed["source"] == "constructed"
    (tmp_path / "constructed.yml").write_text(yaml.safe_dump(json.loads(constructed["source_vars"])), encoding="utf-8")
    script = tmp_path / "hosts"
    script.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(servers)!r})\n", encoding="utf-8")
    script.chmod(0o700)
    rollout = exported(tmp_path, {}, "hosts", "constructed.yml")
    assert rollout["pgflex_canary"]["hosts"] == ["pg-first"]
    assert set(rollout["pgflex_servers"]["hosts"]) == set(servers["pgflex_servers"]["hosts"])

    place.inventory = rollout
    plan = place.launch("assign", check=True)
    assert plan.status == "successful", plan.stdout
    assert plan.hosts("changed") == ["pg-first"]
    assert "pg-first: missing id-b" in plan.stdout
