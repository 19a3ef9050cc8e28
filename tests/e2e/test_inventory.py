# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin pgflex_servers with the real ansible-inventory: hosts, their names, groups and variables."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from e2e.estates import FAR, GROUP_A, GROUP_B, SHARED, SHOUTED, listings, seed_estate, server_id, sign_ins
from e2e.world import OTHER_SUBSCRIPTION, SUBSCRIPTION

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunInfo, RunInventory
    from e2e.emulator_client import Emulator
    from e2e.runs import Inventoried

BOTH: dict[str, Any] = {"subscriptions": [SUBSCRIPTION, OTHER_SUBSCRIPTION]}
GROUPS: dict[str, Any] = {"resource_groups": [GROUP_A, GROUP_B]}
TWINS = ["PG-Twin_rg-a", "pg-twin_rg-b"]
FACTS = (
    *(
        "server_id",
        "server_name",
        "resource_group",
        "subscription_id",
        "location",
        "state",
        "version",
        "tags",
        "replication_role",
        "source_server_id",
    ),
    *("encryption", "current_identity"),
)
COMPLAINTS = ("[WARNING]", "[DEPRECATION", "[ERROR]", "Traceback")


@pytest.fixture(autouse=True)
def estate(emulator: Emulator) -> None:
    """Seed servers to be hosts."""
    seed_estate(emulator)


def names(done: Inventoried) -> list[str]:
    assert done.rc == 0, done.output
    assert not [each for each in COMPLAINTS if each in done.stderr], done.stderr
    return sorted(done.hosts)


@pytest.mark.smoke
def test_each_server_is_a_host_with_its_variables(emulator: Emulator, inventory: RunInventory, info: RunInfo) -> None:
    strict = {**emulator.environment, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    done = inventory(env=strict, **BOTH, **GROUPS)
    assert names(done) == sorted([*TWINS, "pg-cmk", FAR, "pg-one"])
    assert done.group("pgflex_servers") == names(done)
    for expected in info(**BOTH)["servers"]:
        server, identity = expected["server"], expected["identity"]
        if server["resource_group"] == "rg-demo":
            continue
        host = next(each for each in done.hosts.values() if each["pgflex_server_id"] == server["id"])
        assert {name: host[f"pgflex_{name}"] for name in FACTS} == {
            **{f"server_{name}": server.pop(name) for name in ("id", "name")},
            **server,
            "current_identity": identity,
        }
        assert host["ansible_connection"] == "local"
        assert set(host) == {f"pgflex_{each}" for each in FACTS} | {"ansible_connection", "ansible_python_interpreter"}


def test_the_cost_is_one_request_a_page(emulator: Emulator, inventory: RunInventory) -> None:
    emulator.settings(page_size=2)
    inventory(**GROUPS)
    assert len(listings(emulator)) == 2
    assert sign_ins(emulator) == 1


def test_the_graph_shows_the_servers_in_their_group(inventory: RunInventory) -> None:
    done = inventory("ansible-inventory", "--graph", resource_groups=[GROUP_B])
    assert done.rc == 0
    assert "  |--@pgflex_servers:" in done.stdout
    assert "  |  |--pg-cmk" in done.stdout


@pytest.mark.smoke
def test_a_module_can_run_on_every_host_without_more_settings(inventory: RunInventory) -> None:
    arguments = "server_id={{ pgflex_server_id }} state=info"
    command = ("ansible", "pgflex_servers", "-m", "pgflex.azure.pgflex_identity", "-a", arguments, "--one-line")
    done = inventory(*command, resource_groups=[GROUP_B])
    assert done.rc == 0, done.output
    results = dict(line.split(" | SUCCESS => ") for line in done.stdout.splitlines())
    found = {host: json.loads(result)["server"]["id"] for host, result in results.items()}
    assert found == {name: server_id(name, GROUP_B) for name in ("pg-cmk", "pg-twin")}


def test_hosts_use_the_python_that_runs_ansible(inventory: RunInventory) -> None:
    done = inventory("ansible", "pg-one", "-m", "ansible.builtin.debug", "-a", "var=ansible_python_interpreter")
    assert sys.executable in done.stdout


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"include_filters": [{"tags": {"env": "prod"}}]}, ["pg-one", "pg-twin"], id="include"),
        pytest.param({"include_filters": [{"identity": SHOUTED}]}, ["PG-Twin", "pg-far", "pg-one"], id="any casing"),
        pytest.param(
            {"include_filters": [{"identity": "ID-shared"}, {"locations": ["East US"]}]},
            ["PG-Twin_rg-a", "pg-cmk", "pg-far", "pg-one", "pg-twin_rg-b"],
            id="one of two",
        ),
        pytest.param({"exclude_filters": [{"identity": SHARED}]}, ["pg-cmk", "pg-twin"], id="exclude"),
        pytest.param(
            {"include_filters": [{"tags": {"env": None}}], "exclude_filters": [{"states": ["Stopped"]}]},
            ["pg-one", "pg-twin"],
            id="both",
        ),
    ],
)
def test_only_servers_that_pass_the_filters_are_hosts(
    options: dict[str, Any], expected: list[str], inventory: RunInventory
) -> None:
    assert names(inventory(**BOTH, **GROUPS, **options)) == expected


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"subscriptions": [OTHER_SUBSCRIPTION]}, [FAR], id="another subscription"),
        pytest.param({"all_subscriptions": True, **GROUPS}, sorted([*TWINS, "pg-cmk", FAR, "pg-one"]), id="all"),
        pytest.param({**BOTH, "resource_groups": [GROUP_B]}, ["pg-cmk", "pg-twin"], id="a group in one of two"),
        pytest.param({"resource_groups": [GROUP_A.upper(), GROUP_A]}, ["PG-Twin", "pg-one"], id="a group named twice"),
    ],
)
def test_the_options_say_where_to_look(options: dict[str, Any], expected: list[str], inventory: RunInventory) -> None:
    assert names(inventory(**options)) == expected


