# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Change many servers, wave after wave, and verify each wave before the next one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._errors import WRITE_NONE, NotApproved, NotStarted, PgflexError, WaitTimeout
from .._identity.models import Server
from .._server.confirmation import look_after, retry_after_conflict, should_retry_conflict, verify
from .bulk_reader import ONE_BY_ONE, ListTrust, agreed, shows_exactly
from .scheduler import Job, JobResult, Scheduler
from .target import totals
from .waves import wave_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from .._azure.retry import Coroutine, RetryPolicy
    from .._server.reconciler import Change, ReconcileResult
    from .bulk_reader import BulkReader
    from .progress import Progress
    from .target import Target

#: Seconds before the deadline, or the share of the whole time if that is less, in which no change is waited for any
#: more: one server that takes all the time must not leave others unconfirmed.
TIME_TO_VERIFY, SHARE_TO_VERIFY = 30.0, 0.1


@dataclass
class Wave:
    """The rows that were started together. Times are UTC, ISO 8601; None for a wave that was not started."""

    targets: list[Target]
    started: str | None = None
    ended: str | None = None

    @property
    def failed(self) -> int:
        """Count its rows whose change has failed."""
        return sum(_is_failed_change(target.error) for target in self.targets)

    def facts(self) -> dict[str, Any]:
        """Return its part of the result."""
        counts = totals(self.targets)
        return {
            "servers": len(self.targets),
            **{name: counts[name] for name in ("changed", "failed", "not_started", "added", "removed")},
            "started": self.started,
            "ended": self.ended,
        }


