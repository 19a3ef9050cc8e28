# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No inventory is shorter than the estate, of another subscription, or names another host than it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from e2e.commands import run_command
from e2e.estates import CACHE, LIST_PATH, item, page
from e2e.inventories import AUDIT, LIST, WANTS, audited, hosts_of, seed_named, seed_servers
from e2e.runs import Inventoried
from e2e.world import GROUP, OTHER_SUBSCRIPTION, SUBSCRIPTION, patches, user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunInventory
    from e2e.emulator_client import Emulator


def test_a_cache_of_another_subscription_is_not_read(emulator: Emulator, inventory: RunInventory) -> None:
    seed_named(emulator, "pg-first")
    seed_named(emulator, "pg-second", subscription=OTHER_SUBSCRIPTION)
    other = {**emulator.environment, "AZURE_SUBSCRIPTION_ID": OTHER_SUBSCRIPTION}
    options: dict[str, Any] = {**CACHE, "resource_groups": [GROUP]}
    assert hosts_of(inventory(**options)) == ["pg-first"]
    assign = ("ansible-playbook", "pgflex.azure.assign", "-e", "pgflex_identity_present=id-a", "--limit", "pg-first")
    assert "no hosts to target" in inventory(*assign, env=other, **options).output
    assert patches(emulator) == []
    assert hosts_of(inventory(env=other, **options)) == ["pg-second"]


def test_a_cache_is_not_read_with_a_wrong_secret(emulator: Emulator, inventory: RunInventory) -> None:
    seed_named(emulator, "pg-first")
    assert hosts_of(inventory(**CACHE, resource_groups=[GROUP])) == ["pg-first"]
    done = inventory(env={**emulator.environment, "AZURE_SECRET": "wrong"}, **CACHE, resource_groups=[GROUP])
    assert done.hosts == {}
    assert "Cannot get a token" in done.output


@pytest.mark.parametrize("taken", ["all", "ungrouped", "localhost", "pgflex_servers", "tag_env_prod", "own_key"])
def test_a_server_named_as_ansible_or_a_group_of_the_source_is_a_host_of_its_own(
    taken: str, emulator: Emulator, inventory: RunInventory
) -> None:
    named = {"name": "pg-named", "tags": {"env": "prod", "host": taken}}
    seed_servers(emulator, {"name": "pg-1", "tags": {"env": "prod"}}, named, {"name": "pg-3"})
    options: dict[str, Any] = {
        **WANTS,
        "resource_groups": [GROUP],
        "hostnames": ["pgflex_tags.host | default(pgflex_server_name)"],
        "groups": {"own_key": "pgflex_tags.env is defined"},
        "keyed_groups": [{"prefix": "tag", "key": "pgflex_tags"}],
    }
    done = inventory(**options)
    assert hosts_of(done) == sorted(["pg-1", "pg-3", f"{taken}_{GROUP}"])
    assert [done.hosts[name]["pgflex_server_name"] for name in hosts_of(done)] == (
        ["pg-1", "pg-3", "pg-named"] if taken > "pg-3" else ["pg-named", "pg-1", "pg-3"]
    )
    assert f"{taken!r} is now '{taken}_{GROUP}'" in done.output
    assert done.group("own_key") == done.group("tag_env_prod") == sorted(["pg-1", f"{taken}_{GROUP}"])
    assert audited(inventory(*AUDIT, **options)).startswith("3 servers: 0 compliant, 3 drifted")


def test_a_server_that_is_really_named_all_is_audited_with_the_others(
    emulator: Emulator, inventory: RunInventory
) -> None:
    seed_named(emulator, "all", "pg-1", "pg-2")
    done = inventory(*AUDIT, **WANTS, resource_groups=[GROUP])
    assert audited(done).startswith("3 servers: 0 compliant, 3 drifted")


def test_a_server_without_the_tag_gets_its_name_from_the_next_expression(
    emulator: Emulator, inventory: RunInventory
) -> None:
    seed_servers(emulator, {"name": "pg-1", "tags": {"Name": "one"}}, {"name": "pg-2"})
    names = ["pgflex_tags.Name", "pgflex_server_name"]
    assert hosts_of(inventory(resource_groups=[GROUP], hostnames=names)) == ["one", "pg-2"]


def test_with_strict_the_error_names_the_server_without_the_tag(emulator: Emulator, inventory: RunInventory) -> None:
    seed_servers(emulator, {"name": "pg-1", "tags": {"Name": "one"}}, {"name": "pg-2"})
    names = ["pgflex_tags.Name", "pgflex_server_name"]
    done = inventory(resource_groups=[GROUP], hostnames=names, strict=True)
    assert done.hosts == {}
    assert "hostnames: cannot evaluate 'pgflex_tags.Name' for /subscriptions/" in done.output
    assert "/flexibleServers/pg-2: " in done.output


def test_extra_variables_work_in_options(emulator: Emulator, inventory: RunInventory) -> None:
    seed_named(emulator, "pg-far", subscription=OTHER_SUBSCRIPTION)
    options: dict[str, Any] = {
        "subscriptions": ["{{ my_sub }}"],
        "resource_groups": "{{ groups_wanted }}",
        "secret": "{{ lookup('ansible.builtin.env', 'MY_SECRET') }}",
    }
    env = {**emulator.environment, "AZURE_SECRET": "", "MY_SECRET": emulator.ready["secret"]}
    given = yaml.safe_dump({"my_sub": OTHER_SUBSCRIPTION, "groups_wanted": [GROUP]}, default_flow_style=True)
    done = inventory("ansible-inventory", "--list", "-e", given, env=env, **options)
    assert hosts_of(done) == ["pg-far"]


