# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small estates to make an inventory of, and what to look at in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2e.audit_runs import Ran
from e2e.world import GROUP, SUBSCRIPTION

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator
    from e2e.runs import Inventoried

LIST = ("ansible-inventory", "--list")
AUDIT = ("ansible-playbook", "pgflex.azure.audit")
WANTS = {"compose": {"pgflex_identity_present": "['id-a']"}}


def seed_servers(emulator: Emulator, *servers: dict[str, Any], subscription: str = SUBSCRIPTION) -> None:
    """Seed these servers, and an identity, in `GROUP`."""
    group = {"name": GROUP, "location": "canadacentral", "identities": [{"name": "id-a"}], "servers": list(servers)}
    emulator.seed({"subscriptions": [{"id": subscription, "resource_groups": [group]}]})


def seed_named(emulator: Emulator, *names: str, subscription: str = SUBSCRIPTION) -> None:
    """Seed servers of these names."""
    seed_servers(emulator, *({"name": name} for name in names), subscription=subscription)


def audited(done: Inventoried) -> str:
    """Return the last line of an audit, which counts the servers."""
    return str(Ran(done.rc, done.stdout + done.stderr).shown[-1])


def hosts_of(done: Inventoried) -> list[str]:
    """Return the hosts, of a run that went well."""
    assert done.rc == 0, done.output
    return sorted(done.hosts)
