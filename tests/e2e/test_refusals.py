# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Refusals come before any write, with the same words in check mode and for real."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from e2e.world import (
    SERVER_ID,
    arm_calls,
    held_id,
    identity_id,
    seed_identity,
    seed_server,
    true_identity,
    user_assigned,
)

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

A, CMK, GEO = identity_id("id-a"), held_id("id-cmk"), held_id("id-geo")
NO_CMK = f"Cannot remove identity {CMK} because it's used for data encryption."
NO_GEO = f"Cannot remove identity {GEO} because it's used for geo backup data encryption."
NO_SYSTEM_OFF_CMK = (
    "On servers for which data encryption is based on customer managed key, "
    "system assigned managed identity cannot be disabled."
)
NO_SYSTEM_OFF_FABRIC = (
    "On servers for which Fabric mirroring is enabled, system assigned managed identity cannot be disabled."
)
NO_CLUSTER = "Elastic cluster does not currently support this operation."
ENCRYPTED = {"encryption": {"primary": "id-cmk", "geo_backup": "id-geo"}}
ONE_FOR_BOTH = {"encryption": {"primary": "id-cmk", "geo_backup": "id-cmk"}}
HELD = user_assigned("id-a", "id-cmk", "id-geo")
IN_USE, NO_OFF = "IdentityUsedForEncryption", "SystemAssignedIdentityInUse"


@dataclass(frozen=True)
class Case:
    """`desired` on `server` with the identity `start` is refused with exactly `message`."""

    title: str
    desired: dict[str, Any]
    message: str
    code: str
    target: str = SERVER_ID
    start: dict[str, Any] = field(default_factory=lambda: HELD)
    server: dict[str, Any] = field(default_factory=lambda: ENCRYPTED)
    reads: list[str] = field(default_factory=lambda: ["GET server"])
    settings: dict[str, Any] = field(default_factory=dict)


CASES = [
    Case("remove the key identity", {"state": "absent", "identities": [CMK]}, NO_CMK, IN_USE, CMK),
    Case("remove the key identity in capitals", {"state": "absent", "identities": [CMK.upper()]}, NO_CMK, IN_USE, CMK),
    Case("remove the key identity by name", {"state": "absent", "identities": ["id-cmk"]}, NO_CMK, IN_USE, CMK),
    Case("remove the geo identity", {"state": "absent", "identities": [GEO]}, NO_GEO, IN_USE, GEO),
    Case("remove both", {"state": "absent", "identities": [GEO, A, CMK]}, f"{NO_CMK} {NO_GEO}", IN_USE, CMK),
    Case(
        "remove one that serves both",
        {"state": "absent", "identities": [CMK]},
        NO_CMK,
        IN_USE,
        CMK,
        user_assigned("id-cmk"),
        ONE_FOR_BOTH,
    ),
    Case(
        "purge that would take both", {"identities": [A], "purge_identities": True}, f"{NO_CMK} {NO_GEO}", IN_USE, CMK
    ),
    Case("purge that would take one", {"identities": [CMK], "purge_identities": True}, NO_GEO, IN_USE, GEO),
    Case("purge to nothing", {"identities": [], "purge_identities": True}, f"{NO_CMK} {NO_GEO}", IN_USE, CMK),
    Case("replace the key identity", {"identities": ["id-b"], "replaces": [CMK]}, NO_CMK, IN_USE, CMK),
    Case(
        "remove the key identity by name although purge keeps it",
        {"identities": ["id-b"], "replaces": [CMK], "purge_identities": True, "keep_encryption_identities": True},
        NO_CMK,
        IN_USE,
        CMK,
    ),
    Case(
        "system off with a customer-managed key",
        {"system_assigned": False},
        NO_SYSTEM_OFF_CMK,
        NO_OFF,
        start=user_assigned("id-cmk", "id-geo", system=True),
    ),
    Case(
        "system off with Fabric mirroring",
        {"system_assigned": False, "identities": [A]},
        NO_SYSTEM_OFF_FABRIC,
        NO_OFF,
        start=user_assigned("id-a", system=True),
        server={"fabric_mirroring": True},
        reads=["GET server", "GET configuration"],
    ),
    *(
        Case(
            f"an elastic cluster that the service would {switch}",
            {"identities": [A]},
            NO_CLUSTER,
            "ElasticCluster",
            start=user_assigned(),
            server={"cluster_size": 2},
            settings={"elastic_cluster_patch": switch},
        )
        for switch in ("accept", "refuse")
    ),
    Case(
        "an elastic cluster with nothing to do",
        {"identities": [A]},
        NO_CLUSTER,
        "ElasticCluster",
        start=user_assigned("id-a"),
        server={"cluster_size": 2},
    ),
]


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize("case", [pytest.param(each, id=each.title) for each in CASES])
def test_it_is_refused_and_nothing_is_written(case: Case, check: bool, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, case.start, **case.server)
    emulator.settings(**case.settings)
    start = true_identity(emulator)
    result = module(check=check, **case.desired)
    assert result["failed"]
    assert result["msg"] == case.message
    assert result["error"] == {
        "code": case.code,
        "help": f"https://pgflex.github.io/azure/docsite/troubleshooting.html#{case.code.lower()}",
        "message": case.message,
        "status": None,
        "target": case.target,
        "request_id": None,
        "write": "none",
        "operation": None,
    }
    assert arm_calls(emulator) == case.reads
    assert true_identity(emulator) == start


def test_an_elastic_cluster_can_be_read(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-a"), cluster_size=2)
    assert module(state="info")["identity"]["type"] == "UserAssigned"


@dataclass(frozen=True)
class Unusable:
    """An identity, with further keys of a seed's identity, that may not be assigned."""

    title: str
    facts: dict[str, Any] | None
    problem: str


UNUSABLE = [
    Unusable(
        "does not exist",
        None,
        "it does not exist. Check its name, its resource group and its subscription.",
    ),
    Unusable(
        "is isolated to another region",
        {"location": "westeurope", "isolation_scope": "Regional"},
        "it is isolated to its region westeurope, and the server is in Canada Central.",
    ),
    Unusable(
        "is restricted to other providers",
        {"assignment_restrictions": ["Microsoft.Compute"]},
        "its assignment restrictions allow only Microsoft.Compute.",
    ),
]


@pytest.mark.parametrize("check", [True, False], ids=["check", "real"])
@pytest.mark.parametrize("case", [pytest.param(each, id=each.title) for each in UNUSABLE])
def test_validation_refuses_an_identity_that(
    case: Unusable, check: bool, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    new = identity_id("id-new") if case.facts is None else seed_identity(emulator, "id-new", **case.facts)
    result = module(check=check, identities=[new])
    assert result["msg"] == f"Cannot assign identity {new}: {case.problem}"
    assert (result["error"]["code"], result["error"]["target"]) == ("IdentityUnusable", new)
    assert arm_calls(emulator) == ["GET server", "GET identity"]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"isolation_scope": "Regional"}, id="isolated to the region of the server"),
        pytest.param({"location": "westeurope", "isolation_scope": "None"}, id="of another region, not isolated"),
        pytest.param({"assignment_restrictions": ["microsoft.dbforpostgresql"]}, id="restricted to this provider"),
    ],
)
def test_validation_lets_an_identity_through_that_is(
    facts: dict[str, Any], emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    new = seed_identity(emulator, "id-new", **facts)
    assert module(identities=["id-new"])["assigned"] == [new]
