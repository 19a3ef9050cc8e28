# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Read many servers: by lists where they are many, one by one where they are few."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from .._errors import CredentialError, PgflexError
from .._identity.resource_ids import key
from .._listing.lister import Estate
from .scheduler import WORKERS, Scheduler, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._azure.client import Api
    from .._azure.rate_limits import Limits
    from .._azure.retry import Clock, Waiter
    from .._identity.models import Server
    from .._identity.resource_ids import ServerRef

#: Up to so many servers of a subscription are read one by one, more from its list: the list may be long.
ONE_BY_ONE = 25


@dataclass
class Reader:
    """Reads through one API, within its limits."""

    api: Api
    limits: Limits
    clock: Clock

    def read(self, refs: list[ServerRef], patience: Callable[[], Waiter]) -> list[Server | PgflexError]:
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
        found.update(zip(rest, self.read_each(list(rest.values()), patience)))
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

    def read_each(self, refs: list[ServerRef], patience: Callable[[], Waiter]) -> list[Server | PgflexError]:
        """As C(read), a GET for each."""
        works = [
            Work(number, ref.subscription_id, patience().reading(partial(self.api.get_server, ref)))
            for number, ref in enumerate(refs)
        ]
        scheduler = Scheduler(self.limits, self.clock, until=self.clock.now() + patience().remaining)
        found: dict[int, Server | PgflexError] = {end.key: end.error or end.result for end in scheduler.run(works)}
        return [found[number] for number in range(len(refs))]
