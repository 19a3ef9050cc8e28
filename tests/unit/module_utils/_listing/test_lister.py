# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estate: pages in a row, each server once, an end to every list, and nothing left out in silence."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import (
    InvalidInput,
    ServiceError,
    UnexpectedAnswer,
    WaitTimeout,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import Page
from ansible_collections.pgflex.azure.plugins.module_utils._listing.lister import ServerLister
from unit.support import SUBSCRIPTION, FakeTime, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OTHER = SUBSCRIPTION[:-1] + "2"
NO_GROUP = refusal(404, "ResourceGroupNotFound")
FORBIDDEN = refusal(403, "AuthorizationFailed")


def item(name: str, group: str = "rg-a", subscription: str = SUBSCRIPTION) -> dict[str, Any]:
    """Return a server as a list shows it."""
    return {
        "id": f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.DBforPostgreSQL/flexibleServers/{name}",
        "location": "Canada Central",
        "properties": {},
    }


class Pages:
    """Lists by the place they begin at: pages in turn, errors among them are raised."""

    def __init__(self, **lists: list[list[dict[str, Any]] | ServiceError]) -> None:
        self._lists = lists
        self.asked: list[str] = []

    def servers_url(self, subscription_id: str, resource_group: str | None = None) -> str:
        """Return where a list begins: the last digit of the subscription, and the group."""
        return f"s{subscription_id[-1]}{'_' + resource_group[3:].lower() if resource_group else ''}"

    def subscriptions_url(self) -> str:
        """Return where the list of subscriptions begins."""
        return "all"

    def get_page(self, url: str, doing: str) -> Page:
        """GET of a page; a list that is not known is one of a group that does not exist."""
        self.asked.append(url)
        name, _hash, number = url.partition("#")
        pages = self._lists.get(name, [NO_GROUP])
        page = pages[int(number or 0)]
        if isinstance(page, ServiceError):
            raise page
        next_link = int(number or 0) + 1
        return Page(tuple(page), f"{name}#{next_link}" if next_link < len(pages) else None)


class Endless(Pages):
    """A list whose next page is what a function says."""

    def __init__(self, make: Callable[[int], Page], seconds: float = 0, time: FakeTime | None = None) -> None:
        super().__init__()
        self._make = make
        self._numbers = count()
        self._seconds = seconds
        self.time = time or FakeTime()

    def get_page(self, url: str, doing: str) -> Page:
        """GET of a page; it takes a while."""
        self.asked.append(url)
        assert len(self.asked) < 100, "there is no end to it"
        self.time.time += self._seconds
        return self._make(next(self._numbers))


def lister(pages: Pages, *, strict: bool = False, time: FakeTime | None = None, **timeouts: float) -> ServerLister:
    return ServerLister(pages, (time or FakeTime()).retry_policy(**timeouts), strict)


def names(found: Iterator[Any]) -> list[str]:
    return [each.ref.name for each in found]


def test_pages_follow_each_other_and_cost_one_request_each() -> None:
    pages = Pages(s1=[[item("pg-1"), item("pg-2")], [item("pg-3")], []], s2=[[item("pg-4", subscription=OTHER)]])
    assert names(lister(pages).servers([SUBSCRIPTION, OTHER])) == ["pg-1", "pg-2", "pg-3", "pg-4"]
    assert pages.asked == ["s1", "s1#1", "s1#2", "s2"]


def test_a_page_is_asked_for_when_its_servers_are_wanted() -> None:
    pages = Pages(s1=[[item("pg-1")], [item("pg-2")]])
    next(lister(pages).servers([SUBSCRIPTION]))
    assert pages.asked == ["s1"]


def test_what_is_named_twice_in_other_casing_is_listed_once() -> None:
    pages = Pages(s1_a=[[item("pg-1"), item("PG-1", "RG-A")]])
    found = list(lister(pages).servers([SUBSCRIPTION, SUBSCRIPTION.upper()], ["rg-a", "RG-A"]))
    assert names(iter(found)) == ["pg-1"]
    assert pages.asked == ["s1_a"]


def test_one_server_in_two_lists_is_one() -> None:
    pages = Pages(s1=[[item("pg-1")]], s2=[[item("PG-1"), item("pg-2")]])
    assert names(lister(pages).servers([SUBSCRIPTION, OTHER])) == ["pg-1", "pg-2"]


