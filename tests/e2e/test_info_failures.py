# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pgflex_identity_info where something is wrong: with the options, with rights, or with what the service answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.estates import (
    FAR,
    GROUP_A,
    LIST_PATH,
    Listener,
    item,
    listener,
    listings,
    page,
    seed_estate,
    seed_many,
    server_id,
    sign_ins,
)
from e2e.failures import HTML
from e2e.world import OTHER_SUBSCRIPTION, SUBSCRIPTION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.conftest import RunInfo
    from e2e.emulator_client import Emulator

LISTING = f"Cannot list the servers in subscription {SUBSCRIPTION}: "
BOTH = [SUBSCRIPTION, OTHER_SUBSCRIPTION]


@pytest.fixture(autouse=True)
def estate(emulator: Emulator) -> None:
    """Seed servers that could be listed."""
    seed_estate(emulator)


@pytest.fixture
def elsewhere() -> Iterator[Listener]:
    """Start a host that is not ARM's."""
    with listener() as found:
        yield found


def deny(emulator: Emulator, *subscriptions: str) -> None:
    emulator.seed({"subscriptions": [{"id": each, "denied": True} for each in subscriptions]})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subscriptions": []}, "subscriptions: is an empty list: name at least one, or use all_subscriptions."),
        ({"subscriptions": ["prod"]}, "subscriptions: 'prod' is not a subscription ID (a GUID)."),
        ({"subscription_id": "prod"}, "subscription_id: 'prod' is not a subscription ID (a GUID)."),
        (
            {"subscriptions": [SUBSCRIPTION], "all_subscriptions": True},
            "all_subscriptions: does not go together with subscriptions.",
        ),
        (
            {"server_id": server_id("pg-one"), "all_subscriptions": True},
            "all_subscriptions: does not go together with one server.",
        ),
        (
            {"server_id": server_id("pg-one"), "resource_group": GROUP_A},
            "parameters are mutually exclusive: server_id|",
        ),
        ({"server_id": server_id("pg-one"), "subscriptions": BOTH}, "parameters are mutually exclusive: server_id|"),
        ({"server_name": "pg-one", "subscriptions": BOTH}, "parameters are mutually exclusive: server_name|"),
        ({"server_name": "pg-one"}, "missing parameter(s) required by 'server_name': resource_group"),
        ({"resource_group": ""}, "resource_group: '' is not the name of a resource group."),
        ({"resource_group": GROUP_A, "server_name": ""}, "server_name: '' is not the name of a flexible server"),
        ({"server_id": ""}, "server_id: '' is not a resource ID"),
        ({"filters": {"tag": {"env": "prod"}}}, "Unsupported parameters for "),
        ({"filters": {"identity": ""}}, "filters.identity: an empty string is neither"),
        ({"filters": {"tags": {"backup": True}}}, "filters.tags: True is not a text"),
        ({"wait_timeout": 0}, "wait_timeout: 0 is too short"),
    ],
    ids=str,
)
@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_no_request_is_sent_for(
    options: dict[str, Any], message: str, check: bool, emulator: Emulator, info: RunInfo
) -> None:
    result = info(check=check, **options)
    assert result["failed"]
    assert result["msg"].startswith(message)
    assert emulator.requests() == []


def test_an_unknown_filter_is_named(info: RunInfo) -> None:
    assert "filters.tag" in info(filters={"tag": {"env": "prod"}})["msg"]


def test_a_closed_subscription_is_a_warning_that_names_it(emulator: Emulator, info: RunInfo) -> None:
    deny(emulator, OTHER_SUBSCRIPTION)
    result = info(subscriptions=BOTH)
    assert len(result["servers"]) >= 4
    assert [each.split(". ")[0] for each in result["warnings"]] == [f"Subscription {OTHER_SUBSCRIPTION} is left out"]
    assert "AuthorizationFailed, HTTP 403" in result["warnings"][0]


def test_a_subscription_that_does_not_exist_is_a_warning_too(info: RunInfo) -> None:
    unknown = "00000000-0000-4000-8000-0000000000ff"
    result = info(subscriptions=[unknown, SUBSCRIPTION])
    assert [each.split(". ")[0] for each in result["warnings"]] == [f"Subscription {unknown} is left out"]


@pytest.mark.parametrize(
    ("options", "denied"),
    [
        pytest.param({"subscriptions": BOTH, "strict_subscriptions": True}, [OTHER_SUBSCRIPTION], id="strict"),
        pytest.param({"subscriptions": BOTH}, BOTH, id="none can be read"),
        pytest.param({}, [SUBSCRIPTION], id="the only one"),
    ],
)
def test_a_closed_subscription_is_an_error(
    options: dict[str, Any], denied: list[str], emulator: Emulator, info: RunInfo
) -> None:
    deny(emulator, *denied)
    result = info(**options)
    assert result["failed"]
    assert "servers" not in result
    assert (result["error"]["code"], result["error"]["status"]) == ("AuthorizationFailed", 403)


def test_a_credential_that_sees_no_subscription_is_told(emulator: Emulator, info: RunInfo) -> None:
    deny(emulator, *BOTH, *emulator.ready["subscription_ids"])
    result = info(all_subscriptions=True, subscription_id=None)
    assert result["failed"]
    assert result["msg"].startswith("subscriptions: the credential can see no subscription: give it a role in one")


def test_a_group_that_is_nowhere_is_a_failure(info: RunInfo) -> None:
    result = info(resource_group="rg-absent", subscriptions=BOTH)
    assert result["failed"]
    assert result["msg"] == "resource group: rg-absent is in none of the subscriptions."


