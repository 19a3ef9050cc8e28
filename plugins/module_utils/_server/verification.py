# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Compare what a server holds after a write with what the plan promised. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .._errors import Refused
from .._identity.planner import plan
from .._identity.resource_ids import distinct, key

if TYPE_CHECKING:
    from .._identity.models import DesiredState, Plan, Server


def find_discrepancies(done: Plan, after: Server, desired: DesiredState) -> list[str]:
    """Return what is not as planned on the server that was read `after` the write, in words; empty if all is well."""
    problems = []
    try:
        # The conditions were for what was there before.
        rest = plan(after, replace(desired, only_if_assigned=(), expected=None))
    except Refused as refused:
        return [str(refused)]
    problems += [f"{each} is not assigned" for each in rest.assign]
    problems += [f"{each} is still assigned" for each in rest.remove]
    if after.identity.system_assigned != done.after.system_assigned:
        problems.append(f"the system-assigned identity is {'on' if after.identity.system_assigned else 'off'}")
    held = {key(each) for each in after.identity.ids}
    named = {key(each) for each in desired.present or ()}
    lost = [each for each in done.after.ids if key(each) not in held | named]
    problems += [f"{each}, which was to stay, is gone" for each in lost]
    return problems


def has_concurrent_write(done: Plan, after: Server, desired: DesiredState) -> bool:
    """Return whether the server, as it was read `after` the write, lacks something that `done` had not to bring about.

    Then somebody else wrote to it between the look that `done` was planned on and its PATCH, or later and for other
    identities. A write of `done` itself had no effect, or somebody who had seen it has undone it: neither gets better
    by writing it again. The system-assigned identity is left out: what refuses to switch it off is asked before only.
    """
    try:
        rest = plan(after, replace(desired, only_if_assigned=()))
    except Refused:
        return False
    ours = {key(each) for each in (*done.assign, *done.remove)}
    left = {key(each) for each in (*rest.assign, *rest.remove)}
    return bool(left) and ours.isdisjoint(left) and rest.system_assigned is None


def merge_plans(first: Plan, then: Plan) -> Plan:
    """Return both as one, to report and verify. `then` was planned for a concurrent write, so the end is the same."""
    return replace(
        first,
        assign=tuple(distinct([*first.assign, *then.assign])),
        remove=tuple(distinct([*first.remove, *then.remove])),
        kept=then.kept,
    )
