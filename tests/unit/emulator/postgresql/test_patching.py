# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PATCH of a server: the operation it starts, what refuses it, and the settings."""

from __future__ import annotations

from typing import Any

import pytest

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"


@pytest.mark.parametrize("body", [[], {"identity": "UserAssigned"}])
def test_a_body_of_the_wrong_shape_is_refused(client: Any, body: Any) -> None:
    assert client.arm("PATCH", f"{SERVERS}/pg-plain", body).error == (400, "InvalidRequestContent")


def test_a_change_shows_when_its_operation_has_ended(client: Any) -> None:
    client.control("PATCH", "settings", {"operation_seconds": 60})
    new = client.identity_id("id-backup")
    answer = client.assign("pg-plain", "id-backup")
    assert answer.body["operation"] == "UpsertServerManagementOperationV2"
    assert "retry-after" not in answer.headers
    assert "/locations/canadacentral/azureAsyncOperation/" in answer.headers["azure-asyncoperation"]
    assert len(answer.headers["azure-asyncoperation"]) > 3000
    during = client.server("pg-plain")
    assert (during["properties"]["state"], "identity" in during) == ("Updating", False)
    client.control("POST", "clock", {"advance": 60})
    done = client.settle(answer)
    assert sorted(done) == ["name", "startTime", "status"]
    assert done["startTime"] == answer.body["startTime"]
    after = client.server("pg-plain")
    assert after["properties"]["state"] == "Ready"
    assert list(after["identity"]["userAssignedIdentities"]) == [new]
    removal = client.patch("pg-plain", {"type": "None"})
    client.control("POST", "clock", {"advance": 60})
    client.settle(removal)
    assert "identity" not in client.server("pg-plain")
    assert client.control("GET", "violations") == []


def test_the_control_api_tells_what_is_true_during_a_change(client: Any) -> None:
    client.control("PATCH", "settings", {"operation_seconds": 60})
    client.patch("pg-system", {"type": "None"})
    states = {each["name"]: each for each in client.control("GET", "servers")}
    assert states["pg-system"]["busy"]
    assert states["pg-system"]["identity"] == {"type": "SystemAssigned", "user_assigned": []}
    assert states["pg-cmk"]["encryption"]["geo_backup"] is None
    assert states["pg-cmk"]["encryption"]["primary"] in states["pg-cmk"]["identity"]["user_assigned"]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (409, "ServerIsBusy")),
        ({"busy_status": 503, "busy_code": "ServerBusy"}, (503, "ServerBusy")),
    ],
)
def test_a_busy_server_refuses_a_change(client: Any, settings: dict[str, Any], expected: tuple[int, str]) -> None:
    client.control("PATCH", "settings", {"operation_seconds": 60, **settings})
    client.patch("pg-plain", {"type": "SystemAssigned"})
    assert client.patch("pg-plain", {"type": "None"}).error == expected


def test_a_busy_server_may_fail_the_operation_instead(client: Any) -> None:
    client.control("PATCH", "settings", {"operation_seconds": 60, "busy_in": "operation"})
    client.patch("pg-plain", {"type": "SystemAssigned"})
    done = client.settle(client.patch("pg-plain", {"type": "None"}))
    assert (done["status"], done["error"]["code"]) == ("Failed", "ServerIsBusy")