def test_a_link_to_another_host_is_not_followed(emulator: Emulator, elsewhere: Listener, info: RunInfo) -> None:
    emulator.fault("GET", LIST_PATH, page([item("pg-one")], elsewhere.url))
    result = info()
    assert result["failed"]
    assert "The token was not sent there." in result["msg"]
    assert result["error"]["code"] == "ForeignHost"
    assert elsewhere.connections == 0
    assert len(listings(emulator)) == 1


@pytest.mark.parametrize("link", ["/subscriptions/next", "ftp://x/y", "https://[", "x", 5, {"href": "x"}], ids=str)
def test_a_link_that_is_none_is_an_error(link: object, emulator: Emulator, info: RunInfo) -> None:
    emulator.fault("GET", LIST_PATH, page([item("pg-one")], link))
    result = info()
    assert result["failed"]
    assert result["msg"].startswith(LISTING)
    assert "Traceback" not in str(result)
    assert len(listings(emulator)) == 1


@pytest.mark.parametrize("items", [[], [item("pg-one")]], ids=["empty", "with servers"])
def test_a_page_that_leads_to_itself_is_an_error(
    items: list[dict[str, Any]], emulator: Emulator, info: RunInfo
) -> None:
    link = f"{emulator.ready['arm']}/subscriptions/{SUBSCRIPTION}/flexibleServers?page=2"
    emulator.fault("GET", LIST_PATH, page(items, link), times=-1)
    result = info()
    assert result["msg"] == f"{LISTING}Azure sends the same page again and again."
    assert result["error"]["code"] == "RepeatedPage"
    assert len(listings(emulator)) == 2


@pytest.mark.parametrize(
    ("then", "problem"),
    [
        pytest.param(HTML, "the answer is not ARM's JSON (HTTP 200", id="HTML"),
        pytest.param({"body": ""}, "the answer is not ARM's JSON (HTTP 200", id="nothing"),
        pytest.param({"body": "[]"}, "the answer is not ARM's JSON (HTTP 200", id="a list"),
        pytest.param({"body": "{}"}, "the answer is not ARM's JSON (HTTP 200", id="no items"),
        pytest.param(
            {"body": '{"value": ["pg-one"]}'}, "the answer is not ARM's JSON (HTTP 200", id="items that are none"
        ),
        pytest.param(page([{"name": "pg-one"}]), "id: 'None' is not a resource ID", id="no ID"),
        pytest.param(page([{"id": "/x/y"}]), "id: '/x/y' is not a resource ID", id="a malformed ID"),
        pytest.param(
            page([item("pg-one", identity="x")]), "an item of the list is not of ARM's form", id="an odd item"
        ),
    ],
)
@pytest.mark.parametrize("after", [0, 1], ids=["first page", "second page"])
def test_a_page_that_is_none_is_a_failure(
    then: dict[str, Any], problem: str, after: int, emulator: Emulator, info: RunInfo
) -> None:
    emulator.settings(page_size=2)
    emulator.fault("GET", LIST_PATH, then, after=after)
    result = info()
    assert result["failed"]
    assert result["msg"].startswith(LISTING + problem)
    assert "servers" not in result


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_page_is_asked_for_again_after_a_transient_failure(status: int, emulator: Emulator, info: RunInfo) -> None:
    many = "00000000-0000-4000-8000-00000000000f"
    seed_many(emulator, many, 250)
    emulator.fault(
        "GET", LIST_PATH, {"status": status, "code": "Passing", "headers": {"Retry-After": "0.02"}}, after=1, times=2
    )
    result = info(subscriptions=[many])
    assert len({each["server"]["id"] for each in result["servers"]}) == 250
    assert (result["requests"], len(listings(emulator)), sign_ins(emulator)) == (5, 5, 1)
    assert "warnings" not in result


def test_a_page_that_goes_on_failing_is_an_error(emulator: Emulator, info: RunInfo) -> None:
    emulator.fault("GET", LIST_PATH, {"status": 503, "code": "ServiceUnavailable"}, times=-1)
    result = info(subscriptions=BOTH)
    assert result["failed"]
    assert result["msg"].startswith(LISTING)
    assert "Tried 5 times." in result["msg"]


def test_the_rights_end_on_the_second_page(emulator: Emulator, info: RunInfo) -> None:
    emulator.settings(page_size=2)
    emulator.fault("GET", LIST_PATH, {"status": 403, "code": "AuthorizationFailed"}, after=1)
    result = info(subscriptions=BOTH)
    assert result["failed"]
    assert result["error"]["code"] == "AuthorizationFailed"


def test_a_server_that_is_listed_twice_is_one(emulator: Emulator, info: RunInfo) -> None:
    emulator.fault("GET", LIST_PATH, page([item("pg-one"), item("pg-two"), item("PG-One")]))
    assert [each["server"]["name"] for each in info()["servers"]] == ["pg-one", "pg-two"]


def test_rights_for_one_group_in_each_subscription_are_enough(emulator: Emulator, info: RunInfo) -> None:
    emulator.fault("GET", f"/{SUBSCRIPTION}/resourceGroups/{GROUP_A}/", {"status": 403, "code": "AuthorizationFailed"})
    result = info(subscriptions=BOTH, resource_group=GROUP_A)
    assert [each["server"]["name"] for each in result["servers"]] == [FAR]
    expected = f"Resource group {GROUP_A} of subscription {SUBSCRIPTION} is left out"
    assert [each.split(". ")[0] for each in result["warnings"]] == [expected]
