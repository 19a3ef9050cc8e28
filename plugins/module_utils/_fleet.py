# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Many servers: read them by lists, plan all in memory, change those that drift at once, verify by lists."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from . import _preflight
from ._apply import Applied, changing, verify
from ._arm_id import key
from ._errors import CredentialError, PgflexError
from ._estate import Estate
from ._plan import plan
from ._result import change_facts, identity_facts, server_facts
from ._scheduler import WORKERS, Scheduler, Work
from ._waiting import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ._api import Api
    from ._arm_id import ServerRef
    from ._limits import Limits
    from ._model import Server, Wanted
    from ._waiting import Waiter

#: Up to so many servers of a subscription are read one by one, more from its list: the list may be long.
ONE_BY_ONE = 25
#: Seconds that verification has, even when the deadline has passed meanwhile.
TIME_TO_VERIFY = 60.0


@dataclass
class Row:
    """One server of a fleet: what is wanted of it, and what became of that.

    C(before) is the server as it was read first. With C(error) the row has failed; C(began) is false if its change was
    not sent because too many others had failed before.
    """

    name: str
    ref: ServerRef
    wanted: Wanted
    before: Server | None = None
    applied: Applied | None = None
    error: PgflexError | None = None
    began: bool = True

    @property
    def changed(self) -> bool:
        """Whether it was changed, or would be in check mode."""
        return self.error is None and self.began and self.applied is not None and self.applied.plan.changes


@dataclass
class Broken:
    """A row that cannot be understood; it has failed before anything was read."""

    name: str
    error: PgflexError
    changed = False
    began = True
    before = None
    applied = None


@dataclass
class Fleet:
    """The work on all rows, through one API, within its limits and one deadline. C(patience) makes a row's waiter."""

    api: Api
    limits: Limits
    patience: Callable[[], Waiter]
    validate: bool = False
    max_fail_percentage: float = 100.0
    clock: Clock = field(default_factory=Clock)
    warnings: list[str] = field(default_factory=list)

    def run(self, rows: Sequence[Row | Broken], *, check_mode: bool) -> None:
        """Fill in what becomes of each row. Errors of a row stay with it; what is nobody's row's fault is raised."""
        self.api.sign_in()
        self.api.observer = self._learn
        sound = [row for row in rows if isinstance(row, Row)]
        drifting = []
        for row, server in zip(sound, self._read([row.ref for row in sound], self.patience)):
            if isinstance(server, PgflexError):
                row.error = server
            elif _plan(row, server):
                drifting.append((row, server))
        self._preflight(drifting)
        if not check_mode:
            self._change([(row, server) for row, server in drifting if row.error is None], rows)

    def _learn(self, method: str, url: str, status: int, headers: Mapping[str, str]) -> None:
        self.limits.observe(method, url, status, headers, self.clock.now())

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

    def _change(self, drifting: list[tuple[Row, Server]], rows: Sequence[Row | Broken]) -> None:
        failed = sum(row.error is not None for row in rows)

        def may_begin() -> bool:
            return failed * 100 <= self.max_fail_percentage * len(rows)

        works = [
            Work(number, row.ref.subscription_id, changing(self.api, server, row.wanted, self.patience(), wait=True))
            for number, (row, server) in enumerate(drifting)
        ]
        done: list[tuple[Row, Applied]] = []
        for end in self._scheduler(self.patience(), may_begin).run(works):
            row = drifting[end.key][0]
            row.error, row.began = end.error, end.began
            failed += row.error is not None
            if end.result:
                row.applied = end.result
                done.append((row, end.result))
        self._verify([(row, applied) for row, applied in done if applied.plan.changes])

    def _verify(self, changed: list[tuple[Row, Applied]]) -> None:
        doubtful = []
        for (row, applied), seen in zip(changed, self._read([row.ref for row, _applied in changed], self._more_time)):
            if not _verify_row(row, applied, seen):
                doubtful.append((row, applied))
        # A list may lag behind the resource itself: what it does not confirm is asked for one by one.
        again = self._read_each([row.ref for row, _applied in doubtful], self._more_time)
        for (row, applied), seen in zip(doubtful, again):
            _verify_row(row, applied, seen)

    def _more_time(self) -> Waiter:
        """Patience for verification: one row that takes all the time must not leave the others unconfirmed."""
        waiter = self.patience()
        return replace(waiter, started=self.clock.now() + max(waiter.remaining, TIME_TO_VERIFY) - waiter.wait_timeout)

    def _scheduler(self, waiter: Waiter, may_begin: Callable[[], bool] = lambda: True) -> Scheduler:
        return Scheduler(self.limits, self.clock, may_begin, self.clock.now() + waiter.remaining)

    def _read(self, refs: list[ServerRef], patience: Callable[[], Waiter]) -> list[Server | PgflexError]:
        """Each server as it is now, in the order of C(refs), or why it could not be read."""
        by_subscription: dict[str, set[str]] = {}
        for ref in refs:
            by_subscription.setdefault(key(ref.subscription_id), set()).add(key(ref.id))
        large = [(each, wanted) for each, wanted in by_subscription.items() if len(wanted) > ONE_BY_ONE]
        found: dict[str, Server | PgflexError] = {}
        with ThreadPoolExecutor(WORKERS) as pool:
            for servers in pool.map(lambda one: self._list(one[0], one[1], patience()), large):
                found.update(servers)
        # Not on the list, or no right to list: its own GET says which, in Azure's words.
        rest = {key(ref.id): ref for ref in refs if key(ref.id) not in found}
        found.update(zip(rest, self._read_each(list(rest.values()), patience)))
        return [found[key(ref.id)] for ref in refs]

    def _list(self, subscription_id: str, wanted: set[str], waiter: Waiter) -> dict[str, Server | PgflexError]:
        found: dict[str, Server | PgflexError] = {}
        try:
            for server in Estate(self.api, waiter).servers([subscription_id]):
                if key(server.id) in wanted:
                    found[key(server.id)] = server
                    if len(found) == len(wanted):
                        break
        except CredentialError as error:
            return dict.fromkeys(wanted, error)
        except PgflexError:
            pass
        return found

    def _read_each(self, refs: list[ServerRef], patience: Callable[[], Waiter]) -> list[Server | PgflexError]:
        works = [
            Work(number, ref.subscription_id, patience().reading(partial(self.api.get_server, ref)))
            for number, ref in enumerate(refs)
        ]
        found: dict[int, Server | PgflexError] = {
            end.key: end.error or end.result for end in self._scheduler(patience()).run(works)
        }
        return [found[number] for number in range(len(refs))]


