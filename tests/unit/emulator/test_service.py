# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads: shapes, headers, lists, rights and errors."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import pytest

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"
GROUP_SERVERS = f"/subscriptions/{{}}/resourceGroups/RG-DEMO/providers/{SERVERS.upper()}"


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


def test_the_order_of_the_map_changes(client: Any) -> None:
    orders = {tuple(client.server("pg-app")["identity"]["userAssignedIdentities"]) for _read in range(20)}
    assert len(orders) == 2


def test_an_answer_has_the_headers_of_arm(client: Any) -> None:
    headers = client.arm("GET", f"{SERVERS}/pg-plain").headers
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert (headers["cache-control"], headers["pragma"], headers["expires"]) == ("no-cache", "no-cache", "-1")
    assert len(headers["x-ms-request-id"]) == len(headers["x-ms-correlation-request-id"]) == 36
    assert headers["x-ms-ratelimit-remaining-subscription-global-reads"].isdigit()
    assert "x-ms-operation-identifier" not in headers


def test_identity_shows_what_its_version_knows(client: Any) -> None:
    entry = {"name": "id-special", "isolation_scope": "Regional", "assignment_restrictions": ["Microsoft.Compute"]}
    client.seed(resource_groups=[{"name": "rg-demo", "identities": [entry]}])
    names = {
        version: set(client.arm("GET", client.identity_id("ID-special"), version=version).body["properties"])
        for version in ("2023-01-31", "2024-11-30", "2025-05-31-preview")
    }
    assert names["2024-11-30"] - names["2023-01-31"] == {"isolationScope"}
    assert names["2025-05-31-preview"] - names["2024-11-30"] == {"assignmentRestrictions"}


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"{SERVERS}/nobody", (404, "ResourceNotFound")),
        ("PATCH", f"{SERVERS}/nobody", (404, "ResourceNotFound")),
        (
            "GET",
            "Microsoft.ManagedIdentity/userAssignedIdentities/nobody?api-version=2023-01-31",
            (404, "ResourceNotFound"),
        ),
        ("PUT", f"{SERVERS}/pg-plain", (405, "MethodNotAllowed")),
        ("DELETE", f"{SERVERS}/pg-plain", (405, "MethodNotAllowed")),
        ("POST", f"{SERVERS}/pg-plain", (405, "MethodNotAllowed")),
        ("GET", "Microsoft.Web/sites", (404, "InvalidResourceNamespace")),
        ("GET", f"{SERVERS}?api-version=", (400, "MissingApiVersionParameter")),
        ("GET", f"{SERVERS}?api-version=latest", (400, "InvalidApiVersionParameter")),
        ("GET", f"{SERVERS}?api-version=2020-01-01", (400, "InvalidResourceType")),
        ("GET", f"{SERVERS}?$skiptoken=%25", (400, "InvalidSkipToken")),
        ("GET", f"{SERVERS}/pg-plain/configurations/work_mem", (404, "ConfigurationNotExists")),
        ("GET", "/subscriptions/someone", (400, "InvalidSubscriptionId")),
        ("GET", "/subscriptions/00000000-0000-4000-8000-00000000ffff", (404, "SubscriptionNotFound")),
        (
            "GET",
            "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/no",
            (404, "ResourceGroupNotFound"),
        ),
    ],
)
def test_what_is_not_there_or_not_allowed_is_an_error_of_arm(
    client: Any, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert client.arm(method, path, {} if method in {"PUT", "PATCH"} else None).error == expected


def test_a_server_tells_whether_it_mirrors_unless_it_is_stopped(client: Any) -> None:
    client.add_server(name="pg-fabric", fabric_mirroring=True)
    name = "configurations/azure.fabric_mirror_enabled"
    values = [
        client.arm("GET", f"{SERVERS}/{each}/{name}").body["properties"]["value"] for each in ("pg-plain", "pg-fabric")
    ]
    assert values == ["off", "on"]
    client.add_server(name="pg-fabric", state="Stopped")
    assert client.arm("GET", f"{SERVERS}/pg-fabric/{name}").error == (400, "ServerStoppedError")


def test_an_action_that_is_denied_is_refused(client: Any) -> None:
    path = f"{SERVERS}/pg-plain"
    for action, method in (("read", "GET"), ("write", "PATCH")):
        client.seed(denied_actions=[f"{SERVERS}/{action}"])
        answer = client.arm(method, path, {})
        assert answer.error == (403, "AuthorizationFailed")
        assert f"{SERVERS}/{action}" in answer.body["error"]["message"]
    client.seed(denied_actions=["Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"])
    assert client.assign("pg-plain", "id-app").error == (403, "LinkedAuthorizationFailed")
    client.seed(denied=True, denied_actions=[])
    assert client.arm("GET", path).error == (403, "AuthorizationFailed")
    assert client.arm("GET", "/subscriptions").body["value"] == []


def test_a_caller_has_the_actions_of_its_role_and_no_others(client: Any) -> None:
    assign = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
    client.seed(allowed_actions=["microsoft.dbforpostgresql/flexibleservers/*", assign])
    accepted = client.assign("pg-plain", "id-app")
    assert accepted.status == 202
    for header, name in (("azure-asyncoperation", "azureAsyncOperation"), ("location", "operationResults")):
        answer = client.arm("GET", accepted.headers[header])
        assert answer.error == (403, "AuthorizationFailed")
        assert f"Microsoft.DBforPostgreSQL/locations/{name}/read" in answer.body["error"]["message"]
    client.seed(allowed_actions=["*/read"])
    assert client.arm("GET", f"{SERVERS}/pg-plain").status == 200
    assert client.assign("pg-plain", "id-app").error == (403, "AuthorizationFailed")
    client.seed(allowed_actions=None)
    assert client.settle(accepted)["status"] == "Succeeded"


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


def test_the_pages_of_a_list_hold_every_server_once(client: Any) -> None:
    client.control("PATCH", "settings", {"page_size": 2})
    url: str | None = GROUP_SERVERS.format(client.subscription)
    sizes, names = [], []
    while url:
        page = client.arm("GET", url).body
        sizes.append(len(page["value"]))
        names += [each["name"] for each in page["value"]]
        url = page.get("nextLink")
    assert sizes == [2, 2, 1]
    assert names == [each["name"] for each in client.control("GET", "servers")]


def test_the_last_of_ten_thousand_servers_are_listed_as_quickly_as_the_first(client: Any) -> None:
    subscription = "00000000-0000-4000-8000-000000000002"
    template = {"identity": {"user_assigned": ["id-01", "id-02", "id-03"]}}
    generate = {"servers": 10_000, "resource_groups": 100, "identities": 5, "template": template}
    client.control("PATCH", "settings", {"check_schema": False})
    client.control("POST", "seed", {"subscriptions": [{"id": subscription, "generate": generate}]})
    url: str | None = f"/subscriptions/{subscription}/providers/{SERVERS}"
    names, seconds = set(), []
    while url:
        before = time.monotonic()
        page = client.arm("GET", url).body
        seconds.append(time.monotonic() - before)
        names |= {each["name"] for each in page["value"]}
        url = page.get("nextLink")
    assert len(names) == 10_000
    assert len(seconds) == 100
    assert median(seconds[50:]) < 3 * median(seconds[:50])


def test_what_exceeds_a_bucket_is_throttled(client: Any) -> None:
    buckets = {"reads": {"bucket": 2, "refill": 0.5}, "writes": {"bucket": 1, "refill": 0.01}}
    client.control("PATCH", "settings", {"throttle": buckets})
    reads = [client.arm("GET", f"{SERVERS}/pg-plain") for _read in range(3)]
    assert [each.status for each in reads] == [200, 200, 429]
    assert reads[2].error[1] == "SubscriptionRequestsThrottled"
    assert reads[2].headers["retry-after"] == "2"
    write = client.patch("pg-plain", {"type": "None"})
    assert write.headers["x-ms-ratelimit-remaining-subscription-writes"] == "0"
    assert client.patch("pg-app", {"type": "None"}).headers["retry-after"] == "100"
    client.control("PATCH", "settings", {"throttle": None})
    assert client.server("pg-plain")["name"] == "pg-plain"
