# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""After a write: look at the server, verify, and bring about again what a concurrent write has undone."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from .._errors import WRITE_DONE, WRITE_NONE, NotVerified, PgflexError, as_pgflex_error
from .reconciler import Change, ReconcileResult, told
from .verification import find_discrepancies, has_concurrent_write, merge_plans

if TYPE_CHECKING:
    from .._azure.retry import Coroutine, RetryPolicy
    from .._identity.models import DesiredState, Server

#: How often a server is written to once more because somebody else wrote to it at the same time.
MAX_CONFLICT_RETRIES = 2
#: How often a server is looked at again that is as it was before an operation which has succeeded: a GET may lag.
LATE_LOOKS = 5


def look_after(change: Change, reconciled: ReconcileResult) -> Coroutine[Server]:
    """Return the server as its own GET shows it after a write; one that lags is asked again.

    Raise what the client raises, with the write told as done.
    """
    policy = change.retry_policy
    get = partial(change.api.get_server, change.ref)
    try:
        after = yield from policy.reading(get)
        for _again in range(LATE_LOOKS):
            if not _is_as_before(reconciled, after) or policy.remaining <= 0:
                break
            yield min(policy.poll_interval, policy.remaining)
            after = yield from policy.reading(get)
    except Exception as error:
        raise told(as_pgflex_error(error), WRITE_DONE, reconciled.operation) from error
    return after


def _is_as_before(reconciled: ReconcileResult, after: Server) -> bool:
    """Return whether the server shows what was there before the last write: the write had no effect, or a GET lags."""
    return after.identity.shows_same_as((reconciled.last or reconciled.plan).before)


def should_retry_conflict(
    reconciled: ReconcileResult, after: Server, desired: DesiredState, retry_policy: RetryPolicy
) -> bool:
    """Return whether `retry_after_conflict` is to follow, for a server as its own GET showed it `after` the write.

    Two runs that undo each other's changes come to an end by themselves: who finds undone what it wrote stops, and
    says so. The bound is for what they undo without seeing it.
    """
    return (
        reconciled.rounds < MAX_CONFLICT_RETRIES
        and retry_policy.remaining > 0
        and has_concurrent_write(reconciled.last or reconciled.plan, after, desired)
    )


def retry_after_conflict(change: Change, reconciled: ReconcileResult) -> Coroutine[ReconcileResult]:
    """Bring about what a concurrent write has left to do. Raise as `Change.reconcile_steps`."""
    desired = change.desired
    # It stays declared without a word about the system-assigned identity.
    rest = replace(
        desired, present=desired.present or (), purge=desired.purges, only_if_assigned=(), system_assigned=None
    )
    again = replace(
        change,
        desired=rest,
        wait=True,
        seen=None,
        likely=None,
        write=WRITE_NONE,
        operation=None,
        planned=None,
        failures=0,
        throttled=0,
    )
    try:
        more = yield from again.reconcile_steps()
    except PgflexError as error:
        raise error if error.write != WRITE_NONE else told(error, WRITE_DONE, reconciled.operation) from None
    merged = merge_plans(reconciled.plan, more.plan)
    return ReconcileResult(
        merged,
        more.server,
        more.operation or reconciled.operation,
        last=more.plan,
        rounds=reconciled.rounds + 1,
        before=reconciled.before,
    )


def verify(reconciled: ReconcileResult, after: Server, desired: DesiredState) -> ReconcileResult:
    """Return `reconciled`, if the server as it was read `after` the write is as planned. Raise `NotVerified`."""
    problems = find_discrepancies(reconciled.plan, after, desired)
    if problems:
        error = NotVerified(
            f"The operation on server {after.ref.name} succeeded, but {'; '.join(problems)}.",
            target=after.id,
            hint="Somebody else may have changed the server meanwhile: look at it with state=info, and run again.",
        )
        raise told(error, WRITE_DONE, reconciled.operation)
    return replace(reconciled, server=after, verified=True)
