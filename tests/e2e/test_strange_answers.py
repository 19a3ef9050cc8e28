# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are not ARM's own: proxies, gateways and cut lines speak in its place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from e2e.failures import CHANGING, HTML, PROXY_HINT, READING, REQUEST_ID, A, check_failure
from e2e.world import (
    POLL_PATH,
    SERVER_ID,
    SERVER_PATH,
    arm_calls,
    patches,
    seed_server,
    user_assigned,
)

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

pytestmark = pytest.mark.sdk


@pytest.mark.parametrize(
    "then",
    [
        pytest.param(HTML, id="HTML"),
        pytest.param({"body": '{"id": "/subscriptions/0000'}, id="a truncated body"),
        pytest.param({"body": ""}, id="an empty body"),
        pytest.param({"body": "[]"}, id="a list"),
        # What is no server reads as one without identities, and a write for that one would drop what is there.
        pytest.param({"body": "{}"}, id="an empty object"),
        pytest.param({"body": json.dumps({"id": SERVER_ID})}, id="a server without properties"),
        pytest.param({"body": json.dumps({"id": f"{SERVER_ID}2", "properties": {}})}, id="another server"),
    ],
)
def test_a_server_answered_with(then: dict[str, Any], emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned(system=True))
    emulator.fault("GET", SERVER_PATH, then, times=-1)
    result = module(identities=[A])
    message = f"{READING}the answer is not ARM's JSON (HTTP 200"
    check_failure(result, message, PROXY_HINT, code="UnexpectedAnswer", status=200)
    assert patches(emulator) == []


@pytest.mark.parametrize(
    "then",
    [
        pytest.param(HTML, id="HTML"),
        pytest.param({"body": '{"status": "Succ'}, id="a truncated body"),
        pytest.param({"body": "[]"}, id="a list"),
        pytest.param({"body": "{}"}, id="an empty object"),
        pytest.param({"body": '{"error": {"code": "Oops", "message": "No."}}'}, id="an error"),
    ],
)
def test_an_operation_answered_with_what_is_no_status_has_not_succeeded(
    then: dict[str, Any], emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    emulator.fault("GET", POLL_PATH, {**then, "headers": {**then.get("headers", {}), **REQUEST_ID}}, times=-1)
    result = module(identities=[A])
    target = result["error"]["target"]
    message = f"Cannot follow operation {target}: the answer is not ARM's JSON (HTTP 200, request id req-1)."
    assert result["msg"].startswith(message)
    assert PROXY_HINT in result["msg"]
    assert "It goes on in Azure: run again later" in result["msg"]
    assert (result["error"]["code"], result["error"]["status"]) == ("UnexpectedAnswer", 200)


def test_a_write_that_is_answered_at_once_is_no_refusal(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    server = json.dumps({"id": SERVER_ID, "properties": {}})
    emulator.fault("PATCH", SERVER_PATH, {"status": 200, "body": server, "processed": True})
    result = module(identities=[A])
    assert result.get("assigned") == [A], result
    assert len(patches(emulator)) == 1


@pytest.mark.parametrize("body", ["", "[]", '{"properties": 3}'])
def test_an_identity_answered_with(body: str, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("GET", "/userAssignedIdentities/", {"body": body})
    result = module(identities=[A])
    message = f"Cannot read identity {A}: the answer is not ARM's JSON (HTTP 200"
    check_failure(result, message, PROXY_HINT, code="UnexpectedAnswer", status=200, target=A)


def test_an_error_in_html_is_told_as_one_of_a_proxy(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("GET", SERVER_PATH, {**HTML, "status": 403}, times=-1)
    result = module(identities=[A])
    assert result["msg"].startswith(f"{READING}Azure answered text/html instead of an error in JSON (HTTP 403, request")
    assert result["msg"].endswith(PROXY_HINT)
    assert (result["error"]["status"], result["error"]["request_id"]) == (403, "req-1")


@pytest.mark.parametrize("status", [200, 202])
def test_a_write_answered_in_html_is_not_a_success(status: int, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("PATCH", SERVER_PATH, {**HTML, "status": status}, times=-1)
    result = module(identities=[A])
    assert result["failed"]
    # From 3.0.0 on the SDK takes 200 for a refusal.
    refused = f"{CHANGING}Azure answered text/html instead of an error in JSON (HTTP 200, request id req-1)."
    assert result["msg"].startswith((f"{CHANGING}the answer is not ARM's JSON.", refused))
    assert PROXY_HINT in result["msg"]
    calls = arm_calls(emulator)
    assert "PATCH server" in calls
    assert ("PATCH server", "PATCH server") not in set(zip(calls, calls[1:]))


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("status", [302, 307])
def test_a_redirection_is_not_followed(method: str, status: int, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    there = emulator.ready["arm"].replace("127.0.0.1", "localhost")
    then = {"status": status, "body": "", "headers": {"Location": f"{there}/elsewhere", **REQUEST_ID}}
    emulator.fault(method, SERVER_PATH, then, times=-1)
    result = module(identities=[A])
    assert "Azure answered with a redirection, which is not followed (" in result["msg"]
    assert result["error"]["status"] == status
    assert not [each for each in emulator.requests() if each["path"] == "/elsewhere"]
