# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which credential the settings make, what is missing from an incomplete one, and how it is built."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure import credentials as _credentials
from ansible_collections.pgflex.azure.plugins.module_utils._azure.clouds import Cloud
from ansible_collections.pgflex.azure.plugins.module_utils._azure.credentials import (
    CERTIFICATE,
    CLI,
    CLI_OR_MANAGED_IDENTITY,
    MANAGED_IDENTITY,
    SECRET,
    TOKEN,
    TOKEN_FILE,
    USER,
    Kind,
    build,
    check_ca_path,
    choose,
    find_subscription,
)
from ansible_collections.pgflex.azure.plugins.module_utils._azure.deadline import Deadline
from ansible_collections.pgflex.azure.plugins.module_utils._azure.scrub import Scrubber
from ansible_collections.pgflex.azure.plugins.module_utils._azure.settings import resolve
from ansible_collections.pgflex.azure.plugins.module_utils._errors import CredentialError, InvalidInput, NoSubscription
from unit.support import SUBSCRIPTION

if TYPE_CHECKING:
    from pathlib import Path

# What awx-plugins-core 0.2.0a0 injects for azure_rm.
AWX_SUBSCRIPTION = {"AZURE_SUBSCRIPTION_ID": SUBSCRIPTION}
AWX_NOTHING = {**AWX_SUBSCRIPTION, "AZURE_AD_USER": "", "AZURE_PASSWORD": ""}
AWX_PRINCIPAL = {**AWX_SUBSCRIPTION, "AZURE_CLIENT_ID": "c", "AZURE_TENANT": "t", "AZURE_SECRET": "s"}
# What the webhook of Azure Workload Identity sets in a pod.
AKS = {
    "AZURE_CLIENT_ID": "c",
    "AZURE_TENANT_ID": "t",
    "AZURE_FEDERATED_TOKEN_FILE": "/token",
    "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/",
}
PAIR = {"AZURE_CLIENT_ID": "c", "AZURE_TENANT_ID": "t"}
CLOUD = Cloud("https://arm", "https://login.microsoftonline.com", "https://arm/.default")

CHOICES: list[tuple[str, dict[str, Any], dict[str, str], Kind]] = [
    ("AWX with a service principal", {}, AWX_PRINCIPAL, SECRET),
    ("AWX with a service principal and a cloud", {}, {**AWX_PRINCIPAL, "AZURE_CLOUD_ENVIRONMENT": "x"}, SECRET),
    ("AWX with a user", {}, {**AWX_SUBSCRIPTION, "AZURE_AD_USER": "u", "AZURE_PASSWORD": "p"}, USER),
    ("AWX with a subscription only", {}, AWX_NOTHING, MANAGED_IDENTITY),
    ("AWX with a subscription, in a pod with workload identity", {}, {**AWX_NOTHING, **AKS}, TOKEN_FILE),
    ("workload identity of AKS", {}, AKS, TOKEN_FILE),
    ("azure-identity's names for a secret", {}, {**PAIR, "AZURE_CLIENT_SECRET": "s"}, SECRET),
    ("a certificate", {}, {**PAIR, "AZURE_CLIENT_CERTIFICATE_PATH": "/pem"}, CERTIFICATE),
    ("a token", {}, {**PAIR, "AZURE_FEDERATED_TOKEN": "jwt"}, TOKEN),
    ("a secret before a certificate", {"x509_certificate_path": "/pem", "secret": "s"}, PAIR, SECRET),
    ("a token given as an option before a secret in the environment", {"oidc_token": "jwt"}, AWX_PRINCIPAL, TOKEN),
    ("a complete one before an incomplete stronger one", {"password": "p"}, AWX_PRINCIPAL, SECRET),
    ("a client ID only", {"client_id": "c"}, {}, MANAGED_IDENTITY),
    ("App Service", {}, {"IDENTITY_ENDPOINT": "http://localhost"}, MANAGED_IDENTITY),
    ("Cloud Shell", {}, {"MSI_ENDPOINT": "http://localhost"}, MANAGED_IDENTITY),
    ("nothing", {}, {}, CLI_OR_MANAGED_IDENTITY),
    ("a tenant only", {"tenant": "t"}, {}, CLI_OR_MANAGED_IDENTITY),
    ("one of AWX's empty strings only", {}, {"AZURE_PASSWORD": ""}, CLI_OR_MANAGED_IDENTITY),
    ("the CLI asked for, whatever else is there", {"auth_source": "cli"}, AWX_PRINCIPAL, CLI),
    ("the managed identity asked for", {}, {**AWX_PRINCIPAL, "ANSIBLE_AZURE_AUTH_SOURCE": "msi"}, MANAGED_IDENTITY),
    ("the environment asked for", {"auth_source": "env"}, AWX_PRINCIPAL, SECRET),
]  # fmt: skip

