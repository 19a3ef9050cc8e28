# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a playbook of the collection, or a play, on an inventory of servers, and read what it shows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from e2e.commands import run_command
from e2e.world import GROUP, SUBSCRIPTION, user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator

Audit = Callable[..., "Ran"]

_SHOWN = re.compile(r'=> (\{\n +"msg": .*?\n\})$', re.DOTALL | re.MULTILINE)
_STATS = re.compile(r"^\tRUN: (\{.*\})$", re.MULTILINE)


# Way to a host that does not exist, as an inventory for virtual machines may set it for all.
ELSEWHERE = {
    "ansible_connection": "ssh",
    "ansible_host": "192.0.2.1",
    "ansible_become": True,
    "ansible_become_method": "su",
    "ansible_python_interpreter": "/no/such/python",
    "ansible_shell_executable": "/no/such/shell",
    "ansible_shell_type": "powershell",
}


@dataclass(frozen=True)
class Ran:
    """A finished ansible-playbook."""

    rc: int
    output: str

    @property
    def shown(self) -> Any:
        """The output of the first debug task."""
        found = _SHOWN.search(self.output)
        assert found, self.output
        return json.loads(found[1])["msg"]

    @property
    def stats(self) -> dict[str, Any]:
        """The custom statistics of set_stats."""
        found = _STATS.search(self.output)
        assert found, self.output
        stats: dict[str, Any] = json.loads(found[1])
        return stats


def run_on(
    folder: Path, inventory: dict[str, Any], playbook: str | list[dict[str, Any]], *arguments: str, env: dict[str, str]
) -> Ran:
    """Run `playbook`, a name or plays, in `folder`; nothing in the environment helps it to be local."""
    (folder / "estate.yml").write_text(yaml.safe_dump(inventory, sort_keys=False), encoding="utf-8")
    if not isinstance(playbook, str):
        (folder / "site.yml").write_text(yaml.safe_dump(playbook, sort_keys=False), encoding="utf-8")
    name = playbook if isinstance(playbook, str) else "site.yml"
    done = run_command(["ansible-playbook", "-i", "estate.yml", name, *arguments], folder, {"HOME": str(folder), **env})
    return Ran(done.rc, done.stdout + done.stderr)


def audit_inventory(hosts: dict[str, dict[str, Any]], **variables: Any) -> dict[str, Any]:
    """Write an inventory in whose way to the hosts nothing works."""
    return {"all": {"hosts": hosts, "vars": {"pgflex_resource_group": GROUP, **ELSEWHERE, **variables}}}


def auditor(emulator: Emulator, outputs: list[str], folder: Path) -> Audit:
    """Return what runs the audit, or another playbook or plays, on hosts with these variables."""

    def run(
        hosts: dict[str, dict[str, Any]],
        *arguments: str,
        playbook: str | list[dict[str, Any]] = "pgflex.azure.audit",
        **variables: Any,
    ) -> Ran:
        inventory = audit_inventory(hosts, **variables)
        ran = run_on(folder, inventory, playbook, *arguments, env=emulator.environment)
        outputs.append(ran.output)
        return ran

    return run


def seed_kinds(emulator: Emulator) -> None:
    """Seed one server of each kind in `GROUP`."""
    servers = [
        {"name": "pg-good", "identity": user_assigned("id-a")},
        {"name": "pg-drift", "identity": user_assigned("id-b"), "tags": {"{{ 6 * 7 }}": "{{ undefined_name }}"}},
        {"name": "pg-keys", "identity": user_assigned("id-cmk"), "encryption": {"primary": "id-cmk"}},
    ]
    identities = [{"name": name} for name in ("id-a", "id-b", "id-cmk")]
    group = {"name": GROUP, "location": "canadacentral", "identities": identities, "servers": servers}
    emulator.seed({"subscriptions": [{"id": SUBSCRIPTION, "resource_groups": [group]}]})
