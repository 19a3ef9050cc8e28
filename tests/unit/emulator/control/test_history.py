# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of each server: who gave it which identity, when, and by which request."""

from __future__ import annotations

import json
from typing import Any

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"


def states(client: Any, name: str) -> Any:
    (server,) = (each for each in client.control("GET", "history") if each["name"] == name)
    assert server["id"].endswith(f"/{name}")
    return server["states"]


def test_a_server_that_nobody_changed_has_the_identity_of_its_seed(client: Any) -> None:
    (seeded,) = states(client, "pg-system")
    expected: dict[str, Any] = {
        "type": "SystemAssigned",
        "user_assigned": [],
        "by": "seed",
        "time": None,
        "request": None,
    }
    assert seeded == expected


def test_every_state_names_the_request_that_caused_it(client: Any) -> None:
    client.control("PATCH", "settings", {"operation_seconds": 60})
    token = client.grant().body["access_token"]
    path = f"{client.group}/providers/{SERVERS}/PG-plain"
    body = {"identity": {"type": "SystemAssigned"}}
    headers = {"Authorization": f"Bearer {token}", "x_ms_client_request_id": "mine"}
    client.request("PATCH", f"{path}?api-version=2026-10-01", json.dumps(body).encode(), **headers)
    assert [each["by"] for each in states(client, "pg-plain")] == ["seed"]
    client.control("POST", "clock", {"advance": 60})
    client.patch("pg-plain", {"type": "None"})
    client.control("POST", "clock", {"advance": 60})
    _seeded, first, second = states(client, "pg-plain")
    assert first["request"] == {"method": "PATCH", "path": path, "body": body, "client_request_id": "mine"}
    assert (first["by"], first["type"]) == ("client", "SystemAssigned")
    assert (second["type"], second["request"]["client_request_id"]) == ("None", None)
    assert 59 < second["time"] - first["time"] < 70


def test_what_changes_nothing_is_no_state(client: Any) -> None:
    client.control("PATCH", "settings", {"operation_seconds": 0})
    client.control("POST", "faults", [{"match": {"method": "PATCH"}, "then": {"operation_status": "Failed"}}])
    for name in ("pg-plain", "pg-system"):
        client.patch(name, {"type": "SystemAssigned"})
    assert [len(states(client, each)) for each in ("pg-plain", "pg-system")] == [1, 1]


def test_what_somebody_else_writes_is_a_state_and_a_seed_begins_anew(client: Any) -> None:
    write = {"server": f"{client.group}/providers/{SERVERS}/pg-app", "remove": [client.identity_id("id-app")]}
    client.control("POST", "faults", [{"match": {"method": "GET"}, "then": {"meanwhile": write}}])
    client.server("pg-app")
    seeded, other = states(client, "pg-app")
    assert (other["by"], other["request"]) == ("meanwhile", None)
    assert (len(seeded["user_assigned"]), len(other["user_assigned"])) == (2, 1)
    client.add_server(name="pg-app")
    assert [each["type"] for each in states(client, "pg-app")] == ["None"]