NEEDS_TENANT = "tenant (option tenant, or environment variable AZURE_TENANT or AZURE_TENANT_ID)"
NEEDS_PROOF = "(option secret, or environment variable AZURE_SECRET or AZURE_CLIENT_SECRET)"
NEEDS_CLIENT = "client_id (option client_id, or environment variable AZURE_CLIENT_ID)"
MANAGED_HINT = "For a managed identity set auth_source=msi, for the Azure CLI's login cli."
AWX_HINT = f"In AWX that is the field Client Secret of the credential, which is empty. {MANAGED_HINT}"

INCOMPLETE: list[tuple[str, dict[str, Any], dict[str, str], str, str]] = [
    ("AWX's service principal without a secret", {}, {**AWX_PRINCIPAL, "AZURE_SECRET": ""}, NEEDS_PROOF, AWX_HINT),
    ("a secret without a tenant", {"secret": "s", "client_id": "c"}, {}, NEEDS_TENANT, ""),
    ("a secret only", {"secret": "s"}, {}, f"{NEEDS_CLIENT} and {NEEDS_TENANT}", ""),
    ("a certificate only", {"x509_certificate_path": "/pem"}, PAIR | {"AZURE_CLIENT_ID": ""}, NEEDS_CLIENT, ""),
    ("a token without a tenant", {"oidc_token": "jwt", "client_id": "c"}, {}, NEEDS_TENANT, ""),
    ("a user without a password", {"ad_user": "u"}, {}, "environment variable AZURE_PASSWORD)", MANAGED_HINT),
    ("a password without a user", {"password": "p"}, {}, "variable AZURE_AD_USER or AZURE_USERNAME)", ""),
    ("nothing in the environment that alone counts", {"auth_source": "env"}, {}, NEEDS_PROOF, MANAGED_HINT),
]  # fmt: skip


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the developer's own sign-in out."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("AZURE_CONFIG_DIR", raising=False)
    return tmp_path


@pytest.mark.parametrize(("options", "environment", "kind"), [pytest.param(*row[1:], id=row[0]) for row in CHOICES])
def test_the_settings_make_a_credential(options: dict[str, Any], environment: dict[str, str], kind: Kind) -> None:
    assert choose(resolve(options, environment), environment) is kind


@pytest.mark.parametrize(
    ("options", "environment", "missing", "hint"), [pytest.param(*row[1:], id=row[0]) for row in INCOMPLETE]
)
def test_an_incomplete_credential_says_what_is_missing(
    options: dict[str, Any], environment: dict[str, str], missing: str, hint: str
) -> None:
    settings = resolve(options, environment)
    with pytest.raises(CredentialError, match=r"^The credential is incomplete: a .* needs also ") as caught:
        choose(settings, environment)

    assert missing in str(caught.value)
    assert caught.value.hint == hint


def subscription(kind: Kind, options: dict[str, Any]) -> str:
    return find_subscription(resolve(options, {}), kind)


def write_profile(folder: Path, content: str) -> None:
    folder.mkdir(exist_ok=True)
    # az writes a byte order mark.
    (folder / "azureProfile.json").write_text(content, encoding="utf-8-sig")


PROFILE = json.dumps({"subscriptions": [{"id": "first", "isDefault": False}, {"id": "default", "isDefault": True}]})


@pytest.mark.parametrize("kind", [CLI, CLI_OR_MANAGED_IDENTITY])
def test_the_default_subscription_of_the_cli_counts(home: Path, kind: Kind) -> None:
    write_profile(home / ".azure", PROFILE)

    assert subscription(kind, {}) == "default"
    assert subscription(kind, {"subscription_id": "given"}) == "given"


def test_the_cli_may_keep_its_files_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_profile(home / "elsewhere", PROFILE)
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(home / "elsewhere"))

    assert subscription(CLI, {}) == "default"


def test_the_subscription_of_the_cli_is_not_that_of_a_service_principal(home: Path) -> None:
    write_profile(home / ".azure", PROFILE)
    with pytest.raises(NoSubscription, match="none is given: set subscription_id"):
        subscription(SECRET, {})


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"subscriptions": [1]}', '{"subscriptions": [{"isDefault": true}]}']
)
def test_a_profile_of_the_cli_that_says_nothing_is_none(home: Path, content: str) -> None:
    write_profile(home / ".azure", content)
    with pytest.raises(NoSubscription, match="none is given"):
        subscription(CLI, {})


@pytest.mark.parametrize("left_out", [True, False], ids=["left out", "a folder"])
def test_the_certificate_authorities_may_be_a_folder_or_left_out(home: Path, left_out: bool) -> None:
    settings = resolve({} if left_out else {"ca_path": str(home)}, {})
    check_ca_path(settings)
    assert settings.get("ca_path") == (None if left_out else str(home))


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file or directory"), ("no PEM", "it holds no PEM certificate")]
)
def test_certificate_authorities_that_cannot_be_read_are_refused(home: Path, content: str | None, reason: str) -> None:
    path = home / "ca.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidInput, match=rf"^ca_path: cannot read .*: {reason}\.$"):
        check_ca_path(resolve({"ca_path": str(path)}, {}))


