# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An inventory beside other sources, with odd names, cached, with templates as options, and with empty keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from e2e.estates import CACHE
from e2e.inventories import AUDIT, LIST, WANTS, audited, hosts_of, seed_named, seed_servers
from e2e.world import GROUP, OTHER_SUBSCRIPTION, SUBSCRIPTION

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunInventory
    from e2e.emulator_client import Emulator


def test_a_host_of_another_source_is_another_server(
    emulator: Emulator, inventory: RunInventory, tmp_path: Path
) -> None:
    seed_named(emulator, "pg-same")
    seed_named(emulator, "pg-same", subscription=OTHER_SUBSCRIPTION)
    document = {"plugin": "pgflex.azure.pgflex_servers", "subscriptions": [OTHER_SUBSCRIPTION]}
    (tmp_path / "second.pgflex.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    done = inventory("ansible-inventory", "-i", "second.pgflex.yml", "--list", resource_groups=[GROUP])
    assert {name: done.hosts[name]["pgflex_subscription_id"] for name in hosts_of(done)} == {
        "pg-same": SUBSCRIPTION,
        f"pg-same_{GROUP}": OTHER_SUBSCRIPTION,
    }
    assert f"'pg-same' is now 'pg-same_{GROUP}'" in done.output


def test_a_server_in_two_sources_is_one_host(emulator: Emulator, inventory: RunInventory, tmp_path: Path) -> None:
    seed_named(emulator, "pg-same")
    document = {"plugin": "pgflex.azure.pgflex_servers", "resource_groups": [GROUP]}
    (tmp_path / "second.pgflex.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    done = inventory("ansible-inventory", "-i", "second.pgflex.yml", "--list", resource_groups=[GROUP])
    assert hosts_of(done) == ["pg-same"]
    assert "renamed" not in done.output


def test_each_of_the_servers_with_odd_names_is_one_host_that_a_limit_can_name(
    emulator: Emulator, inventory: RunInventory
) -> None:
    tags = [
        "*",
        "!a",
        "&a",
        "~a.*",
        "@a",
        "a,b",
        "a:b",
        "a[0]",
        "a b",
        "a\nb",
        "../a",
        "..",
        "{{ 6 * 7 }}",
        "Größe",
        "5",
    ]
    seed_servers(emulator, *({"name": f"pg-{number}", "tags": {"t": tag}} for number, tag in enumerate(tags)))
    options: dict[str, Any] = {**WANTS, "resource_groups": [GROUP], "hostnames": ["pgflex_tags.t"]}
    found = inventory(**options)
    assert len(hosts_of(found)) == len(tags)
    # As AWX does for a relaunch on the hosts that failed.
    few = [name for name in found.hosts if found.hosts[name]["pgflex_server_name"] in ("pg-0", "pg-3", "pg-5", "pg-9")]
    limited = inventory(*AUDIT, "--limit", ",".join(few), **options)
    assert audited(limited).startswith("4 servers: 0 compliant, 4 drifted")


def test_what_was_left_out_is_told_of_the_cache_too(emulator: Emulator, inventory: RunInventory) -> None:
    seed_named(emulator, "pg-first")
    emulator.seed({"subscriptions": [{"id": OTHER_SUBSCRIPTION, "denied": True}]})
    options: dict[str, Any] = {**CACHE, "subscriptions": [SUBSCRIPTION, OTHER_SUBSCRIPTION]}
    said = f"Subscription {OTHER_SUBSCRIPTION} is left out."
    assert said in inventory(**options).output
    emulator.clear_requests()
    assert said in inventory(**options).output
    assert emulator.requests() == []


def test_options_of_every_type_may_be_templates(emulator: Emulator, inventory: RunInventory) -> None:
    seed_named(emulator, "pg-1")
    seed_named(emulator, "pg-2", subscription=OTHER_SUBSCRIPTION)
    given = yaml.safe_dump({"everywhere": "true", "seconds": "60", "rgs": f"{GROUP},{GROUP}"}, default_flow_style=True)
    options: dict[str, Any] = {
        "all_subscriptions": "{{ everywhere }}",
        "wait_timeout": "{{ seconds }}",
        "resource_groups": "{{ rgs }}",
    }
    assert hosts_of(inventory(*LIST, "-e", given, **options)) == ["pg-1", "pg-2"]


def test_an_undefined_variable_in_an_option_is_an_error_that_names_the_option(
    emulator: Emulator, inventory: RunInventory
) -> None:
    done = inventory(subscriptions=["{{ my_sub }}"])
    assert "subscriptions: cannot be evaluated: 'my_sub' is undefined" in done.output
    assert emulator.requests() == []


def test_extra_variables_are_in_expressions_where_ansible_is_told_so(
    emulator: Emulator, inventory: RunInventory
) -> None:
    seed_named(emulator, "pg-1")
    options: dict[str, Any] = {
        "resource_groups": [GROUP],
        "hostnames": ["pgflex_server_name ~ suffix", "pgflex_server_name"],
        "compose": {"composed": "suffix"},
        "groups": {"conditional": "suffix == '-x'"},
        "keyed_groups": [{"prefix": "keyed", "key": "suffix"}],
    }
    without = inventory(*LIST, "-e", "suffix=-x", **options)
    assert hosts_of(without) == ["pg-1"]
    assert "composed" not in without.hosts["pg-1"]
    done = inventory(*LIST, "-e", "suffix=-x", use_extra_vars=True, **options)
    assert hosts_of(done) == done.group("conditional") == done.group("keyed__x") == ["pg-1-x"]
    assert "-x" in str(done.hosts["pg-1-x"]["composed"])


def test_an_empty_key_makes_no_group_or_that_of_its_default(emulator: Emulator, inventory: RunInventory) -> None:
    seed_servers(emulator, {"name": "pg-1", "tags": {"team": ""}}, {"name": "pg-2", "tags": {"team": "x"}})
    keyed: list[dict[str, Any]] = [
        {"prefix": "team", "key": "pgflex_tags.team"},
        {"prefix": "named", "key": "pgflex_tags.team", "default_value": "none"},
        {"prefix": "nothing", "key": "pgflex_current_identity.principal_id", "default_value": "none"},
    ]
    done = inventory(resource_groups=[GROUP], keyed_groups=keyed)
    assert hosts_of(done) == ["pg-1", "pg-2"]
    assert {name: done.group(name) for name in done.listed if name.startswith(("team", "named", "nothing"))} == {
        "team_x": ["pg-2"],
        "named_none": ["pg-1"],
        "named_x": ["pg-2"],
        "nothing_none": ["pg-1", "pg-2"],
    }


def test_a_file_by_another_name_is_told_which_names_there_are(
    emulator: Emulator, inventory: RunInventory, tmp_path: Path
) -> None:
    seed_named(emulator, "pg-1")
    document = {"plugin": "pgflex.azure.pgflex_servers", "resource_groups": [GROUP]}
    (tmp_path / "azure.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    done = inventory("ansible-inventory", "-i", "azure.yml", "--list", resource_groups=[GROUP])
    assert "The name of a file of pgflex.azure.pgflex_servers ends with pgflex.yml or pgflex.yaml or" in done.output
    assert hosts_of(done) == ["pg-1"]
