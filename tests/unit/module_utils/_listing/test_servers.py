# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a listing -> servers: what is asked, what comes out, and what is refused before any request."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.scrub import Scrubber
from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput, ServiceError
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import Page, Server, UserIdentity
from ansible_collections.pgflex.azure.plugins.module_utils._listing import servers
from unit.support import REF, SUBSCRIPTION, A, B, Cloud, forbidden, identity, server

OTHER = SUBSCRIPTION[:-1] + "2"
MODULE: dict[str, Any] = {
    **dict.fromkeys(("server_id", "server_name", "resource_group", "subscriptions")),
    "all_subscriptions": False,
    "strict_subscriptions": False,
    "wait_timeout": 10,
    "poll_interval": 0.001,
    "filters": {},
    "client_ids": False,
}
PLUGIN: dict[str, Any] = {
    **{name: MODULE[name] for name in ("subscriptions", "all_subscriptions", "strict_subscriptions")},
    **{name: MODULE[name] for name in ("wait_timeout", "poll_interval")},
    **{name: [] for name in ("resource_groups", "include_filters", "exclude_filters")},
}


def item(name: str, *identities: str, subscription: str = SUBSCRIPTION, **more: Any) -> dict[str, Any]:
    """Return a server as a list shows it, in group rg-prod."""
    known = {each: {"principalId": "p", "clientId": "tenant"} for each in identities}
    held = {"type": "UserAssigned", "tenantId": "tenant", "userAssignedIdentities": known}
    return {
        "id": REF.id.replace(REF.name, name).replace(SUBSCRIPTION, subscription),
        "location": "Canada Central",
        "properties": {"state": "Ready", "version": "17"},
        **({"identity": held} if known else {}),
        **more,
    }


class World:
    """An API with a page for each subscription, and the connection to it."""

    subscription_id = SUBSCRIPTION

    def __init__(self, *items: dict[str, Any], cloud: Cloud | None = None) -> None:
        self.items = items
        self.cloud = cloud or Cloud()
        self.asked: list[str] = []
        self.scrubber = Scrubber()
        self.opened = False

    def open(self) -> World:
        """Connect."""
        self.opened = True
        return self

    @property
    def requests(self) -> int:
        """The requests that were sent."""
        return len(self.asked) + len(self.cloud.asked)

    def get_server(self, ref: Any) -> Server:
        """GET."""
        self.asked.append(ref.id)
        return server(A)

    def get_identity(self, resource_id: str) -> UserIdentity:
        """GET of an identity."""
        return self.cloud.get_identity(resource_id)

    def subscriptions_url(self) -> str:
        """Return where the list of subscriptions is."""
        return "subscriptions"

    def servers_url(self, subscription_id: str, resource_group: str | None = None) -> str:
        """Return where the list of servers is."""
        return f"{subscription_id}/{resource_group}" if resource_group else subscription_id

    def get_page(self, url: str, doing: str) -> Page:
        """GET of a list."""
        self.asked.append(url)
        if url == "subscriptions":
            return Page(tuple({"id": each, "subscriptionId": each} for each in (OTHER, SUBSCRIPTION)))
        return Page(tuple(each for each in self.items if f"/{url.split('/')[0]}/" in each["id"]))


def list_servers(world: World, **options: Any) -> tuple[dict[str, Any], list[str]]:
    connection: Any = world
    return servers.list_servers({**MODULE, **options}, connection)


def list_hosts(world: World, **options: Any) -> tuple[list[dict[str, Any]], list[str]]:
    connection: Any = world
    return servers.list_hosts({**PLUGIN, **options}, connection)


def listed(result: dict[str, Any]) -> list[str]:
    return [each["server"]["name"] for each in result["servers"]]


def test_servers_are_sorted_without_case() -> None:
    result, warnings = list_servers(World(item("pg-b"), item("PG-c"), item("pg-a")))
    assert listed(result) == ["pg-a", "pg-b", "PG-c"]
    assert (result["changed"], result["requests"], warnings) == (False, 1, [])
    assert "identities" not in result


@pytest.mark.parametrize(
    ("options", "asked", "subscriptions"),
    [
        ({}, [SUBSCRIPTION], [SUBSCRIPTION]),
        ({"resource_group": "rg-prod"}, [f"{SUBSCRIPTION}/rg-prod"], [SUBSCRIPTION]),
        ({"subscriptions": [OTHER, SUBSCRIPTION]}, [OTHER, SUBSCRIPTION], [OTHER, SUBSCRIPTION]),
        ({"subscriptions": [OTHER, OTHER.upper()]}, [OTHER], [OTHER]),
        ({"all_subscriptions": True}, ["subscriptions", SUBSCRIPTION, OTHER], [SUBSCRIPTION, OTHER]),
        ({"resource_group": "rg-prod", "server_name": "pg-orders"}, [REF.id], None),
        ({"server_id": REF.id}, [REF.id], None),
    ],
    ids=str,
)
def test_only_what_the_options_need_is_asked(
    options: dict[str, Any], asked: list[str], subscriptions: list[str] | None
) -> None:
    world = World(item("pg-orders"))
    result, _warnings = list_servers(world, **options)
    assert world.asked == asked
    assert result.get("subscriptions") == subscriptions
    assert result["requests"] == len(asked)


