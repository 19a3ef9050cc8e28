# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API: the clock, violations, and mistakes."""

from __future__ import annotations

from typing import Any

import pytest

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"


def test_the_clock_is_put_forward_for_operations_and_tokens(client: Any) -> None:
    client.control("PATCH", "settings", {"operation_seconds": 100})
    answer = client.patch("pg-plain", {"type": "SystemAssigned"})
    client.control("POST", "faults", [{"match": {"path": "azureAsyncOperation"}, "then": {"advance": 60}, "times": 2}])
    polls = [client.arm("GET", answer.headers["azure-asyncoperation"]).body["status"] for _poll in range(2)]
    assert polls == ["InProgress", "Succeeded"]
    assert client.control("POST", "clock", {"advance": 4000}) == {"ahead": 4120}
    assert client.arm("GET", f"{SERVERS}/pg-plain", token=client.grant().body["access_token"]).status == 200
    client.control("POST", "clock", {"advance": 4000})
    assert client.arm("GET", f"{SERVERS}/pg-plain").error == (401, "ExpiredAuthenticationToken")
    client.control("POST", "reset")
    assert client.control("POST", "clock", {"advance": 0}) == {"ahead": 0}


def test_what_differs_from_the_schema_is_kept_as_a_violation(client: Any) -> None:
    body = {"identity": {"type": "SystemAssigned"}, "properties": {"availabilityZone": ""}}
    client.arm("PATCH", f"{SERVERS}/pg-plain", body)
    (found,) = client.control("GET", "violations")
    assert found["method"] == "PATCH"
    assert "'properties' was unexpected" in found["problem"]
    assert client.control("DELETE", "violations") == {}
    assert client.control("GET", "violations") == []


@pytest.mark.parametrize(
    ("method", "name", "content", "text"),
    [
        ("GET", "state", None, "no such control route"),
        ("PATCH", "settings", b'{"speed": 1}', "known settings"),
        ("PATCH", "settings", b"{", "Expecting"),
        ("POST", "faults", b"[{}]", "'then' is a required property"),
        ("POST", "clock", b'{"advance": -1}', "goes forward by a number of seconds"),
        ("POST", "clock", b"{}", "advance"),
        ("POST", "seed", b"subscriptions: 3", "$.subscriptions"),
        ("POST", "seed", b"settings: {speed: 1}", "$.settings"),
    ],
)
def test_the_control_api_explains_mistakes(
    client: Any, method: str, name: str, content: bytes | None, text: str
) -> None:
    answer = client.request(method, f"/_emulator/{name}", content)
    assert answer.status in {400, 404}
    assert text in answer.body["error"]
