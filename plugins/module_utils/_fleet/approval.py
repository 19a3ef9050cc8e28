# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Hold the changes of a run to a plan that was approved, and make such plans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import InvalidInput, NotApproved
from .._identity.approval import IdentityChange, in_words, is_approved
from .._identity.resource_ids import key
from .._module.options import LIST, ROLLBACK
from .plan_document import PlanDocument, PlannedServer, read_plan
from .record import HeldIdentities
from .removals import purge_empties
from .target import Target, some_of

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from .._identity.models import Plan
    from .._identity.resource_ids import ServerRef
    from .target import InvalidTarget

#: Hours that the clock of who made a plan may be ahead.
_AHEAD = 1 / 12


@dataclass
class Approval:
    """The part of an approved plan that is about an action; `strict`: any difference stops what has not started."""

    document: PlanDocument
    action: str
    strict: bool = False

    def __post_init__(self) -> None:
        mine = [each for each in self.document.servers if each.action == self.action]
        self.servers: dict[str, PlannedServer] = {key(each.server_id): each for each in mine}

    def covers(self, ref: ServerRef) -> bool:
        """Return whether the plan has the server."""
        return key(ref.id) in self.servers

    def check(self, ref: ServerRef, plan: Plan) -> None:
        """Raise `NotApproved` if `plan` of a server is not what is left to do of the approved change."""
        found = self.servers.get(key(ref.id))
        approved = found.change if found else IdentityChange()
        if is_approved(plan, approved):
            return
        now, then = in_words(IdentityChange.of(plan), approved)
        raise NotApproved(
            f"What is to be done on server {ref.name} is not what was approved: now it is to {now}; approved on "
            f"{self.document.made} was {then if found else 'nothing: the plan does not have this server'}.",
            target=ref.id,
            hint="Have a new plan approved, or find out who has changed the server or what is declared for it.",
        )

    def difference(self, targets: Sequence[Target | InvalidTarget]) -> str:
        """Return why nothing may start where the run is strict, empty if all is as approved."""
        found = [each.name for each in targets if isinstance(each.error, NotApproved)]
        unread = [each.name for each in targets if each.error and each.ref and self.covers(each.ref)]
        names = [*dict.fromkeys([*found, *unread])]
        if not (self.strict and names):
            return ""
        return f"approved_plan_strict is set, and not as approved: {some_of(names)} ({len(names)} in all)."

    def facts(self, targets: Sequence[Target | InvalidTarget]) -> dict[str, Any]:
        """Return what became of the plan: how many of its servers fit still, are done, or are outside of the run."""
        asked = [each for each in targets if isinstance(each, Target)]
        inside = [each for each in asked if self.covers(each.ref)]
        known = {key(each.ref.id) for each in targets if each.ref}
        outside = [each.host for server_id, each in self.servers.items() if server_id not in known]
        not_approved = [each.name for each in asked if isinstance(each.error, NotApproved)]
        failed = sum(each.error is not None for each in inside)
        changing = sum(_is_to_change(each) for each in inside)
        return {
            "made": self.document.made,
            "change_reference": self.document.change_reference,
            "servers": len(self.servers),
            "fitting": changing,
            "done": len(inside) - changing - failed,
            "not_approved": len(not_approved),
            "outside": len(outside),
            "outside_hosts": outside[:6],
        }


def _is_to_change(target: Target) -> bool:
    return target.error is None and target.reconciled is not None and target.reconciled.plan.changes


def approval_from_options(options: Mapping[str, Any]) -> Approval | None:
    """Return what the changes of a run are held to, None without an approved plan. Raise `InvalidInput`.

    A rollback has a record, which says what was done, and needs no plan.
    """
    value, longest = options["approved_plan"], options["approved_plan_max_age"]
    if options["action"] in (ROLLBACK, LIST) or not value:
        return None
    if not longest > 0:
        raise InvalidInput("approved_plan_max_age", f"{longest:g} is not a number of hours.")
    document = read_plan("approved_plan", value)
    if not -_AHEAD <= document.age <= longest:
        when = f"{document.age:.1f} hours ago" if document.age > 0 else "in the future by the clock of this machine"
        raise InvalidInput(
            "approved_plan",
            f"the plan was made {when}, on {document.made}; approved_plan_max_age allows {longest:g} hours.",
        )
    return Approval(document, options["action"], options["approved_plan_strict"])


def planned_servers(
    targets: Sequence[Target | InvalidTarget], action: str, canaries: Container[str]
) -> list[PlannedServer]:
    """Return the servers that would change, as a plan has them."""
    return [
        PlannedServer(
            each.name,
            action,
            each.ref.id,
            HeldIdentities(each.reconciled.plan.before.ids, each.reconciled.plan.before.system_assigned),
            IdentityChange.of(each.reconciled.plan),
            each.name in canaries,
            purge_empties(each.reconciled.plan, each.desired),
        )
        for each in targets
        if isinstance(each, Target) and each.changed and each.reconciled
    ]