def test_a_single_server_that_does_not_pass_is_an_empty_list() -> None:
    assert listed(list_servers(World(), server_id=REF.id, filters={"states": ["Ready"]})[0]) == ["pg-orders"]
    assert listed(list_servers(World(), server_id=REF.id, filters={"states": ["Stopped"]})[0]) == []


def test_an_identity_is_read_once_however_many_servers_hold_it() -> None:
    servers = [item(f"pg-{number:02}", A if number % 2 else A.upper(), B) for number in range(20)]
    world = World(*servers, cloud=Cloud(identity(A.upper(), principal_id="p"), identity(B, principal_id="p")))
    result, warnings = list_servers(world, client_ids=True)
    assert world.cloud.asked == [A.upper(), B]
    assert [each["id"] for each in result["identities"]] == [A.upper(), B]
    held = [each["client_id"] for one in result["servers"] for each in one["identity"]["user_assigned_identities"]]
    assert set(held) == {identity(A.upper()).client_id, identity(B).client_id}
    assert warnings == []


def test_identities_of_servers_that_are_filtered_out_are_not_read() -> None:
    world = World(item("pg-a", A), item("pg-b", B), cloud=Cloud(identity(A)))
    list_servers(world, client_ids=True, filters={"identity": "id-a", "tags": None})
    assert world.cloud.asked == [A]


@pytest.mark.parametrize(
    "error", [forbidden(A), ServiceError("Cannot read", "Gone", status=404, target=A)], ids=["forbidden", "deleted"]
)
def test_an_identity_that_cannot_be_read_is_asked_for_once_and_one_warning(error: ServiceError) -> None:
    world = World(item("pg-a", A), item("pg-b", A), cloud=Cloud(error))
    result, warnings = list_servers(world, client_ids=True)
    assert warnings == [str(error)]
    assert world.cloud.asked == [A]
    assert result["identities"] == []
    assert [each["identity"]["user_assigned_identities"][0]["client_id"] for each in result["servers"]] == [None, None]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"subscriptions": []}, "subscriptions: is an empty list: name at least one, or use all_subscriptions."),
        ({"subscriptions": ["prod"]}, "subscriptions: 'prod' is not a subscription ID (a GUID)."),
        (
            {"subscriptions": [OTHER], "all_subscriptions": True},
            "all_subscriptions: does not go together with subscriptions.",
        ),
        ({"server_id": REF.id, "all_subscriptions": True}, "all_subscriptions: does not go together with one server."),
        ({"resource_group": ""}, "resource_group: '' is not the name of a resource group."),
        ({"resource_group": "rg-prod", "server_name": ""}, "server_name: '' is not the name of a flexible server"),
        ({"server_id": ""}, "server_id: '' is not a resource ID"),
        ({"filters": {"identity": ""}}, "filters.identity: an empty string is neither"),
        ({"wait_timeout": 0}, "wait_timeout: 0 is too short"),
    ],
    ids=str,
)
def test_the_module_refuses_before_any_request(options: dict[str, Any], problem: str) -> None:
    world = World()
    with pytest.raises(InvalidInput) as failure:
        list_servers(world, **options)
    assert str(failure.value).startswith(problem)
    assert not world.opened


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["pg-a", "pg-b", "pg-c"]),
        ({"include_filters": [{"tags": {"env": "prod"}}]}, ["pg-a", "pg-b"]),
        ({"include_filters": [{"tags": {"env": "prod"}}, {"identity": "id-b"}]}, ["pg-a", "pg-b", "pg-c"]),
        ({"exclude_filters": [{"identity": "id-a"}]}, ["pg-b", "pg-c"]),
        ({"include_filters": [{"tags": {"env": None}}], "exclude_filters": [{"identity": "id-a"}]}, ["pg-b"]),
        ({"include_filters": [{}]}, ["pg-a", "pg-b", "pg-c"]),
    ],
    ids=str,
)
def test_hosts_pass_one_of_the_includes_and_none_of_the_excludes(options: dict[str, Any], names: list[str]) -> None:
    world = World(item("pg-c", B), item("pg-b", tags={"env": "prod"}), item("pg-a", A, tags={"env": "prod"}))
    hosts, warnings = list_hosts(world, **options)
    assert [each["pgflex_server_name"] for each in hosts] == names
    assert warnings == []


def test_groups_are_asked_for_in_each_subscription() -> None:
    world = World()
    list_hosts(world, resource_groups=["rg-a", 123], all_subscriptions=True)
    assert world.asked == [
        "subscriptions",
        *(f"{sub}/{group}" for sub in (SUBSCRIPTION, OTHER) for group in ("rg-a", 123)),
    ]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"subscriptions": [5]}, "subscriptions: '5' is not a subscription ID (a GUID)."),
        ({"subscriptions": []}, "subscriptions: is an empty list"),
        ({"resource_groups": [""]}, "resource_groups: '' is not the name of a resource group."),
        ({"include_filters": [{"tag": {}}]}, "include_filters: 'tag': no such filter"),
        ({"exclude_filters": ["prod"]}, "exclude_filters: 'prod' is not a dictionary"),
        ({"exclude_filters": [{"states": []}]}, "exclude_filters: a filter without a condition would"),
        ({"poll_interval": 0}, "poll_interval: 0 is too short"),
    ],
    ids=str,
)
def test_the_plugin_refuses_before_any_request(options: dict[str, Any], problem: str) -> None:
    world = World()
    with pytest.raises(InvalidInput) as failure:
        list_hosts(world, **options)
    assert str(failure.value).startswith(problem)
    assert not world.opened
