# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows as a user writes them: a bad one fails alone, and names the option that is wrong; never two for one server."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.connection import Connection
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.target import InvalidTarget, Target
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.targets import read_targets
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef, key
from unit.support import REF, SUBSCRIPTION, A, B, mi

OTHER = "00000000-0000-0000-0000-000000000002"
HERE = {"resource_group": "rg-prod", "server_name": "pg-orders"}
#: What Ansible makes of a row in which nothing is set.
UNSET: dict[str, Any] = {
    "name": None,
    "server_id": None,
    "subscription_id": None,
    "resource_group": None,
    "server_name": None,
    "present": None,
    "absent": [],
    "purge": False,
    "keep_encryption_identities": False,
    "system_assigned": None,
    "identity_resource_group": None,
    "identity_subscription_id": None,
}


def read(
    *raw: dict[str, Any], subscription: str | None = SUBSCRIPTION, earlier: dict[str, str] | None = None
) -> list[Target | InvalidTarget]:
    connection = Connection({"subscription_id": subscription, "client_id": "c", "secret": "s", "tenant": "t"})
    return read_targets([{**UNSET, **each} for each in raw], connection, earlier)


def good(raw: dict[str, Any], **options: Any) -> Target:
    target = read(raw, **options)[0]
    assert isinstance(target, Target), target.error
    return target


def test_no_two_rows_have_one_name() -> None:
    places = [{"resource_group": group, "server_name": "pg"} for group in ("rg-a", "rg-b")]
    found = read(*places, {"name": "other", **places[0], "server_name": "pg-other"})
    assert [target.name for target in found] == ["pg (row 1)", "pg (row 2)", "other"]


def test_without_rows_there_is_no_desired_state() -> None:
    assert read() == []


@pytest.mark.parametrize(
    ("place", "subscription"),
    [
        (HERE, SUBSCRIPTION),
        (HERE, None),
        ({"server_name": "PG-ORDERS"}, SUBSCRIPTION),
        ({**HERE, "subscription_id": SUBSCRIPTION}, OTHER),
        ({"resource_group": "RG-prod"}, OTHER),
    ],
)
def test_a_server_may_be_named_twice(place: dict[str, Any], subscription: str | None) -> None:
    assert good({"server_id": REF.id, **place}, subscription=subscription).ref == REF


@pytest.mark.parametrize(
    ("place", "subscription", "other"),
    [
        (HERE, OTHER, ServerRef(OTHER, "rg-prod", "pg-orders")),
        ({**HERE, "subscription_id": OTHER}, SUBSCRIPTION, ServerRef(OTHER, "rg-prod", "pg-orders")),
        ({"subscription_id": OTHER}, SUBSCRIPTION, ServerRef(OTHER, "rg-prod", "pg-orders")),
        ({"resource_group": "rg-test"}, SUBSCRIPTION, ServerRef(SUBSCRIPTION, "rg-test", "pg-orders")),
        ({**HERE, "server_name": "pg-other"}, SUBSCRIPTION, ServerRef(SUBSCRIPTION, "rg-prod", "pg-other")),
    ],
)
def test_two_names_of_two_servers_are_refused(place: dict[str, Any], subscription: str, other: ServerRef) -> None:
    (target,) = read({"server_id": REF.id, **place}, subscription=subscription)
    assert isinstance(target, InvalidTarget)
    assert str(target.error).startswith(
        f"server_id: is {REF.id}, but by subscription, resource group and name the server is {other.id}. "
    )


def test_a_server_by_group_and_name_is_in_the_subscription_of_the_task() -> None:
    assert good(HERE).ref == REF


def test_the_subscription_of_the_row_counts_more() -> None:
    assert good({**HERE, "subscription_id": OTHER}).ref.subscription_id == OTHER
    assert good({**HERE, "subscription_id": OTHER}, subscription=None).ref.subscription_id == OTHER


@pytest.mark.parametrize("subscription", [OTHER, None])
def test_a_server_by_its_id_needs_no_subscription(subscription: str | None) -> None:
    assert good({"server_id": REF.id}, subscription=subscription).ref == REF


def test_an_empty_id_is_unset() -> None:
    assert good({**HERE, "server_id": ""}).ref == REF


def test_everything_that_a_row_may_desire() -> None:
    raw = {"purge": True, "keep_encryption_identities": True, "system_assigned": False, "present": [A], "absent": [B]}
    assert good({**HERE, **raw}).desired == DesiredState((A,), (B,), True, True, False)


def test_a_row_may_desire_nothing() -> None:
    assert good(HERE).desired == DesiredState()


def test_bare_names_are_looked_for_beside_the_server() -> None:
    assert good({**HERE, "present": ["id-a"], "absent": ["id-b"]}).desired == DesiredState(
        (mi("id-a", "rg-prod"),), (mi("id-b", "rg-prod"),)
    )


