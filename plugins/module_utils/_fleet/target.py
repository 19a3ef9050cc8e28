# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""One server of a fleet: its desired state, what became of it, and its part of the result."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .._errors import WRITE_NONE, NotApproved
from .._server.results import change_facts, identity_facts, server_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._errors import PgflexError
    from .._identity.models import DesiredState, Server
    from .._identity.resource_ids import ServerRef
    from .._server.reconciler import ReconcileResult


@dataclass
class Target:
    """One server of a fleet: its desired state, and what became of it.

    `listed` is the server as the plan saw it, `before` as its own GET showed it right before the write, or the same
    where nothing was to be written. With `error` the target has failed; `started` is false if its change was not sent,
    `reason` says why then. `busy` is true where an operation was at work on a server that was only looked at. With
    `follow_primary` a replica takes over what is declared for its primary. `lacking` is what the primaries of a replica
    hold and it does not, each with that primary; `remarks` are sentences about it.
    """

    name: str
    ref: ServerRef
    desired: DesiredState
    listed: Server | None = None
    before: Server | None = None
    reconciled: ReconcileResult | None = None
    error: PgflexError | None = None
    started: bool = True
    reason: str = ""
    unapproved: bool = False
    busy: bool = False
    follow_primary: bool = False
    lacking: list[tuple[str, Server]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def stop(self, reason: str, *, unapproved: bool = False) -> None:
        """Note that its change was not started, and why; `unapproved` if that is a change that nobody has approved."""
        self.started, self.reason, self.unapproved = False, f"Not started: {reason}", unapproved

    def last_seen(self, *, check_mode: bool) -> Server | None:
        """Return the server as it was seen last, with what was written to it since; None if it was never read."""
        done = self.reconciled
        if check_mode or done is None or self.error or not self.started:
            return self.before
        return done.server if done.verified or not done.plan.changes else replace(done.server, identity=done.plan.after)

    @property
    def changed(self) -> bool:
        """Tell whether it was changed, or would be in check mode."""
        return self.error is None and self.started and self.reconciled is not None and self.reconciled.plan.changes

    @property
    def undeclared(self) -> bool:
        """Tell whether nobody has said what the server shall hold, so that it is neither compliant nor drifted."""
        return self.error is None and not self.desired.declared


@dataclass
class InvalidTarget:
    """A row that cannot be understood; it has failed before anything was read. `ref` is its server, if known."""

    name: str
    error: PgflexError
    ref: ServerRef | None = None
    changed = False
    undeclared = False
    started = True
    reason = ""
    unapproved = False
    busy = False
    listed = None
    before = None
    reconciled = None
    lacking = ()
    remarks = ()


def target_facts(target: Target | InvalidTarget) -> dict[str, Any]:
    """Return the result of one row, in the shape of a single server's; of a failed one as far as it is known.

    An estate is large, and AWX drops results of more than 700,000 characters: a row that changes nothing goes without
    `before` and `diff`, which would say once more what `identity` says.
    """
    facts: dict[str, Any] = {"name": target.name, "failed": target.error is not None or not target.started}
    if target.before:
        facts["server"] = server_facts(target.before)
        facts["read_by"] = target.before.read_by
    for status in ("busy", "undeclared"):
        if getattr(target, status):
            facts[status] = True
    if target.before and target.reconciled and not facts["failed"]:
        facts.update(change_facts(target.before, target.reconciled))
    if target.before and not target.changed:
        facts.pop("diff", None)
    if target.before and (target.changed or facts["failed"]):
        facts["before"] = identity_facts(target.before.identity, target.before.encryption.uses)
    seldom = {
        "replica_lacks": [each for each, _primary in target.lacking],
        "notes": [*facts.get("notes", []), *target.remarks],
    }
    facts.update({name: value for name, value in seldom.items() if value})
    facts["changed"] = target.changed or (target.error is not None and target.error.changed)
    if target.unapproved or isinstance(target.error, NotApproved):
        facts["not_approved"] = True
    if target.error:
        facts.update(msg=str(target.error), error=target.error.as_dict(), assigned=[], removed=[])
    elif not target.started:
        facts.update(not_started=True, msg=target.reason, assigned=[], removed=[])
    return facts


def totals(targets: Sequence[Target | InvalidTarget]) -> dict[str, int]:
    """Count the rows by status, and the identities that were assigned and removed, or would be in check mode."""
    failed = sum(target.error is not None for target in targets)
    not_started = sum(not target.started for target in targets)
    changed = sum(target.changed for target in targets)
    undeclared = sum(target.undeclared for target in targets)
    plans = [target.reconciled.plan for target in targets if target.changed and target.reconciled]
    return {
        "servers": len(targets),
        "compliant": len(targets) - failed - not_started - changed - undeclared,
        "changed": changed,
        "undeclared": undeclared,
        "failed": failed,
        "not_started": not_started,
        "written": sum(_was_written(target) for target in targets),
        "added": sum(len(plan.assign) + (plan.system_assigned is True) for plan in plans),
        "removed": sum(len(plan.remove) + (plan.system_assigned is False) for plan in plans),
    }


def _was_written(target: Target | InvalidTarget) -> bool:
    """Return whether a PATCH for it was, or may have been, carried out."""
    if target.error:
        return target.error.write != WRITE_NONE
    return target.reconciled is not None and (target.reconciled.accepted or target.reconciled.verified)


def some_of(names: Sequence[str], most: int = 5) -> str:
    """Return the first few names."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number and the noun it counts."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