def test_an_option_counts_more_than_the_environment(emulator: Emulator, inventory: RunInventory) -> None:
    wrong = {**emulator.environment, "AZURE_SECRET": "wrong", "AZURE_SUBSCRIPTION_ID": OTHER_SUBSCRIPTION}
    options = {"secret": emulator.ready["secret"], "subscription_id": SUBSCRIPTION}
    assert names(inventory(env=wrong, **GROUPS, **options)) == ["PG-Twin_rg-a", "pg-cmk", "pg-one", "pg-twin_rg-b"]


def test_options_may_be_templates(emulator: Emulator, inventory: RunInventory) -> None:
    mine = {"MY_SECRET": emulator.ready["secret"], "MY_GROUP": GROUP_B, "MY_TAG": "prod"}
    secret, group, tag = (f"{{{{ lookup('ansible.builtin.env', '{name}') }}}}" for name in mine)
    options: dict[str, Any] = {
        "secret": secret,
        "resource_groups": [group],
        "include_filters": [{"tags": {"env": tag}}],
    }
    assert names(inventory(env={**emulator.environment, "AZURE_SECRET": "", **mine}, **options)) == ["pg-twin"]


@pytest.mark.parametrize(
    ("hostnames", "expected"),
    [
        pytest.param(["pgflex_resource_group ~ '.' ~ pgflex_server_name"],
                     ["rg-a.PG-Twin", "rg-a.pg-far", "rg-a.pg-one", "rg-b.pg-cmk", "rg-b.pg-twin"], id="an expression"),
        pytest.param(["pgflex_tags.team | default('')", "pgflex_server_name"],
                     ["PG-Twin_rg-a", "pg-cmk", "pg-far", "pg-twin_rg-b", "x"], id="the first that is not empty"),
        pytest.param(["pgflex_resource_group"],
                     [f"rg-a_rg-a_{SUBSCRIPTION}_PG-Twin", f"rg-a_rg-a_{SUBSCRIPTION}_pg-one",
                      f"rg-a_rg-a_{OTHER_SUBSCRIPTION}", f"rg-b_rg-b_{SUBSCRIPTION}_pg-cmk",
                      f"rg-b_rg-b_{SUBSCRIPTION}_pg-twin"], id="the same for many: no host vanishes"),
    ],
)  # fmt: skip
def test_hosts_are_named_as_the_option_says(hostnames: list[str], expected: list[str], inventory: RunInventory) -> None:
    assert names(inventory(**BOTH, **GROUPS, hostnames=hostnames)) == expected


