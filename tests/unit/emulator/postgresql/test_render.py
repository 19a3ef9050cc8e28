# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers as an answer shows them."""

from __future__ import annotations

from typing import Any

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"


def test_a_server_without_identity_has_no_such_property(client: Any) -> None:
    body = client.server("PG-PLAIN")
    assert list(body) == ["sku", "systemData", "properties", "location", "id", "name", "type"]
    assert body["location"] == "Canada Central"
    assert body["properties"]["dataEncryption"] == {"type": "SystemManaged"}


def test_each_type_of_identity_has_its_own_shape(client: Any) -> None:
    tenant = client.ready["tenant_id"]
    assert sorted(client.server("pg-system")["identity"]) == ["principalId", "tenantId", "type"]
    both = client.server("pg-both")["identity"]
    assert list(both) == ["userAssignedIdentities", "principalId", "type", "tenantId"]
    assert both["type"] == "SystemAssigned,UserAssigned"
    (entry,) = both["userAssignedIdentities"].values()
    true_one = client.arm("GET", client.identity_id("id-app"), version="2023-01-31").body["properties"]
    assert entry == {"principalId": true_one["principalId"], "clientId": tenant}
    client.control("PATCH", "settings", {"client_id_in_server": "client"})
    (entry,) = client.server("pg-both")["identity"]["userAssignedIdentities"].values()
    assert entry["clientId"] == true_one["clientId"] != tenant


def test_a_customer_managed_key_names_its_identity(client: Any) -> None:
    encryption = client.server("pg-cmk")["properties"]["dataEncryption"]
    assert encryption["type"] == "AzureKeyVault"
    assert encryption["primaryUserAssignedIdentityId"].endswith("/id-cmk")
    assert "geoBackupKeyURI" not in encryption


def test_tags_clusters_replicas_and_geo_keys_are_shown(client: Any) -> None:
    client.add_server(
        name="pg-rich",
        tags={"env": "prod"},
        cluster_size=2,
        replica_of=f"{client.group}/providers/{SERVERS}/pg-plain",
        identity={"user_assigned": ["id-cmk", "id-backup"]},
        encryption={"primary": "id-cmk", "geo_backup": "id-backup"},
    )
    server = client.server("pg-rich")
    assert server["tags"] == {"env": "prod"}
    assert server["properties"]["cluster"]["clusterSize"] == 2
    assert server["properties"]["replicationRole"] == "AsyncReplica"
    assert server["properties"]["sourceServerResourceId"].endswith("/pg-plain")
    assert server["properties"]["dataEncryption"]["geoBackupUserAssignedIdentityId"].endswith("/id-backup")
    assert len(client.arm("GET", SERVERS).body["value"]) == 6
    assert client.control("GET", "violations") == []


def test_federated_clients_are_told_to_the_version_that_has_them_and_to_all_if_the_setting_says_so(client: Any) -> None:
    clients = {"primary": client.ready["client_id"], "geo_backup": client.ready["tenant_id"]}
    cmk = {"identity": {"user_assigned": ["id-cmk"]}, "encryption": {"primary": "id-cmk", "geo_backup": "id-cmk"}}
    client.add_server(name="pg-tenant", federated_clients=clients, **cmk)

    def told(version: str) -> list[str]:
        answers = [client.arm("GET", f"{SERVERS}/pg-tenant", version=version).body]
        answers += [
            each for each in client.arm("GET", SERVERS, version=version).body["value"] if "tenant" in each["id"]
        ]
        names = ("primaryFederatedIdentityClientId", "geoBackupFederatedIdentityClientId")
        return [each["properties"]["dataEncryption"].get(name) for name in names for each in answers]

    assert told("2026-04-01-preview") == [None] * 4
    assert told("2026-10-01") == [clients["primary"]] * 2 + [clients["geo_backup"]] * 2
    client.control("PATCH", "settings", {"newer_properties": "show"})
    assert told("2025-08-01") == told("2026-10-01")


def test_the_order_of_the_map_changes(client: Any) -> None:
    orders = {tuple(client.server("pg-app")["identity"]["userAssignedIdentities"]) for _read in range(20)}
    assert len(orders) == 2


def test_a_server_tells_whether_it_mirrors_unless_it_is_stopped(client: Any) -> None:
    client.add_server(name="pg-fabric", fabric_mirroring=True)
    name = "configurations/azure.fabric_mirror_enabled"
    values = [
        client.arm("GET", f"{SERVERS}/{each}/{name}").body["properties"]["value"] for each in ("pg-plain", "pg-fabric")
    ]
    assert values == ["off", "on"]
    client.add_server(name="pg-fabric", state="Stopped")
    assert client.arm("GET", f"{SERVERS}/pg-fabric/{name}").error == (400, "ServerStoppedError")
