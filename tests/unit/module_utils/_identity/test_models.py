# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's JSON is read. The first two shapes are those of the Azure CLI's recordings of 2026."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import (
    AssignedIdentity,
    Encryption,
    Operation,
    Server,
    ServerIdentity,
    identity_from_arm,
    server_from_arm,
)
from unit.support import PRINCIPAL, REF, TENANT, A, B

# test_postgres_flexible_server_fabric_mirroring_mgmt.yaml, 2026-01-07, shortened.
SYSTEM_ASSIGNED: dict[str, Any] = {
    "sku": {"name": "Standard_D4ds_v4", "tier": "GeneralPurpose"},
    "identity": {"principalId": PRINCIPAL, "type": "SystemAssigned", "tenantId": TENANT},
    "systemData": {"createdAt": "2026-01-07T22:51:21.8606994Z"},
    "properties": {
        "dataEncryption": {"type": "SystemManaged"},
        "replica": {"role": "Primary", "capacity": 6},
        "version": "17",
        "minorVersion": "7",
        "state": "Ready",
    },
    "location": "East US",
    "id": REF.id,
    "name": REF.name,
    "type": "Microsoft.DBforPostgreSQL/flexibleServers",
}
# test_postgres_flexible_server_cmk_mgmt.yaml, 2026-03-31, shortened.
CMK_REPLICA: dict[str, Any] = {
    "identity": {
        "userAssignedIdentities": {A: {"principalId": PRINCIPAL, "clientId": TENANT}},
        "type": "UserAssigned",
        "tenantId": TENANT,
    },
    "properties": {
        "dataEncryption": {
            "primaryEncryptionKeyStatus": "Valid",
            "type": "AzureKeyVault",
            "primaryKeyURI": "https://vault.vault.azure.net/keys/key/1",
            "primaryUserAssignedIdentityId": A.lower(),
        },
        "replica": {"role": "AsyncReplica", "capacity": 0},
        "sourceServerResourceId": REF.id,
        "version": "17",
        "state": "Updating",
    },
    "location": "Canada Central",
    "id": REF.id.lower(),
}


def test_a_server_with_a_system_assigned_identity_is_read() -> None:
    assert server_from_arm(SYSTEM_ASSIGNED, REF) == Server(
        ref=REF,
        id=REF.id,
        location="East US",
        state="Ready",
        version="17",
        identity=ServerIdentity(system_assigned=True, tenant_id=TENANT, principal_id=PRINCIPAL),
    )


def test_a_replica_with_a_customer_managed_key_is_read() -> None:
    server = server_from_arm(CMK_REPLICA, REF)

    assert server.identity == ServerIdentity(user_assigned=(AssignedIdentity(A, PRINCIPAL, None),), tenant_id=TENANT)
    assert server.encryption == Encryption("AzureKeyVault", primary_identity=A.lower())
    assert server.encryption.uses == {A.lower(): ("data_encryption",)}
    assert (server.id, server.location, server.updating) == (REF.id.lower(), "Canada Central", True)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        pytest.param(None, ServerIdentity(), id="no identity"),
        pytest.param({}, ServerIdentity(), id="an empty object"),
        pytest.param({"type": "None"}, ServerIdentity(), id="type None"),
        pytest.param({"type": None, "userAssignedIdentities": None}, ServerIdentity(), id="nulls"),
        pytest.param({"type": "UserAssigned", "userAssignedIdentities": {}}, ServerIdentity(), id="an empty map"),
        pytest.param(
            {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {A: None}},
            ServerIdentity(True, (AssignedIdentity(A),)),
            id="a blank in the type and a null in the map",
        ),
        pytest.param(
            {"type": "systemassigned", "principalId": "", "tenantId": ""}, ServerIdentity(True), id="empty strings"
        ),
        pytest.param(
            {"type": "UserAssigned", "principalId": PRINCIPAL},
            ServerIdentity(True, principal_id=PRINCIPAL),
            id="a principal that the type does not mention",
        ),
        pytest.param(
            {"type": "UserAssigned", "tenantId": TENANT, "userAssignedIdentities": {A: {"clientId": PRINCIPAL}}},
            ServerIdentity(False, (AssignedIdentity(A, None, PRINCIPAL),), TENANT),
            id="a client ID that is one",
        ),
    ],
)
def test_an_identity_is_read(raw: dict[str, Any] | None, found: ServerIdentity) -> None:
    assert identity_from_arm(raw) == found


@pytest.mark.parametrize(
    ("properties", "elastic"),
    [
        pytest.param({"cluster": {"clusterSize": 2}}, True, id="with nodes"),
        pytest.param({"cluster": {"clusterSize": 0}}, False, id="of size 0"),
        pytest.param({"cluster": {"clusterSize": None}}, False, id="of size null"),
        pytest.param({"cluster": None}, False, id="null"),
        pytest.param({}, False, id="absent"),
    ],
)
def test_an_elastic_cluster_is_told_by_its_size(properties: dict[str, Any], elastic: bool) -> None:
    assert server_from_arm({"properties": properties}, REF).elastic_cluster is elastic


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"id": None, "properties": None, "identity": None, "location": None}, id="nulls"),
        pytest.param({"properties": {"dataEncryption": None, "state": None}}, id="nulls below"),
    ],
)
def test_a_server_that_says_nothing_is_read(raw: dict[str, Any]) -> None:
    found = server_from_arm(raw, REF)
    assert replace(found, contradictions=()) == Server(ref=REF, id=REF.id, location="")
    assert "dataEncryption" in str(found.contradictions)


@pytest.mark.parametrize(
    ("system", "held", "kind"),
    [
        pytest.param(False, (), "None", id="neither"),
        pytest.param(True, (), "SystemAssigned", id="system-assigned"),
        pytest.param(False, (A,), "UserAssigned", id="user-assigned"),
        pytest.param(True, (A,), "SystemAssigned,UserAssigned", id="both"),
    ],
)
def test_the_type_is_azures_word(system: bool, held: tuple[str, ...], kind: str) -> None:
    assert ServerIdentity(system, tuple(map(AssignedIdentity, held))).type == kind


def test_ids_are_sorted_without_case_and_keep_theirs() -> None:
    assert ServerIdentity(user_assigned=(AssignedIdentity(B), AssignedIdentity(A.upper()))).ids == (A.upper(), B)


def test_an_identity_can_serve_both_encryptions() -> None:
    uses = Encryption("AzureKeyVault", primary_identity=A, geo_backup_identity=A.upper()).uses

    assert uses == {A.lower(): ("data_encryption", "geo_backup_data_encryption")}


@pytest.mark.parametrize(("state", "updating"), [(None, False), ("Ready", False), ("Updating", True)])
def test_a_server_says_that_it_is_updating(state: str | None, updating: bool) -> None:
    assert server_from_arm({"properties": {"state": state}}, REF).updating is updating


def test_the_signed_url_of_an_operation_is_not_shown() -> None:
    assert "signature" not in repr(Operation("op", "now", "https://arm/op?s=signature"))
