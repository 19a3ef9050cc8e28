# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real SDK and azure-identity against the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    UsernamePasswordCredential,
    WorkloadIdentityCredential,
)
from azure.mgmt import postgresqlflexibleservers

if TYPE_CHECKING:
    from collections.abc import Callable


def options(ready: dict[str, Any]) -> dict[str, Any]:
    return {"authority": ready["arm"], "disable_instance_discovery": True, "connection_verify": ready["ca_file"]}


def by_secret(ready: dict[str, Any]) -> Any:
    return ClientSecretCredential(ready["tenant_id"], ready["client_id"], ready["secret"], **options(ready))


def by_certificate(ready: dict[str, Any]) -> Any:
    return CertificateCredential(ready["tenant_id"], ready["client_id"], ready["client_certificate"], **options(ready))


def by_encrypted_certificate(ready: dict[str, Any]) -> Any:
    return CertificateCredential(
        ready["tenant_id"],
        ready["client_id"],
        ready["client_certificate_encrypted"],
        password=ready["client_certificate_password"],
        **options(ready),
    )


def by_federated_token(ready: dict[str, Any]) -> Any:
    return WorkloadIdentityCredential(
        tenant_id=ready["tenant_id"],
        client_id=ready["client_id"],
        token_file_path=ready["federated_token_file"],
        **options(ready),
    )


def by_password(ready: dict[str, Any]) -> Any:
    """Sign in as a user, which is deprecated, not gone.

    MSAL finds the user's realm at a host with a port only for the tenant `adfs`.
    """
    return UsernamePasswordCredential(
        ready["client_id"], ready["ad_user"], ready["password"], tenant_id="adfs", **options(ready)
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    "credential", [by_secret, by_certificate, by_encrypted_certificate, by_federated_token, by_password]
)
def test_every_credential_of_azure_identity_signs_in(client: Any, credential: Callable[[dict[str, Any]], Any]) -> None:
    with credential(client.ready) as signed_in:
        token = signed_in.get_token(client.audience().rstrip("/") + "/.default").token
    assert client.arm("GET", "/subscriptions", token=token).status == 200


@pytest.mark.parametrize("endpoint", ["AZURE_POD_IDENTITY_AUTHORITY_HOST", "IDENTITY_ENDPOINT"])
def test_a_managed_identity_signs_in(client: Any, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", client.ready["arm"])
    if endpoint == "IDENTITY_ENDPOINT":
        monkeypatch.setenv("IDENTITY_ENDPOINT", client.ready["identity_endpoint"])
        monkeypatch.setenv("IDENTITY_HEADER", client.ready["identity_header"])
    with ManagedIdentityCredential(connection_verify=client.ready["ca_file"]) as credential:
        token = credential.get_token(client.audience().rstrip("/") + "/.default").token
    assert client.arm("GET", "/subscriptions", token=token).status == 200


def test_a_wrong_secret_is_refused(client: Any) -> None:
    ready = {**client.ready, "secret": "wrong"}
    with by_secret(ready) as credential, pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential.get_token(client.audience() + "/.default")


@pytest.fixture
def sdk(client: Any) -> Any:
    with (
        by_secret(client.ready) as credential,
        postgresqlflexibleservers.PostgreSQLManagementClient(
            credential,
            client.subscription,
            base_url=client.ready["arm"],
            credential_scopes=[client.audience().rstrip("/") + "/.default"],
            connection_verify=client.ready["ca_file"],
            polling_interval=0.02,
        ) as management,
    ):
        yield management


@pytest.mark.parametrize(("challenge", "status"), [("until_claims", None), ("always", 401)])
def test_the_sdk_answers_a_claims_challenge(sdk: Any, client: Any, challenge: str, status: int | None) -> None:
    client.control("PATCH", "settings", {"claims_challenge": challenge})
    if status is None:
        assert sdk.servers.get("rg-demo", "pg-plain").name == "pg-plain"
        return
    with pytest.raises(ClientAuthenticationError) as raised:
        sdk.servers.get("rg-demo", "pg-plain")
    assert raised.value.status_code == status


def test_the_sdk_lists_every_page(sdk: Any, client: Any) -> None:
    client.control("PATCH", "settings", {"page_size": 2})
    expected = [each["name"] for each in client.control("GET", "servers")]
    by_subscription = getattr(sdk.servers, "list_by_subscription", None) or sdk.servers.list
    assert [each.name for each in by_subscription()] == expected
    assert [each.name for each in sdk.servers.list_by_resource_group("RG-DEMO")] == expected


@pytest.mark.parametrize("headers", ["both", "location", "operation", "none"])
def test_the_sdk_follows_an_update_by_whatever_address_it_gets(sdk: Any, client: Any, headers: str) -> None:
    client.control("PATCH", "settings", {"async_headers": headers})
    body = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {client.identity_id("id-app"): {}}}}
    sdk.servers.begin_update("rg-demo", "pg-plain", body).result()
    client.control("PATCH", "settings", {"async_headers": "both"})
    sdk.servers.begin_update("rg-demo", "pg-system", {"identity": {"type": "None"}}).result()
    assert list(sdk.servers.get("rg-demo", "pg-plain").identity.user_assigned_identities) == [
        client.identity_id("id-app")
    ]
    assert sdk.servers.get("rg-demo", "pg-system").identity is None


def test_the_sdk_raises_the_error_of_a_failed_operation(sdk: Any, client: Any) -> None:
    error = {"code": "ServerIsBusy", "message": "Busy."}
    client.control("POST", "faults", [{"match": {"method": "PATCH"}, "then": {"operation_error": error}}])
    with pytest.raises(HttpResponseError) as raised:
        sdk.servers.begin_update("rg-demo", "pg-plain", {"identity": {"type": "SystemAssigned"}}).result()
    assert raised.value.error is not None
    assert raised.value.error.code == "ServerIsBusy"


def test_the_sdk_raises_the_error_of_a_refused_update(sdk: Any) -> None:
    with pytest.raises(HttpResponseError) as raised:
        sdk.servers.begin_update("rg-demo", "pg-cmk", {"identity": {"type": "None"}})
    assert raised.value.status_code == 400
    assert raised.value.error is not None
    assert raised.value.error.code == "DataEncryptionIdentityInUse"
