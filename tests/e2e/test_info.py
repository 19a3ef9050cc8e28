# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""pgflex_identity_info: which servers, in what shape, and for how many requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.estates import (
    FAR,
    GROUP_A,
    GROUP_B,
    SHARED,
    SHOUTED,
    listings,
    seed_estate,
    seed_many,
    server_id,
    sign_ins,
)
from e2e.world import OTHER_SUBSCRIPTION, SUBSCRIPTION, identity_id

if TYPE_CHECKING:
    from e2e.conftest import RunInfo, RunModule, RunPlaybook
    from e2e.emulator_client import Emulator

MANY = "00000000-0000-4000-8000-00000000000f"
LIST = "/subscriptions/{}/providers/Microsoft.DBforPostgreSQL/flexibleServers"


@pytest.fixture(autouse=True)
def estate(emulator: Emulator) -> None:
    """Seed servers to list; those that the emulator starts with are in another group of the same subscription."""
    seed_estate(emulator)


def names(result: dict[str, Any]) -> list[str]:
    assert not result.get("failed"), result
    return [each["server"]["name"] for each in result["servers"] if each["server"]["resource_group"] != "rg-demo"]


def ids(result: dict[str, Any]) -> list[str]:
    return [each["server"]["id"] for each in result["servers"]]


@pytest.mark.parametrize(
    ("options", "expected", "requests"),
    [
        pytest.param({}, ["pg-one", "PG-Twin", "pg-cmk", "pg-twin"], 1, id="the subscription of the connection"),
        pytest.param({"resource_group": "RG-B"}, ["pg-cmk", "pg-twin"], 1, id="a group"),
        pytest.param({"resource_group": GROUP_A, "server_name": "pg-one"}, ["pg-one"], 1, id="a server by name"),
        pytest.param({"server_id": server_id("pg-one").lower()}, ["pg-one"], 1, id="a server by ID"),
        pytest.param({"subscriptions": [OTHER_SUBSCRIPTION]}, [FAR], 1, id="another subscription"),
        pytest.param(
            {"subscriptions": [OTHER_SUBSCRIPTION, SUBSCRIPTION], "resource_group": GROUP_A},
            ["pg-one", "PG-Twin", FAR],
            2,
            id="a group in two subscriptions",
        ),
        pytest.param(
            {"subscriptions": [OTHER_SUBSCRIPTION, SUBSCRIPTION], "resource_group": GROUP_B},
            ["pg-cmk", "pg-twin"],
            2,
            id="a group in one of two subscriptions",
        ),
        pytest.param(
            {"all_subscriptions": True, "subscription_id": None},
            ["pg-one", "PG-Twin", "pg-cmk", "pg-twin", FAR],
            3,
            id="all that the credential can see",
        ),
    ],
)
@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_the_options_say_where_to_look(
    options: dict[str, Any], expected: list[str], requests: int, check: bool, emulator: Emulator, info: RunInfo
) -> None:
    result = info(check=check, **options)
    assert names(result) == expected
    assert ids(result) == sorted(ids(result), key=str.lower)
    assert (result["changed"], result["requests"]) == (False, requests)
    assert len(listings(emulator)) == requests
    assert sign_ins(emulator) == 1
    assert "warnings" not in result


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"identity": SHARED}, ["pg-one", "PG-Twin", FAR]),
        ({"identity": SHOUTED}, ["pg-one", "PG-Twin", FAR]),
        ({"identity": "ID-Shared"}, ["pg-one", "PG-Twin", FAR]),
        ({"identity": identity_id("id-shared", GROUP_B)}, []),
        ({"tags": {"env": "prod"}}, ["pg-one", "pg-twin"]),
        ({"tags": {"ENV": None}}, ["pg-one", "PG-Twin", "pg-twin"]),
        ({"locations": ["East US"]}, ["pg-cmk", "pg-twin"]),
        ({"locations": ["eastus", "westeurope"]}, ["pg-cmk", "pg-twin"]),
        ({"states": ["stopped"]}, ["PG-Twin"]),
        ({"identity": "id-shared", "locations": ["canadacentral"], "tags": {"team": "x"}}, ["pg-one"]),
    ],
    ids=str,
)
def test_only_servers_that_pass_the_filters_are_listed(
    filters: dict[str, Any], expected: list[str], info: RunInfo
) -> None:
    assert names(info(subscriptions=[SUBSCRIPTION, OTHER_SUBSCRIPTION], filters=filters)) == expected


