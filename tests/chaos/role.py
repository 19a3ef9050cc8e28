# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the tasks of the role without ansible-playbook: the action plugins, with hosts and variables as Ansible has them.

Ansible forks a process for each task. Only in this one can time pass without sleeping.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.block import Block
from ansible.playbook.play import Play
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar
from ansible.vars.hostvars import HostVars
from ansible.vars.manager import VariableManager

from ansible_collections.pgflex.azure.plugins.action import pgflex_identity_fleet, pgflex_identity_outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType


@dataclass
class Inventory:
    """Hosts and their variables, and the results of the fleets that are run for them, one text for each."""

    variables: dict[str, dict[str, Any]]
    outputs: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._loader = DataLoader()
        self._inventory = InventoryManager(self._loader, parse=False)
        for host, variables in self.variables.items():
            self._inventory.add_host(host, "all")
            for name, value in variables.items():
                self._inventory.get_host(host).set_variable(name, value)
        self._known = VariableManager(self._loader, self._inventory)
        HostVars(self._inventory, self._known, self._loader)  # makes itself known

    def fleet(self, hosts: Sequence[str], *, check: bool, **options: Any) -> dict[str, Any]:
        """Return the result of pgflex_identity_fleet, once for all `hosts`."""
        result = self._run(pgflex_identity_fleet, hosts, hosts[0], options, check=check)
        self.outputs.append(json.dumps(result))
        return result

    def outcome(self, host: str, folder: str) -> dict[str, Any]:
        """Return the result of pgflex_identity_outcome for a host."""
        return self._run(pgflex_identity_outcome, [host], host, {"result_dir": folder})

    def _run(
        self, action: ModuleType, hosts: Sequence[str], host: str, options: dict[str, Any], *, check: bool = False
    ) -> dict[str, Any]:
        play = Play.load({"hosts": list(hosts), "gather_facts": False}, self._known, self._loader)
        task = Task(block=Block(play=play))
        task.action, task.args, task.check_mode, task.run_once = action.__name__, options, check, True
        known = self._known.get_vars(play, self._inventory.get_host(host), task, list(hosts), list(hosts))
        templar = Templar(self._loader, variables=known)
        context = PlayContext(play)
        local = connection_loader.get("local", context, os.devnull)
        local.set_options()
        local._shell.set_options()
        plugin = action.ActionModule(task, local, context, self._loader, templar, None)
        result: dict[str, Any] = plugin.run(task_vars=known)
        return result