def _plan(row: Row, server: Server) -> bool:
    """Whether something has to be written."""
    row.before = server
    try:
        row.applied = Applied(plan(server, row.wanted), server)
    except PgflexError as error:
        row.error = error
        return False
    return row.applied.plan.changes


def _verify_row(row: Row, applied: Applied, seen: Server | PgflexError) -> bool:
    row.error = None
    try:
        if isinstance(seen, PgflexError):
            raise seen
        row.applied = verify(applied, seen, row.wanted)
    except PgflexError as error:
        row.error = error
    return row.error is None


def row_facts(row: Row | Broken) -> dict[str, Any]:
    """The result of one row, of the same shape as that of a single server; of a failed one as far as it is known.

    An estate is large, and AWX drops results of more than 700,000 characters: a row that changes nothing goes without
    C(before) and C(diff), which would say once more what C(identity) says.
    """
    facts: dict[str, Any] = {"name": row.name, "failed": row.error is not None or not row.began}
    if row.before:
        facts["server"] = server_facts(row.before)
    if row.before and row.applied and not facts["failed"]:
        facts.update(change_facts(row.before, row.applied))
    if row.before and not row.changed:
        facts.pop("diff", None)
    if row.before and (row.changed or facts["failed"]):
        facts["before"] = identity_facts(row.before.identity, row.before.encryption.uses)
    facts["changed"] = row.changed
    if row.error:
        facts.update(msg=str(row.error), error=row.error.as_dict(), assigned=[], removed=[])
    elif not row.began:
        facts.update(msg="Not begun: too many servers had failed before.", assigned=[], removed=[])
    return facts


def totals(rows: Sequence[Row | Broken]) -> dict[str, int]:
    """How many rows ended how."""
    failed = sum(row.error is not None for row in rows)
    not_begun = sum(not row.began for row in rows)
    changed = sum(row.changed for row in rows)
    return {
        "servers": len(rows),
        "ok": len(rows) - failed - not_begun - changed,
        "changed": changed,
        "failed": failed,
        "not_started": not_begun,
    }