def run_folder(
    tmp_path: Path,
    emulator: Emulator,
    outputs: list[str],
    *command: str,
    env: dict[str, str] | None = None,
    **options: Any,
) -> Inventoried:
    """Run with a folder of two sources: the plugin's, with `options`, and a host written by hand."""
    folder = tmp_path / "estate"
    folder.mkdir(exist_ok=True)
    document = {"plugin": "pgflex.azure.pgflex_servers", "resource_groups": [GROUP], **WANTS, **options}
    (folder / "estate.pgflex.yml").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    by_hand = {"by_hand": {"hosts": {"pg-by-hand": {"pgflex_server_name": "pg-none", "pgflex_resource_group": GROUP}}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(by_hand), encoding="utf-8")
    environment = {"HOME": str(tmp_path), **emulator.environment, **(env or {})}
    done = Inventoried(**vars(run_command([command[0], "-i", "estate", *command[1:]], tmp_path, environment)))
    outputs.append(done.output)
    return done


def test_a_number_is_a_key_of_keyed_groups(emulator: Emulator, outputs: list[str], tmp_path: Path) -> None:
    seed_servers(emulator, {"name": "pg-1", "identity": user_assigned("id-a")}, {"name": "pg-2"}, {"name": "pg-3"})
    keyed = [
        {"prefix": "location", "key": "pgflex_location"},
        {"prefix": "held", "key": "pgflex_current_identity.user_assigned_identities | length"},
        {"prefix": "own_key", "key": "pgflex_encryption.type == 'AzureKeyVault'"},
    ]
    done = run_folder(tmp_path, emulator, outputs, *LIST, keyed_groups=keyed)
    assert hosts_of(done) == ["pg-1", "pg-2", "pg-3", "pg-by-hand"]
    assert {name: done.group(name) for name in done.listed if name.startswith(("location", "held", "own_key"))} == {
        "location_Canada_Central": ["pg-1", "pg-2", "pg-3"],
        "held_0": ["pg-2", "pg-3"],
        "held_1": ["pg-1"],
        "own_key_False": ["pg-1", "pg-2", "pg-3"],
    }
    ran = run_folder(tmp_path, emulator, outputs, *AUDIT, keyed_groups=keyed)
    assert audited(ran).startswith("4 servers: 1 compliant, 2 drifted (2 missing, 0 extra), 1 failed")


@pytest.mark.parametrize(
    "options",
    [
        {"strict": True, "compose": {"team": "pgflex_tags.team"}},
        {"strict": True, "groups": {"team_x": "pgflex_tags.team == 'x'"}},
        {"strict": True, "keyed_groups": [{"key": "pgflex_tags.team"}]},
        {"keyed_groups": [{"prefix": "ok", "key": "pgflex_state"}, "pgflex_state"]},
        {"hostnames": ["pgflex_tags.team ~ '-' ~ pgflex_server_name"]},
    ],
    ids=str,
)
def test_a_source_that_fails_leaves_no_host_behind(
    options: dict[str, Any], emulator: Emulator, outputs: list[str], tmp_path: Path
) -> None:
    seed_servers(emulator, {"name": "pg-1", "tags": {"team": "x"}}, {"name": "pg-2"})
    done = run_folder(tmp_path, emulator, outputs, *LIST, **options)
    assert "Unable to parse" in done.output
    assert hosts_of(done) == ["pg-by-hand"]


@pytest.mark.parametrize(("setting", "counted"), [("true", False), ("false", True)])
def test_an_audit_ends_with_an_error_where_a_source_fails_if_ansible_is_told_so(
    setting: str, *, counted: bool, emulator: Emulator, outputs: list[str], tmp_path: Path
) -> None:
    seed_named(emulator, "pg-1")
    env = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": setting}
    done = run_folder(tmp_path, emulator, outputs, *AUDIT, env=env, strict=True, groups={"team_x": "no_such == 'x'"})
    assert ("1 server: " in done.output) is counted
    assert ("Completely failed to parse inventory source" in done.output) is not counted


def test_a_source_that_fails_leaves_the_hosts_of_others_as_they_are(
    emulator: Emulator, outputs: list[str], tmp_path: Path
) -> None:
    seed_servers(emulator, {"name": "pg-by-hand", "tags": {"team": "x"}}, {"name": "pg-other"})
    (tmp_path / "estate").mkdir()
    first = {"first": {"hosts": {"pg-by-hand": {"pgflex_tags": {"by": "hand"}}}}}
    (tmp_path / "estate" / "a.yml").write_text(yaml.safe_dump(first), encoding="utf-8")
    done = run_folder(tmp_path, emulator, outputs, *LIST, strict=True, keyed_groups=[{"key": "pgflex_tags.team"}])
    assert done.hosts["pg-by-hand"] == {
        "pgflex_resource_group": GROUP,
        "pgflex_server_name": "pg-none",
        "pgflex_tags": {"by": "hand"},
    }


@pytest.mark.parametrize(
    "facts",
    [
        {"tags": ["prod"]},
        {"tags": {"env": ["prod"]}},
        {"location": 5},
        {"location": None},
        {"properties": {"state": ["Ready"]}},
        {"identity": {"type": "UserAssigned", "userAssignedIdentities": ["id-a"]}},
        {"identity": {"type": 5}},
    ],
    ids=str,
)
def test_a_server_that_is_not_of_arms_form_is_said_and_leaves_no_host_behind(
    facts: dict[str, Any], emulator: Emulator, inventory: RunInventory
) -> None:
    emulator.fault("GET", LIST_PATH, page([item("pg-1"), item("pg-2", **facts)]))
    done = inventory(include_filters=[{"locations": ["canadacentral"]}, {"tags": {"env": "prod"}}])
    assert done.hosts == {}
    assert f"Cannot list the servers in subscription {SUBSCRIPTION}: " in done.output
    assert "Traceback" not in done.output
