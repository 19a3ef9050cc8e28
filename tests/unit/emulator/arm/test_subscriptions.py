# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscriptions, and what is listed in them."""

from __future__ import annotations

from typing import Any

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"


def test_everything_that_arm_lists_is_listed(client: Any) -> None:
    names = {}
    for path in ("resourceGroups", "locations", "providers/Microsoft.ManagedIdentity/userAssignedIdentities"):
        names[path] = [
            each["name"]
            for each in client.arm("GET", f"/subscriptions/{client.subscription}/{path}", version="2023-01-31").body[
                "value"
            ]
        ]
    assert names["resourceGroups"] == ["rg-demo"]
    assert "canadacentral" in names["locations"]
    assert client.arm("GET", "/tenants").body["value"][0]["tenantId"] == client.ready["tenant_id"]
    assert client.arm("GET", client.group).body["location"] == "canadacentral"
    listed = client.arm("GET", "Microsoft.ManagedIdentity/userAssignedIdentities", version="2023-01-31").body["value"]
    assert [each["name"] for each in listed] == names["providers/Microsoft.ManagedIdentity/userAssignedIdentities"]


def test_a_disabled_subscription_can_be_read_only(client: Any) -> None:
    client.seed(disabled=True)
    refusal = client.patch("pg-plain", {"type": "SystemAssigned"})
    assert refusal.error == (409, "ReadOnlyDisabledSubscription")
    assert f"The subscription '{client.subscription}' is disabled" in refusal.body["error"]["message"]
    register = f"/subscriptions/{client.subscription}/providers/Microsoft.DBforPostgreSQL/register"
    assert client.arm("POST", register, version="2016-02-01").error == (409, "ReadOnlyDisabledSubscription")
    assert client.server("pg-plain")["name"] == "pg-plain"
    assert len(client.arm("GET", SERVERS).body["value"]) == 5
    states = [each["state"] for each in client.arm("GET", "/subscriptions", version="2022-12-01").body["value"]]
    assert states == ["Disabled"]
    client.seed(disabled=False)
    assert client.patch("pg-plain", {"type": "SystemAssigned"}).status == 202
