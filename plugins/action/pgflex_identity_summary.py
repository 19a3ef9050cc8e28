# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say what became of all hosts at once: in lines, and in the one artifact that a workflow in AWX hands on."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.template import Templar

from ..module_utils._files import write_private
from ..plugin_utils._host_reader import host_variables, quick_without_facts
from ..plugin_utils._inventory import batch_hosts, extra_variables
from ..plugin_utils._large_results import whole
from ..plugin_utils._run_settings import RunSettings
from ..plugin_utils._summary import Batch, add, for_report, sum_up, tell, undo

STATISTIC = "pgflex_identity_result"


class ActionModule(ActionBase):
    """Sum up without running a module or connecting to a host."""

    _requires_connection = False
    _VALID_ARGS = frozenset(("plan", "rollout", "action", "rollback_file"))

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return `lines` of this batch, and the counts of all batches so far; the custom statistic has names too."""
        known = task_vars or {}
        result: dict[str, Any] = super().run(tmp, known)
        arguments, check = self._task.args, self._task.check_mode
        rollout = arguments.get("rollout") or {}
        if check:
            rollout = {**rollout, "rollback": ""}
        try:
            planned, rollout = whole(arguments["plan"]), whole(rollout)
            told, plan = add(_earlier(), planned, rollout, self._batch(known))
            batch = sum_up([plan])
            lines = tell(batch, planned, rollout.get("waves") or [], check=check)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise AnsibleActionFail("plan, rollout: have to be results of pgflex_identity_fleet.") from None
        if batch["rollback"] and arguments.get("rollback_file"):
            sources = known.get("ansible_inventory_sources") or []
            lines.append(undo(sources, arguments["rollback_file"], extra_variables(known)))
        write_private(_path(), json.dumps(told))
        if plan["files"]:
            result["report"] = str(_path("report"))
            write_private(_path("report"), json.dumps(for_report(told["plans"].values(), plan)))
        summary = {"check": check, "action": arguments.get("action"), **sum_up(told["plans"].values())}
        # Each name once: of a result with more than 700,000 characters AWX keeps nothing.
        counts = {name: value for name, value in summary.items() if not isinstance(value, list) and name != "rollback"}
        handed_on = {"data": {STATISTIC: summary}, "per_host": False, "aggregate": True}
        return {**result, "changed": False, "lines": lines, "summary": counts, "ansible_stats": handed_on}

    def _batch(self, task_vars: dict[str, Any]) -> Batch:
        everyone = [str(each) for each in task_vars.get("ansible_play_hosts_all") or []]
        own = str(task_vars.get("inventory_hostname"))
        is_server = partial(self._is_server, task_vars)
        return Batch(self._task.get_play()._uuid, own, batch_hosts(task_vars), everyone, self._most_failed(), is_server)

    def _most_failed(self) -> float:
        """Return how many percent of a batch may fail before Ansible ends the play."""
        if self._task.any_errors_fatal:
            return 0
        try:
            return float(str(self._task.get_play().max_fail_percentage).rstrip("%"))
        except ValueError:  # it is not set
            return 100

    def _is_server(self, task_vars: dict[str, Any], host: str) -> bool:
        with quick_without_facts():
            variables = host_variables(self._task, task_vars, host)
            return RunSettings(variables, Templar(loader=self._loader, variables=variables)).are_of_a_server


def _path(what: str = "told") -> Path:
    """Return a file in a folder that `ansible-playbook` removes at its end: a cached fact would outlive the run."""
    return Path(constants.DEFAULT_LOCAL_TMP) / f"{STATISTIC}_{what}.json"


def _earlier() -> dict[str, Any]:
    """Return what was said of the batches before this one in this run; empty for the first."""
    found: dict[str, Any] = json.loads(_path().read_text(encoding="utf-8")) if _path().exists() else {}
    return found
