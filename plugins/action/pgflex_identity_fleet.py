# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do what `pgflex_identity_fleet` documents, in the task's own process, with rows of the inventory if it gives none.

With `run_once` the rows are those of the hosts that the play lets through to the task: with `serial` of the batch, in
any case after `--limit`, without those that have failed, and without those that a condition excludes.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.template import Templar

from ..module_utils._errors import InvalidInput, quoted
from ..module_utils._files import write_entries
from ..module_utils._fleet.task import run_fleet
from ..module_utils._module.options import ACTIONS, ALLOW_UNKNOWN, ASSIGN, ROLLBACK, RUN, fleet_spec
from ..plugin_utils._approved_plan import CANARIES, is_held_to_plan, split_plan
from ..plugin_utils._free_strategy import WITHOUT_RUN_ONCE, refuse_uncounted_task
from ..plugin_utils._host_reader import host_options, host_variables, quick_without_facts
from ..plugin_utils._host_variables import HostRows, nothing_asked
from ..plugin_utils._in_worker import is_awaited, run_in_worker, show_line, within
from ..plugin_utils._inventory import all_variables, batch_hosts, extra_variables, named_hosts, play_variables
from ..plugin_utils._large_results import keep_small
from ..plugin_utils._other_hosts import OtherHosts
from ..plugin_utils._play_hosts import PlayHosts, lets_through
from ..plugin_utils._rollback_plan import explain_no_match, plan_rollback, with_reference
from ..plugin_utils._run_scope import (
    RUN_VARIABLES,
    TASK_VARIABLES,
    RunScope,
    count_removals,
    explain_shut_gates,
    find_shut_gates,
    name_variable,
)
from ..plugin_utils._run_settings import LIMIT, RunSettings, free_name
from ..plugin_utils._server_hosts import earlier_hosts
from ..plugin_utils._task_errors import (
    evaluate,
    failing_the_run,
    failing_the_task,
    failure,
    refuse_options,
    unmatched_patterns,
    with_warnings,
)
from ..plugin_utils._values import PURGE, is_purged, read_names
from ..plugin_utils._variable_names import VariableNames

MODULE = "pgflex.azure.pgflex_identity_fleet"
_ROLE = "pgflex.azure.pgflex_identity"
# What the role registers of its plan.
_PLAN = "pgflex_identity_plan"
_WAIT = (
    "result_dir: run_once and the strategy of this play do not go together: "
    "it has to wait for all hosts, as linear does."
)
# What only this plugin needs.
_ROW_OPTIONS = tuple(each.run for each in RUN if each.run and each.control)


