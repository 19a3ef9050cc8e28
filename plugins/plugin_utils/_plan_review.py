# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Tell a plan to whoever approves it, in lines: each server is named once for what it loses. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..module_utils._fleet.target import counted
from ..module_utils._identity.resource_ids import distinct, key, labels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..module_utils._fleet.plan_document import PlanDocument, PlannedServer
    from ..module_utils._identity.approval import IdentityChange

_SYSTEM = "the system-assigned identity"
_ENDS = ("changed", "failed", "not_started")


def review(plan: PlanDocument, result: Mapping[str, Any]) -> list[str]:
    """Return the lines; `result` is what the job with the canaries has handed on, empty where there was none."""
    assigned = _grouped(plan, lambda change: (change.assign, change.system_assigned is True))
    removed = _grouped(plan, lambda change: (change.remove, change.system_assigned is False))
    reference = f"change reference {plan.change_reference}" if plan.change_reference else "no change reference"
    versions = ", ".join(f"{name} {version}" for name, version in plan.versions.items())
    return [
        f"plan of {plan.made} by {versions}; {reference}",
        f"{len(plan.servers)} of {counted(plan.compared, 'server')} would change",
        *(f"assigned to {counted(len(hosts), 'server')}: {what}" for what, hosts in assigned),
        *(f"REMOVED from {counted(len(hosts), 'server')}: {what}: {', '.join(hosts)}" for what, hosts in removed),
        *([] if removed else ["nothing is removed"]),
        *_canaries([each for each in plan.servers if each.canary], result),
        f"left for what comes next: {counted(sum(not each.canary for each in plan.servers), 'server')}",
    ]


def _grouped(
    plan: PlanDocument, part: Callable[[IdentityChange], tuple[Sequence[str], bool]]
) -> list[tuple[str, list[str]]]:
    """Return the hosts by what all of them get or lose, the largest group first."""
    parts = [(each.host, *part(each.change)) for each in plan.servers]
    named = labels(distinct([each for _host, identities, _system in parts for each in identities]))
    shown = {key(each): label for each, label in named.items()}
    groups: dict[str, list[str]] = {}
    for host, identities, system in parts:
        what = [shown[key(each)] for each in identities] + [_SYSTEM] * system
        if what:
            groups.setdefault(", ".join(what), []).append(host)
    return sorted(groups.items(), key=lambda one: (-len(one[1]), one[0]))


def _canaries(canaries: Sequence[PlannedServer], result: Mapping[str, Any]) -> Iterator[str]:
    if not canaries:
        yield "canaries: none of these servers is one"
        return
    if not result or result.get("check"):
        yield f"canaries: {counted(len(canaries), 'server')}, and no job has changed any yet"
        return
    left = {each.host for each in canaries}
    for end in _ENDS:
        hosts = [each.host for each in canaries if each.host in result.get(f"{end}_hosts", ())]
        left -= {*hosts}
        if hosts:
            yield f"canaries, {end.replace('_', ' ')}: {', '.join(hosts)}"
    if left:
        yield f"canaries, compliant by then or not in that job: {', '.join(sorted(left))}"
