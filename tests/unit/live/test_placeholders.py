# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything in a recording is on the allowlist or a placeholder, and what is equal stays equal."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import region
from live import allowlist
from live.exchange import Exchange
from live.placeholders import Placeholders

ID = "/subscriptions/0F2B7A31-1111-4222-8333-944445555666/resourceGroups/rg-Payroll/providers/{}/id-App"
IDENTITY = ID.format("Microsoft.ManagedIdentity/userAssignedIdentities")
PLACEHOLDER = re.compile(
    r"value-\d+|aaaaaaaa-0000-4000-8000-\d{12}|2000-01-\d\dT\d\d:\d\d:\d\dZ|https://value-\d+\.example.*|",
    re.IGNORECASE,
)
WORDS = {word for words in allowlist.WORDS.values() for word in words}
NAMES = st.sampled_from(sorted(allowlist.NAMES)) | st.text()
VALUES = st.text() | st.sampled_from(sorted(WORDS)) | st.integers() | st.booleans() | st.none() | st.floats()
JSON = st.recursive(VALUES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=10)


def is_known(text: str) -> bool:
    """Return whether a text is on the allowlist or a placeholder, or a path of such."""
    if text.startswith("/"):
        return all(each.lower() in allowlist.SEGMENTS or is_known(each) for each in text.split("/"))
    return bool(PLACEHOLDER.fullmatch(text))


def texts(value: Any) -> list[tuple[str, str]]:
    """Return all names and texts of a value of JSON, each text with the name that it stands under."""
    if isinstance(value, dict):
        found = [("", name) for name in value if name not in allowlist.NAMES]
        return found + [(each[0] or name, each[1]) for name, under in value.items() for each in texts(under)]
    if isinstance(value, list):
        return [each for under in value for each in texts(under)]
    return [("", value)] if isinstance(value, str) else []


def shape(value: Any) -> Any:
    """Return a value with its type in the place of each leaf."""
    if isinstance(value, dict):
        return [shape(each) for each in value.values()]
    if isinstance(value, list):
        return [shape(each) for each in value]
    return type(value)


@given(JSON)
def test_only_what_is_on_the_allowlist_and_placeholders_are_left(value: Any) -> None:
    recorded = Placeholders().json(value)
    wrong = [text for name, text in texts(recorded) if not is_known(text) and text not in allowlist.WORDS.get(name, ())]
    assert wrong == []


@given(JSON)
def test_shape_count_and_types_stay(value: Any) -> None:
    assert shape(Placeholders().json(value)) == shape(value)


@given(st.text() | st.uuids().map(str))
def test_a_value_has_one_placeholder(value: str) -> None:
    placeholders = Placeholders()
    first = placeholders.json({"tags": {"a": value}, "name": "other", "list": [value]})
    assert [*first["tags"].values()] == [placeholders.text(value)]


def test_what_differs_in_casing_differs_in_casing_only() -> None:
    placeholders = Placeholders()
    spellings = (IDENTITY, IDENTITY.lower(), IDENTITY.upper(), IDENTITY.swapcase())
    recorded = [placeholders.text(each) for each in spellings]
    assert len(set(recorded)) == 4
    assert len({each.lower() for each in recorded}) == 1
    assert placeholders.text(IDENTITY) == recorded[0]


def test_a_word_may_be_spelled_in_more_ways_than_a_placeholder() -> None:
    placeholders = Placeholders()
    spellings = {
        "".join(letter.upper() if number >> place & 1 else letter for place, letter in enumerate("payroll"))
        for number in range(128)
    }
    assert len({placeholders.text(each) for each in spellings}) == 128


def test_a_region_is_the_same_in_both_spellings() -> None:
    placeholders = Placeholders()
    assert region(placeholders.text("Canada Central")) == region(placeholders.text("canadacentral"))
    assert region(placeholders.text("East US")) != region(placeholders.text("canadacentral"))


@pytest.mark.parametrize(
    ("value", "recorded"),
    [
        ("https://management.azure.com/subscriptions?api-version=2025-08-01", None),
        ("https://user:s3cret@db.contoso.example:5432/payroll?x=s3cret#s3cret", "https://value-1.example/value-4?value-2=value-3"),
        ("https://10.1.2.3/subscriptions?api-version=2025-08-01-s3cret", "https://value-1.example/subscriptions?api-version=value-2"),
        ("https://[/", "value-1"),
        ("", ""),
        ("/subscriptions/s3cret", "/subscriptions/value-1"),
    ],
)  # fmt: skip
def test_an_address_keeps_what_is_public(value: str, recorded: str | None) -> None:
    assert Placeholders().text(value) == (value if recorded is None else recorded)


def test_a_word_counts_only_where_it_belongs() -> None:
    recorded = Placeholders().json(
        {"state": "Ready", "name": "Ready", "tags": {"owner": "Ready", "pgflex-live": "write"}}
    )
    assert recorded == {"state": "Ready", "name": "value-1", "tags": {"value-2": "value-1", "pgflex-live": "write"}}


def test_a_header_is_left_out_unless_it_is_known() -> None:
    headers = {
        "x-contoso-s3cret": "s3cret",
        "retry-after": "s3cret",
        "x-ms-request-id": "s3cret",
        "set-cookie": "s3cret",
    }
    exchange = Exchange("GET", "https://management.azure.com/", None, 200, {**headers}, "s3cret in text")
    recorded = Placeholders().exchange(exchange)
    assert "s3cret" not in json.dumps(recorded)
    assert recorded["response_headers"].keys() == {"retry-after", "x-ms-request-id"}
    assert Placeholders().header("retry-after", "30") == "30"
