# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Read what a run takes once for all of its hosts: what the first of them says that is a server."""

from __future__ import annotations

import os
from functools import partial
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from ..module_utils._errors import InvalidInput
from ._approved_plan import find_plan, is_held_to_plan, refuse_plan_file
from ._free_strategy import refuse_run_options
from ._play_hosts import OWN_PREFIX
from ._rollback_plan import handed_on_record
from ._run_scope import refuse_unwritable_files, run_options
from ._task_errors import connection_options, evaluate, failing_the_task
from ._values import read_flag, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ansible.template import Templar

#: The variable of the role, and of the playbook `audit`, with the reports to write.
_REPORTS = f"{OWN_PREFIX}reports"
LIMIT = "pgflex_identity_max_removals"
_SERVER = ("pgflex_server_id", "pgflex_resource_group")
_FAIL_ON_DRIFT, _FAIL_ON_UNDECLARED = "pgflex_identity_fail_on_drift", "pgflex_identity_fail_on_undeclared"


def free_name(path: str) -> str:
    """Return the path of a record, with a number before its last part if there is such a file."""
    begin, _dash, end = path.rpartition("-")
    numbered = (f"{begin}-{number}-{end}" for number in count(2))
    return next(each for each in chain([path], numbered) if not os.path.lexists(each))


class RunSettings:
    """The settings in the variables of a host, which are those of the `templar` too."""

    def __init__(self, variables: Mapping[str, Any], templar: Templar) -> None:
        self._variables, self._templar = variables, templar

    @property
    def are_of_a_server(self) -> bool:
        """Tell whether the host says which server it is, or cannot be understood."""
        try:
            return any(read_text(each, evaluate(self._templar, each, self._variables.get(each))) for each in _SERVER)
        except InvalidInput:
            return True

    def read(self, name: str) -> Any:
        """Return the value of a variable, None where it is not set."""
        with failing_the_task():
            return evaluate(self._templar, name, self._variables.get(name))

    def flag(self, name: str) -> bool:
        """Return a variable of the role that it has made a boolean of."""
        return bool(self._templar.template(self._variables[f"{OWN_PREFIX}{name}"]))

    def arguments(self, own: Mapping[str, Any], *, by_role: bool) -> dict[str, Any]:
        """Return the options of a task: its `own` and its `module_defaults`, and in the role those of its variables."""
        arguments = {**connection_options(self._templar, self._variables), **own}
        if not by_role:
            limit = self.read(LIMIT)
            limited = {"max_removals": limit, **arguments} if limit not in (None, "") else arguments
            with failing_the_task():
                return find_plan(limited, self._variables, "approved_plan")
        with failing_the_task():
            defaults, given = run_options(self._variables, partial(evaluate, self._templar))
        # What an earlier job of a workflow in AWX has handed on.
        record = handed_on_record(self._variables.get("pgflex_identity_result"))
        with failing_the_task():
            return find_plan(
                {**defaults, **arguments, **record, **given}, self._variables, "pgflex_identity_approved_plan"
            )

    def refuse(self, arguments: Mapping[str, Any], alone: int | None, *, purge: bool, check: bool) -> None:
        """Fail the task for a file for a plan that cannot be, and for what `alone` hosts could not keep.

        That is None where the hosts of the play wait for each other. With `check` nothing is changed.
        """
        plan_file = self._templar.template(self._variables[f"{OWN_PREFIX}plan_file"])
        with failing_the_task():
            refuse_plan_file(plan_file, arguments, check=check)
            if alone is None:
                return
            refuse_run_options(
                alone,
                waves=arguments.get("waves"),
                max_fail_percentage=arguments.get("max_fail_percentage"),
                max_removals=arguments.get("max_removals"),
                purge=purge,
                strict=self.flag("strict"),
                fail_on_undeclared=self.flag("fail_on_undeclared"),
                reports=[each["key"] for each in self.reports()],
                plan_file=plan_file,
                approved_plan=is_held_to_plan(arguments),
            )

    def reports(self) -> list[dict[str, Any]]:
        """Return the kinds and paths of the reports to write."""
        found: list[dict[str, Any]] = self._templar.template(self._variables.get(_REPORTS, []))
        return found

    def facts(self) -> dict[str, Any]:
        """Return the part of a result that says what tasks after this one go by, once its files can be written."""
        if _REPORTS not in self._variables:
            return {}
        reports, records = self.reports(), self._templar.template(self._variables.get(f"{OWN_PREFIX}rollback_dir"))
        with failing_the_task():
            refuse_unwritable_files(reports, records)
            flags = {name: bool(read_flag(name, self.read(name))) for name in (_FAIL_ON_DRIFT, _FAIL_ON_UNDECLARED)}
        action = self._templar.template(self._variables.get(f"{OWN_PREFIX}action"))
        return {"settings": {"action": action, "reports": reports, "rollback_dir": records, **flags}}
