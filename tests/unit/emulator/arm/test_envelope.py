# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers and errors that every answer of Azure Resource Manager has, and the rights of the caller."""

from __future__ import annotations

from typing import Any

import pytest

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"


def test_an_answer_has_the_headers_of_arm(client: Any) -> None:
    headers = client.arm("GET", f"{SERVERS}/pg-plain").headers
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert (headers["cache-control"], headers["pragma"], headers["expires"]) == ("no-cache", "no-cache", "-1")
    assert len(headers["x-ms-request-id"]) == len(headers["x-ms-correlation-request-id"]) == 36
    assert headers["x-ms-ratelimit-remaining-subscription-global-reads"].isdigit()
    assert "x-ms-operation-identifier" not in headers


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
