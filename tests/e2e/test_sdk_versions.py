# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests do not depend on the version of the SDK. The header of the test run names that version."""

from __future__ import annotations

import json
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from e2e.world import GROUP, SERVER, SERVER_ID, SUBSCRIPTION, identity_id, seed_server, user_assigned

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

pytestmark = pytest.mark.sdk

VERSION = {"api-version": "2025-08-01"}
JSON = "application/json"
A, HELD_B = identity_id("id-a"), identity_id("id-b", segment="resourcegroups")
HELD_C = identity_id("id-c", segment="resourcegroups")
MIRRORING = f"{SERVER_ID}/configurations/azure.fabric_mirror_enabled"


def on_the_wire(request: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a logged request that the SDK could change: the body in the order and length it was sent."""
    headers = {name.lower(): value for name, value in request["headers"].items()}
    body = request["body"]
    return {
        "request": f"{request['method']} {request['path']}",
        "query": request["query"],
        "body": None if body is None else (list(body["identity"]), body),
        "length": headers.get("content-length"),
        "accept": headers.get("accept"),
        "content-type": headers.get("content-type"),
        "user-agent": headers["user-agent"].split("/")[0],
    }


def expected(request: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    content = json.dumps(body, separators=(",", ":"))
    return {
        "request": request,
        "query": VERSION,
        "body": None if body is None else (list(body["identity"]), body),
        "length": None if body is None else str(len(content)),
        "accept": JSON,
        "content-type": None if body is None else JSON,
        "user-agent": "pgflex.azure",
    }


@pytest.mark.smoke
def test_a_change_is_the_same_on_the_wire_with_every_sdk(emulator: Emulator, module: RunModule) -> None:
    print(f"azure-mgmt-postgresqlflexibleservers {version('azure-mgmt-postgresqlflexibleservers')}")
    seed_server(emulator, user_assigned("id-b", "id-c", system=True))
    module(identities=[A], replaces=["id-b"], system_assigned=False)
    sent = emulator.requests("arm")
    identity = {"type": "UserAssigned", "userAssignedIdentities": {HELD_C: {}, A: {}, HELD_B: None}}
    body = {"identity": identity}
    server = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers"
    identity_read = sent.pop(2)
    assert identity_read["path"] == A
    assert [on_the_wire(each) for each in (*sent[:4], sent[-1])] == [
        expected(f"GET {server}/{SERVER}"),
        expected(f"GET {MIRRORING}"),
        expected(f"GET {server}/{SERVER}"),
        expected(f"PATCH {server}/{SERVER}", body),
        expected(f"GET {server}/{SERVER}"),
    ]
    assert list(sent[3]["body"]["identity"]["userAssignedIdentities"]) == [HELD_C, A, HELD_B]
    polls = [on_the_wire(each) for each in sent[4:-1]]
    assert polls
    for poll in polls:
        assert set(poll["query"]) == {"api-version", "t", "c", "s", "h"}
        assert (poll["query"]["api-version"], poll["accept"]) == (VERSION["api-version"], JSON)


def test_a_change_without_a_map_is_the_same_on_the_wire_with_every_sdk(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-a"))
    module(state="absent", identities=[A])
    sent = emulator.requests("arm")[1]
    assert on_the_wire(sent) == expected(f"PATCH {sent['path']}", {"identity": {"type": "None"}})
