# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Read what the inventory says beyond the hosts of a run, and which of those the user names."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError
from ansible.inventory.manager import split_host_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ansible.playbook.task import Task


def all_variables(task_vars: Mapping[str, Any], read: Callable[[str], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield what `read` gives for the hosts of the play, then for all others of the inventory, if it can be read."""
    for host in dict.fromkeys((*task_vars["ansible_play_hosts_all"], *task_vars["hostvars"]._inventory.hosts)):
        with suppress(AnsibleError):
            yield read(host)


def named_hosts(hosts: Sequence[str], task_vars: Mapping[str, Any]) -> set[str]:
    """Return the hosts that `--limit` or an extra variable calls servers: by their names, or by a server's name."""
    extra = extra_variables(task_vars)
    if len(task_vars["ansible_play_hosts_all"]) == 1 or extra.get("pgflex_server_name"):
        return {*hosts}
    patterns = [*(task_vars["hostvars"]._inventory._subset or ()), extra.get("pgflex_identity_hosts") or ""]
    return {*hosts} & {name.lstrip("&") for each in patterns for name in split_host_pattern(each)}


def batch_hosts(task_vars: Mapping[str, Any]) -> list[str]:
    """Return the hosts of the batch, of which a failure takes some from all of Ansible's variables."""
    everyone = [str(each) for each in task_vars.get("ansible_play_hosts_all") or []]
    batch = task_vars["hostvars"]._inventory._restriction or everyone
    return [each for each in everyone if each in batch]


def extra_variables(task_vars: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what `-e` sets."""
    found: Mapping[str, Any] = task_vars["hostvars"]._variable_manager.extra_vars
    return found


def play_variables(task: Task, task_vars: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the variables that count where the hosts of a play are chosen: its own, and what `-e` sets."""
    found: Mapping[str, Any] = task_vars["hostvars"]._variable_manager.get_vars(
        play=task.get_play(), include_hostvars=False
    )
    return found
