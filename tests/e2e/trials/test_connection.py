# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connect: answers, hosts, tokens and time: small inputs that once went wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.connection import Connection
from e2e.calls import calls
from e2e.relay import relay
from e2e.world import SERVER_ID, SERVER_PATH, identity_id, patches, seed_server, true_identity

if TYPE_CHECKING:
    from collections.abc import Callable

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


#: Seconds within which a task ends whose wait_timeout is 2.
SOON = 12
HOSTS = {
    "metadata": "/metadata/endpoints",
    "openid": "/openid-configuration",
    "sign-in": "/oauth2/v2.0/token",
    "ARM": SERVER_PATH.removesuffix("$"),
}


def check_ends_soon(run: Callable[[], dict[str, Any]]) -> None:
    """Check that the task fails near its wait_timeout of 2 seconds, and says that it is over."""
    started = time.monotonic()
    result = run()
    assert time.monotonic() - started < SOON
    assert result["failed"], result
    assert "wait_timeout=2" in result["msg"], result["msg"]


@pytest.mark.identity
@pytest.mark.parametrize("host", list(HOSTS))
def test_a_silent_host_does_not_outlast_wait_timeout(host: str, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    for method in ("GET", "POST"):
        emulator.fault(method, HOSTS[host], {"delay": 30}, times=-1)
    check_ends_soon(lambda: module(identities=[A], wait_timeout=2))
    assert patches(emulator) == []


@pytest.mark.identity
@pytest.mark.parametrize("host", list(HOSTS))
def test_a_dripping_answer_does_not_outlast_wait_timeout(
    host: str, emulator: Emulator, module: RunModule, tmp_path: Path
) -> None:
    seed_server(emulator)
    ca_file = tmp_path / "ca.pem"
    with relay(emulator, HOSTS[host], ca_file) as there:
        options: dict[str, Any] = {"cloud_environment": there.url, "ca_path": str(ca_file), "wait_timeout": 2}
        check_ends_soon(lambda: module(identities=[A], **options))
        assert HOSTS[host] in there.asked[-1]
    assert patches(emulator) == []


def test_the_password_of_a_netrc_goes_to_no_host(emulator: Emulator, module: RunModule, home: Path) -> None:
    seed_server(emulator)
    (home / ".netrc").write_text("default login netrc-user password netrc-password", encoding="utf-8")
    assert module(identities=[A]).get("assigned") == [A]
    sent = [each["headers"].get("Authorization") or "" for each in emulator.requests()]
    assert not [each for each in sent if each.startswith("Basic")]


@pytest.mark.identity
@pytest.mark.parametrize("platform", ["machine", "app"])
def test_a_token_of_the_machine_is_asked_for_past_the_proxy(
    platform: str, emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name)
    with relay(emulator) as machine, relay(emulator) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        if platform == "machine":
            monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", machine.url)
        else:
            monkeypatch.setenv("IDENTITY_ENDPOINT", f"{machine.url}/msi/token")
            monkeypatch.setenv("IDENTITY_HEADER", emulator.ready["identity_header"])
        result = module(state="info", auth_source="msi", secret=None, tenant=None, client_id=None)
        assert proxy.asked == []
        assert len(machine.asked) == 1
    assert result.get("msg") is None


@pytest.mark.identity
def test_hosts_of_azure_are_asked_through_the_proxy(
    emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name)
    with relay(emulator) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        module(state="info", wait_timeout=2)
        assert proxy.asked[0] == emulator.ready["arm"].removeprefix("https://")


@pytest.mark.identity
def test_several_identities_of_a_machine_are_told_apart_by_client_id(
    emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", emulator.ready["arm"])
    said = "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity"
    body = json.dumps({"error": "invalid_request", "error_description": said})
    emulator.fault("GET", "/metadata/identity/oauth2/token", {"status": 400, "body": body}, times=-1)
    result = module(state="info", auth_source="msi", secret=None, tenant=None, client_id=None)
    assert said in result["msg"]
    assert "client_id (option client_id, or environment variable AZURE_CLIENT_ID)" in result["msg"]
    assert "no response" not in result["msg"]


@pytest.mark.identity
def test_a_token_of_less_than_5_minutes_is_used_for_more_than_a_request(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.settings(token_seconds=200, operation_seconds=0.3)
    assert module(identities=[A]).get("assigned") == [A]
    assert calls(emulator)["POST token"] == 1


@pytest.mark.identity
def test_a_token_file_that_was_rotated_is_read_again(emulator: Emulator, tmp_path: Path) -> None:
    seed_server(emulator)
    file = tmp_path / "token"
    file.write_text(Path(emulator.ready["federated_token_file"]).read_text(encoding="utf-8"), encoding="utf-8")
    api = Connection({**emulator.connection, "secret": None, "oidc_token_file_path": str(file)}).open()
    emulator.settings(token_seconds=1)
    api.sign_in()
    time.sleep(1)
    file.write_text("rotated", encoding="utf-8")
    with pytest.raises(Exception, match="Cannot get a token with the federated token file"):
        api.sign_in()


CHALLENGE = {"WWW-Authenticate": 'Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="'}


@pytest.mark.identity
@pytest.mark.usefixtures("az")
def test_a_write_that_is_refused_to_the_user_of_az_is_not_sent_by_the_machine(
    emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", emulator.ready["arm"])
    emulator.fault("PATCH", SERVER_PATH, {"status": 401, "code": "Challenge", "headers": CHALLENGE})
    result = module(identities=[A], tenant=None, client_id=None, secret=None)
    assert emulator.requests("token") == []
    if result.get("failed"):
        assert "Azure CLI" in result["msg"]
        assert len(patches(emulator)) == 1
        assert true_identity(emulator)["ids"] == []
    else:
        # azure-identity 1.17 takes no notice of claims: the user of az, who alone is asked for a token, tries again.
        assert len(patches(emulator)) == 2
        assert true_identity(emulator) == HAS_A
