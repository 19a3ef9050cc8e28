# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run C(pgflex_identity_fleet) on the controller, and make its rows of the inventory where the task gives none.

The rows are those of C(ansible_play_batch): with C(serial) the wave, without it all hosts of the play, in both cases
after C(--limit) and without those that have failed. C(ansible_play_hosts) would be the whole play in every wave.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader
from ansible.template import Templar

from ..module_utils._errors import InvalidInput
from ..plugin_utils._rows import Rows, is_meant, nothing_asked

MODULE = "pgflex.azure.pgflex_identity_fleet"
# Their hosts do not wait for each other: Ansible runs a task with run_once for every host there, with a warning.
_WITHOUT_RUN_ONCE = ("free", "host_pinned")


class ActionModule(ActionBase):
    """With C(run_once) a row for each host of the batch, else one for the task's own host."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The module's result, with an entry for each host where the rows come from hosts."""
        known = task_vars or {}
        self._move_to_controller()
        result: dict[str, Any] = super().run(tmp, known)
        arguments = {**self._connection_options(known), **self._task.args}
        if arguments.get("servers") is not None:
            return {**result, **self._run_module(arguments, known)}
        rows = self._rows(known)
        answer = self._run_module({**arguments, "servers": rows.asked}, known) if rows.asked else nothing_asked()
        return {**result, **(rows.answers(answer) if "totals" in answer else answer)}

    def _move_to_controller(self) -> None:
        """Whatever way leads to the host: the host is a resource in Azure, and nobody can log in to it."""
        self._connection = connection_loader.get("ansible.builtin.local", self._play_context, os.devnull)
        self._connection.set_options()
        self._connection._shell.set_options()

    def _run_module(self, arguments: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        python = {"ansible_python_interpreter": task_vars.get("ansible_playbook_python") or sys.executable}
        delegated = task_vars.get("ansible_delegated_vars") or {}
        here = {
            **task_vars,
            **python,
            "ansible_delegated_vars": {host: {**known, **python} for host, known in delegated.items()},
        }
        answer: dict[str, Any] = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=here)
        return answer

    def _connection_options(self, task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """C(pgflex_identity_connection), under the options of the task and its C(module_defaults)."""
        options = self._templar.template(task_vars.get("pgflex_identity_connection")) or {}
        if not isinstance(options, Mapping):
            raise AnsibleActionFail("pgflex_identity_connection is not a dictionary of connection options.")
        return dict(options)

    def _rows(self, task_vars: Mapping[str, Any]) -> Rows:
        templar = Templar(loader=self._loader)
        rows = Rows()
        for host in self._hosts(task_vars):
            rows.add(host, partial(self._wishes, host, task_vars, templar))
        return rows

    def _hosts(self, task_vars: Mapping[str, Any]) -> list[str]:
        strategy = self._task.get_play().strategy.rpartition(".")[2]
        if self._task.run_once and strategy not in _WITHOUT_RUN_ONCE:
            return [str(host) for host in task_vars["ansible_play_batch"]]
        return [str(task_vars["inventory_hostname"])]

    def _wishes(self, host: str, task_vars: Mapping[str, Any], templar: Templar) -> dict[str, Any]:
        """The host's own variables as its own task would see them; only those that are meant are templated.

        C(hostvars) would leave out what the play, its roles and this task set.
        """
        hostvars = task_vars["hostvars"]
        variables = hostvars._variable_manager.get_vars(
            play=self._task.get_play(),
            host=hostvars._inventory.get_host(host),
            task=self._task,
            _hosts=task_vars["ansible_play_batch"],
            _hosts_all=task_vars["ansible_play_hosts_all"],
        )
        templar.available_variables = variables
        return {name: _template(templar, name, variables[name]) for name in variables if is_meant(name)}


def _template(templar: Templar, name: str, value: Any) -> Any:
    try:
        return templar.template(value)
    except Exception as error:  # a template may raise anything; it is this host's fault alone
        raise InvalidInput(name, f"cannot be read: {error}") from None