@dataclass
class Rollout:
    """The work on targets that drift; `change` makes that of one. `max_fail_percentage` is that of each wave.

    A change that is not approved is none that has failed; if `strict` nothing starts any more once there is one.
    """

    reader: BulkReader
    change: Callable[[Target], Change]
    progress: Progress
    sizes: Sequence[str] = ("100%",)
    max_fail_percentage: float = 100.0
    strict: bool = False
    waves: list[Wave] = field(default_factory=list, init=False)
    not_started: NotStarted | NotApproved | None = field(default=None, init=False)
    _seen: dict[str, Server | PgflexError] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._trust = ListTrust(self.reader, self._policy)

    def plan(self, drifted: list[Target]) -> None:
        """Divide the targets into waves."""
        targets = list(drifted)
        for size in wave_sizes(self.sizes, len(targets)):
            self.waves.append(Wave(targets[:size]))
            del targets[:size]

    def run(self) -> None:
        """Fill in what becomes of each target. The waves must have been planned."""
        self.progress.sizes = [len(wave.targets) for wave in self.waves]
        stopped = False
        for wave in self.waves:
            if stopped:
                for target in wave.targets:
                    self._stop(target)
                continue
            wave.started = _now()
            self.progress.start_wave()
            done = self._change(wave)
            self._verify([target for target in done if target.reconciled and target.reconciled.plan.changes])
            wave.ended = _now()
            stopped = self.not_started is not None or self._spent(wave.failed, len(wave.targets))

    def _stop(self, target: Target) -> None:
        unapproved = isinstance(self.not_started, NotApproved)
        target.stop(str(self.not_started or "too many servers had failed before."), unapproved=unapproved)

    def _spent(self, failed: int, size: int) -> bool:
        return failed * 100 > self.max_fail_percentage * size

    def _change(self, wave: Wave) -> list[Target]:
        """Return the targets that were changed, or turned out to need no change."""
        failed = wave.failed

        def may_start() -> bool:
            if self.not_started or self._spent(failed, len(wave.targets)):
                return False
            self.progress.started += 1
            return True

        done: list[Target] = []
        for end in self._run(wave.targets, self._change_and_look, _without_verification, may_start):
            target = end.key
            if isinstance(end.error, NotStarted):
                self.not_started = end.error
            if self.strict and isinstance(end.error, NotApproved):
                self.not_started = NotApproved(f"approved_plan_strict is set, and {target.name} is not as approved.")
            if end.late or (isinstance(end.error, WaitTimeout) and end.error.write == WRITE_NONE):
                target.stop("wait_timeout had passed.")
                continue
            if not end.started or (isinstance(end.error, NotStarted) and end.error.write == WRITE_NONE):
                self._stop(target)
                continue
            target.error = end.error
            failed += _is_failed_change(target.error)
            if end.result:
                target.reconciled, target.before = end.result, end.result.before
                done.append(target)
            self.progress.end_target(failed=target.error is not None, changed=target.changed)
        return done

    def _run(
        self,
        targets: Iterable[Target],
        steps: Callable[[Change, Target], Coroutine[Any]],
        shorten: Callable[[RetryPolicy], RetryPolicy],
        may_start: Callable[[], bool] = lambda: True,
    ) -> Iterator[JobResult[Target]]:
        """Yield the ends of the steps of these targets, in the time that `shorten` leaves."""
        jobs, clock = [], self.reader.clock
        remaining = shorten(self._policy()).remaining
        for target in targets:
            change = self.change(target)
            change.retry_policy = shorten(change.retry_policy)
            jobs.append(Job(target, target.ref.subscription_id, steps(change, target)))
        scheduler: Scheduler[Target] = Scheduler(self.reader.limiter, clock, may_start, clock.now() + remaining)
        return scheduler.run(jobs)

    def _change_and_look(self, change: Change, target: Target) -> Coroutine[ReconcileResult]:
        """Carry out a change, and read what came of it where no list is going to say."""
        reconciled = yield from change.reconcile_steps()
        if reconciled.plan.changes and not self._trust.counts_for(target.listed, reconciled):
            try:
                self._seen[target.name] = yield from look_after(change, reconciled)
            except WaitTimeout:  # verification has a time of its own
                pass
            except PgflexError as error:
                self._seen[target.name] = error
        return reconciled

    def _policy(self) -> RetryPolicy:
        return self.change(self.waves[0].targets[0]).retry_policy

    def _verify(self, changed: list[Target]) -> None:
        """Confirm each change by the server's own GET, or by a list that is known to agree with it."""
        seen, self._seen = self._seen, {}
        rest = self._not_confirmed_by_list([target for target in changed if target.name not in seen])
        seen.update(self._look_at_each(rest))
        doubtful = [target for target in changed if target.name in seen]
        while doubtful:
            wrong = [target for target in doubtful if not _verify_target(target, seen[target.name])]
            doubtful = self._change_again(wrong, seen)
            seen = self._look_at_each(doubtful)

    def _not_confirmed_by_list(self, changed: list[Target]) -> list[Target]:
        believed = [target for target in changed if agreed(target.listed, target.before)]
        confirmed = set()
        if len(believed) > ONE_BY_ONE:
            listed = self.reader.read_lists([each.ref for each in believed], self._policy)
            confirmed = {
                target.name
                for target, seen in zip(believed, listed)
                if seen is not None
                and target.reconciled
                and shows_exactly(target.reconciled, seen)
                and _verify_target(target, seen)
            }
        return [target for target in changed if target.name not in confirmed]

    def _look_at_each(self, targets: list[Target]) -> dict[str, Server | PgflexError]:
        """Return each server as its own GET shows it after its write, or why it could not be read."""

        def look(change: Change, target: Target) -> Coroutine[Server]:
            return look_after(change, results[target.name])

        results = {target.name: target.reconciled for target in targets if target.reconciled}
        return {end.key.name: end.error or end.result for end in self._run(targets, look, lambda policy: policy)}

    def _change_again(self, wrong: list[Target], seen: dict[str, Server | PgflexError]) -> list[Target]:
        """Change those of `wrong` again that somebody else wrote to at the same time. Their changes have started."""

        def again(change: Change, target: Target) -> Coroutine[ReconcileResult]:
            return retry_after_conflict(change, results[target.name])

        results = {
            target.name: target.reconciled
            for target in wrong
            if target.reconciled
            and isinstance(after := seen[target.name], Server)
            and should_retry_conflict(target.reconciled, after, target.desired, self.change(target).retry_policy)
        }
        done: list[Target] = []
        for end in self._run((each for each in wrong if each.name in results), again, _without_verification):
            # One that could not begin, or that nobody has approved, has failed as it had before.
            failed = None if isinstance(end.error, NotApproved) else end.error
            end.key.error = failed or (None if end.result else end.key.error)
            if isinstance(end.error, NotStarted):
                self.not_started = end.error
            if end.result:
                end.key.reconciled = end.result
                done.append(end.key)
        return done


def _is_failed_change(error: PgflexError | None) -> bool:
    """Return whether an error spends the failure budget: a change that nobody has approved is none that has failed."""
    return error is not None and not isinstance(error, NotApproved)


def _without_verification(policy: RetryPolicy) -> RetryPolicy:
    """Return the policy with the time that is left before verification must begin."""
    reserve = min(TIME_TO_VERIFY, policy.wait_timeout * SHARE_TO_VERIFY)
    return replace(policy, started=policy.clock.now() + policy.remaining - policy.wait_timeout - reserve)


def _verify_target(target: Target, seen: Server | PgflexError) -> bool:
    target.error = None
    try:
        if isinstance(seen, PgflexError):
            raise seen
        if target.reconciled:
            target.reconciled = verify(target.reconciled, seen, target.desired)
    except PgflexError as error:
        target.error = error
    return target.error is None


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
