# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A name that nobody asks for is told with the one that was meant; names of the user's own are let alone."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._module.options import PLACE
from ansible_collections.pgflex.azure.plugins.module_utils._server.results import host_variables
from ansible_collections.pgflex.azure.plugins.plugin_utils._known_names import (
    FACTS,
    FORMER,
    HANDED_ON,
    PLAYBOOKS,
    VARIABLES,
)
from ansible_collections.pgflex.azure.plugins.plugin_utils._variable_names import VariableNames, meant_for
from unit.support import server

ROOT = Path(__file__).resolve().parents[3]
PRESENT = "pgflex_identity_present"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("pgflex_identity_presnt", PRESENT),
        ("pgflex_identities_present", PRESENT),
        ("pgflex_identities", "pgflex_identity_"),
        ("pgflex_identity_presnt__backup", f"{PRESENT}__backup"),
        ("pgflex_identity_present_backup", f"{PRESENT}__backup"),
        ("pgflex_identity_present__", PRESENT),
        ("pgflex_identity_purge__backup", "pgflex_identity_"),
        ("pgflex_identity_something_else_entirely", "pgflex_identity_"),
        ("pgflex_Identity_Present", PRESENT),
        ("PGFLEX_IDENTITY_PRESENT", PRESENT),
        ("pgflex_idenity_present", PRESENT),
        ("pgflex_idenity_present__backup", f"{PRESENT}__backup"),
        ("pgflex_sever_id", "pgflex_server_id"),
        ("pgflex_resource_grp", "pgflex_resource_group"),
        *FORMER.items(),
    ],
)
def test_the_nearest_known_name_is_the_one_that_was_meant(name: str, meant: str) -> None:
    assert meant_for(name).startswith(meant)


@pytest.mark.parametrize(
    "name",
    [
        *sorted(VARIABLES | HANDED_ON),
        f"{PRESENT}__backup",
        "pgflex_identity_absent__a__b",
        "pgflex_canary",
        # Three edits from pgflex_server_id, and from no other name.
        "pgflex_srvr",
        "pgflex_awx_image",
        "__pgflex_identity_presnt",
        "my_pgflex_identity_presnt",
        "audit_report",
    ],
)
def test_known_names_and_ones_own_are_no_mistake(name: str) -> None:
    assert meant_for(name) == ""


def look(*hosts: dict[str, Any], allowed: tuple[str, ...] = (), extra: tuple[str, ...] = ()) -> None:
    names = VariableNames(allowed, extra, extra)
    for number, variables in enumerate(hosts):
        names.add(f"pg-{number}", variables)
    names.check(hosts)


def told(*hosts: dict[str, Any], **options: Any) -> str:
    with pytest.raises(InvalidInput) as caught:
        look(*hosts, **options)
    return str(caught.value)


def test_the_first_host_and_the_number_of_the_others_are_told_and_no_value() -> None:
    wrong = {"pgflex_identity_presnt": "a-secret"}
    assert told({}, wrong, {}, wrong, wrong) == (
        "pgflex_identity_presnt: is no variable of this collection; the nearest one is pgflex_identity_present. pg-1 "
        "has it, and 2 more hosts. Nothing was sent. pgflex_identity_allow_unknown excepts names of your own."
    )
    assert "pg-1 has it, and 1 more host." in told({}, wrong, {}, wrong)
    assert "pg-0 has it from the extra variables (-e)." in told(wrong, extra=("pgflex_identity_presnt",))


def test_a_result_of_the_collections_own_is_no_setting() -> None:
    for value in (True, "yes", 1):
        assert told({"pgflex_identity_plan": value}).startswith(
            "pgflex_identity_plan: is what this collection keeps a result in, and no setting. pg-0 has it."
        )
    look({"pgflex_identity_plan": {"changed": False}, "pgflex_identity_planned": "pgflex-plan:x"})


def test_hosts_that_choose_themselves_are_told_that_this_chooses_nothing() -> None:
    assert told({"pgflex_identity_hosts": "pg-1"}).startswith(
        "pgflex_identity_hosts: chooses the hosts of a play, and "
    )
    look({"pgflex_identity_hosts": "pg-1"}, extra=("pgflex_identity_hosts",))


def test_every_name_is_told_at_once() -> None:
    assert told({"pgflex_identity": 1, "pgflex_sever_id": 2}).startswith(
        "pgflex_identity: is now pgflex_current_identity. pg-0 has it. pgflex_sever_id: is no variable of "
    )


