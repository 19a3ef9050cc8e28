# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads before a write, and what is refused because of them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import Refused, ServiceError
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import plan
from ansible_collections.pgflex.azure.plugins.module_utils._server.preflight import Identities, Preflight
from unit.support import REF, A, B, C, Cloud, FakeTime, forbidden, identity, refusal, server

OFF = DesiredState(system_assigned=False)
MIRRORS = "On servers for which Fabric mirroring is enabled, system assigned managed identity cannot be disabled."


def look(cloud: Cloud, desired: DesiredState, *held: str, system: bool = False, validate: bool = True) -> Identities:
    retry_policy = FakeTime().retry_policy()
    identities = Identities(cloud, retry_policy)
    before = server(*held, system=system)
    Preflight(cloud, identities if validate else None, retry_policy).check(before, plan(before, desired))
    return identities


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({}, id="without any limit"),
        pytest.param({"isolation_scope": "None", "location": "eastus"}, id="not isolated, in another region"),
        pytest.param({"isolation_scope": "Regional"}, id="isolated to this region, which servers spell in words"),
        pytest.param({"isolation_scope": "regional", "location": "CanadaCentral"}, id="the same in another casing"),
        pytest.param({"allowed_providers": ("Microsoft.DBforPostgreSQL",)}, id="for this provider"),
        pytest.param(
            {"allowed_providers": ("x", "microsoft.dbforpostgresql/FLEXIBLESERVERS")}, id="for flexible servers"
        ),
    ],
)
def test_an_identity_may_be_assigned(facts: dict[str, Any]) -> None:
    assert look(Cloud(identity(A, **facts)), DesiredState(present=(A,))).warnings == []


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        pytest.param(
            {"isolation_scope": "Regional", "location": "eastus"},
            "it is isolated to its region eastus, and the server is in Canada Central.",
            id="isolated to another region",
        ),
        pytest.param(
            {"allowed_providers": ("Microsoft.Compute", "Microsoft.Web")},
            "its assignment restrictions allow only Microsoft.Compute, Microsoft.Web.",
            id="for other providers",
        ),
        pytest.param({"allowed_providers": ()}, "its assignment restrictions allow only .", id="for none"),
    ],
)
def test_an_identity_may_not_be_assigned(facts: dict[str, Any], problem: str) -> None:
    with pytest.raises(Refused) as caught:
        look(Cloud(identity(A, **facts)), DesiredState(present=(A,)))

    assert str(caught.value) == f"Cannot assign identity {A}: {problem}"
    assert (caught.value.code, caught.value.target) == ("IdentityUnusable", A)


def test_an_identity_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        Refused, match=r"id-a: it does not exist\. Check its name, its resource group and its subscription\.$"
    ):
        look(Cloud(), DesiredState(present=(A,)))


def test_an_identity_that_may_not_be_read_is_a_warning() -> None:
    assert look(Cloud(forbidden(A)), DesiredState(present=(A,))).warnings == [str(forbidden(A))]


def test_any_other_failure_is_an_error() -> None:
    broken = ServiceError("Cannot read", "No", status=400, target=A)
    with pytest.raises(ServiceError, match="Cannot read: No"):
        look(Cloud(broken), DesiredState(present=(A,)))


def test_only_what_is_newly_assigned_is_read() -> None:
    cloud = Cloud(identity(A))
    look(cloud, DesiredState(present=(A, B)), B)

    assert cloud.asked == [A]


def test_nothing_is_read_without_need() -> None:
    cloud = Cloud()
    look(cloud, DesiredState(present=(A,)), validate=False)

    assert cloud.asked == []


def test_an_identity_is_read_once_whatever_its_spelling() -> None:
    cloud = Cloud(identity(A))
    identities = Identities(cloud, FakeTime().retry_policy())

    assert identities.get(A) is identities.get(A.upper()) is identities.look_up(A.lower())
    assert cloud.asked == [A]


def test_what_was_read_is_known_in_order() -> None:
    identities = Identities(Cloud(identity(B), identity(A), forbidden(C)), FakeTime().retry_policy())
    for each in (C, B, A):
        identities.get(each)

    assert [each.id for each in identities.known] == [A, B]


@pytest.mark.parametrize("error", [forbidden(A), ServiceError("Cannot read", "Gone", status=404, target=A)])
def test_looking_up_what_cannot_be_read_is_a_warning(error: ServiceError) -> None:
    identities = Identities(Cloud(error), FakeTime().retry_policy())

    assert identities.look_up(A) is None
    assert identities.warnings == [str(error)]


def test_looking_up_does_not_hide_other_failures() -> None:
    identities = Identities(Cloud(ServiceError("Cannot read", "No", status=400, target=A)), FakeTime().retry_policy())
    with pytest.raises(ServiceError):
        identities.look_up(A)


def test_a_mirroring_server_keeps_its_system_identity() -> None:
    with pytest.raises(Refused) as caught:
        look(Cloud(mirrors=True), OFF, system=True)

    assert str(caught.value) == MIRRORS
    assert (caught.value.code, caught.value.target) == ("SystemAssignedIdentityInUse", REF.id)


@pytest.mark.parametrize(
    "mirrors",
    [
        pytest.param(False, id="off"),
        pytest.param(refusal(404, "ResourceNotFound"), id="a version without mirroring"),
    ],
)
def test_without_mirroring_the_system_identity_may_go(mirrors: bool | ServiceError) -> None:
    cloud = Cloud(mirrors=mirrors)
    look(cloud, OFF, A, system=True)

    assert cloud.asked == [REF.id]


def test_a_stopped_server_cannot_say_whether_it_mirrors() -> None:
    with pytest.raises(ServiceError, match="az postgres flexible-server start"):
        look(Cloud(mirrors=refusal(400, "ServerStoppedError")), OFF, system=True)


def test_mirroring_is_not_asked_for_when_the_system_identity_stays() -> None:
    cloud = Cloud(mirrors=True)
    look(cloud, DesiredState(absent=(A,)), A, system=True)

    assert cloud.asked == []
