# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the connection makes of answers, hosts, tokens and time: small inputs that once went wrong."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from e2e.world import SERVER_ID, SERVER_PATH, identity_id, patches, seed_server, true_identity

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

A = identity_id("id-a")
HAS_A = {"type": "UserAssigned", "ids": [A.lower()]}
SERVER_JSON = json.dumps({"id": SERVER_ID, "properties": {}})


@pytest.mark.sdk
@pytest.mark.parametrize("wait", [True, False])
@pytest.mark.parametrize(
    "then",
    [
        pytest.param({"status": 202, "body": ""}, id="202, empty"),
        pytest.param({"status": 202, "body": "{}"}, id="202, an empty object"),
        pytest.param({"status": 200, "body": ""}, id="200, empty"),
        pytest.param({"status": 200, "body": SERVER_JSON}, id="200, the server"),
        pytest.param({"status": 201, "body": ""}, id="201, empty"),
        pytest.param({"status": 201, "body": SERVER_JSON}, id="201, the server"),
        pytest.param({"status": 204, "body": ""}, id="204"),
    ],
)
def test_a_change_that_is_accepted_is_written_once(
    then: dict[str, Any], wait: bool, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    # Nothing but the answer says that an operation is at work.
    emulator.settings(operation_seconds=1, state_while_running="Ready")
    emulator.fault("PATCH", SERVER_PATH, {**then, "processed": True}, times=-1)
    result = module(identities=[A], wait=wait, poll_interval=0.4)
    assert result.get("assigned") == [A], result
    assert ("operation" in result) is not wait
    assert len(patches(emulator)) == 1
    if wait:
        assert true_identity(emulator) == HAS_A


@pytest.mark.sdk
def test_an_operation_at_another_host_is_followed_by_its_server(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    # The emulator answers there too, so that its log would show the request.
    there = emulator.ready["arm"].replace("127.0.0.1", "localhost")
    headers = dict.fromkeys(("azure-asyncoperation", "location"), f"{there}/elsewhere/op-1?s=signature-1")
    emulator.fault("PATCH", SERVER_PATH, {"headers": headers}, times=-1)
    result = module(identities=[A])
    assert result.get("assigned") == [A], result
    assert true_identity(emulator) == HAS_A
    assert len(patches(emulator)) == 1
    assert not [each for each in emulator.requests() if "elsewhere" in each["path"]]
    assert "signature-1" not in str(result)