@pytest.mark.parametrize(
    "later",
    [
        pytest.param([[item("pg-2"), item("pg-3")]], id="created: an item moves to the next page"),
        pytest.param([[item("pg-2")]], id="created and deleted: the last page has only what was there"),
        pytest.param([[]], id="deleted: the last page is empty"),
        pytest.param([[], [item("pg-3")]], id="a page between is empty"),
    ],
)
def test_an_estate_that_changes_while_it_is_listed(later: list[list[dict[str, Any]]]) -> None:
    pages = Pages(s1=[[item("pg-1"), item("pg-2")], *later])
    expected = sorted({"pg-1", "pg-2", *(each["id"].rsplit("/", 1)[-1] for page in later for each in page)})
    assert names(lister(pages).servers([SUBSCRIPTION])) == expected


@pytest.mark.parametrize(
    ("make", "requests"),
    [
        pytest.param(lambda number: Page((item(f"pg-{number}"),), "s1"), 1, id="a link back to the start"),
        pytest.param(lambda number: Page((item(f"pg-{number}"),), "next"), 2, id="the same link again"),
        pytest.param(lambda number: Page((), "next"), 2, id="the same link again on empty pages"),
        pytest.param(lambda number: Page((item("pg-1"),), f"n{number}"), 2, id="the same items under new links"),
        pytest.param(lambda number: Page((item(f"pg-{number % 2}"),), f"n{number}"), 3, id="a longer circle"),
    ],
)
def test_a_list_that_goes_round_in_circles_is_refused(make: Callable[[int], Page], requests: int) -> None:
    pages = Endless(make)
    with pytest.raises(UnexpectedAnswer, match="the same page again and again") as failure:
        list(lister(pages).servers([SUBSCRIPTION]))
    assert failure.value.code == "RepeatedPage"
    assert len(pages.asked) == requests


@pytest.mark.parametrize("items", [False, True], ids=["empty pages", "always new servers"])
def test_a_list_without_an_end_ends_with_wait_timeout(items: bool) -> None:
    def make(number: int) -> Page:
        return Page((item(f"pg-{number}"),) if items else (), f"n{number}")

    pages = Endless(make, seconds=10)
    with pytest.raises(WaitTimeout, match=f"subscription {SUBSCRIPTION}: not finished within wait_timeout=45 seconds"):
        list(lister(pages, time=pages.time, wait_timeout=45).servers([SUBSCRIPTION]))
    assert len(pages.asked) == 5


@pytest.mark.parametrize("error", [refusal(429, "TooManyRequests", 3), refusal(503), refusal(None)], ids=str)
def test_a_page_is_asked_for_again_after_a_transient_failure(error: ServiceError) -> None:
    failures = [error]

    def make(_number: int) -> Page:
        if failures:
            raise failures.pop()
        return Page((item("pg-1"),))

    pages = Endless(make)
    assert names(lister(pages, time=pages.time).servers([SUBSCRIPTION])) == ["pg-1"]
    assert pages.asked == ["s1", "s1"]
    assert len(pages.time.pauses) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_subscription_that_may_not_be_read_is_a_warning_with_its_name(status: int) -> None:
    pages = Pages(s1=[refusal(status, "Closed")], s2=[[item("pg-2")]])
    desired = lister(pages)
    assert names(desired.servers([SUBSCRIPTION, OTHER])) == ["pg-2"]
    said = f"Subscription {SUBSCRIPTION} is left out. Cannot do it: It is so (Closed, HTTP {status})."
    assert [each[: len(said)] for each in desired.warnings] == [said]


@pytest.mark.parametrize(
    ("lists", "strict"),
    [
        pytest.param({"s1": [FORBIDDEN], "s2": [[item("pg-2")]]}, True, id="strict"),
        pytest.param({"s1": [FORBIDDEN], "s2": [FORBIDDEN]}, False, id="none can be read"),
        pytest.param({"s1": [refusal(400, "BadRequest")], "s2": [[item("pg-2")]]}, False, id="not a matter of rights"),
        pytest.param({"s1": [[item("pg-1")], FORBIDDEN], "s2": [[]]}, False, id="half of a list"),
    ],
)
def test_a_refusal_ends_the_listing(lists: dict[str, Any], strict: bool) -> None:
    with pytest.raises(ServiceError):
        list(lister(Pages(**lists), strict=strict).servers([SUBSCRIPTION, OTHER]))


