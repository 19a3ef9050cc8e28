# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that lag behind: lists, and a GET after the end of an operation."""

from __future__ import annotations

from typing import Any

import pytest

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"


def listed(client: Any, name: str, *, by_group: bool = True) -> tuple[str, str] | None:
    """Return type of the identity and state of a server in a list, None if it is not there."""
    path = SERVERS if by_group else f"/subscriptions/{client.subscription}/providers/{SERVERS}"
    for each in client.arm("GET", path).body["value"]:
        if each["name"] == name:
            return each.get("identity", {}).get("type", "None"), each["properties"]["state"]
    return None


def shown(client: Any, name: str) -> str:
    return str(client.server(name).get("identity", {}).get("type", "None"))


def advance(client: Any, seconds: float) -> None:
    client.control("POST", "clock", {"advance": seconds})


@pytest.mark.parametrize("by_group", [True, False])
def test_a_list_shows_the_servers_as_they_were(client: Any, by_group: bool) -> None:
    client.control("PATCH", "settings", {"operation_seconds": 60, "list_lag": 300})
    client.patch("pg-plain", {"type": "SystemAssigned"})
    advance(client, 60)
    seen = []
    for seconds in (239, 2, 58, 2):
        advance(client, seconds)
        seen.append(listed(client, "pg-plain", by_group=by_group))
    assert seen == [("None", "Ready"), ("None", "Updating"), ("None", "Updating"), ("SystemAssigned", "Ready")]
    assert listed(client, "pg-system", by_group=by_group) == ("SystemAssigned", "Ready")


@pytest.mark.parametrize("by_group", [True, False])
def test_a_frozen_list_stays_until_it_is_set_anew(client: Any, by_group: bool) -> None:
    client.control("PATCH", "settings", {"list_lag": "frozen", "operation_seconds": 1})
    client.patch("pg-plain", {"type": "SystemAssigned"})
    client.add_server(name="pg-new")
    client.add_server(name="pg-app")
    advance(client, 1000)
    client.control("PATCH", "settings", {"page_size": 50})
    assert [listed(client, each, by_group=by_group) for each in ("pg-plain", "pg-new", "pg-app")] == [
        ("None", "Ready"),
        None,
        ("UserAssigned", "Ready"),
    ]
    assert shown(client, "pg-plain") == "SystemAssigned"
    client.control("PATCH", "settings", {"list_lag": "frozen"})
    assert listed(client, "pg-plain", by_group=by_group) == ("SystemAssigned", "Ready")
    client.add_server(name="pg-newer")
    client.control("PATCH", "settings", {"list_lag": 0})
    assert listed(client, "pg-newer", by_group=by_group) == ("None", "Ready")


def test_a_seed_may_freeze_what_it_adds(client: Any) -> None:
    group = {"name": "rg-demo", "servers": [{"name": "pg-new"}]}
    document = {"subscriptions": [{"id": client.subscription, "resource_groups": [group]}]}
    client.control("POST", "seed", {**document, "settings": {"list_lag": "frozen"}})
    client.add_server(name="pg-newer")
    assert [listed(client, each) for each in ("pg-new", "pg-newer")] == [("None", "Ready"), None]


def test_a_frozen_list_is_of_one_group(client: Any) -> None:
    client.seed(resource_groups=[{"name": "rg-other", "servers": [{"name": "pg-other"}]}])
    client.control("PATCH", "settings", {"list_lag": "frozen"})
    assert listed(client, "pg-other") is None
    assert listed(client, "pg-other", by_group=False) == ("None", "Ready")


def test_a_server_shows_its_identity_late(client: Any) -> None:
    client.control("PATCH", "settings", {"operation_seconds": 60, "get_lag": 30})
    answer = client.patch("pg-plain", {"type": "SystemAssigned"})
    advance(client, 89)
    assert client.settle(answer)["status"] == "Succeeded"
    assert (shown(client, "pg-plain"), client.server("pg-plain")["properties"]["state"]) == ("None", "Ready")
    assert listed(client, "pg-plain") == ("SystemAssigned", "Ready")
    advance(client, 2)
    assert shown(client, "pg-plain") == "SystemAssigned"


def test_a_server_lags_from_the_end_of_its_operation_and_not_from_the_first_look(client: Any) -> None:
    client.control("PATCH", "settings", {"operation_seconds": 60, "get_lag": 30})
    client.patch("pg-plain", {"type": "SystemAssigned"})
    advance(client, 91)
    assert shown(client, "pg-plain") == "SystemAssigned"
