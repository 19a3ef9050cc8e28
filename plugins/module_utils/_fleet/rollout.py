# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Change many servers, wave after wave, and verify each wave before the next one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._errors import PgflexError
from .._server.reconciler import ReconcileResult, reconcile_steps, retry_after_conflict, should_retry_conflict, verify
from .scheduler import Job, Scheduler
from .waves import wave_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._azure.retry import RetryPolicy
    from .._identity.models import Server
    from .bulk_reader import BulkReader
    from .progress import Progress
    from .target import Target

#: Seconds that verification has, even when the deadline has passed meanwhile.
TIME_TO_VERIFY = 30.0


@dataclass
class Wave:
    """The rows that were started together. Times are UTC, ISO 8601; None for a wave that was not started."""

    targets: list[Target]
    started: str | None = None
    ended: str | None = None

    @property
    def failed(self) -> int:
        """Count its rows that have failed."""
        return sum(target.error is not None for target in self.targets)

    def facts(self) -> dict[str, Any]:
        """Return its part of the result."""
        return {
            "servers": len(self.targets),
            "changed": sum(target.changed for target in self.targets),
            "failed": self.failed,
            "not_started": sum(not target.started for target in self.targets),
            "started": self.started,
            "ended": self.ended,
        }


@dataclass
class Rollout:
    """The work on targets that drift. `max_fail_percentage` is that of each wave."""

    reader: BulkReader
    retry_policy_factory: Callable[[], RetryPolicy]
    progress: Progress
    sizes: Sequence[str] = ("100%",)
    max_fail_percentage: float = 100.0
    waves: list[Wave] = field(default_factory=list, init=False)

    def plan(self, drifted: list[tuple[Target, Server]]) -> None:
        """Divide the rows into waves."""
        targets = [target for target, _server in drifted]
        for size in wave_sizes(self.sizes, len(targets)):
            self.waves.append(Wave(targets[:size]))
            del targets[:size]

    def run(self, drifted: list[tuple[Target, Server]], read_at: float) -> None:
        """Fill in what becomes of each row. The waves must have been planned; `read_at` is when servers were read."""
        self.progress.sizes = [len(wave.targets) for wave in self.waves]
        stopped, start = False, 0
        for number, wave in enumerate(self.waves):
            part = drifted[start : start + len(wave.targets)]
            start += len(part)
            if stopped:
                for target in wave.targets:
                    target.started = False
                continue
            wave.started = _now()
            self.progress.start_wave()
            if number:
                read_at = self.reader.clock.now()
                part = self._read_again(wave)
            done = self._change(wave, part, read_at)
            self._verify([(target, reconciled) for target, reconciled in done if reconciled.plan.changes])
            wave.ended = _now()
            stopped = self._spent(wave.failed, len(wave.targets))

    def _read_again(self, wave: Wave) -> list[tuple[Target, Server]]:
        """The rows and their servers as they are when it is their turn; the waves before may have taken an hour."""
        part = []
        for target, server in zip(
            wave.targets, self.reader.read([target.ref for target in wave.targets], self.retry_policy_factory)
        ):
            if isinstance(server, PgflexError):
                target.error = server
            else:
                part.append((target, server))
        return part

    def _spent(self, failed: int, size: int) -> bool:
        return failed * 100 > self.max_fail_percentage * size

    def _change(
        self, wave: Wave, part: list[tuple[Target, Server]], read_at: float
    ) -> list[tuple[Target, ReconcileResult]]:
        """What was done to those of `part` that succeeded."""
        failed = wave.failed

        def may_start() -> bool:
            if self._spent(failed, len(wave.targets)):
                return False
            self.progress.started += 1
            return True

        api, clock = self.reader.api, self.reader.clock
        jobs = [
            Job(
                number,
                target.ref.subscription_id,
                reconcile_steps(api, server, target.desired, self.retry_policy_factory(), wait=True, read_at=read_at),
            )
            for number, (target, server) in enumerate(part)
        ]
        done: list[tuple[Target, ReconcileResult]] = []
        scheduler = Scheduler(
            self.reader.limiter, clock, may_start, clock.now() + self.retry_policy_factory().remaining
        )
        for end in scheduler.run(jobs):
            target = part[end.key][0]
            target.error, target.started = end.error, end.started
            failed += target.error is not None
            if end.result:
                target.reconciled = end.result
                done.append((target, end.result))
            if end.started:
                self.progress.end_target(failed=target.error is not None, changed=target.changed)
        return done

    def _verify(self, changed: list[tuple[Target, ReconcileResult]]) -> None:
        seen_by_list = self.reader.read([target.ref for target, _applied in changed], self._more_time)
        doubtful = [each for each, seen in zip(changed, seen_by_list) if not _verify_target(*each, seen)]
        # A list may lag behind the resource itself: what it does not confirm is asked for one by one.
        while doubtful:
            again = self.reader.read_each([target.ref for target, _applied in doubtful], self._more_time)
            wrong = [(*each, seen) for each, seen in zip(doubtful, again) if not _verify_target(*each, seen)]
            doubtful = self._go_on(wrong)

    def _go_on(
        self, wrong: list[tuple[Target, ReconcileResult, Server | PgflexError]]
    ) -> list[tuple[Target, ReconcileResult]]:
        """Change those of `wrong` again that somebody else wrote to at the same time. Their changes have started."""
        jobs = [
            Job(
                target,
                target.ref.subscription_id,
                retry_after_conflict(self.reader.api, reconciled, seen, target.desired, self.retry_policy_factory()),
            )
            for target, reconciled, seen in wrong
            if not isinstance(seen, PgflexError)
            and should_retry_conflict(reconciled, seen, target.desired, self.retry_policy_factory())
        ]
        done: list[tuple[Target, ReconcileResult]] = []
        clock = self.reader.clock
        until = clock.now() + self.retry_policy_factory().remaining
        for end in Scheduler(self.reader.limiter, clock, until=until).run(jobs):
            end.key.error = end.error
            if end.result:
                end.key.reconciled = end.result
                done.append((end.key, end.result))
        return done

    def _more_time(self) -> RetryPolicy:
        """Patience for verification: one row that takes all the time must not leave the others unconfirmed."""
        self.reader.api.allow_verification(TIME_TO_VERIFY)
        retry_policy = self.retry_policy_factory()
        now = self.reader.clock.now()
        return replace(
            retry_policy, started=now + max(retry_policy.remaining, TIME_TO_VERIFY) - retry_policy.wait_timeout
        )


def _verify_target(target: Target, reconciled: ReconcileResult, seen: Server | PgflexError) -> bool:
    target.error = None
    try:
        if isinstance(seen, PgflexError):
            raise seen
        target.reconciled = verify(reconciled, seen, target.desired)
    except PgflexError as error:
        target.error = error
    return target.error is None


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