def test_an_identity_is_where_the_row_says() -> None:
    where = {"identity_resource_group": "rg-ids", "identity_subscription_id": OTHER}
    assert good({**HERE, **where, "present": ["id-a"]}).desired.present == (A.replace(SUBSCRIPTION, OTHER),)


def test_an_identity_that_is_named_twice_is_meant_once() -> None:
    assert good({**HERE, "present": [A, A.upper()]}).desired.present == (A,)


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ({"name": "orders", **HERE}, "orders"),
        (HERE, "pg-orders"),
        ({"server_id": REF.id}, REF.id),
        ({"name": "", **HERE}, "pg-orders"),
        ({}, "row 1"),
    ],
    ids=["its own", "of the server", "ID of the server", "empty", "none at all"],
)
def test_a_row_has_a_name_of_its_own_or_that_of_its_server(raw: dict[str, Any], name: str) -> None:
    assert read(raw)[0].name == name


BAD_ID = REF.id.replace("flexibleServers", "servers")
BAD = [
    pytest.param({}, "server_id", "name the server", id="no server"),
    pytest.param({"server_name": "pg-orders"}, "server_id", "name the server", id="no group"),
    pytest.param({"resource_group": "rg-prod"}, "server_id", "name the server", id="no name"),
    pytest.param({"server_id": BAD_ID}, "server_id", "not of a", id="ID of another type"),
    pytest.param({"server_id": "pg-orders"}, "server_id", "not a resource ID", id="no ID"),
    pytest.param({**HERE, "server_name": "pg_orders"}, "server_name", "not the name", id="bad name"),
    pytest.param({**HERE, "resource_group": "a/b"}, "resource_group", "not the name", id="bad group"),
    pytest.param({**HERE, "subscription_id": "prod"}, "subscription_id", "GUID", id="bad subscription"),
    pytest.param({**HERE, "present": [""]}, "present", "empty string", id="empty identity"),
    pytest.param({**HERE, "present": [A, "id a"]}, "present", "neither", id="bad identity"),
    pytest.param({**HERE, "absent": [REF.id]}, "absent", "not of a", id="identity of another type"),
    pytest.param({**HERE, "present": [A], "absent": [A.upper()]}, "absent", "is in present too", id="both"),
    pytest.param(
        {**HERE, "present": ["a1"], "identity_resource_group": "a/b"},
        "identity_resource_group",
        "not the name",
        id="bad group of identities",
    ),
    pytest.param(
        {**HERE, "present": ["a1"], "identity_subscription_id": "prod"},
        "identity_subscription_id",
        "GUID",
        id="bad subscription of identities",
    ),
]


@pytest.mark.parametrize(("raw", "option", "said"), BAD)
def test_a_bad_row_fails_alone_and_names_its_option(raw: dict[str, Any], option: str, said: str) -> None:
    other = {"server_id": REF.id.replace("orders", "others"), "present": [A]}
    before, target, after = read(other, raw, {**other, "server_id": f"{REF.id}-2"})
    assert isinstance(target, InvalidTarget)
    assert (target.error.target, target.error.code) == (option, "InvalidInput")
    assert str(target.error).startswith(f"{option}: ")
    assert said in str(target.error)
    assert (target.changed, target.started, target.reconciled) == (False, True, None)
    assert isinstance(before, Target)
    assert isinstance(after, Target)


def test_without_any_subscription_a_row_that_needs_one_fails_alone() -> None:
    target, other = read(HERE, {"server_id": f"{REF.id}-2"}, subscription=None)
    assert isinstance(target, InvalidTarget)
    assert target.error.target == "subscription_id"
    assert isinstance(other, Target)


def test_two_rows_for_one_server_both_fail_and_name_each_other() -> None:
    first = {"name": "one", **HERE, "present": [A]}
    second = {"name": "two", "server_id": REF.id.upper().replace("/SUBSCRIPTIONS", "/subscriptions"), "absent": [A]}
    targets = read(first, {"server_id": f"{REF.id}-2"}, second)
    assert [type(target) for target in targets] == [InvalidTarget, Target, InvalidTarget]
    for target in (targets[0], targets[2]):
        assert isinstance(target, InvalidTarget)
        assert "one and two name the same server" in str(target.error)


def test_a_row_for_the_server_of_an_earlier_one_fails_unless_it_is_that_one() -> None:
    earlier = {key(REF.id): "pg-1", key(f"{REF.id}-2"): "other"}
    refused, again = read({"name": "one", **HERE}, {"name": "other", "server_id": f"{REF.id}-2"}, earlier=earlier)
    assert isinstance(refused, InvalidTarget)
    assert f"servers: pg-1 of an earlier batch and one name the same server, {REF.id}" in str(refused.error)
    assert isinstance(again, Target)


def test_a_bad_row_is_no_twin() -> None:
    targets = read({**HERE, "present": [""]}, HERE)
    assert [type(target) for target in targets] == [InvalidTarget, Target]
