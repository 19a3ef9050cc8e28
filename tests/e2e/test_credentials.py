# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every way to sign in really gets a token from the emulator and reads a server with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from e2e.world import AUDIENCE, SERVER_OPTIONS, SUBSCRIPTION, arm_calls, seed_server

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

# MSAL says so whenever a user signs in; the documentation of ad_user says so too.
pytestmark = [
    pytest.mark.identity,
    pytest.mark.filterwarnings("ignore:This API has been deprecated for public client flows"),
]

INFO: dict[str, Any] = {**SERVER_OPTIONS, "state": "info"}
#: A tenant under which MSAL signs a user in at a host with a port.
USER_TENANT = "adfs"


def check_signed_in(emulator: Emulator, result: dict[str, Any], how: str) -> dict[str, Any]:
    """Check that the server was read with one token, asked for by method and end of path `how`; return its query."""
    assert result.get("msg") is None
    assert arm_calls(emulator) == ["GET server"]
    (token,) = emulator.requests("token")
    method, path = how.split()
    assert token["method"] == method
    assert token["path"].endswith(path)
    query: dict[str, Any] = token["query"]
    return query


def federated_token(emulator: Emulator) -> str:
    return Path(emulator.ready["federated_token_file"]).read_text(encoding="utf-8")


def options_of(kind: str, emulator: Emulator) -> dict[str, Any]:
    """Return the connection options, beside those of a secret, that make a credential of this kind."""
    ready = emulator.ready
    user = {"ad_user": ready["ad_user"], "password": ready["password"], "tenant": USER_TENANT}
    encrypted = {
        "x509_certificate_path": ready["client_certificate_encrypted"],
        "x509_certificate_password": ready["client_certificate_password"],
    }
    return {
        "secret": {"secret": ready["secret"]},
        "certificate": {"x509_certificate_path": ready["client_certificate"]},
        "encrypted certificate": encrypted,
        "token": {"oidc_token": federated_token(emulator)},
        "token file": {"oidc_token_file_path": ready["federated_token_file"]},
        "user of an application": user,
        "user": {**user, "client_id": None},
    }[kind]


KINDS = ("secret", "certificate", "encrypted certificate", "token", "token file", "user")


