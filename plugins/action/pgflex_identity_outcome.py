# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Give a host its own entry of a fleet's result, so that recap, `--diff` and AWX tell what became of its server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils._files import read_entry
from ..plugin_utils._free_strategy import WITHOUT_RUN_ONCE
from ..plugin_utils._large_results import whole
from ..plugin_utils._report.model import DRIFTED, FAILED, UNDECLARED, read_report
from ..plugin_utils._report.text import held_text, row_text
from ..plugin_utils._run_scope import FAIL_ON_UNDECLARED, RUN_FAILED, explain_shut_gates

_APPLIED = "pgflex_identity_applied"
_STATUSES = (DRIFTED, FAILED, UNDECLARED)
# What a host's failure has of its entry besides the message, which says the rest in words.
_SHOWN = ("name", "assigned", "removed", "undeclared")

_INSTEAD = (
    "Nothing was changed: a condition excludes the first host of the play, and with it Ansible skips what is done once "
    "for all hosts. Instead of roles or import_role, write the condition on include_role, or choose the hosts by the "
    "play's hosts, by --limit or by pgflex_identity_hosts."
)


class ActionModule(ActionBase):
    """Read one small file: no module is run, and no host is connected to."""

    _requires_connection = False
    _VALID_ARGS = frozenset(("register", "result_dir", "fail_on"))

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the host's entry; one of its own where the fleet had no row for it."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        known = task_vars or {}
        folder, name = (self._task.args.get(option) for option in ("result_dir", "register"))
        shut = _shut_gates(name, known)
        if name:
            if not shut and _is_skipped(str(name), known):
                if self._task.get_play().strategy.endswith(WITHOUT_RUN_ONCE):
                    # The skip is another host's: Ansible registers it for all. This one has been told already.
                    return {**result, "changed": False}
                raise AnsibleActionFail(_INSTEAD)
            folder = _registered(str(name), known)
        elif not folder:
            raise AnsibleActionFail("result_dir: is not set: it has to be that of a result of pgflex_identity_fleet.")
        try:
            entry = read_entry(str(folder), str(known["inventory_hostname"]))
        except (OSError, ValueError) as error:
            raise AnsibleActionFail(f"result_dir: what became of the server cannot be read: {error}.") from None
        if entry:
            entry = _judge(_stopped(entry, shut) if shut else entry, self._fail_on())
        return {**result, "changed": False, **(entry or {})}

    def _fail_on(self) -> list[str]:
        given = self._task.args.get("fail_on")
        statuses = [FAILED] if given is None else given
        if not isinstance(statuses, list) or not {*statuses} <= {*_STATUSES}:
            raise AnsibleActionFail(f"fail_on: {given!r} is no list of {', '.join(_STATUSES)}.")
        return statuses


def _shut_gates(name: Any, task_vars: dict[str, Any]) -> dict[str, str]:
    """Return what kept all that was planned from being written, if anything did."""
    plan = task_vars.get(str(name))
    found: dict[str, str] = plan.get("stopped_by", {}) if isinstance(plan, Mapping) else {}
    return found


def _stopped(entry: dict[str, Any], shut: dict[str, str]) -> dict[str, Any]:
    """Return the entry of a host of a plan that was not carried out: one that has drifted was not started."""
    if entry["failed"]:
        return entry
    if entry["changed"] or entry.get("busy"):
        why = f"Not started: {explain_shut_gates(shut)}"
        return {**entry, "changed": False, "failed": True, "not_started": True, "msg": why}
    if entry.get("undeclared") and FAIL_ON_UNDECLARED in shut:
        return {**entry, "failed": True, "msg": f"Nothing says what it shall hold, and {FAIL_ON_UNDECLARED} is set."}
    return entry


def _judge(entry: dict[str, Any], fail_on: list[str]) -> dict[str, Any]:
    """Return the entry as failed if its status is one of `fail_on`, and as not failed if it is none."""
    if entry["failed"]:
        return entry if FAILED in fail_on else {**entry, "failed": False, "skipped": True}
    status = DRIFTED if entry["changed"] else UNDECLARED if entry.get("undeclared") else ""
    if status not in fail_on:
        return entry
    [row] = read_report([entry], []).rows
    shown = {name: entry[name] for name in _SHOWN if name in entry}
    why = f"Drifted: {row_text(row)}."
    if status == UNDECLARED:
        why = f"Undeclared: nothing says what it shall hold. It holds {held_text(row)}."
    return {**shown, "changed": False, "failed": True, "msg": why}


def _is_skipped(name: str, task_vars: dict[str, Any]) -> bool:
    """Return whether the fleet's task was skipped: to compare, or in the role's second half to change what drifted."""
    plan, applied = task_vars.get(name), task_vars.get(_APPLIED)
    if not isinstance(plan, Mapping):
        return False
    if plan.get("skipped"):
        return True
    if name != "pgflex_identity_plan" or not isinstance(applied, Mapping) or not applied.get("skipped"):
        return False
    return any(each.get(what) for each in whole(plan).get("servers") or () for what in ("changed", "failed", "busy"))


def _registered(name: str, task_vars: dict[str, Any]) -> Any:
    """Return the folder of a registered result. Raise `AnsibleActionFail`."""
    result = task_vars.get(name)
    if isinstance(result, Mapping) and result.get("failed"):
        raise AnsibleActionFail(f"Nothing was changed: {str(result.get('msg')).removeprefix(RUN_FAILED)}")
    if not isinstance(result, Mapping) or not result.get("result_dir"):
        raise AnsibleActionFail(f"register: {name!r} is no result of pgflex_identity_fleet with a result_dir.")
    return result["result_dir"]
