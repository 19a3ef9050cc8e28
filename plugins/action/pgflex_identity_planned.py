# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hand on what a check run has planned: as a file for people, and as the artifact that later jobs are held to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible import constants
from ansible.plugins.action import ActionBase

from ..module_utils._errors import InvalidInput
from ..module_utils._files import AppendOnlyFile, expand, write_private
from ..module_utils._fleet.plan_document import join_plans, kept_plan, read_plan
from ..module_utils._fleet.target import counted
from ..plugin_utils._approved_plan import FILE, PLANNED
from ..plugin_utils._task_errors import failing_the_task

if TYPE_CHECKING:
    from ..module_utils._fleet.plan_document import PlanDocument


class ActionModule(ActionBase):
    """Read one file of the run: no module is run, and no host is connected to."""

    _requires_connection = False
    _VALID_ARGS = frozenset(("result_dir", "file"))

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return `lines` for people; the plan of all batches so far is a custom statistic."""
        result: dict[str, Any] = {**super().run(tmp, task_vars), "changed": False, "lines": []}
        folder, file = (str(self._task.args.get(option) or "") for option in ("result_dir", "file"))
        with failing_the_task():
            plan = kept_plan(folder) if folder and self._task.check_mode else None
            if plan is None:
                return result
            told = _earlier()
            told["plans"][folder] = plan.pack()
            whole = join_plans([read_plan("result_dir", each) for each in told["plans"].values()])
            if file:
                _write(file, whole.text(), again=file in told["files"])
                told["files"].append(file)
        write_private(_path(), json.dumps(told))
        handed_on = {"data": {PLANNED: whole.pack()}, "per_host": False, "aggregate": False}
        return {**result, "lines": [_line(whole, file)], "ansible_stats": handed_on}


def _line(plan: PlanDocument, file: str) -> str:
    canaries = sum(each.canary for each in plan.servers)
    marked = f", {canaries} of them {'a canary' if canaries == 1 else 'canaries'}" if canaries else ""
    return f"Plan for approval: {counted(len(plan.servers), 'server')}{marked}{f', in {file}' if file else ''}."


def _write(file: str, text: str, *, again: bool) -> None:
    """Write the file; one of an earlier run is moved aside. Raise `InvalidInput`."""
    try:
        if again:
            write_private(expand(file), text)
            return
        made = AppendOnlyFile(expand(file))
        try:
            made.sync(made.append(text.encode()))
        finally:
            made.close()
    except OSError as error:
        raise InvalidInput(FILE, f"{file!r} cannot be written: {error.strerror}.") from None


def _path() -> Path:
    """Return a file in a folder that `ansible-playbook` removes at its end."""
    return Path(constants.DEFAULT_LOCAL_TMP) / f"{PLANNED}.json"


def _earlier() -> dict[str, Any]:
    """Return the plans of the batches before this one in this run by their folders, and the files they are in."""
    if not _path().exists():
        return {"plans": {}, "files": []}
    found: dict[str, Any] = json.loads(_path().read_text(encoding="utf-8"))
    return found
