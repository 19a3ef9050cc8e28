# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory plugin where something is wrong: an error or a warning that says so, never a shorter inventory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from e2e.estates import CACHE, GROUP_A, GROUP_B, LIST_PATH, item, listener, listings, page, seed_estate
from e2e.failures import HTML
from e2e.world import OTHER_SUBSCRIPTION, SUBSCRIPTION

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunInventory
    from e2e.emulator_client import Emulator

BOTH: dict[str, Any] = {"subscriptions": [SUBSCRIPTION, OTHER_SUBSCRIPTION]}
GROUPS: dict[str, Any] = {"resource_groups": [GROUP_A, GROUP_B]}
LISTING = f"Cannot list the servers in subscription {SUBSCRIPTION}: "


@pytest.fixture(autouse=True)
def estate(emulator: Emulator) -> None:
    """Seed servers that could be listed."""
    seed_estate(emulator)


def deny(emulator: Emulator, *subscriptions: str) -> None:
    emulator.seed({"subscriptions": [{"id": each, "denied": True} for each in subscriptions]})


def test_a_closed_subscription_is_a_warning_that_names_it(emulator: Emulator, inventory: RunInventory) -> None:
    deny(emulator, OTHER_SUBSCRIPTION)
    done = inventory(**BOTH)
    assert done.rc == 0
    assert "pg-one" in done.hosts
    assert f"[WARNING]: Subscription {OTHER_SUBSCRIPTION} is left out. Cannot list" in done.output
    assert "AuthorizationFailed, HTTP 403" in done.output


@pytest.mark.parametrize(
    ("options", "denied"),
    [
        pytest.param({**BOTH, "strict_subscriptions": True}, [OTHER_SUBSCRIPTION], id="strict"),
        pytest.param(BOTH, [SUBSCRIPTION, OTHER_SUBSCRIPTION], id="none can be read"),
    ],
)
def test_a_closed_subscription_is_an_error(
    options: dict[str, Any], denied: list[str], emulator: Emulator, inventory: RunInventory
) -> None:
    deny(emulator, *denied)
    done = inventory(**options, env={**emulator.environment, "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"})
    assert done.rc != 0
    assert f"Cannot list the servers in subscription {denied[0]}: " in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"subscriptions": []}, "subscriptions: is an empty list: name at least one, or use all_subscriptions."),
        ({"subscriptions": ["prod"]}, "subscriptions: 'prod' is not a subscription ID (a GUID)."),
        ({"subscriptions": [5]}, "subscriptions: '5' is not a subscription ID (a GUID)."),
        ({**BOTH, "all_subscriptions": True}, "all_subscriptions: does not go together with subscriptions."),
        ({"include_filters": [{"tag": {"env": "prod"}}]}, "include_filters: 'tag': no such filter, but identity,"),
        ({"include_filters": ["prod"]}, "include_filters: 'prod' is not a dictionary with some of identity,"),
        ({"exclude_filters": [{}]}, "exclude_filters: a filter without a condition would exclude every server."),
        ({"exclude_filters": [{"states": 5}]}, "exclude_filters.states: 5 is not a list."),
        ({"resource_groups": [""]}, "resource_groups: '' is not the name of a resource group."),
        ({"poll_interval": 0}, "poll_interval: 0 is too short"),
        ({"cloud_environment": "Mars"}, "cloud_environment: "),
    ],
    ids=str,
)
def test_no_request_is_sent_for(
    options: dict[str, Any], message: str, emulator: Emulator, inventory: RunInventory
) -> None:
    done = inventory(**options)
    assert message in done.output
    assert "Traceback" not in done.output
    assert done.hosts == {}
    assert emulator.requests() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resource_groups": ["rg-absent"]}, "resource group: rg-absent is in none of the subscriptions."),
        ({"hostnames": []}, "hostnames: no expression gives a name for /subscriptions/"),
        ({"hostnames": ["pgflex_tags.nothing | default('')"]}, "hostnames: no expression gives a name for "),
        ({"hostnames": ["pgflex_tags."]}, "hostnames: cannot evaluate 'pgflex_tags.'"),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_an_error(options: dict[str, Any], message: str, inventory: RunInventory) -> None:
    done = inventory(**options)
    assert message in done.output
    assert "Traceback" not in done.output
    assert done.hosts == {}


@pytest.mark.parametrize(
    ("then", "problem"),
    [
        pytest.param(HTML, "the answer is not ARM's JSON (HTTP 200", id="HTML"),
        pytest.param(page([{"id": "/x/y"}]), "id: '/x/y' is not a resource ID", id="a malformed ID"),
        pytest.param({"status": 403, "code": "AuthorizationFailed"}, "(AuthorizationFailed, HTTP 403", id="no right"),
    ],
)
def test_half_of_a_list_makes_no_host(
    then: dict[str, Any], problem: str, emulator: Emulator, inventory: RunInventory
) -> None:
    emulator.settings(page_size=2)
    emulator.fault("GET", LIST_PATH, then, after=1)
    done = inventory(**BOTH)
    assert LISTING in done.output
    assert problem in done.output
    assert " See https://pgflex.github.io/azure/docsite/troubleshooting.html" in " ".join(done.output.split())
    assert done.hosts == {}


