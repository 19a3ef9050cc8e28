# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Many servers, read from lists: a page is one request, and its items carry identity and encryption."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from ._arm_id import check_subscription, key, parse_server_id
from ._errors import InvalidInput, PgflexError, ServiceError, UnexpectedAnswer, WaitTimeout
from ._model import server_from_arm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ._model import Page, Server
    from ._waiting import Waiter

# What a subscription answers that the credential may not read, or that is not there.
_CLOSED = (401, 403, 404)


class Lister(Protocol):
    """The part of C(_api.Api) that is needed here."""

    def servers_url(self, subscription_id: str, resource_group: str | None = None) -> str: ...
    def subscriptions_url(self) -> str: ...
    def get_page(self, url: str, doing: str) -> Page: ...


@dataclass
class Estate:
    """The servers of subscriptions, or of resource groups in them.

    A subscription that cannot be read is a warning that names it; an error with C(strict), or if none can be read.
    """

    api: Lister
    waiter: Waiter
    strict: bool = False
    warnings: list[str] = field(default_factory=list)

    def visible_subscriptions(self) -> list[str]:
        """The IDs of all enabled subscriptions that the credential can see. Raises what C(Lister) raises."""
        found = []
        for item in self._items(self.api.subscriptions_url(), "Cannot list the subscriptions"):
            if str(item.get("state") or "Enabled").lower() in ("enabled", "warned", "pastdue"):
                found.append(check_subscription("subscriptionId", str(item.get("subscriptionId"))))
        if not found:
            raise InvalidInput(
                "subscriptions", "the credential can see no subscription: give it a role in one, such as Reader."
            )
        return sorted(set(found))

    def servers(self, subscriptions: Sequence[str], resource_groups: Sequence[str] = ()) -> Iterator[Server]:
        """Each server once, page by page.

        Raises what C(Lister) raises, and C(InvalidInput) for a group that is in none of the subscriptions.
        """
        seen: set[str] = set()
        closed = 0
        missing = {key(group): group for group in resource_groups}
        groups: Sequence[str | None] = _distinct(resource_groups) or [None]
        for subscription in _distinct(subscriptions):
            for group in groups:
                try:
                    for server in self._list(subscription, group):
                        if key(server.id) not in seen:
                            seen.add(key(server.id))
                            yield server
                except ServiceError as error:
                    if error.code == "ResourceGroupNotFound":
                        continue
                    closed += 1
                    if error.status not in _CLOSED or self.strict or closed == len(_distinct(subscriptions)):
                        raise
                    self.warnings.append(f"Subscription {subscription} is left out. {error}")
                    missing.clear()
                    break
                missing.pop(key(group or ""), None)
        if missing:
            raise InvalidInput("resource group", f"{', '.join(missing.values())} is in none of the subscriptions.")

    def _list(self, subscription: str, group: str | None) -> Iterator[Server]:
        place = f"resource group {group} of subscription {subscription}" if group else f"subscription {subscription}"
        doing = f"Cannot list the servers in {place}"
        for item in self._items(self.api.servers_url(subscription, group), doing):
            try:
                ref = parse_server_id("id", str(item.get("id")))
            except PgflexError as error:
                raise UnexpectedAnswer(f"{doing}: {error}") from None
            yield server_from_arm(item, ref)

    def _items(self, url: str, doing: str) -> Iterator[dict[str, Any]]:
        """The items of all pages. An estate that changes meanwhile may show an item twice, but a page with nothing new
        on it means that Azure goes round in circles.
        """
        seen: set[str] = set()
        links: set[str] = set()
        following: str | None = url
        while following:
            links.add(following)
            page = self.waiter.read(partial(self.api.get_page, following, doing))
            new = [each for each in page.items if key(str(each.get("id"))) not in seen]
            if (page.items and not new) or page.next_link in links:
                raise UnexpectedAnswer(f"{doing}: Azure sends the same page again and again.", code="RepeatedPage")
            seen.update(key(str(each.get("id"))) for each in new)
            yield from new
            following = page.next_link
            if following and self.waiter.remaining <= 0:
                raise WaitTimeout(f"{doing}: not finished after wait_timeout={self.waiter.wait_timeout:g} seconds.")


def _distinct(names: Sequence[str]) -> list[str]:
    return list({key(name): name for name in reversed(names)}.values())[::-1]
