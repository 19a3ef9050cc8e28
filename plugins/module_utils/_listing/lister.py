# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Many servers, read from lists: a page is one request, and its items carry identity and encryption."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .._azure.responses import whole_server
from .._errors import InvalidInput, ServiceError, UnexpectedAnswer, WaitTimeout, quoted
from .._identity.models import server_from_arm
from .._identity.resource_ids import check_subscription, distinct, key, parse_server_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .._azure.retry import RetryPolicy
    from .._identity.models import Page, Server

T = TypeVar("T")

# What a subscription answers that the credential may not read, or that is not there.
_CLOSED = (401, 403, 404)


class ListClient(Protocol):
    """The part of `_api.Api` that is needed here."""

    def servers_url(self, subscription_id: str, resource_group: str | None = None) -> str:
        """See `Api`."""

    def subscriptions_url(self) -> str:
        """See `Api`."""

    def get_page(self, url: str, doing: str) -> Page:
        """See `Api`."""


@dataclass
class ServerLister:
    """The servers of subscriptions, or of resource groups in them.

    A subscription or group that may not be read is a warning that names it; an error with `strict`, if none can be
    read, and if it shows on a later page: half a list never passes for a whole one.
    """

    api: ListClient
    retry_policy: RetryPolicy
    strict: bool = False
    warnings: list[str] = field(default_factory=list)

    def visible_subscriptions(self) -> list[str]:
        """Return the IDs of all subscriptions that the credential can see, disabled ones too: these can be read.

        Raise what `ListClient` raises, and `InvalidInput` if there is none.
        """
        doing = "Cannot list the subscriptions"
        items = self._items(self.api.subscriptions_url(), doing)
        found = [_understood(doing, partial(_subscription, each)) for each in items]
        if not found:
            raise InvalidInput(
                "subscriptions", "the credential can see no subscription: give it a role in one, such as Reader."
            )
        return sorted(found)

    def servers(self, subscriptions: Sequence[str], resource_groups: Sequence[str] = ()) -> Iterator[Server]:
        """Yield each server once, page by page.

        Raise what `ListClient` raises, and `InvalidInput` for a group that is in none of the subscriptions.
        """
        seen: set[str] = set()
        closed: list[ServiceError] = []
        missing = {key(group): group for group in resource_groups}
        groups: Sequence[str | None] = distinct(list(resource_groups)) or [None]
        places = [(subscription, group) for subscription in distinct(list(subscriptions)) for group in groups]
        read = 0
        for subscription, group in places:
            begun = False
            try:
                for server in self._list(subscription, group):
                    begun = True
                    if key(server.id) not in seen:
                        seen.add(key(server.id))
                        yield server
                read += 1
            except ServiceError as error:
                if begun:
                    raise
                if error.code == "ResourceGroupNotFound":
                    continue
                self._leave_out(_place(subscription, group), error)
                closed.append(error)
            missing.pop(key(group or ""), None)
        if closed and not read:
            raise closed[0]
        if missing:
            raise InvalidInput("resource group", f"{', '.join(missing.values())} is in none of the subscriptions.")

    def _leave_out(self, place: str, error: ServiceError) -> None:
        if error.status not in _CLOSED or self.strict:
            raise error
        self.warnings.append(f"{place[0].upper()}{place[1:]} is left out. {error}")

    def _list(self, subscription: str, group: str | None) -> Iterator[Server]:
        doing = f"Cannot list the servers in {_place(subscription, group)}"
        for item in self._items(self.api.servers_url(subscription, group), doing):
            yield _understood(doing, partial(_server, item))

    def _items(self, url: str, doing: str) -> Iterator[dict[str, Any]]:
        """Yield the items of all pages.

        An estate that changes meanwhile may show items twice, but a page with nothing new on it that leads to another
        one means that Azure goes round in circles.
        """
        seen: set[str] = set()
        links: set[str] = set()
        next_link: str | None = url
        while next_link:
            links.add(next_link)
            page = self.retry_policy.read(partial(self.api.get_page, next_link, doing))
            new: dict[str, dict[str, Any]] = {}
            for each in page.items:
                if key(str(each.get("id"))) not in seen:
                    new.setdefault(key(str(each.get("id"))), each)
            if page.next_link in links or (page.next_link and page.items and not new):
                raise UnexpectedAnswer(f"{doing}: Azure sends the same page again and again.", code="RepeatedPage")
            seen.update(new)
            yield from new.values()
            next_link = page.next_link
            if next_link and self.retry_policy.remaining <= 0:
                raise WaitTimeout(
                    f"{doing}: not finished within wait_timeout={self.retry_policy.wait_timeout:g} seconds."
                )


def _place(subscription: str, group: str | None) -> str:
    return f"resource group {group} of subscription {subscription}" if group else f"subscription {subscription}"


def _subscription(item: dict[str, Any]) -> str:
    return check_subscription("subscriptionId", str(item.get("subscriptionId")))


def _server(item: dict[str, Any]) -> Server:
    ref = parse_server_id("id", str(item.get("id")))
    whole = whole_server(item, ref.id)
    tags = whole.get("tags") or {}
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise InvalidInput("tags", f"those of {ref.id} are not texts by name, but {quoted(tags)}.")
    for name, value in (("location", whole.get("location")), ("state", whole["properties"].get("state") or "")):
        if not isinstance(value, str):
            raise InvalidInput(name, f"that of {ref.id} is no text, but {quoted(value)}.")
    return server_from_arm(whole, ref, "list")


def _understood(doing: str, read: Callable[[], T]) -> T:
    """Return what `read` makes of an item of a list. Raise `UnexpectedAnswer` where it is not of ARM's form."""
    try:
        return read()
    except InvalidInput as error:
        raise UnexpectedAnswer(f"{doing}: {error}") from None
    except (AttributeError, TypeError, ValueError):
        raise UnexpectedAnswer(f"{doing}: an item of the list is not of ARM's form.") from None
