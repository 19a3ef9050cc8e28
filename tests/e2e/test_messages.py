# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nobody signs in, no host is reached, Azure wants another sign-in: the message says what to do next."""

from __future__ import annotations

import json
import socket
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pytest

from e2e.failures import CHANGING, READING, A, check_failure
from e2e.relay import relay
from e2e.world import arm_calls, identity_id, patches, seed_server, user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

pytestmark = pytest.mark.identity
#: What the machine's endpoint says it puts in words of its own, and it takes no resource ID.
older = pytest.mark.skipif(
    tuple(map(int, version("azure-identity").split(".")[:2])) < (1, 18), reason="azure-identity older than 1.18"
)

NOTHING: dict[str, Any] = dict.fromkeys(("tenant", "client_id", "secret"))
MACHINE = "AZURE_POD_IDENTITY_AUTHORITY_HOST"
SIGN_IN = "/oauth2/v2.0/token"


@pytest.fixture
def nobody() -> str:
    """Return the address of a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"https://127.0.0.1:{server.getsockname()[1]}"


def check(result: dict[str, Any], code: str, *said: str) -> None:
    """Check the code, and that the message has these texts in this order."""
    assert (result["error"]["code"], result["error"]["write"]) == (code, "none"), result["msg"]
    rest = result["msg"]
    for each in said:
        _before, found, rest = rest.partition(each)
        assert found, f"{each!r} is not where it should be in: {result['msg']}"


FOUR_WAYS = (
    "Set AZURE_CLIENT_ID, AZURE_TENANT, AZURE_SECRET and AZURE_SUBSCRIPTION_ID",
    "~/.azure/credentials",
    "az login",
    "managed identity",
)


@pytest.mark.parametrize("az", [False, True], ids=["without az", "with az that is not logged in"])
def test_without_a_credential_the_ways_to_have_one_are_named_in_order(
    az: bool, emulator: Emulator, module: RunModule, nobody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    if az:
        program = tmp_path / "az"
        program.write_text("#!/bin/sh\necho 'Please run az login to setup account.' >&2\nexit 1\n", encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin" if az else str(tmp_path))
    monkeypatch.setenv(MACHINE, nobody)
    result = module(state="info", **NOTHING)
    tried = ["Please run 'az login'"] * az + ["the machine's endpoint for managed identities did not answer"]
    check(result, "CredentialError", *tried, "No credential was found.", *FOUR_WAYS)
    assert "_Member" not in result["msg"]
    assert emulator.requests("arm") == []


def test_a_subscription_that_nobody_names_is_asked_for(module: RunModule) -> None:
    check(module(state="info", subscription_id=None), "NoSubscription", "AZURE_SUBSCRIPTION_ID")


@older
@pytest.mark.parametrize("auth_source", ["msi", "auto"])
def test_of_several_identities_of_a_machine_one_has_to_be_named(
    auth_source: str, emulator: Emulator, module: RunModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    emulator.settings(node_identities="several")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv(MACHINE, emulator.ready["arm"])
    result = module(state="info", auth_source=auth_source, **NOTHING)
    hint = "set client_id (option client_id, or environment variable AZURE_CLIENT_ID) to the client ID or the resource"
    check(result, "CredentialError", "the machine's endpoint answered", "Multiple user assigned identities exist", hint)


@older
@pytest.mark.parametrize("platform", ["machine", "app"])
def test_an_identity_of_a_machine_is_named_by_its_resource_id(
    platform: str, emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    emulator.settings(node_identities="several")
    if platform == "machine":
        monkeypatch.setenv(MACHINE, emulator.ready["arm"])
    else:
        monkeypatch.setenv("IDENTITY_ENDPOINT", emulator.ready["identity_endpoint"])
        monkeypatch.setenv("IDENTITY_HEADER", emulator.ready["identity_header"])
    result = module(state="info", **{**NOTHING, "client_id": A})
    assert result.get("msg") is None
    [asked] = emulator.requests("token")
    # The log cuts what is long.
    assert [value for value in asked["query"].values() if value.startswith("/") and A.startswith(value)]


@older
def test_what_the_endpoint_of_the_machine_said_is_told(
    emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    monkeypatch.setenv(MACHINE, emulator.ready["arm"])
    result = module(state="info", auth_source="msi", **{**NOTHING, "client_id": identity_id("id-elsewhere")})
    check(result, "CredentialError", "Identity not found. This machine does not have that identity", "client_id")
    body = json.dumps({"error": "unknown", "error_description": "Said so"})
    emulator.fault("GET", "/metadata/identity/oauth2/token", {"status": 403, "body": body}, times=-1)
    result = module(state="info", auth_source="msi", **NOTHING)
    check(result, "CredentialError", "Said so. Assign a managed identity to the machine", "without a proxy")
    assert "no response" not in result["msg"]


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (50076, "A user with multifactor authentication cannot sign in here: use a service principal"),
        (50079, "A user with multifactor authentication cannot sign in here: use a service principal"),
        (53003, "A Conditional Access policy blocks this sign-in"),
        (7000222, "The client secret has expired: make a new one, and set secret (option secret"),
        (700016, "The tenant has no such application: check client_id"),
        (7000215, "Give the value of the client secret, not its ID"),
        (65001, "consent"),
        (50055, "Mend the account ad_user"),
        (90033, "Microsoft Entra is not available at the moment: run again."),
        (123456, "Check client_id, tenant, secret and cloud_environment."),
    ],
)
def test_the_hint_follows_what_microsoft_entra_says(
    number: int, hint: str, emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    emulator.fault("POST", SIGN_IN, {"aadsts": number}, times=-1)
    result = module(state="info")
    check(result, "CredentialError", "HTTP Error: 503" if number == 90033 else f"AADSTS{number}: ", hint)


def test_a_sign_in_host_that_is_not_reached_is_no_fault_of_the_credential(
    emulator: Emulator, module: RunModule, nobody: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    reached = f"cannot reach {nobody}: Connection refused. Check the network"
    check(module(state="info", adfs_authority_url=nobody), "NoConnection", reached)
    with relay(emulator, "", tmp_path / "other-ca.pem") as other:
        result = module(state="info", adfs_authority_url=other.url)
    check(result, "CertificateNotTrusted", f"cannot reach {other.url}: ", "certificate verify failed", "Set ca_path")


def test_an_arm_that_is_not_reached_is_told_from_one_that_is_not_trusted(
    emulator: Emulator, module: RunModule, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    check(module(state="info", cloud_environment=nobody), "NoConnection", "cloud_environment: cannot reach", "refused")
    result = module(state="info", ca_path=None)
    check(
        result, "CertificateNotTrusted", "cloud_environment: cannot reach", "certificate verify failed", "Set ca_path"
    )


def test_a_proxy_that_fails_is_named(module: RunModule, nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("HTTPS_PROXY", nobody.replace("https", "http"))
    result = module(state="info")
    check(result, "ProxyFailed", "the proxy of HTTPS_PROXY: Connection refused. Check HTTPS_PROXY", "NO_PROXY")


def test_a_write_that_no_proxy_lets_through_was_not_sent(
    emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    from azure.core.exceptions import ServiceRequestError
    from azure.core.pipeline.transport import RequestsTransport

    seed_server(emulator)
    send = RequestsTransport.send

    def refuse_writes(self: Any, request: Any, **kwargs: Any) -> Any:
        if request.method == "PATCH":
            raise ServiceRequestError("no") from OSError("Tunnel connection failed: 407 Proxy Authentication Required")
        return send(self, request, **kwargs)

    monkeypatch.setattr(RequestsTransport, "send", refuse_writes)
    result = module(identities=[A])
    check(result, "ProxyFailed", CHANGING, "407 Proxy Authentication Required (ProxyFailed). Check HTTPS_PROXY")
    assert patches(emulator) == []


def test_a_challenge_that_is_not_met_leads_to_the_log_of_sign_ins(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.settings(claims_challenge="always")
    result = module(identities=[A])
    hint = "Microsoft Entra wants a newer sign-in"
    check_failure(result, READING, hint, code="InvalidAuthenticationToken", status=401)


def test_a_deleted_identity_in_the_way_of_another_is_named(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned(identity_id("id-gone")))
    emulator.settings(deleted_identity="refuse")
    result = module(identities=[A])
    hint = "The server holds id-gone, which was deleted. Remove it from the server, by its resource ID"
    check_failure(result, CHANGING, hint, code="FailedIdentityOperation", status=400)
    assert arm_calls(emulator)[-1] == "PATCH server"