def test_names_do_not_depend_on_the_order_of_subscriptions(inventory: RunInventory) -> None:
    turned = {"subscriptions": BOTH["subscriptions"][::-1], "resource_groups": GROUPS["resource_groups"][::-1]}
    assert inventory(**BOTH, **GROUPS).hosts == inventory(**turned).hosts


def test_variables_and_groups_are_constructed(inventory: RunInventory) -> None:
    done = inventory(
        **BOTH,
        **GROUPS,
        strict=True,
        compose={"pgflex_identity_present": "['id-backup']", "where": "pgflex_location | lower"},
        groups={"own_key": "pgflex_encryption.type == 'AzureKeyVault'", "halted": "pgflex_state == 'Stopped'"},
        keyed_groups=[
            {"prefix": "location", "key": "pgflex_location"},
            {"prefix": "tag", "key": "pgflex_tags"},
            {"prefix": "holds", "key": "pgflex_current_identity.user_assigned_identities | map(attribute='name')"},
            {"prefix": "composed", "key": "where"},
        ],
    )
    assert set(names(done)) == {*TWINS, "pg-cmk", FAR, "pg-one"}
    # Since ansible-core 2.19 what a template makes is shown as unsafe.
    assert done.hosts["pg-cmk"]["pgflex_identity_present"] in (["id-backup"], [{"__ansible_unsafe": "id-backup"}])
    assert done.hosts["pg-cmk"]["where"] in ("east us", {"__ansible_unsafe": "east us"})
    expected = {
        "own_key": ["pg-cmk"],
        "halted": ["PG-Twin_rg-a"],
        "location_East_US": ["pg-cmk", "pg-twin_rg-b"],
        "tag_env_prod": ["pg-twin_rg-b"],
        "tag_Env_prod": ["pg-one"],
        "holds_id_shared": ["pg-far", "pg-one"],
        "composed_east_us": ["pg-cmk", "pg-twin_rg-b"],
    }
    assert {name: done.group(name) for name in expected} == expected


@pytest.mark.parametrize(
    "options",
    [
        {"compose": {"team": "pgflex_tags.team"}},
        {"groups": {"x": "pgflex_tags.team == 'x'"}},
        {"keyed_groups": [{"key": "pgflex_tags.team"}]},
    ],
    ids=str,
)
def test_strict_makes_an_error_of_what_else_is_left_out(options: dict[str, Any], inventory: RunInventory) -> None:
    assert "pg-cmk" in inventory(**GROUPS, **options).hosts
    done = inventory(**GROUPS, strict=True, **options)
    assert "Could not" in done.output, done.output
    assert done.hosts == {}


def test_the_name_of_a_file_decides_whether_it_is_ours(inventory: RunInventory, tmp_path: Path) -> None:
    ours = ["my_pgflex_servers.yml", "pgflex.yml", "pgflex_servers.yaml", "prod.pgflex.yaml"]
    for name in [*ours, "azure.yml", "pgflex.json", "pgflex.yml.txt"]:
        document = {"plugin": "pgflex.azure.pgflex_servers", "resource_groups": [GROUP_B], "hostnames": [f"'{name}'"]}
        path = tmp_path / "folder" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({**document, "include_filters": [{"tags": {"env": "prod"}}]}), encoding="utf-8")
    done = inventory("ansible-inventory", "-i", "folder", "--list", resource_groups=[GROUP_A])
    assert sorted(done.hosts) == sorted(["PG-Twin", *ours, "pg-one"])
