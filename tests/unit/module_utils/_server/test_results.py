# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of a module: plain, sorted, and no value that is known to be wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import (
    AssignedIdentity,
    DesiredState,
    ServerIdentity,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import plan
from ansible_collections.pgflex.azure.plugins.module_utils._server.preflight import Identities
from ansible_collections.pgflex.azure.plugins.module_utils._server.results import (
    diff,
    host_variables,
    identity_facts,
    server_facts,
    server_with_identity,
)
from unit.support import PRINCIPAL, REF, SUBSCRIPTION, TENANT, A, B, Cloud, FakeTime, forbidden, identity, mi, server

HELD = ServerIdentity(user_assigned=(AssignedIdentity(A, PRINCIPAL), AssignedIdentity(B)), tenant_id=TENANT)


def assigned(*identities: Any) -> tuple[list[tuple[str | None, str | None]], list[str]]:
    """Return principal and client ID of A and B, looked up among identities, and the warnings."""
    known = Identities(Cloud(*identities), FakeTime().retry_policy())
    facts = identity_facts(HELD, {}, known)
    return [(each["principal_id"], each["client_id"]) for each in facts["user_assigned_identities"]], known.warnings


def test_a_server_is_told() -> None:
    assert server_facts(server(A, primary=A, geo=B)) == {
        "id": REF.id,
        "name": "pg-orders",
        "resource_group": "rg-prod",
        "subscription_id": SUBSCRIPTION,
        "location": "Canada Central",
        "state": "Ready",
        "version": "17",
        "tags": {},
        "replication_role": None,
        "source_server_id": None,
        "encryption": {
            "type": "AzureKeyVault",
            "primary_user_assigned_identity_id": A,
            "geo_backup_user_assigned_identity_id": B,
            "primary_federated_identity_client_id": None,
            "geo_backup_federated_identity_client_id": None,
        },
    }


def test_identities_are_sorted_and_told_with_their_parts_and_uses() -> None:
    lower = mi("id-a", segment="resourcegroups")
    found = server(B, lower, system=True, primary=A, geo=A.upper())

    assert identity_facts(found.identity, found.encryption.uses) == {
        "type": "SystemAssigned,UserAssigned",
        "tenant_id": TENANT,
        "principal_id": PRINCIPAL,
        "user_assigned_identities": [
            {
                "id": each,
                "name": name,
                "resource_group": "rg-ids",
                "subscription_id": SUBSCRIPTION,
                "principal_id": None,
                "client_id": None,
                "used_for": uses,
            }
            for each, name, uses in (
                (lower, "id-a", ["data_encryption", "geo_backup_data_encryption"]),
                (B, "id-b", []),
            )
        ],
    }


def test_a_server_among_others_is_told_with_its_identity() -> None:
    found = server(A, primary=A)

    assert server_with_identity(found) == {
        "server": server_facts(found),
        "identity": identity_facts(found.identity, found.encryption.uses),
    }


def test_an_inventory_host_has_the_same_facts_as_variables_with_a_prefix() -> None:
    found = server(A, primary=A)
    variables = host_variables(found)

    assert {name.removeprefix("pgflex_server_").removeprefix("pgflex_") for name in variables} == {
        *server_facts(found),
        "current_identity",
    }
    assert all(name.startswith("pgflex_") for name in variables)
    assert (variables["pgflex_server_id"], variables["pgflex_server_name"]) == (REF.id, "pg-orders")
    assert variables["pgflex_current_identity"] == identity_facts(found.identity, found.encryption.uses)


def test_no_identity_is_told_as_none() -> None:
    assert identity_facts(ServerIdentity(), {}) == {
        "type": "None", "tenant_id": None, "principal_id": None, "user_assigned_identities": [],
    }  # fmt: skip


def test_client_ids_are_looked_up() -> None:
    assert assigned(identity(A, principal_id=PRINCIPAL), identity(B)) == (
        [(PRINCIPAL, "client of id-a"), ("principal of id-b", "client of id-b")],
        [],
    )


def test_the_principal_of_an_identity_that_was_made_again_is_not_paired_with_its_new_client_id() -> None:
    found, warnings = assigned(identity(A), identity(B))

    assert found[0] == (PRINCIPAL, None)
    assert warnings == [
        f"Identity {A} was deleted and made again: the server holds its former principal {PRINCIPAL}, whose client ID "
        "is not known. Remove the identity and assign it again."
    ]


def test_what_may_not_be_read_or_is_gone_is_null_with_a_warning() -> None:
    found, warnings = assigned(forbidden(A))

    assert found == [(PRINCIPAL, None), (None, None)]
    assert [warning.split(" (")[0] for warning in warnings] == ["Cannot read: No right", "Cannot do it: It is so"]


def test_a_client_id_that_the_server_knows_stays_without_a_look() -> None:
    known = replace(HELD, user_assigned=(AssignedIdentity(A, PRINCIPAL, "client"),))

    assert identity_facts(known, {})["user_assigned_identities"][0]["client_id"] == "client"


@pytest.mark.parametrize(
    ("held", "desired", "before", "after"),
    [
        pytest.param((), DesiredState(present=(B, A)), ("None", []), ("UserAssigned", [A, B]), id="a change"),
        pytest.param((B, A), DesiredState(), ("UserAssigned", [A, B]), ("UserAssigned", [A, B]), id="no change"),
        pytest.param((A,), DesiredState(absent=(A,)), ("UserAssigned", [A]), ("None", []), id="the last one goes"),
    ],
)
def test_the_difference_is_told(
    held: tuple[str, ...], desired: DesiredState, before: tuple[str, list[str]], after: tuple[str, list[str]]
) -> None:
    found = server(*held)

    assert diff(found, plan(found, desired)) == {
        "before_header": REF.id,
        "after_header": REF.id,
        "before": {"type": before[0], "user_assigned_identities": before[1]},
        "after": {"type": after[0], "user_assigned_identities": after[1]},
    }
