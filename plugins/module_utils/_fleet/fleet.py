# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Many servers: read them by lists, plan all in memory, change those that drift, wave after wave."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .._azure.rate_limits import PUBLISHED, Turn
from .._azure.retry import Clock
from .._errors import InvalidInput, PgflexError
from .._files import write_private
from .._identity.planner import plan
from .._server import preflight as _preflight
from .._server.reconciler import Applied, may_be_undone_later
from .bulk_reader import Reader
from .progress import Progress
from .rollback_record import Record, as_json, make_record
from .rollout import Rollout, Wave
from .target import Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._azure.client import Api
    from .._azure.rate_limits import Limits
    from .._azure.retry import Waiter
    from .._identity.models import Server
    from .target import Broken


@dataclass
class Fleet:
    """The work on all rows, through one API, within its limits and one deadline. C(patience) makes a row's waiter.

    C(sizes) and C(max_fail_percentage) are those of waves. A record of what is to be done goes to C(rollback_file)
    before the first write, and that of what was done at the end; lines about the progress go to C(progress_file).
    """

    api: Api
    limits: Limits
    patience: Callable[[], Waiter]
    validate: bool = False
    sizes: Sequence[str] = ("100%",)
    max_fail_percentage: float = 100.0
    rollback_file: str | None = None
    progress_file: str | None = None
    clock: Clock = field(default_factory=Clock)
    warnings: list[str] = field(default_factory=list)
    waves: list[Wave] = field(default_factory=list, init=False)
    record: Record | None = field(default=None, init=False)

    def run(self, rows: Sequence[Row | Broken], *, check_mode: bool) -> None:
        """Fill in what becomes of each row. Errors of a row stay with it; what is nobody's row's fault is raised."""
        self.api.sign_in()
        self.api.observer = self._learn
        progress = Progress(self.clock, self._writes_per_second(rows))
        with progress.told(self.progress_file):
            read_at = self.clock.now()
            drifting = self._plan([row for row in rows if isinstance(row, Row)])
            self.record = make_record([row for row, _server in drifting], finished=False)
            rollout = Rollout(self._reader, self.patience, progress, self.sizes, self.max_fail_percentage)
            rollout.plan(drifting)
            self.waves = rollout.waves
            if drifting and not check_mode:
                self._keep_record(begun=False)
                rollout.run(drifting, read_at)
                self.record = make_record([row for row, _server in drifting], finished=True)
                self._keep_record(begun=True)

    def _plan(self, rows: list[Row]) -> list[tuple[Row, Server]]:
        """The rows for which something has to be written, and their servers."""
        drifting = []
        for row, server in zip(rows, self._reader.read([row.ref for row in rows], self.patience)):
            if isinstance(server, PgflexError):
                row.error = server
            elif _plan_row(row, server):
                drifting.append((row, server))
        self._preflight(drifting)
        return [(row, server) for row, server in drifting if row.error is None]

    def _preflight(self, drifting: list[tuple[Row, Server]]) -> None:
        waiter = self.patience()
        identities = _preflight.Identities(self.api, waiter)
        asked = identities if self.validate else None
        for row, server in drifting:
            try:
                _preflight.check(server, plan(server, row.wanted), self.api, asked, waiter)
            except PgflexError as error:
                row.error = error
        self.warnings += identities.warnings

    def _keep_record(self, *, begun: bool) -> None:
        """Write the record. If that fails before anything else was written, nothing else is."""
        if not self.rollback_file or self.record is None:
            return
        try:
            write_private(Path(self.rollback_file).expanduser(), as_json(self.record))
        except OSError as error:
            problem = f"{self.rollback_file!r} cannot be written: {error.strerror}."
            if not begun:
                raise InvalidInput("rollback_file", f"{problem} Nothing was changed.") from None
            self.warnings.append(f"rollback_file: {problem} The record there is that of before the rollout.")

    @property
    def _reader(self) -> Reader:
        return Reader(self.api, self.limits, self.clock)

    def _writes_per_second(self, rows: Sequence[Row | Broken]) -> float:
        subscriptions = {row.ref.subscription_id.lower() for row in rows if isinstance(row, Row)}
        return PUBLISHED[Turn.WRITE][1] * self.limits.share * max(1, len(subscriptions))

    def _learn(self, method: str, url: str, status: int, headers: Mapping[str, str]) -> None:
        self.limits.observe(method, url, status, headers, self.clock.now())


def _plan_row(row: Row, server: Server) -> bool:
    """Whether something has to be written, or waited for."""
    row.before = server
    try:
        row.applied = Applied(plan(server, row.wanted), server)
    except PgflexError as error:
        row.error = error
        return False
    return row.applied.plan.changes or may_be_undone_later(server, row.wanted)
