# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters: who passes, and what cannot be a filter."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._listing.filters import Filter, read_filter
from unit.support import A, B, mi, server

SERVER = replace(server(A, mi("id-z", segment="resourcegroups")), tags={"Environment": "prod", "empty": ""})


@pytest.mark.parametrize(
    ("raw", "passes"),
    [
        ({}, True),
        ({"identity": A}, True),
        ({"identity": A.upper()}, True),
        ({"identity": mi("ID-Z")}, True),
        ({"identity": B}, False),
        ({"identity": mi("id-a", "rg-elsewhere")}, False),
        ({"identity": "id-a"}, True),
        ({"identity": "ID-A"}, True),
        ({"identity": "id"}, False),
        ({"locations": ["Canada Central"]}, True),
        ({"locations": ["eastus", "canadacentral"]}, True),
        ({"locations": "CANADACENTRAL"}, True),
        ({"locations": ["canada"]}, False),
        ({"locations": []}, True),
        ({"states": ["ready", "Stopped"]}, True),
        ({"states": "Stopped"}, False),
        ({"tags": {"environment": "prod"}}, True),
        ({"tags": {"ENVIRONMENT": None}}, True),
        ({"tags": {"environment": "Prod"}}, False),
        ({"tags": {"environment": ""}}, False),
        ({"tags": {"empty": ""}}, True),
        ({"tags": {"absent": None}}, False),
        ({"tags": {"environment": "prod", "absent": "x"}}, False),
        ({"identity": "id-a", "locations": ["canadacentral"], "states": ["Ready"], "tags": {"empty": None}}, True),
        ({"identity": "id-a", "locations": ["eastus"], "states": ["Ready"], "tags": {"empty": None}}, False),
        ({"identity": "id-a", "states": ["Stopped"]}, False),
    ],
    ids=str,
)
def test_a_server_passes_if_it_meets_every_part(raw: dict[str, Any], passes: bool) -> None:
    assert read_filter("filters", raw).passes(SERVER) is passes


def test_a_number_as_value_of_a_tag_is_its_digits() -> None:
    assert read_filter("filters", {"tags": {"cost": 4711}}).passes(replace(SERVER, tags={"cost": "4711"}))


def test_a_server_without_state_has_none_of_the_states() -> None:
    assert not read_filter("filters", {"states": ["Ready"]}).passes(replace(SERVER, state=None))


def test_parts_that_are_not_given_are_no_condition() -> None:
    assert read_filter("filters", {"identity": None, "tags": None, "locations": None, "states": None}) == Filter()


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ("prod", "filters: 'prod' is not a dictionary with some of identity, locations, states, tags."),
        ({"tag": {}}, "filters: 'tag': no such filter, but identity, locations, states, tags."),
        ({"b": 1, "a": 1, "tags": {}}, "filters: 'a', 'b': no such filter"),
        ({"identity": ""}, "filters.identity: an empty string is neither"),
        ({"identity": "x/y"}, "filters.identity: 'x/y' is not a resource ID"),
        ({"identity": A.replace("ManagedIdentity", "Compute")}, "filters.identity: "),
        ({"tags": ["environment"]}, "filters.tags: ['environment'] is not a dictionary of tags and values."),
        ({"tags": {"backup": True}}, "filters.tags: True is not a text: write the value of a tag in quotes."),
        ({"tags": {"version": 1.1}}, "filters.tags: 1.1 is not a text"),
        ({"locations": 5}, "filters.locations: 5 is not a list."),
        ({"states": {"Ready": True}}, "filters.states: {'Ready': True} is not a list."),
    ],
    ids=str,
)
def test_what_cannot_be_a_filter_is_refused(raw: Any, problem: str) -> None:
    with pytest.raises(InvalidInput) as failure:
        read_filter("filters", raw)
    assert str(failure.value).startswith(problem)
