# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""How many servers of a run may lose an identity: counted in the plan, and again right before each write."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from .._errors import InvalidInput, Refused, quoted
from .._identity.resource_ids import key, split
from .._module.options import ASSIGN, REMOVE, ROLLBACK, ROTATE
from .target import counted, some_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .._identity.models import DesiredState, Plan
    from .plan_document import PlannedServer
    from .target import Target

_LIMIT = re.compile(r"[0-9]{1,9}|[0-9]{1,9}(\.[0-9]{1,9})?%")
#: So many reasons are told, the largest ones.
_REASONS = 5

#: What to do about a plan that was not meant.
_OTHERWISE = {
    ASSIGN: "look at what is declared for these servers",
    REMOVE: "look at pgflex_identity_absent of these servers",
    ROTATE: "look at pgflex_identity_rotate_from",
    ROLLBACK: "look at the record, and restore some of its servers with --limit",
}


def read_limit(option: str, value: str | None, servers: int) -> int | None:
    """Return a number of servers, or a percentage of `servers`, rounded down; None if unset. Raise `InvalidInput`."""
    text = (value or "").strip()
    if not text:
        return None
    is_share = text.endswith("%")
    if not _LIMIT.fullmatch(text) or (is_share and float(text[:-1]) > 100):
        raise InvalidInput(option, f"{quoted(value)} is neither a number of servers nor a percentage up to 100%.")
    return int(float(text[:-1]) * servers / 100) if is_share else int(text)


@dataclass
class RemovalLimit:
    """At most `limit` servers lose an identity; without a limit a purge may empty one server, and not a second one.

    A rollback without a limit has none at all: its record says what each server is to hold.
    """

    limit: int | None = None
    action: str = ASSIGN
    _counted: set[str] = field(default_factory=set, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def check_plan(self, drifted: Sequence[Target], servers: int) -> None:
        """Refuse the plan of a run over `servers` as a whole, with `Refused`."""
        losing = [each for each in drifted if each.reconciled and self._counts(each.reconciled.plan, each.desired)]
        if len(losing) > self._allowed:
            reasons = [reason for each in losing for reason in self._reasons(each)]
            needed = sum(each.reconciled.plan.loses for each in drifted if each.reconciled)
            raise self._refusal([each.name for each in losing], reasons, servers, needed)
        self._counted = {key(each.ref.id) for each in losing}

    def check_approved(self, approved: Sequence[PlannedServer], servers: int) -> None:
        """Refuse as a whole, with `Refused`, what was approved of a plan over `servers`, whatever part of it is run."""
        losing = [each for each in approved if (each.empties if self.limit is None else each.change.loses)]
        if len(losing) > self._allowed:
            reasons = [reason for each in losing for reason in _approved_reasons(each)]
            needed = sum(each.change.loses for each in approved)
            raise self._refusal([each.host for each in losing], reasons, servers, needed)
        self._counted = {key(each.server_id) for each in losing}

    def check_write(self, target: Target, plan: Plan) -> None:
        """Refuse what the plan of the run has not counted, with `Refused`, if it is one too many.

        The plan of a write is made of the server's own GET, which may show more than the run's plan was made of.
        """
        if not self._counts(plan, target.desired):
            return
        with self._lock:
            if len(self._counted | {key(target.ref.id)}) <= self._allowed:
                self._counted.add(key(target.ref.id))
                return
        lost = [split(each).name for each in plan.remove]
        lost += ["the system-assigned identity"] if plan.system_assigned is False else []
        raise Refused(
            f"Server {target.ref.name} would lose {some_of(lost)}, which was not counted when the run was planned, and "
            f"{self._said}.",
            code="TooManyRemovals",
            target=target.ref.id,
            hint="Run again: the next plan counts it.",
        )

    @property
    def _allowed(self) -> int:
        return 1 if self.limit is None else self.limit

    @property
    def _said(self) -> str:
        if self.limit is None:
            return "max_removals is not set, without which a purge empties one server at most"
        return f"max_removals allows {self.limit}"

    def _counts(self, plan: Plan, desired: DesiredState) -> bool:
        if self.limit is not None:
            return plan.loses
        return self.action != ROLLBACK and purge_empties(plan, desired)

    def _refusal(self, losing: Sequence[str], causes: Sequence[str], servers: int, needed: int) -> Refused:
        """Return the refusal; `needed` is the limit that lets the plan pass: with one, every loss counts."""
        reasons = Counter(causes)
        told = [f"{reason} from {counted(number, 'server')}" for reason, number in reasons.most_common(_REASONS)]
        more = f"; and {len(reasons) - _REASONS} more" if len(reasons) > _REASONS else ""
        what = "empties" if self.limit is None else "takes identities from"
        return Refused(
            f"Nothing was changed: the plan {what} {len(losing)} of {counted(servers, 'server')} ({some_of(losing)}), "
            f"and {self._said}. The largest reasons: {'; '.join(told)}{more}.",
            code="TooManyRemovals",
            target="max_removals",
            hint="To see the plan, use check mode with pgflex_identity_max_removals at 100%. If it is meant, set "
            f"pgflex_identity_max_removals, or this option, to {needed}; if not, {_OTHERWISE[self.action]}.",
        )

    def _reasons(self, target: Target) -> Iterator[str]:
        """Say what takes which identity, once for each of them."""
        plan, desired = target.reconciled.plan if target.reconciled else None, target.desired
        named = {key(each) for each in desired.absent}
        for each in plan.remove if plan else ():
            cause = "absent" if key(each) in named else "purge"
            yield f"{cause if self.action == ASSIGN else self.action} takes {split(each).name}"
        if plan and plan.system_assigned is False:
            yield f"{'system_assigned' if self.action == ASSIGN else self.action} takes the system-assigned identity"


def _approved_reasons(server: PlannedServer) -> Iterator[str]:
    """Say what takes which identity of a server of a plan, which does not say why."""
    for each in server.change.remove:
        yield f"{server.action} takes {split(each).name}"
    if server.change.system_assigned is False:
        yield f"{server.action} takes the system-assigned identity"


def purge_empties(plan: Plan, desired: DesiredState) -> bool:
    """Return whether a purge takes the last user-assigned identity of a server."""
    named = {key(each) for each in desired.absent}
    purged = [each for each in plan.remove if key(each) not in named]
    return desired.purges and bool(purged) and not plan.after.user_assigned
