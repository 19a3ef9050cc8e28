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
from .._server.reconciler import Applied, changing, going_on, may_go_on, verify
from .scheduler import Scheduler, Work
from .waves import wave_sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .._azure.retry import Waiter
    from .._identity.models import Server
    from .bulk_reader import Reader
    from .progress import Progress
    from .target import Row

#: Seconds that verification has, even when the deadline has passed meanwhile.
TIME_TO_VERIFY = 60.0


@dataclass
class Wave:
    """The rows that were begun together. Times are UTC, ISO 8601; None for a wave that was not begun."""

    rows: list[Row]
    started: str | None = None
    ended: str | None = None

    @property
    def failed(self) -> int:
        """How many of its rows have failed."""
        return sum(row.error is not None for row in self.rows)

    def facts(self) -> dict[str, Any]:
        """Its part of the result."""
        return {
            "servers": len(self.rows),
            "changed": sum(row.changed for row in self.rows),
            "failed": self.failed,
            "not_started": sum(not row.began for row in self.rows),
            "started": self.started,
            "ended": self.ended,
        }


@dataclass
class Rollout:
    """The work on rows that drift. C(max_fail_percentage) is that of each wave; C(patience) makes a row's waiter."""

    reader: Reader
    patience: Callable[[], Waiter]
    progress: Progress
    sizes: Sequence[str] = ("100%",)
    max_fail_percentage: float = 100.0
    waves: list[Wave] = field(default_factory=list, init=False)

    def plan(self, drifting: list[tuple[Row, Server]]) -> None:
        """Divide the rows into waves."""
        rows = [row for row, _server in drifting]
        for size in wave_sizes(self.sizes, len(rows)):
            self.waves.append(Wave(rows[:size]))
            del rows[:size]

    def run(self, drifting: list[tuple[Row, Server]], read_at: float) -> None:
        """Fill in what becomes of each row. The waves must have been planned; C(read_at) is when servers were read."""
        self.progress.sizes = [len(wave.rows) for wave in self.waves]
        stopped, start = False, 0
        for number, wave in enumerate(self.waves):
            part = drifting[start : start + len(wave.rows)]
            start += len(part)
            if stopped:
                for row in wave.rows:
                    row.began = False
                continue
            wave.started = _now()
            self.progress.begin_wave()
            if number:
                read_at = self.reader.clock.now()
                part = self._read_again(wave)
            done = self._change(wave, part, read_at)
            self._verify([(row, applied) for row, applied in done if applied.plan.changes])
            wave.ended = _now()
            stopped = self._spent(wave.failed, len(wave.rows))

    def _read_again(self, wave: Wave) -> list[tuple[Row, Server]]:
        """The rows and their servers as they are when it is their turn; the waves before may have taken an hour."""
        part = []
        for row, server in zip(wave.rows, self.reader.read([row.ref for row in wave.rows], self.patience)):
            if isinstance(server, PgflexError):
                row.error = server
            else:
                part.append((row, server))
        return part

    def _spent(self, failed: int, size: int) -> bool:
        return failed * 100 > self.max_fail_percentage * size

    def _change(self, wave: Wave, part: list[tuple[Row, Server]], read_at: float) -> list[tuple[Row, Applied]]:
        """What was done to those of C(part) that succeeded."""
        failed = wave.failed

        def may_begin() -> bool:
            if self._spent(failed, len(wave.rows)):
                return False
            self.progress.begun += 1
            return True

        api, clock = self.reader.api, self.reader.clock
        works = [
            Work(
                number,
                row.ref.subscription_id,
                changing(api, server, row.wanted, self.patience(), wait=True, read_at=read_at),
            )
            for number, (row, server) in enumerate(part)
        ]
        done: list[tuple[Row, Applied]] = []
        scheduler = Scheduler(self.reader.limits, clock, may_begin, clock.now() + self.patience().remaining)
        for end in scheduler.run(works):
            row = part[end.key][0]
            row.error, row.began = end.error, end.began
            failed += row.error is not None
            if end.result:
                row.applied = end.result
                done.append((row, end.result))
            if end.began:
                self.progress.end_row(failed=row.error is not None, changed=row.changed)
        return done

    def _verify(self, changed: list[tuple[Row, Applied]]) -> None:
        seen_by_list = self.reader.read([row.ref for row, _applied in changed], self._more_time)
        doubtful = [each for each, seen in zip(changed, seen_by_list) if not _verify_row(*each, seen)]
        # A list may lag behind the resource itself: what it does not confirm is asked for one by one.
        while doubtful:
            again = self.reader.read_each([row.ref for row, _applied in doubtful], self._more_time)
            wrong = [(*each, seen) for each, seen in zip(doubtful, again) if not _verify_row(*each, seen)]
            doubtful = self._go_on(wrong)

    def _go_on(self, wrong: list[tuple[Row, Applied, Server | PgflexError]]) -> list[tuple[Row, Applied]]:
        """What was done to those of C(wrong) that somebody else wrote to at the same time. Their changes have begun."""
        works = [
            Work(row, row.ref.subscription_id, going_on(self.reader.api, applied, seen, row.wanted, self.patience()))
            for row, applied, seen in wrong
            if not isinstance(seen, PgflexError) and may_go_on(applied, seen, row.wanted, self.patience())
        ]
        done: list[tuple[Row, Applied]] = []
        clock = self.reader.clock
        until = clock.now() + self.patience().remaining
        for end in Scheduler(self.reader.limits, clock, until=until).run(works):
            end.key.error = end.error
            if end.result:
                end.key.applied = end.result
                done.append((end.key, end.result))
        return done

    def _more_time(self) -> Waiter:
        """Patience for verification: one row that takes all the time must not leave the others unconfirmed."""
        waiter = self.patience()
        now = self.reader.clock.now()
        return replace(waiter, started=now + max(waiter.remaining, TIME_TO_VERIFY) - waiter.wait_timeout)


def _verify_row(row: Row, applied: Applied, seen: Server | PgflexError) -> bool:
    row.error = None
    try:
        if isinstance(seen, PgflexError):
            raise seen
        row.applied = verify(applied, seen, row.wanted)
    except PgflexError as error:
        row.error = error
    return row.error is None


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
