# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one table of options: what it is made into, and what people read about it."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.pgflex.azure.plugins.doc_fragments.policy import ModuleDocFragment as Policy
from ansible_collections.pgflex.azure.plugins.doc_fragments.waiting import ModuleDocFragment
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from ansible_collections.pgflex.azure.plugins.module_utils._module.options import (
    ACTIONS,
    ALL,
    DESIRED,
    RUN,
    Option,
    fleet_spec,
    module_spec,
)
from ansible_collections.pgflex.azure.plugins.modules import pgflex_identity, pgflex_identity_fleet

ROLE = Path(__file__).resolve().parents[4] / "roles" / "pgflex_identity"
# A survey's empty text passes these types; it would not pass bool, int, float, list or dict.
TEXTS = {"str", "path"}
# What an option of another type is called in the words of a description, as regular expressions.
WORDS = {
    "bool": "whether",
    "int": "seconds|number",
    "float": "",
    "list": "",
    "identities": "identities",
    "patterns": "identities",
}


def role_options() -> dict[str, dict[str, Any]]:
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    assert specs["plan"]["options"] == specs["apply"]["options"] == specs["main"]["options"]
    found: dict[str, dict[str, Any]] = specs["main"]["options"]
    return found


def documented(module: Any) -> dict[str, dict[str, Any]]:
    own: dict[str, dict[str, Any]] = yaml.safe_load(module.DOCUMENTATION)["options"]
    fragments = [yaml.safe_load(each.DOCUMENTATION)["options"] for each in (ModuleDocFragment, Policy)]
    return {**fragments[0], **fragments[1], **own}


def compared(options: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what documentation and argument spec have in common, with nested options."""
    known = ("type", "elements", "default", "choices", "aliases")
    return {
        name: {
            **{part: each[part] for part in known if part in each},
            **({"options": compared(nested)} if (nested := each.get("suboptions") or each.get("options")) else {}),
        }
        for name, each in options.items()
    }


def test_the_documentation_of_the_modules_says_what_the_table_says() -> None:
    assert compared(documented(pgflex_identity)) == compared(module_spec())
    assert compared(documented(pgflex_identity_fleet)) == compared(fleet_spec())


def test_the_role_has_the_variables_of_the_table_and_no_other() -> None:
    assert {each.variable for each in ALL if each.variable} == role_options().keys() - {"pgflex_identity_connection"}


@pytest.mark.parametrize("option", [each for each in ALL if each.variable], ids=lambda option: option.variable)
def test_a_variable_of_the_role_is_documented_as_it_is(option: Option) -> None:
    spec = role_options()[option.variable or ""]
    assert spec["type"] == ("str" if option.type in TEXTS else "raw")
    if option in RUN:
        assert spec.get("default") == option.role_default
    text = " ".join(spec["description"]).lower()
    assert ("variable of the host" in text) == (option not in RUN)
    assert re.search(WORDS.get(option.type, ""), text)


def test_defaults_in_the_tasks_of_the_role_are_those_of_the_table() -> None:
    text = (ROLE / "vars" / "main.yml").read_text(encoding="utf-8")
    found = re.findall(r"\{\{ \[(\w+) \| default\(''\), (.*?)\]\s+\| reject\('in', \['', none\]\)", text, re.DOTALL)
    assert len(found) == 3
    table = {each.variable: each.role_default for each in RUN}
    assert {name: yaml.safe_load(value) for name, value in found} == {name: table[name] for name, _value in found}


def test_what_is_desired_of_a_server_is_a_field_of_the_state() -> None:
    named = [each.field for each in DESIRED if each.field]
    assert sorted([*named, "expected", "guids"]) == sorted(each.name for each in fields(DesiredState))


def test_what_counts_for_an_action_names_one_that_there_is() -> None:
    assert {action for each in ALL for action in each.actions} <= set(ACTIONS)
    assert all(each.actions for each in DESIRED if each.variable)
