# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that show what is not so, as their seed says."""

from __future__ import annotations

from typing import Any

import pytest

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"
HELD = {"type": "SystemAssigned,UserAssigned", "user_assigned": ["id-app", "id-backup"]}


def views(client: Any, **overlays: Any) -> tuple[Any, Any]:
    """Return what GET and the list show of a server with two identities and a key."""
    client.add_server(name="pg-odd", identity=HELD, encryption={"primary": "id-app"}, **overlays)
    (item,) = (each for each in client.arm("GET", SERVERS).body["value"] if each["name"] == "pg-odd")
    return client.server("pg-odd"), item


def test_type_and_map_may_contradict_each_other(client: Any) -> None:
    for body in views(client, shown={"identity": {"type": "SystemAssigned", "principalId": None}}):
        assert body["identity"]["type"] == "SystemAssigned"
        assert "principalId" not in body["identity"]
        assert len(body["identity"]["userAssignedIdentities"]) == 2
    for body in views(client, shown={"identity": {"userAssignedIdentities": None, "type": "Federated, UserAssigned"}}):
        assert sorted(body["identity"]) == ["principalId", "tenantId", "type"]
        assert body["identity"]["type"] == "Federated, UserAssigned"


def test_an_identity_may_be_shown_that_is_not_there(client: Any) -> None:
    entry = {"principalId": "p", "clientId": None}
    for body in views(client, shown={"identity": {"userAssignedIdentities": {"/else": entry}}}):
        assert len(body["identity"]["userAssignedIdentities"]) == 3
        assert body["identity"]["userAssignedIdentities"]["/else"] == {"principalId": "p"}


def test_the_identity_that_encrypts_need_not_be_in_the_map(client: Any) -> None:
    overlay = {"properties": {"dataEncryption": {"primaryUserAssignedIdentityId": client.identity_id("id-cmk")}}}
    for body in views(client, shown=overlay):
        assert body["properties"]["dataEncryption"]["type"] == "AzureKeyVault"
        encrypts = body["properties"]["dataEncryption"]["primaryUserAssignedIdentityId"]
        assert encrypts not in body["identity"]["userAssignedIdentities"]


@pytest.mark.parametrize("overlay", ["shown", "listed"])
def test_what_is_missing_may_be_missing_in_lists_only(client: Any, overlay: str) -> None:
    got, item = views(client, **{overlay: {"identity": None, "properties": {"dataEncryption": None}}})
    assert "identity" not in item
    assert "dataEncryption" not in item["properties"]
    assert ("identity" in got, "dataEncryption" in got["properties"]) == (overlay == "listed", overlay == "listed")


def test_a_list_shows_both_overlays_and_its_own_wins(client: Any) -> None:
    got, item = views(client, shown={"location": "Mars", "name": "pg-odd"}, listed={"location": ["Venus"]})
    assert (got["location"], item["location"]) == ("Mars", ["Venus"])


def test_what_is_shown_changes_nothing(client: Any) -> None:
    views(client, shown={"identity": None})
    (true,) = (each for each in client.control("GET", "servers") if each["name"] == "pg-odd")
    assert true["identity"]["type"] == HELD["type"]
    body = {"type": HELD["type"], "userAssignedIdentities": {client.identity_id("id-backup"): None}}
    client.settle(client.patch("pg-odd", body))
    (true,) = (each for each in client.control("GET", "servers") if each["name"] == "pg-odd")
    assert len(true["identity"]["user_assigned"]) == 1
    assert "identity" not in client.server("pg-odd")