def test_a_link_to_another_host_is_not_followed(emulator: Emulator, inventory: RunInventory) -> None:
    with listener() as elsewhere:
        emulator.fault("GET", LIST_PATH, page([item("pg-one")], elsewhere.url))
        done = inventory()
        assert "The token was not sent there." in done.output
        assert done.hosts == {}
        assert elsewhere.connections == 0


@pytest.mark.parametrize("status", [429, 503])
def test_a_page_is_asked_for_again_after_a_transient_failure(
    status: int, emulator: Emulator, inventory: RunInventory
) -> None:
    emulator.fault("GET", LIST_PATH, {"status": status, "code": "Passing", "headers": {"Retry-After": "0.02"}}, times=2)
    done = inventory(resource_groups=[GROUP_B])
    assert sorted(done.hosts) == ["pg-cmk", "pg-twin"]
    assert len(listings(emulator)) == 3


def test_the_cache_answers_without_any_request_until_it_is_flushed(emulator: Emulator, inventory: RunInventory) -> None:
    first = inventory(**GROUPS, **CACHE)
    assert len(first.hosts) == 4
    emulator.clear_requests()
    assert inventory(**GROUPS, **CACHE).listed == first.listed
    assert emulator.requests() == []
    emulator.seed(
        {
            "subscriptions": [
                {"id": SUBSCRIPTION, "resource_groups": [{"name": GROUP_B, "servers": [{"name": "pg-new"}]}]}
            ]
        }
    )
    assert inventory(**GROUPS, **CACHE).listed == first.listed
    flushed = inventory("ansible-inventory", "--list", "--flush-cache", **GROUPS, **CACHE)
    assert set(flushed.hosts) == {*first.hosts, "pg-new"}
    emulator.clear_requests()
    assert inventory(**GROUPS, **CACHE).listed == flushed.listed
    assert emulator.requests() == []


def test_names_and_groups_are_made_of_the_cache_anew(emulator: Emulator, inventory: RunInventory) -> None:
    inventory(**GROUPS, **CACHE)
    emulator.clear_requests()
    done = inventory(**GROUPS, **CACHE, hostnames=["pgflex_resource_group ~ '.' ~ pgflex_server_name"])
    assert sorted(done.hosts) == ["rg-a.PG-Twin", "rg-a.pg-one", "rg-b.pg-cmk", "rg-b.pg-twin"]
    assert emulator.requests() == []


def test_no_cache_is_written_without_the_option(tmp_path: Path, inventory: RunInventory) -> None:
    inventory(**GROUPS, **{**CACHE, "cache": False})
    assert not (tmp_path / "cache").exists() or not list((tmp_path / "cache").iterdir())


def test_a_failure_is_not_cached(emulator: Emulator, inventory: RunInventory) -> None:
    emulator.fault("GET", LIST_PATH, HTML)
    assert inventory(**GROUPS, **CACHE).hosts == {}
    assert len(inventory(**GROUPS, **CACHE).hosts) == 4


HEADER = "#jinja2:variable_start_string:'[[',variable_end_string:']]'\n[[ {} ]]"


@pytest.mark.smoke
@pytest.mark.parametrize("cached", [False, True], ids=["fresh", "cached"])
def test_templates_in_tags_stay_text(cached: bool, emulator: Emulator, inventory: RunInventory, tmp_path: Path) -> None:
    command = f"lookup('ansible.builtin.pipe', 'touch {tmp_path}/evaluated')"
    tags = {
        "plain": f"{{{{ {command} }}}}",
        "block": f"{{% if {command} %}}x{{% endif %}}",
        "header": HEADER.format(command),
        "left": "{",
        "right": f"{{ {command} }}}}",
        f"{{{{ {command} }}}}": "name",
    }
    group = {"name": "rg-tags", "servers": [{"name": "pg-tags", "tags": tags}]}
    emulator.seed({"subscriptions": [{"id": SUBSCRIPTION, "resource_groups": [group]}]})
    options: dict[str, Any] = {
        **(CACHE if cached else {}),
        "resource_groups": ["rg-tags"],
        "hostnames": ["pgflex_tags.plain"],
        "compose": {"joined": "pgflex_tags.left ~ pgflex_tags.right", "same": "pgflex_tags.header"},
        "keyed_groups": [{"key": "pgflex_tags"}],
        "groups": {"odd": "pgflex_tags.plain != ''"},
    }
    if cached:
        inventory(**options)
    for run in ("ansible-inventory", "--list"), ("ansible-inventory", "--list", "--yaml"):
        assert inventory(*run, **options).rc == 0
    show = json.dumps({"var": "[pgflex_tags, joined, same, inventory_hostname, hostvars | string, groups]"})
    shown = inventory("ansible", "all", "-m", "ansible.builtin.debug", "-a", show, **options)
    assert shown.rc == 0, shown.output
    assert shown.output.count(command) > 1, shown.output
    assert not (tmp_path / "evaluated").exists()