@pytest.mark.parametrize("client_ids", [False, True])
@pytest.mark.parametrize(("name", "group"), [("pg-one", GROUP_A), ("pg-cmk", GROUP_B)])
def test_server_and_identity_are_those_of_pgflex_identity(
    client_ids: bool, name: str, group: str, info: RunInfo, module: RunModule
) -> None:
    theirs = module(resource_group=group, server_name=name, state="info", client_ids=client_ids)
    listed = info(resource_group=group, client_ids=client_ids)["servers"]
    alone = info(resource_group=group, server_name=name, client_ids=client_ids)["servers"]
    expected = {"server": theirs["server"], "identity": theirs["identity"]}
    assert [each for each in listed if each["server"]["name"] == name] == alone == [expected]


@pytest.mark.parametrize("check", [False, True], ids=["real", "check"])
def test_the_cost_is_one_request_a_page(check: bool, emulator: Emulator, info: RunInfo) -> None:
    seed_many(emulator, MANY, 1000)
    result = info(check=check, subscriptions=[MANY])
    assert len(names(result)) == 1000
    assert listings(emulator) == [f"GET {LIST.format(MANY)}"] * 10
    assert sign_ins(emulator) == 1
    assert result["requests"] == 10


def test_an_identity_is_read_once_however_many_servers_hold_it(emulator: Emulator, info: RunInfo) -> None:
    seed_many(emulator, MANY, 250)
    result = info(subscriptions=[MANY], client_ids=True)
    reads = [each for each in listings(emulator) if "userassignedidentities" in each.lower()]
    assert len(reads) == len(set(reads)) == len(result["identities"]) == 10
    known = {each["id"].lower(): each["client_id"] for each in result["identities"]}
    held = [each for one in result["servers"] for each in one["identity"]["user_assigned_identities"]]
    assert len(held) == 250
    assert all(known.values())
    assert all(each["client_id"] == known[each["id"].lower()] for each in held)
    assert sign_ins(emulator) == 1
    assert result["requests"] == 13


def test_an_identity_that_was_deleted_is_read_once_and_one_warning(emulator: Emulator, info: RunInfo) -> None:
    gone = identity_id("id-gone", GROUP_A)
    servers = [{"name": f"pg-{number}", "identity": {"user_assigned": [gone]}} for number in range(3)]
    emulator.seed(
        {"subscriptions": [{"id": SUBSCRIPTION, "resource_groups": [{"name": "rg-gone", "servers": servers}]}]}
    )
    result = info(resource_group="rg-gone", client_ids=True)
    assert names(result) == ["pg-0", "pg-1", "pg-2"]
    assert [each.startswith(f"Cannot read identity {gone}: ") for each in result["warnings"]] == [True]
    assert result["requests"] == 2


def test_a_server_that_does_not_exist_is_a_failure(info: RunInfo) -> None:
    result = info(resource_group=GROUP_A, server_name="pg-absent")
    assert result["failed"]
    assert (result["error"]["code"], result["error"]["status"]) == ("ResourceNotFound", 404)


def test_a_play_in_check_mode_gets_the_servers_that_the_filters_name(playbook: RunPlaybook) -> None:
    options: dict[str, Any] = {"resource_group": GROUP_A, "filters": {"identity": "id-shared"}, "client_ids": True}
    tasks = [{"pgflex.azure.pgflex_identity_info": options}]
    played = playbook(tasks, "--check", module_defaults={"group/pgflex.azure.azure": {"poll_interval": 0.02}})
    assert played.rc == 0, played.output
    assert played.results[0]["changed"] is False
    assert names(played.results[0]) == ["pg-one", "PG-Twin"]
    assert "[WARNING]" not in played.output
