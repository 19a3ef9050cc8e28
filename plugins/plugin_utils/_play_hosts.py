# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Which hosts of its play a task with `run_once` stands for: those for which Ansible would run it without.

No variable has them. `ansible_play_batch` holds those too that an include's `when`, a loop or a rescue keeps off the
task, and lacks those that are in a rescue. The strategy knows, in a worker as well, which is forked from it.
"""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from ansible.playbook.block import Block
from ansible.playbook.conditional import Conditional
from ansible.playbook.handler import Handler
from ansible.playbook.task_include import TaskInclude
from ansible.plugins.strategy import StrategyBase

from ..module_utils._errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: The role's own conditions all name a variable of this kind: they are about the whole run, so the same for each host.
OWN_PREFIX = "__pgflex_identity_"
_INCLUDES = ("include_role", "include_tasks", "action", "local_action", "args")


class PlayHosts:
    """The hosts that a play lets through to a task, for `own`, the first one of them.

    `role` is the full name of the role whose own sections and includes treat all hosts alike.
    """

    def __init__(self, task: Any, own: str, variables: Mapping[str, Any], role: str) -> None:
        self._task, self._own, self._role = task, own, role
        self._parents = list(_parents(task))
        self._batch = [str(each) for each in variables["ansible_play_batch"]]
        self._all = [str(each) for each in variables["ansible_play_hosts_all"]]

    def candidates(self) -> list[str]:
        """Return the hosts at this task; `conditions` may still exclude some. Raise `InvalidInput` if nobody knows."""
        if self._all == [self._own]:
            return [self._own]
        # Tasks of such an include are there for its first host only, in the name of all.
        included_once = any(each.run_once for each in self._parents if _is_dynamic(each))
        if not included_once and (found := _at_this_task(self._task, self._own, self._all)):
            return found
        if reason := self._selection():
            raise InvalidInput(
                "hosts",
                f"it cannot be told which hosts the play lets through, because of {reason} above this task, so nothing "
                "was begun. Choose them by the play's hosts, by --limit or by pgflex_identity_hosts instead.",
            )
        return self._batch

    def conditions(self) -> list[Any]:
        """Return what has to be true of a host: all `when` that the task inherits, and those of includes for all."""
        inherited = [self._task, *(each for each in self._parents if _is_dynamic(each) and each.run_once)]
        # A block's condition reaches the task on more ways than one.
        distinct = {str(condition): condition for each in inherited for condition in each.when}
        return [condition for text, condition in distinct.items() if OWN_PREFIX not in text]

    def _selection(self) -> str:
        """Return what above the task may keep hosts off without any trace in `ansible_play_batch`; empty if nothing."""
        reasons = [self._selects(each) for each in (self._task, *self._parents)]
        return next((each for each in reasons if each), "")

    def _selects(self, above: Any) -> str:
        role = getattr(above, "_role", None)
        if role is not None and role.get_name(include_role_fqcn=True) == self._role:
            return ""
        if isinstance(above, Handler):
            return "a notification"
        if role is not None and _ends_early(role):
            return "meta: end_role"
        if isinstance(above, Block):
            return "rescue or always" if above.rescue or above.always else ""
        if not _is_dynamic(above):
            return ""
        if above.loop is not None or above.loop_with:
            return "a loop"
        if above.when and not above.run_once:
            return "the when of an include"
        return "a template in the name of an include" if _is_named_by_template(above) else ""


def lets_through(conditions: Sequence[Any], templar: Any, variables: Mapping[str, Any]) -> bool:
    """Return whether all are true of the host with these variables, which are those of the templar too."""
    try:
        if hasattr(templar, "evaluate_conditional"):
            return all(templar.evaluate_conditional(each) for each in conditions)
        # ansible-core up to 2.18.
        old: Any = Conditional(loader=templar._loader)
        old.when = list(conditions)
        return bool(old.evaluate_conditional(templar, variables))
    except Exception as error:  # a template may raise anything; Ansible then fails the host
        raise InvalidInput("when", f"cannot be read: {error}") from None


def _parents(task: Any) -> Iterator[Any]:
    """Yield the blocks and includes above a task, from the inside."""
    above = task._parent
    while above is not None:
        yield above
        above = above._parent


def _is_dynamic(above: Any) -> bool:
    return isinstance(above, TaskInclude) and not above.statically_loaded


def _is_named_by_template(include: Any) -> bool:
    """Return whether different hosts may include something different."""
    source = include.get_ds() or {}
    return any("{{" in str(source[each]) for each in source if str(each).rpartition(".")[2] in _INCLUDES)


def _ends_early(role: Any) -> bool:
    tasks = [task for block in role.get_task_blocks() for task in block.get_tasks()]
    return any(each.args.get("_raw_params") == "end_role" for each in tasks)


def _at_this_task(task: Any, own: str, everyone: Sequence[str]) -> list[str] | None:
    """Return the strategy's own list of hosts at this task, or `None` where it is not found as expected.

    It is private to Ansible: the pairs of host and task of the loop in whose body the worker was forked.
    """
    frame = inspect.currentframe()
    while frame is not None:
        code = frame.f_code
        if code.co_name == "run" and "host_tasks" in code.co_varnames:
            known = frame.f_locals
            if isinstance(known.get("self"), StrategyBase):
                return _checked(known.get("host_tasks"), task, own, everyone)
        frame = frame.f_back
    return None


def _checked(pairs: Any, task: Any, own: str, everyone: Sequence[str]) -> list[str] | None:
    try:
        # Up to ansible-core 2.16 the other hosts are there with a task that does nothing.
        hosts = [str(host.name) for host, each in pairs if each._uuid == task._uuid]
    except (AttributeError, TypeError, ValueError):
        return None
    # With run_once the strategy takes the first one for the task.
    if hosts[:1] != [own] or len(set(hosts)) != len(hosts) or not set(hosts) <= set(everyone):
        return None
    return hosts