@pytest.mark.parametrize("auth_source", [None, "auto", "env"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_options_sign_in(kind: str, auth_source: str | None, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    result = module(state="info", **{"secret": None, "auth_source": auth_source, **options_of(kind, emulator)})
    check_signed_in(emulator, result, "POST /oauth2/v2.0/token")


@pytest.mark.parametrize("password", [None, "of-the-key"])
def test_a_certificate_in_pkcs12_signs_in(
    password: str | None, emulator: Emulator, module: RunModule, tmp_path: Path
) -> None:
    seed_server(emulator)
    pem = Path(emulator.ready["client_certificate"]).read_bytes()
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    path = tmp_path / "client.pfx"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            None,
            key,
            x509.load_pem_x509_certificate(pem),
            None,
            serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption(),
        )
    )
    given: dict[str, Any] = {"x509_certificate_path": str(path), "x509_certificate_password": password}
    check_signed_in(emulator, module(state="info", secret=None, **given), "POST /oauth2/v2.0/token")


def environment_of(kind: str, emulator: Emulator, family: str) -> dict[str, str]:
    """Return the same in the variables that AWX sets or in those of azure-identity."""
    awx = family == "awx"
    names = {
        "client_id": "AZURE_CLIENT_ID",
        "secret": "AZURE_SECRET" if awx else "AZURE_CLIENT_SECRET",
        "tenant": "AZURE_TENANT" if awx else "AZURE_TENANT_ID",
        "ad_user": "AZURE_AD_USER" if awx else "AZURE_USERNAME",
        "password": "AZURE_PASSWORD",
        "x509_certificate_path": "AZURE_X509_CERTIFICATE_PATH" if awx else "AZURE_CLIENT_CERTIFICATE_PATH",
        "x509_certificate_password": "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        "oidc_token": "AZURE_FEDERATED_TOKEN",
        "oidc_token_file_path": "AZURE_FEDERATED_TOKEN_FILE",
        "subscription_id": "AZURE_SUBSCRIPTION_ID",
        "cloud_environment": "AZURE_CLOUD_ENVIRONMENT",
        "ca_path": "REQUESTS_CA_BUNDLE",
    }
    options = {**emulator.connection, "secret": None, **options_of(kind, emulator)}
    return {names[name]: value for name, value in options.items() if value is not None}


def set_environment(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("family", ["awx", "azure-identity"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_environment_signs_in_by_either_family_of_names(
    kind: str, family: str, emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    set_environment(monkeypatch, environment_of(kind, emulator, family))
    check_signed_in(emulator, module(bare=True, **INFO), "POST /oauth2/v2.0/token")


@pytest.mark.parametrize("identity", ["system", "user"])
@pytest.mark.parametrize("platform", ["machine", "app"])
def test_a_managed_identity_signs_in(
    identity: str, platform: str, emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    client_id = None
    if identity == "user":
        seed_server(emulator, {"user_assigned": ["id-a"]})
        found = module(state="info", client_ids=True)["identity"]["user_assigned_identities"]
        client_id = found[0]["client_id"]
        emulator.clear_requests()
    if platform == "machine":
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", emulator.ready["arm"])
    else:
        monkeypatch.setenv("IDENTITY_ENDPOINT", emulator.ready["identity_endpoint"])
        monkeypatch.setenv("IDENTITY_HEADER", emulator.ready["identity_header"])
    result = module(state="info", auth_source="msi", secret=None, tenant=None, client_id=client_id)
    how = "GET /metadata/identity/oauth2/token" if platform == "machine" else "GET /msi/token"
    assert check_signed_in(emulator, result, how).get("client_id") == client_id


@pytest.mark.parametrize("auth_source", ["auto", "cli"])
def test_the_login_of_the_azure_cli_signs_in(
    auth_source: str, az: Path, tmp_path: Path, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    subscriptions = {"subscriptions": [{"id": SUBSCRIPTION, "isDefault": True}, {"id": "other", "isDefault": False}]}
    # As az writes it, with a byte order mark.
    (tmp_path / "azureProfile.json").write_text(json.dumps(subscriptions), encoding="utf-8-sig")
    nothing: dict[str, Any] = dict.fromkeys(("subscription_id", "tenant", "client_id", "secret"))
    result = module(state="info", auth_source=auth_source, **nothing)
    assert result["server"]["subscription_id"] == SUBSCRIPTION
    assert emulator.requests("token") == []
    (call,) = az.read_text(encoding="utf-8").splitlines()
    assert call.startswith("account get-access-token")
    assert AUDIENCE in call


def test_the_azure_cli_is_asked_for_a_token_of_the_tenant(az: Path, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    assert "msg" not in module(state="info", auth_source="cli", client_id=None, secret=None)
    assert f"--tenant {emulator.ready['tenant_id']}" in az.read_text(encoding="utf-8")


def test_an_azure_cli_that_is_not_there_is_told(
    tmp_path: Path, emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = module(state="info", auth_source="cli", client_id=None, secret=None)
    assert result["msg"].startswith("Cannot get a token with the Azure CLI: Azure CLI not found on path")
    assert emulator.requests("arm") == []


def write_profile(home: Path, section: str, values: dict[str, str]) -> None:
    folder = home / ".azure"
    folder.mkdir(exist_ok=True)
    lines = [f"[{section}]", *(f"{name} = {value}" for name, value in values.items())]
    (folder / "credentials").write_text("\n".join(lines), encoding="utf-8")


@pytest.mark.parametrize(
    ("section", "options", "variables"),
    [
        ("default", {}, {}),
        ("default", {"auth_source": "credential_file"}, {}),
        ("prod", {"profile": "prod"}, {}),
        ("prod", {"auth_source": "credential_file"}, {"AZURE_PROFILE": "prod"}),
        ("prod", {"auth_source": "credential_file", "profile": "prod"}, {"AZURE_SECRET": "wrong-secret-1"}),
    ],
)
def test_the_credentials_file_signs_in(
    section: str,
    options: dict[str, Any],
    variables: dict[str, str],
    home: Path,
    emulator: Emulator,
    module: RunModule,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seed_server(emulator)
    write_profile(home, section, emulator.connection)
    set_environment(monkeypatch, variables)
    check_signed_in(emulator, module(bare=True, **INFO, **options), "POST /oauth2/v2.0/token")


def test_an_option_beats_the_environment_and_that_beats_the_file_field_by_field(
    home: Path, emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    right = emulator.connection
    wrong = dict.fromkeys(("client_id", "secret", "subscription_id"), "wrong-value-1")
    write_profile(home, "default", {**right, **wrong})
    monkeypatch.setenv("AZURE_CLIENT_ID", right["client_id"])
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", right["subscription_id"])
    monkeypatch.setenv("AZURE_SECRET", "wrong-value-2")
    result = module(bare=True, **INFO, secret=right["secret"], tenant="")
    check_signed_in(emulator, result, "POST /oauth2/v2.0/token")


def test_a_secret_in_the_environment_or_the_file_is_not_shown(
    home: Path, emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_profile(home, "default", {**emulator.connection, "secret": "wrong-secret-1"})
    # Entra quotes what it was sent; a secret that got into the place of another field must not come back.
    monkeypatch.setenv("AZURE_CLIENT_ID", "wrong-secret-1")
    result = module(bare=True, **INFO)
    assert result["failed"]
    assert "wrong-secret-1" not in str(result)


EMPTY_USER = {"AZURE_AD_USER": "", "AZURE_PASSWORD": ""}


def test_a_service_principal_that_awx_injects_signs_in(
    emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    set_environment(monkeypatch, emulator.environment)
    check_signed_in(emulator, module(bare=True, **INFO), "POST /oauth2/v2.0/token")


def test_a_user_that_awx_injects_signs_in(
    emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    ready = emulator.ready
    variables = {"AZURE_AD_USER": ready["ad_user"], "AZURE_PASSWORD": ready["password"], "AZURE_TENANT": USER_TENANT}
    leave = ("AZURE_SUBSCRIPTION_ID", "AZURE_CLOUD_ENVIRONMENT", "REQUESTS_CA_BUNDLE")
    set_environment(monkeypatch, {**{name: emulator.environment[name] for name in leave}, **variables})
    check_signed_in(emulator, module(bare=True, **INFO), "POST /oauth2/v2.0/token")


def test_the_managed_identity_signs_in_where_awx_injects_a_subscription_only(
    emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", emulator.ready["arm"])
    names = ("AZURE_SUBSCRIPTION_ID", "AZURE_CLOUD_ENVIRONMENT", "REQUESTS_CA_BUNDLE")
    set_environment(monkeypatch, {**{name: emulator.environment[name] for name in names}, **EMPTY_USER})
    check_signed_in(emulator, module(bare=True, **INFO), "GET /metadata/identity/oauth2/token")
