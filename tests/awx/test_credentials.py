# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every shape of credential, as AWX's own injector hands it over, signs in and reads a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from awx.jobs import AZURE_RM, Attached, custom_type, injected
from e2e.runs import run_in_process
from e2e.world import SERVER_OPTIONS, arm_calls, seed_server, user_assigned

if TYPE_CHECKING:
    from awx.controller import Controller
    from e2e.emulator_client import Emulator

# MSAL says so whenever a user signs in; the documentation of ad_user says so too.
pytestmark = pytest.mark.filterwarnings("ignore:This API has been deprecated for public client flows")


@pytest.fixture
def sign_in(emulator: Emulator, controller: Controller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Read the server with credentials of these types and inputs, in an image or pod with this environment."""

    def run(*credentials: tuple[str, dict[str, str]], **pod: str) -> dict[str, Any]:
        seed_server(emulator, user_assigned("id-a"))
        common = {"subscription": emulator.ready["subscription_ids"][0], "cloud_environment": emulator.ready["arm"]}
        attached = [
            Attached(
                AZURE_RM if name == "azure_rm" else custom_type(controller.named("credential_types", name)),
                {**common, **inputs},
            )
            for name, inputs in credentials
        ]
        env = {"REQUESTS_CA_BUNDLE": emulator.ready["ca_file"], **pod, **injected(attached, tmp_path / "private")}
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        return run_in_process({**SERVER_OPTIONS, "state": "info"})[0]

    return run


def token_path(emulator: Emulator, result: dict[str, Any]) -> str:
    """Return the path that the token came from, once it is sure that the server was read."""
    assert result.get("msg") is None
    assert arm_calls(emulator) == ["GET server"]
    (token,) = emulator.requests("token")
    path: str = token["path"]
    return path


def principal(emulator: Emulator) -> dict[str, str]:
    return {"client": emulator.ready["client_id"], "tenant": emulator.ready["tenant_id"]}


def federated_token(emulator: Emulator) -> str:
    return Path(emulator.ready["federated_token_file"]).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["secret", "certificate", "encrypted certificate", "token"])
def test_a_service_principal(kind: str, emulator: Emulator, sign_in: Any) -> None:
    ready = emulator.ready
    certificate = {name: Path(ready[name]).read_text(encoding="utf-8") for name in ready if name.endswith("encrypted")}
    name, inputs = {
        "secret": ("azure_rm", {"secret": ready["secret"]}),
        "certificate": (
            "Azure with certificate",
            {"certificate": Path(ready["client_certificate"]).read_text(encoding="utf-8")},
        ),
        "encrypted certificate": (
            "Azure with certificate",
            {
                "certificate": certificate["client_certificate_encrypted"],
                "certificate_password": ready["client_certificate_password"],
            },
        ),
        "token": ("Azure with federated token", {"token": federated_token(emulator)}),
    }[kind]
    result = sign_in((name, {**principal(emulator), **inputs}))
    assert token_path(emulator, result).endswith(f"{ready['tenant_id']}/oauth2/v2.0/token")


def test_a_user_with_a_password(emulator: Emulator, sign_in: Any) -> None:
    inputs = {"username": emulator.ready["ad_user"], "password": emulator.ready["password"]}
    # AWX hands over no tenant here; MSAL signs a user in at a host with a port only under this one.
    result = sign_in(("azure_rm", inputs), AZURE_TENANT_ID="adfs")
    assert token_path(emulator, result).endswith("/adfs/oauth2/v2.0/token")


def test_nothing_but_a_subscription_is_the_managed_identity_of_the_node(emulator: Emulator, sign_in: Any) -> None:
    result = sign_in(("azure_rm", {}), AZURE_POD_IDENTITY_AUTHORITY_HOST=emulator.ready["arm"])
    assert token_path(emulator, result) == "/metadata/identity/oauth2/token"


def test_nothing_but_a_subscription_is_the_workload_identity_of_the_pod_on_aks(
    emulator: Emulator, sign_in: Any
) -> None:
    ready = emulator.ready
    pod = {
        "AZURE_CLIENT_ID": ready["client_id"],
        "AZURE_TENANT_ID": ready["tenant_id"],
        "AZURE_FEDERATED_TOKEN_FILE": ready["federated_token_file"],
        "AZURE_AUTHORITY_HOST": ready["arm"],
    }
    result = sign_in(("azure_rm", {}), **pod)
    assert token_path(emulator, result).endswith(f"{ready['tenant_id']}/oauth2/v2.0/token")


def test_awx_drops_a_client_id_without_a_tenant(emulator: Emulator, sign_in: Any) -> None:
    place = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": emulator.ready["arm"]}
    token_path(emulator, sign_in(("azure_rm", {"client": emulator.ready["client_id"]}), **place))
    (token,) = emulator.requests("token")
    # So it is the system-assigned identity, whatever was typed in: the page says which type to take instead.
    assert "client_id" not in token["query"]


@pytest.mark.parametrize("kind", ["system-assigned", "user-assigned"])
def test_a_managed_identity(kind: str, emulator: Emulator, sign_in: Any) -> None:
    seed_server(emulator, user_assigned("id-a"))
    found = run_in_process({**emulator.connection, **SERVER_OPTIONS, "state": "info", "client_ids": True})[0]
    client = found["identity"]["user_assigned_identities"][0]["client_id"] if kind == "user-assigned" else ""
    emulator.clear_requests()
    inputs = {"client": client} if client else {}
    place = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": emulator.ready["arm"]}
    assert token_path(emulator, sign_in(("Azure with managed identity", inputs), **place)).startswith("/metadata/")
    (token,) = emulator.requests("token")
    assert token["query"].get("client_id", "") == client


def test_a_service_principal_without_a_secret_is_told_what_is_missing(emulator: Emulator, sign_in: Any) -> None:
    result = sign_in(("azure_rm", principal(emulator)))
    assert result["failed"]
    assert "a service principal with secret needs also secret" in result["msg"]
    assert "AZURE_SECRET" in result["msg"]
    assert "In AWX that is the field Client Secret of the credential, which is empty." in result["msg"]
    assert emulator.requests() == []


def test_a_password_without_a_user_is_told_what_is_missing(emulator: Emulator, sign_in: Any) -> None:
    result = sign_in(("azure_rm", {"password": emulator.ready["password"]}))
    assert result["failed"]
    assert "AZURE_AD_USER" in result["msg"]
    assert "In AWX that is the field Username of the credential, which is empty." in result["msg"]
    assert emulator.ready["password"] not in str(result)


def test_a_user_without_a_password_is_told_what_is_missing(emulator: Emulator, sign_in: Any) -> None:
    result = sign_in(("azure_rm", {"username": emulator.ready["ad_user"]}))
    assert result["failed"]
    assert "In AWX that is the field Password of the credential, which is empty." in result["msg"]