@pytest.mark.parametrize(
    ("kind", "options", "name"),
    [
        pytest.param(SECRET, {"secret": "s"}, "ClientSecretCredential", id="secret"),
        pytest.param(USER, {"ad_user": "u", "password": "p"}, "UsernamePasswordCredential", id="user"),
        pytest.param(TOKEN, {"oidc_token": "jwt"}, "ClientAssertionCredential", id="token"),
        pytest.param(TOKEN_FILE, {"oidc_token_file_path": "~/token"}, "ClientAssertionCredential", id="token file"),
        pytest.param(CLI, {}, "AzureCliCredential", id="CLI"),
        pytest.param(MANAGED_IDENTITY, {}, "ManagedIdentityCredential", id="managed identity"),
        pytest.param(CLI_OR_MANAGED_IDENTITY, {}, "FirstToAnswer", id="CLI or managed identity"),
    ],
)
def test_a_credential_is_built(home: Path, kind: Kind, options: dict[str, str], name: str) -> None:
    (home / "token").write_text("jwt", encoding="utf-8")
    common = {"tenant": SUBSCRIPTION, "client_id": SUBSCRIPTION}

    credential: Any = build(kind, resolve({**common, **options}, {}), CLOUD, Deadline(), Scrubber())

    assert type(credential._credential).__name__ == name


@pytest.mark.parametrize(
    ("kind", "option", "content", "text"),
    [
        pytest.param(TOKEN_FILE, "oidc_token_file_path", None, "oidc_token_file_path: cannot read", id="no token file"),
        pytest.param(TOKEN_FILE, "oidc_token_file_path", " \n", "is empty. The platform writes", id="an empty one"),
        pytest.param(
            CERTIFICATE, "x509_certificate_path", None, "x509_certificate_path: cannot read", id="no certificate"
        ),
        pytest.param(CERTIFICATE, "x509_certificate_path", "no PEM", "must hold certificate and key", id="no PEM"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    home: Path, kind: Kind, option: str, content: str | None, text: str
) -> None:
    if content is not None:
        (home / "file").write_text(content, encoding="utf-8")
    settings = resolve({"tenant": SUBSCRIPTION, "client_id": "c", option: str(home / "file")}, {})
    with pytest.raises(CredentialError) as caught:
        build(kind, settings, CLOUD, Deadline(), Scrubber())

    assert text in str(caught.value)


def test_a_tenant_that_cannot_be_one_is_an_error_in_words() -> None:
    settings = resolve({"tenant": "a b", "client_id": "c", "secret": "s3cret"}, {})
    with pytest.raises(CredentialError, match=r"^Cannot use the service principal with secret: ") as caught:
        build(SECRET, settings, CLOUD, Deadline(), Scrubber())

    assert "s3cret" not in str(caught.value)


def test_an_identity_is_not_named_by_its_resource_id_to_a_library_that_would_drop_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = resolve({"client_id": "/subscriptions/s/id-a"}, {})
    assert build(MANAGED_IDENTITY, settings, CLOUD, Deadline(), Scrubber())
    monkeypatch.setattr("azure.identity.__version__", "1.17.1")
    with pytest.raises(CredentialError, match=r"^client_id: azure-identity 1\.17\.1 takes no resource ID"):
        build(MANAGED_IDENTITY, settings, CLOUD, Deadline(), Scrubber())


def test_a_user_without_an_application_uses_that_of_the_cli() -> None:
    credential: Any = build(USER, resolve({"ad_user": "u", "password": "p"}, {}), CLOUD, Deadline(), Scrubber())

    assert credential._credential._client_id == _credentials._AZURE_CLI_CLIENT_ID


def test_what_a_token_file_holds_is_a_secret(home: Path) -> None:
    scrubber = Scrubber()
    settings = _with_token_file(home)
    (home / "token").write_text("canary", encoding="utf-8")
    build(TOKEN_FILE, settings, CLOUD, Deadline(), scrubber)
    assert scrubber.text("a canary") == "a ********"


def test_a_token_that_cannot_be_had_is_an_error_with_a_hint(home: Path) -> None:
    credential = build(TOKEN_FILE, _with_token_file(home), CLOUD, Deadline(), Scrubber())
    (home / "token").unlink()
    with pytest.raises(CredentialError, match=r"^oidc_token_file_path: cannot read .*No such file"):
        credential.get_token("https://arm/.default")


def _with_token_file(home: Path) -> Any:
    (home / "token").write_text("jwt", encoding="utf-8")
    path = os.fspath(home / "token")
    return resolve({"tenant": SUBSCRIPTION, "client_id": "c", "oidc_token_file_path": path}, {})