class ActionModule(ActionBase):
    """With `run_once` a row for each host of the batch, else one for the task's own host."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the module's result, with an entry for each host where the rows come from hosts."""
        # A look for garbage among all that Ansible knows would copy it into this process, which ends with the task.
        gc.freeze()
        self._started = time.monotonic()
        known = task_vars or {}
        result: dict[str, Any] = super().run(tmp, known)
        self._settings = self._read_settings(known)
        self._facts: dict[str, Any] = {}
        try:
            answer = failing_the_run(partial(self._answer, known), known, once=self._runs_once)
        except AnsibleActionFail as error:
            raise AnsibleActionFail(error.message, result={**error.result, **self._facts}) from None
        return {**result, **keep_small(answer), **self._facts}

    def _answer(self, known: dict[str, Any]) -> dict[str, Any]:
        arguments = self._settings.arguments(self._task.args, by_role=self._is_called_by_role)
        makes_plan = self._is_check_run or not self._is_called_by_role
        self._canaries = frozenset(known.get("groups", {}).get(CANARIES, ())) if makes_plan else None
        # A folder that exists belongs to a plan of the same rows, which has warned already.
        self._goes_on = goes_on = arguments.get("result_dir") not in (None, "", "auto")
        if self._is_called_by_role:
            self._keep_gates_shut(arguments, known.get(_PLAN) if goes_on else None, known)
        self._facts = self._settings.facts()
        if self._is_called_by_role and goes_on and arguments.get("rollback_file"):
            # Batches of a second half share the plan that its record is named after.
            self._facts["rollback_file"] = arguments["rollback_file"] = free_name(arguments["rollback_file"])
        if arguments.get("result_dir") == "auto":
            if self._task.run_once and not self._waits:
                self._refuse_to_be_alone(known)
                # Ansible would register the result of the last host for all of them: each gets a task of its own.
                return {**nothing_asked(), "alone": True}
            arguments["result_dir"] = self._make_folder()
        if arguments.get("servers") is not None:
            refuse_options(arguments, _ROW_OPTIONS)
            answer = self._run_fleet(arguments)
            return with_warnings(answer, unmatched_patterns(answer))
        if arguments.get("action") == ROLLBACK:
            arguments["read"] = "each"
        with quick_without_facts():
            rows, whole = self._rows(arguments, known)
        self._count(rows, arguments, known.get(_PLAN) if goes_on else None, known)
        follows = any(row.get("follow_primary") for row in rows.asked) and arguments.get("primaries") is None
        others = OtherHosts(self._task, known, Templar(loader=self._loader), partial(self._variable_names, known))
        unread: list[str] = []
        if follows and not self._runs_once:
            answer, unread = others.ask(rows, partial(self._ask, rows, arguments))
        else:
            if follows:
                rows.primaries, unread = others.rows(rows.not_asked(known["hostvars"]), rows.action)
            answer = self._ask(rows, arguments)
        if goes_on:
            return answer
        return self._warn_and_stop(rows, with_warnings(answer, unread), known, whole=whole)

    def _read_settings(self, task_vars: Mapping[str, Any]) -> RunSettings:
        """Return the settings of the first host that is a server; of the task's own host where none is one."""
        own = RunSettings(task_vars, self._templar)
        if own.are_of_a_server:
            return own
        hosts, conditions = self._hosts(task_vars)
        for host in hosts:
            variables = host_variables(self._task, task_vars, host)
            templar = Templar(loader=self._loader, variables=variables)
            settings = RunSettings(variables, templar)
            with suppress(InvalidInput):  # of a host that fails alone
                if settings.are_of_a_server and lets_through(conditions, templar, variables):
                    return settings
        return own

    def _make_folder(self) -> str:
        """Return a new folder that Ansible removes at its end. The role names its record after it."""
        if self._is_called_by_role and self._waits and not self._task.run_once:
            raise AnsibleActionFail("Nothing was changed: a condition above the role changed while the role ran.")
        prefix = time.strftime("%Y%m%dT%H%M%SZ-", time.gmtime())
        return tempfile.mkdtemp(prefix=prefix, dir=constants.DEFAULT_LOCAL_TMP)

    def _warn_and_stop(
        self, rows: HostRows, answer: dict[str, Any], task_vars: Mapping[str, Any], *, whole: bool
    ) -> dict[str, Any]:
        """Return the answer of a plan with what is to be said of it once, and with what keeps it from being written."""
        # Others may have what a pattern is about.
        knows_all = self._is_one_batch or len(task_vars["ansible_play_hosts_all"]) == 1
        unmatched = unmatched_patterns(answer, [*rows.refused]) if knows_all else []
        answer = with_warnings(answer, [*rows.warnings(answer, whole=whole), *unmatched])
        if not (self._is_called_by_role and self._runs_once and "totals" in answer):
            return answer
        shut = find_shut_gates(answer, self._settings.flag)
        return {**answer, "stopped_by": shut} if shut else answer

    def _count(self, rows: HostRows, arguments: dict[str, Any], plan: Any, task_vars: Mapping[str, Any]) -> None:
        """Refuse what nobody could count, and make a number of the limit of removals."""
        with failing_the_task(rows.facts):
            if not (self._is_called_by_role or self._runs_once or len(task_vars["ansible_play_hosts_all"]) == 1):
                refuse_uncounted_task(arguments.get("max_removals"), purge=self._purges(arguments, task_vars))
            if self._is_one_batch:
                rows.refuse_empty_rotation()
            limit = LIMIT if self._is_called_by_role else "max_removals"
            # What was approved is counted, whatever part of it these rows are.
            if not is_held_to_plan(arguments):
                count_removals(limit, arguments, plan, len(rows.hosts))

    def _ask(self, rows: HostRows, arguments: dict[str, Any]) -> dict[str, Any]:
        asked = {name: value for name, value in arguments.items() if name not in _ROW_OPTIONS}
        # The action is for the record, and for the words in which removals are counted.
        asked = with_reference({**asked, "action": rows.action}, self._environment(), rows.rollback_plan)
        if rows.asked:
            made = {} if rows.primaries is None else {"primaries": rows.primaries}
            answer = self._run_fleet(asked, servers=rows.asked, earlier=earlier_hosts(self._task, rows.action), **made)
        else:
            answer = {**nothing_asked(), "result_dir": asked.get("result_dir")}
        if "totals" not in answer:
            named = name_variable(answer) if self._is_called_by_role else answer
            # There may be what was read until then.
            return {**named, **rows.facts(), **{each: asked[each] for each in ("result_dir",) if asked.get(each)}}
        if answer.get("result_dir"):
            write_entries(answer["result_dir"], rows.refusals())
        return rows.answers(answer)

    def _run_fleet(self, arguments: dict[str, Any], **made: Any) -> dict[str, Any]:
        shown, hidden = split_plan(arguments, goes_on=self._goes_on)
        run = partial(run_fleet, check_mode=bool(self._task.check_mode), tell=show_line, goes_on=is_awaited)
        bounded, warnings = within(self._task.timeout, self._started, shown)
        answer = run_in_worker(
            MODULE, fleet_spec(), bounded, self._environment(), run, **{"canaries": self._canaries, **made, **hidden}
        )
        return with_warnings(answer, warnings)

    def _environment(self) -> dict[str, str]:
        environment: dict[str, str] = {}
        self._compute_environment_string(environment)
        return environment

    def _rows(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> tuple[HostRows, bool]:
        """Return the rows, and whether they stand for all hosts of the play."""
        action = arguments.get("action") or ASSIGN
        if action not in ACTIONS:
            name = "pgflex_identity_action" if self._is_called_by_role else "action"
            raise AnsibleActionFail(f"{name}: {quoted(action)} is none of {', '.join(ACTIONS)}.")
        templar = Templar(loader=self._loader)
        run_scope = RunScope(RUN_VARIABLES if self._is_called_by_role else TASK_VARIABLES)
        handed_on = task_vars.get("pgflex_identity_result")
        names = self._variable_names(task_vars)
        everywhere = all_variables(task_vars, partial(host_variables, self._task, task_vars))
        try:
            record = plan_rollback(arguments, handed_on) if action == ROLLBACK else None
        except InvalidInput as error:
            # A name that is misspelt is why nothing is set.
            names.add(task_vars["inventory_hostname"], task_vars)
            with failing_the_task():
                names.check(everywhere)
            raise failure(error) from None
        rows = HostRows(action, record, batch=batch_hosts(task_vars))
        hosts, conditions = self._hosts(task_vars)
        named = named_hosts(hosts, task_vars)
        whole = self._is_one_batch and set(task_vars["ansible_play_batch"]) <= {*hosts}
        for host in hosts:
            variables = templar.available_variables = host_variables(self._task, task_vars, host)
            options = partial(host_options, action, templar, run_scope.names)
            try:
                # Ansible has looked at those of the task's own host.
                if host != task_vars["inventory_hostname"] and not lets_through(conditions, templar, variables):
                    whole = False
                    continue
            except InvalidInput as error:
                options = partial(_raise, error)
            names.add(host, variables)
            if (said := rows.add(host, options, named=host in named)) is not None:
                with failing_the_task():
                    run_scope.add(host, said)
        with failing_the_task(rows.facts):
            names.check(everywhere)
            rows.settle(len(task_vars["ansible_play_hosts_all"]), extra_variables(task_vars))
        if rows.rollback_plan and not rows.rollback_plan.matched and not rows.hosts and whole:
            raise AnsibleActionFail(explain_no_match(arguments.get("rollback"), handed_on))
        return rows, whole

    def _refuse_to_be_alone(self, task_vars: Mapping[str, Any]) -> None:
        if not task_vars.get("__pgflex_identity_may_be_alone"):
            raise AnsibleActionFail(_WAIT)

    def _keep_gates_shut(self, arguments: Mapping[str, Any], plan: Any, task_vars: Mapping[str, Any]) -> None:
        """Refuse what the role has to refuse before a plan, and what a `plan` refuses: its failure may be ignored."""
        if isinstance(plan, Mapping) and plan.get("stopped_by"):
            raise AnsibleActionFail(f"Nothing was changed: {explain_shut_gates(plan['stopped_by'])}")
        if self._task.run_once and not self._waits:
            self._refuse_to_be_alone(task_vars)
        hosts = None if self._waits else len(task_vars["ansible_play_hosts_all"])
        self._settings.refuse(arguments, hosts, purge=self._purges(arguments, task_vars), check=self._is_check_run)

    def _purges(self, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> bool:
        """Return whether the server of the task's own host is to be purged."""
        action = arguments.get("action") or ASSIGN
        return action == ASSIGN and is_purged(lambda: evaluate(self._templar, PURGE, task_vars.get(PURGE)))

    @property
    def _is_called_by_role(self) -> bool:
        role = self._task._role
        return role is not None and role.get_name(include_role_fqcn=True) == _ROLE

    @property
    def _is_check_run(self) -> bool:
        """Whether nothing is to be written: the task that compares is in check mode in any case."""
        return bool(self._task._parent.check_mode)

    @property
    def _waits(self) -> bool:
        return not self._task.get_play().strategy.endswith(WITHOUT_RUN_ONCE)

    @property
    def _runs_once(self) -> bool:
        return bool(self._task.run_once) and self._waits

    @property
    def _is_one_batch(self) -> bool:
        return self._runs_once and not self._task.get_play().serial

    def _hosts(self, task_vars: Mapping[str, Any]) -> tuple[list[str], list[Any]]:
        """Return hosts, the task's own first, and the conditions that each further one of them has to meet."""
        own = str(task_vars["inventory_hostname"])
        if not self._runs_once:
            return [own], []
        play_hosts = PlayHosts(self._task, own, task_vars, _ROLE)
        with failing_the_task():
            return play_hosts.candidates(), play_hosts.conditions()

    def _variable_names(self, task_vars: Mapping[str, Any]) -> VariableNames:
        with failing_the_task():
            allowed = read_names(ALLOW_UNKNOWN, self._settings.read(ALLOW_UNKNOWN))
            return VariableNames(allowed, extra_variables(task_vars), play_variables(self._task, task_vars))


def _raise(error: InvalidInput) -> dict[str, Any]:
    raise error