@pytest.mark.parametrize(
    ("server", "settings", "expected"),
    [
        ({"state": "Stopped"}, {"stopped_server_patch": "refuse"}, "ServerStoppedError"),
        ({"cluster_size": 2}, {"elastic_cluster_patch": "refuse"}, "OperationNotSupported"),
        ({"state": "Stopped", "cluster_size": 2}, {}, None),
        ({"state": "Dropping"}, {}, "ServerGroupDropping"),
    ],
)
def test_the_state_of_the_server_decides_whether_it_can_be_changed(
    client: Any, server: dict[str, Any], settings: dict[str, Any], expected: str | None
) -> None:
    client.add_server(name="pg-special", **server)
    client.control("PATCH", "settings", settings)
    answer = client.patch("pg-special", {"type": "SystemAssigned"})
    assert (answer.status == 202) if expected is None else (answer.error == (400, expected))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, (400, "FailedIdentityOperation")),
        ({"missing_identity": "LinkedAuthorizationFailed"}, (403, "LinkedAuthorizationFailed")),
    ],
)
def test_an_identity_that_does_not_exist_is_refused_at_once_or_later(
    client: Any, settings: dict[str, Any], expected: tuple[int, str]
) -> None:
    client.control("PATCH", "settings", settings)
    assert client.assign("pg-plain", "nobody").error == expected
    client.control("PATCH", "settings", {"missing_identity_in": "operation"})
    done = client.settle(client.assign("pg-plain", "nobody"))
    assert (done["status"], done["error"]["code"]) == ("Failed", expected[1])
    assert "identity" not in client.server("pg-plain")


@pytest.mark.parametrize(
    "identity",
    [
        {"isolation_scope": "Regional", "location": "westeurope"},
        {"assignment_restrictions": ["Microsoft.Compute"]},
    ],
)
def test_a_restricted_identity_is_refused_unless_the_setting_accepts_it(client: Any, identity: dict[str, Any]) -> None:
    client.seed(resource_groups=[{"name": "rg-demo", "identities": [{"name": "id-special", **identity}]}])
    assert client.assign("pg-plain", "id-special").error == (400, "FailedIdentityOperation")
    client.control("PATCH", "settings", {"restricted_identity": "accept"})
    assert client.assign("pg-plain", "id-special").status == 202


def test_a_body_that_is_not_json_is_refused(client: Any) -> None:
    token = client.grant().body["access_token"]
    url = f"{client.group}/providers/{SERVERS}/pg-plain?api-version=2026-10-01"
    answer = client.request("PATCH", url, b"{", Authorization=f"Bearer {token}")
    assert answer.error == (400, "InvalidRequestContent")


def test_a_lock_on_the_server_or_its_group_refuses_changes(client: Any) -> None:
    client.add_server(name="pg-locked", lock="ReadOnly")
    assert client.patch("pg-locked", {"type": "None"}).error == (409, "ScopeLocked")
    client.seed(resource_groups=[{"name": "rg-demo", "lock": "ReadOnly"}])
    assert client.patch("pg-plain", {"type": "None"}).error == (409, "ScopeLocked")


def test_a_provider_has_to_be_registered_before_a_change(client: Any) -> None:
    client.seed(registered=False)
    assert client.patch("pg-plain", {"type": "None"}).error == (409, "MissingSubscriptionRegistration")
    provider = f"/subscriptions/{client.subscription}/providers/Microsoft.DBforPostgreSQL"
    assert client.arm("GET", provider, version="2016-02-01").body["registrationState"] == "NotRegistered"
    assert client.arm("POST", f"{provider}/register", version="2016-02-01").body["registrationState"] == "Registered"
    assert client.patch("pg-plain", {"type": "None"}).status == 202


def test_the_setting_decides_what_state_a_changing_server_shows(client: Any) -> None:
    client.control("PATCH", "settings", {"state_while_running": "Ready"})
    client.patch("pg-plain", {"type": "SystemAssigned"})
    assert client.server("pg-plain")["properties"]["state"] == "Ready"


def test_a_deleted_identity_on_a_server_refuses_every_change_if_the_setting_says_so(client: Any) -> None:
    gone = client.identity_id("id-gone")
    client.add_server(name="pg-left", identity={"user_assigned": [gone, "id-app"]})
    removal = {"type": "UserAssigned", "userAssignedIdentities": {gone: None}}
    client.control("PATCH", "settings", {"deleted_identity": "refuse"})
    for answer in (client.patch("pg-left", removal), client.assign("pg-left", "id-backup")):
        assert answer.error == (400, "FailedIdentityOperation")
        assert f"Resource '{gone}' was not found." in answer.body["error"]["message"]
    assert client.assign("pg-app", "id-cmk").status == 202
    client.control("PATCH", "settings", {"deleted_identity": "accept"})
    assert client.patch("pg-left", removal).status == 202
