# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Read the variables of any host of the inventory, as a task of its own would see them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from ansible.vars import manager

from ._host_variables import is_relevant
from ._task_errors import evaluate
from ._template_safety import may_be_template
from ._values import without_omitted

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from ansible.playbook.task import Task
    from ansible.template import Templar

_LISTS = ("ansible_play_batch", "ansible_play_hosts", "ansible_play_hosts_all", "play_hosts")


@contextmanager
def quick_without_facts() -> Iterator[None]:
    """Let Ansible put variables together at half the cost where no facts of a host are known, as of a server in Azure.

    To clean them, ansible-core (2.16 to 2.21) lists the files of all connection plugins anew for each host, also where
    there is nothing to clean. This changes what Ansible does in this process only, which ends with the task.
    """
    clean = getattr(manager, "clean_facts", None)
    if clean is None:
        yield
        return
    with patch.object(manager, "clean_facts", lambda facts: clean(facts) if facts else {}):
        yield


def host_variables(task: Task, task_vars: Mapping[str, Any], host: str) -> dict[str, Any]:
    """Return the host's variables as its own task would see them; `task_vars` are those of the `task` itself.

    `hostvars` would leave out what the play, its roles and this task set.
    """
    hostvars = task_vars["hostvars"]
    # The lists of hosts are the same for all, and Ansible would copy them for each.
    variables: dict[str, Any] = hostvars._variable_manager.get_vars(
        play=task.get_play(),
        host=hostvars._inventory.get_host(host),
        task=task,
        _hosts=[host],
        _hosts_all=[host],
    )
    variables.update({name: task_vars[name] for name in _LISTS if name in task_vars})
    return variables


def host_options(action: str, templar: Templar, names: Container[str] = ()) -> dict[str, Any]:
    """Return the host's own options, and the variables `names`; only those of its variables are templated.

    Raise `InvalidInput` for a variable that cannot be read.
    """
    variables = templar.available_variables
    relevant = {name: variables[name] for name in variables if name in names or is_relevant(name, action)}
    templates = {name: value for name, value in relevant.items() if may_be_template(value)}
    said = {**relevant}
    try:
        said.update(templar.template(templates) if templates else {})
    except Exception:  # a template may raise anything: which one it was
        said.update((name, evaluate(templar, name, value)) for name, value in templates.items())
    return without_omitted(relevant, said)
