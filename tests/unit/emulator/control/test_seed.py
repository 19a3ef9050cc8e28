# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seeds: what is understood, and how a mistake is named."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from emulator.arm import resource_ids
from emulator.arm.models import World
from emulator.control import seed

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"


def world(*groups: dict[str, Any], **subscription: Any) -> World:
    result = World()
    entry = {"id": SUBSCRIPTION, "resource_groups": list(groups), **subscription}
    seed.apply(result, seed.load(yaml.safe_dump({"subscriptions": [entry]})))
    return result


def test_names_resolve_in_the_group_of_the_server() -> None:
    made = world(
        {"name": "g", "identities": [{"name": "a"}], "servers": [{"name": "pg1", "identity": {"user_assigned": ["A"]}}]}
    )
    (server,) = made.servers()
    assert server.identity.type == "UserAssigned"
    assert server.identity.user_assigned[0].endswith(
        "/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a"
    )


def test_a_full_id_need_not_exist() -> None:
    gone = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/gone/providers/{resource_ids.IDENTITY_TYPE}/x"
    (server,) = world({"name": "g", "servers": [{"name": "pg1", "identity": {"user_assigned": [gone]}}]}).servers()
    assert server.identity.user_assigned == (gone,)


def test_seeding_again_replaces_what_has_the_same_name() -> None:
    made = world({"name": "g", "servers": [{"name": "pg1"}, {"name": "pg2"}]})
    again = {
        "subscriptions": [
            {"id": SUBSCRIPTION, "resource_groups": [{"name": "G", "servers": [{"name": "PG1", "version": "16"}]}]}
        ]
    }
    seed.apply(made, again)
    assert sorted((each.name, each.version) for each in made.servers()) == [("PG1", "16"), ("pg2", "17")]


def test_generated_servers_are_dealt_out_to_the_groups() -> None:
    template = {"identity": {"user_assigned": ["id-02"]}, "tags": {"env": "prod"}, "location": "eastus"}
    made = world(generate={"servers": 5, "resource_groups": 2, "identities": 2, "template": template})
    servers = list(made.servers())
    assert sorted(each.name for each in servers) == ["pg-00001", "pg-00002", "pg-00003", "pg-00004", "pg-00005"]
    assert {each.group for each in servers} == {"rg-0001", "rg-0002"}
    assert all(made.identity(each.identity.user_assigned[0]) for each in servers)
    assert {(each.location, each.tags["env"]) for each in servers} == {("eastus", "prod")}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("subscriptions: [{name: no-id}]", r"\$\.subscriptions\[0\]: 'id' is a required property"),
        (f"subscriptions: [{{id: {SUBSCRIPTION}, colour: red}}]", r"\$\.subscriptions\[0\].*'colour'"),
        (
            f"subscriptions: [{{id: {SUBSCRIPTION}, "
            "resource_groups: [{name: g, servers: [{name: pg1, state: Asleep}]}]}]",
            r"\$\.subscriptions\[0\]\.resource_groups\[0\]\.servers\[0\]\.state: 'Asleep'",
        ),
        ("subscriptions: [", "while parsing"),
    ],
)
def test_the_error_about_a_bad_seed_names_the_place(text: str, place: str) -> None:
    with pytest.raises(seed.SeedError, match=place):
        seed.load(text)


@pytest.mark.parametrize(
    ("identity", "place"),
    [
        ({"user_assigned": ["nobody"]}, r"servers\[0\]\.identity\.user_assigned\[0\]: .* has no identity 'nobody'"),
        ({"type": "UserAssigned"}, r"servers\[0\]\.identity: type 'UserAssigned' does not fit 0"),
    ],
)
def test_the_error_about_a_seed_that_contradicts_itself_names_the_place(identity: dict[str, Any], place: str) -> None:
    with pytest.raises(seed.SeedError, match=place):
        world({"name": "g", "servers": [{"name": "pg1", "identity": identity}]})