def test_rights_for_single_groups_are_enough() -> None:
    pages = Pages(s1_a=[[item("pg-1")]], s1_b=[FORBIDDEN], s2_a=[FORBIDDEN], s2_b=[[item("pg-2", "rg-b", OTHER)]])
    desired = lister(pages)
    assert names(desired.servers([SUBSCRIPTION, OTHER], ["rg-a", "rg-b"])) == ["pg-1", "pg-2"]
    assert [each.split(" is left out")[0] for each in desired.warnings] == [
        f"Resource group rg-b of subscription {SUBSCRIPTION}",
        f"Resource group rg-a of subscription {OTHER}",
    ]


@pytest.mark.parametrize("groups", [["rg-b"], ["rg-a", "rg-b"]], ids=["alone", "beside one that exists"])
def test_a_group_that_is_nowhere_is_an_error(groups: list[str]) -> None:
    with pytest.raises(InvalidInput, match="resource group: rg-b is in none of the subscriptions"):
        list(lister(Pages(s1_a=[[item("pg-1")]])).servers([SUBSCRIPTION, OTHER], groups))


def test_a_group_in_one_of_two_subscriptions_and_an_empty_group_are_fine() -> None:
    pages = Pages(s2_a=[[item("pg-1", subscription=OTHER)]], s1_b=[[]])
    desired = lister(pages)
    assert names(desired.servers([SUBSCRIPTION, OTHER], ["rg-a", "rg-b"])) == ["pg-1"]
    assert desired.warnings == []


def test_a_group_that_may_be_in_a_closed_subscription_is_not_called_missing() -> None:
    pages = Pages(s1_a=[[item("pg-1")]], s2_a=[FORBIDDEN], s2_b=[FORBIDDEN])
    desired = lister(pages)
    assert names(desired.servers([SUBSCRIPTION, OTHER], ["rg-a", "rg-b"])) == ["pg-1"]
    assert len(desired.warnings) == 2


def test_a_group_that_is_deleted_while_it_is_listed_is_an_error() -> None:
    with pytest.raises(ServiceError) as failure:
        list(lister(Pages(s1_a=[[item("pg-1")], NO_GROUP])).servers([SUBSCRIPTION], ["rg-a"]))
    assert failure.value.code == "ResourceGroupNotFound"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"id": None}, "id: 'None' is not a resource ID"),
        ({"id": "/subscriptions/x"}, "id: '/subscriptions/x' is not a resource ID"),
        ({"id": item("pg-1")["id"].replace("flexibleServers", "servers")}, "is the ID of a "),
        ({"identity": "none"}, "an item of the list is not of ARM's form"),
        ({"properties": []}, "an item of the list is not of ARM's form"),
        ({"properties": None}, "an item of the list is not of ARM's form"),
        ({"properties": ["x"]}, "an item of the list is not of ARM's form"),
    ],
)
def test_a_malformed_server_is_an_error_and_not_left_out(changes: dict[str, Any], problem: str) -> None:
    pages = Pages(s1=[[{**item("pg-1"), **changes}, item("pg-2")]])
    with pytest.raises(UnexpectedAnswer) as failure:
        list(lister(pages).servers([SUBSCRIPTION]))
    assert str(failure.value).startswith(f"Cannot list the servers in subscription {SUBSCRIPTION}: ")
    assert problem in str(failure.value)


def subscription(identifier: object, state: str = "Enabled") -> dict[str, Any]:
    return {"id": f"/subscriptions/{identifier}", "subscriptionId": identifier, "state": state}


def test_all_visible_subscriptions_count_in_whatever_state() -> None:
    pages = Pages(all=[[subscription(OTHER, "Disabled")], [subscription(SUBSCRIPTION)]])
    assert lister(pages).visible_subscriptions() == [SUBSCRIPTION, OTHER]


def test_no_visible_subscription_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(InvalidInput, match="the credential can see no subscription: give it a role in one"):
        lister(Pages(all=[[]])).visible_subscriptions()


@pytest.mark.parametrize("identifier", [None, "x", 5])
def test_a_malformed_subscription_is_an_error(identifier: object) -> None:
    with pytest.raises(UnexpectedAnswer, match="Cannot list the subscriptions: subscriptionId: "):
        lister(Pages(all=[[subscription(identifier)]])).visible_subscriptions()