@pytest.mark.parametrize(
    "present",
    [
        "{{ pgflex_identities_common }}",
        ["id-a", "{{ pgflex_identities_common[0] }}"],
        {"a": ["{% for each in pgflex_identities_common %}{{ each }}{% endfor %}"]},
        "{{ ours }}",
    ],
)
def test_a_name_to_which_a_known_variable_refers_is_in_use(present: Any) -> None:
    """Also by way of another one, of another host, and in a variable that adds to a known one."""
    helper = {"pgflex_identities_common": ["id-a"], "ours": "{{ pgflex_identities_common + ours }}"}
    look({**helper, PRESENT: present})
    look(helper, {**helper, f"{PRESENT}__more": present})
    look({"pgflex_sever_id": "x", "pgflex_server_id": "{{ pgflex_sever_id }}"})


@pytest.mark.parametrize(
    "variables",
    [
        {PRESENT: "pgflex_identities_common"},
        {PRESENT: "{{ pgflex_identities_common_too }}"},
        {"other": "{{ pgflex_identities_common }}"},
        {PRESENT: "{{ left }}", "right": "{{ pgflex_identities_common }}"},
    ],
)
def test_another_text_is_no_reference(variables: dict[str, Any]) -> None:
    assert "pgflex_identities_common: is no " in told({"pgflex_identities_common": ["id-a"], **variables})


def test_exceptions_are_names_and_patterns() -> None:
    look({"pgflex_identity_a": 1, "pgflex_identity_zone_b": 2}, allowed=("pgflex_identity_a", "pgflex_*zone_*"))
    assert "pgflex_identity_ab: " in told({"pgflex_identity_ab": 1}, allowed=("pgflex_identity_a",))
    look({"pgflex_identity": {}}, allowed=("pgflex_identity",))


@pytest.mark.parametrize("entry", ["pgflex_identity_?", "pgflex_identity_[ab]", "pgflex_identity_[!b]"])
def test_an_exception_has_no_other_pattern_than_a_star(entry: str) -> None:
    assert "pgflex_identity_a: " in told({"pgflex_identity_a": 1}, allowed=(entry,))


def test_a_registered_result_may_have_any_name() -> None:
    look({"pgflex_identity_mine": {"changed": False, "skipped": True}})
    assert "pgflex_identity_mine: " in told({"pgflex_identity_mine": {"any": False}})


def test_variables_of_hosts_outside_of_the_run_are_not_read_without_need() -> None:
    names = VariableNames((), (), ())
    names.add("pg-0", {PRESENT: [], "pgflex_canary": True})
    names.check(map(pytest.fail, ["read"]))


def test_the_inventory_sets_known_names() -> None:
    assert host_variables(server()).keys() == {*FACTS, *(each.variable for each in PLACE)}


def test_every_name_in_role_and_playbooks_is_known() -> None:
    files = [
        *(ROOT / "playbooks").glob("*.yml"),
        *(ROOT / "playbooks" / "tasks").glob("*.yml"),
        *(ROOT / "roles").rglob("*/tasks/*.yml"),
        *(ROOT / "roles").rglob("vars/*.yml"),
    ]
    plays = "\n".join(file.read_text(encoding="utf-8") for file in files)
    found = set(re.findall(r"(?<![\w./])pgflex_\w*[a-z](?![\w.:])", re.sub(r"#.*", "", plays)))
    known = VARIABLES | HANDED_ON
    registered = set(re.findall(r"register: (\w+)", plays))
    assert {*registered, *PLAYBOOKS} <= {*known}
    assert found <= {*known, "pgflex_drifted", "pgflex_attention", "pgflex_attention_everywhere"}
    # And none is kept that nobody uses any more.
    assert {each for each in (*HANDED_ON, *PLAYBOOKS) if each not in plays} <= {"pgflex_identity_result"}


def test_5000_hosts_cost_next_to_nothing() -> None:
    hosts = [{**{f"variable_{each}": each for each in range(80)}, PRESENT: [], "pgflex_x": 1} for _each in range(5000)]
    names = VariableNames((), (), ())
    started = time.process_time()
    for number, variables in enumerate(hosts):
        names.add(f"pg-{number}", variables)
    names.check(hosts)
    # Ansible takes some milliseconds to put together the variables of one host.
    assert time.process_time() - started < 0.5


def test_the_role_documents_the_exceptions() -> None:
    specs = yaml.safe_load((ROOT / "roles/pgflex_identity/meta/argument_specs.yml").read_text(encoding="utf-8"))
    assert "*" in " ".join(specs["argument_specs"]["main"]["options"]["pgflex_identity_allow_unknown"]["description"])
