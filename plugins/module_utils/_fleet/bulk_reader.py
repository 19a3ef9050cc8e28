# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Read many servers: by lists where they are many, one by one where they are few."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from .._errors import CredentialError, NoConnection, PgflexError
from .._identity.models import Server
from .._identity.resource_ids import key
from .._listing.lister import ServerLister
from .scheduler import WORKERS, Job, Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._azure.client import Api
    from .._azure.rate_limits import RateLimiter
    from .._azure.retry import Clock, RetryPolicy
    from .._identity.resource_ids import ServerRef
    from .._server.reconciler import ReconcileResult

#: Up to so many servers of a subscription are read one by one, more from its list: the list may be long.
ONE_BY_ONE = 25
#: Seconds that a list may be behind and still confirm most of a wave in the end.
USUAL_LAG = 15.0


@dataclass
class BulkReader:
    """Reads through one API, within its limits. `others` are servers that lists have shown without being asked for."""

    api: Api
    limiter: RateLimiter
    clock: Clock
    others: dict[str, Server] = field(default_factory=dict)

    def read(
        self, refs: list[ServerRef], retry_policy_factory: Callable[[], RetryPolicy]
    ) -> list[Server | PgflexError]:
        """Return each server as it is now, in the order of `refs`, or why it could not be read."""
        found = self._lists(refs, retry_policy_factory)
        # Not on the list, or not as a server is, or no right to list: its own GET says which, in Azure's words.
        rest = {key(ref.id): ref for ref in refs if key(ref.id) not in found}
        found.update(zip(rest, self.read_each(list(rest.values()), retry_policy_factory)))
        return [found[key(ref.id)] for ref in refs]

    def read_lists(self, refs: list[ServerRef], retry_policy_factory: Callable[[], RetryPolicy]) -> list[Server | None]:
        """Return each server as a list shows it, in the order of `refs`; None where no list is asked or shows it."""
        found = self._lists(refs, retry_policy_factory)
        return [one if isinstance(one := found.get(key(ref.id)), Server) else None for ref in refs]

    def _lists(
        self, refs: list[ServerRef], retry_policy_factory: Callable[[], RetryPolicy]
    ) -> dict[str, Server | PgflexError]:
        by_subscription: dict[str, set[str]] = {}
        for ref in refs:
            by_subscription.setdefault(key(ref.subscription_id), set()).add(key(ref.id))
        large = [(each, ids) for each, ids in by_subscription.items() if len(ids) > ONE_BY_ONE]
        found: dict[str, Server | PgflexError] = {}
        with ThreadPoolExecutor(WORKERS) as pool:
            for servers in pool.map(lambda one: self._list(one[0], one[1], retry_policy_factory()), large):
                found.update(servers)
        return found

    def _list(self, subscription_id: str, ids: set[str], retry_policy: RetryPolicy) -> dict[str, Server | PgflexError]:
        found: dict[str, Server | PgflexError] = {}
        try:
            for server in ServerLister(self.api, retry_policy).servers([subscription_id]):
                # An item that lacks something, or contradicts itself, says only where to look.
                if server.contradictions:
                    continue
                if key(server.id) not in ids:
                    self.others[key(server.id)] = server
                    continue
                found[key(server.id)] = server
                if len(found) == len(ids):
                    break
        except (CredentialError, NoConnection) as error:
            return dict.fromkeys(ids, error)
        except PgflexError:
            pass
        return found

    def read_each(
        self, refs: list[ServerRef], retry_policy_factory: Callable[[], RetryPolicy]
    ) -> list[Server | PgflexError]:
        """Return the same as `read`, by a GET for each."""
        jobs = [
            Job(number, ref.subscription_id, retry_policy_factory().reading(partial(self.api.get_server, ref)))
            for number, ref in enumerate(refs)
        ]
        scheduler: Scheduler[int] = Scheduler(
            self.limiter, self.clock, until=self.clock.now() + retry_policy_factory().remaining
        )
        found: dict[int, Server | PgflexError] = {end.key: end.error or end.result for end in scheduler.run(jobs)}
        return [found[number] for number in range(len(refs))]


@dataclass
class ListTrust:
    """Whether lists are going to confirm the writes of a rollout. Several threads may ask.

    A list counts for a server about which it agreed with the server's own GET before the write, and where it then shows
    exactly what is to be. Whether it does is looked up once in the middle: to read all servers in the end would take
    longer than to read each when its operation has ended.
    """

    reader: BulkReader
    retry_policy_factory: Callable[[], RetryPolicy]
    _ended: list[tuple[float, ReconcileResult]] = field(default_factory=list, init=False)
    _lags: bool | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def counts_for(self, listed: Server | None, reconciled: ReconcileResult) -> bool:
        """Return whether a list may confirm a write that has ended right now; `listed` is what the plan was made of."""
        if not agreed(listed, reconciled.before):
            return False
        if due := self._note(reconciled):
            shown = self.reader.read_lists([each.server.ref for each in due], self.retry_policy_factory)
            self._lags = any(seen is not None and not shows_exactly(each, seen) for each, seen in zip(due, shown))
        return not self._lags

    def _note(self, reconciled: ReconcileResult) -> list[ReconcileResult]:
        """Return the writes that a list must show by now, once, when they are enough to be looked up."""
        with self._lock:
            now = self.reader.clock.now()
            self._ended.append((now, reconciled))
            due = [each for ended, each in self._ended if now - ended >= USUAL_LAG]
            if self._lags is not None or len(due) <= ONE_BY_ONE:
                return []
            self._lags = False
            return due


def agreed(listed: Server | None, before: Server | None) -> bool:
    """Return whether the list that a plan was made of showed what the server's own GET did."""
    return (
        listed is not None
        and before is not None
        and listed.read_by == "list"
        and listed.identity.shows_same_as(before.identity)
    )


def shows_exactly(reconciled: ReconcileResult, seen: Server) -> bool:
    """Return whether a server is seen as it is to be."""
    return seen.identity.shows_same_as(reconciled.plan.after)
