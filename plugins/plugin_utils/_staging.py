# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""An inventory on the side, so that a source that fails in the middle leaves nothing of itself in the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible.inventory.data import InventoryData

if TYPE_CHECKING:
    from collections.abc import Iterable


def stage_hosts(
    inventory: InventoryData, group: str, hosts: Iterable[tuple[str, dict[str, Any]]], common: dict[str, Any]
) -> InventoryData:
    """Return an inventory with these hosts in `group`, each with its variables, `common`, and those in `inventory`."""
    staged = InventoryData()
    staged.current_source = inventory.current_source
    staged.add_group(group)
    for name, variables in hosts:
        staged.add_host(name, group=group)
        known = inventory.hosts[name].vars if name in inventory.hosts else {}
        for variable, value in (*known.items(), *variables.items(), *common.items()):
            staged.set_variable(name, variable, value)
    return staged


def add_staged(staged: InventoryData, inventory: InventoryData) -> None:
    """Add to `inventory` all that is in `staged`: first what can be refused, a group that would contain itself."""
    for group in staged.groups:
        inventory.add_group(group)
    for group in staged.groups.values():
        for child in group.child_groups:
            inventory.add_child(group.name, child.name)
    for host in staged.hosts.values():
        inventory.add_host(host.name)
        for variable, value in host.vars.items():
            inventory.set_variable(host.name, variable, value)
    for group in staged.groups.values():
        for host in group.hosts:
            inventory.add_host(host.name, group=group.name)
