# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource IDs and names: which are taken, and what is said about those that are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import (
    ResourceId,
    ServerRef,
    check_group,
    check_server_name,
    check_subscription,
    distinct,
    identity_id,
    parse_server_id,
    split,
)
from unit.support import REF, SUBSCRIPTION, A, B, mi

NOT_AN_ID = "is not a resource ID of the form /subscriptions/<subscription>/resourceGroups/<group>/providers/"
NEITHER = "is neither a resource ID nor the name of a user-assigned identity"


def complete(value: str) -> str:
    return identity_id("identities", value, SUBSCRIPTION, "rg-ids")


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(A, id="as documented"),
        pytest.param(mi("id-a", segment="resourcegroups"), id="with a small g, as the identity provider says it"),
        pytest.param(A.upper(), id="in capitals"),
        pytest.param(A.lower(), id="in small letters"),
        pytest.param(mi("1_-"), id="with every kind of character in its name"),
        pytest.param(mi("i" * 128), id="with the longest name"),
        pytest.param(mi("id-a", "r.g(1)_-x"), id="in a group with odd characters"),
        pytest.param(mi("id-a", "gruppe-\N{LATIN SMALL LETTER U WITH DIAERESIS}"), id="in a group with an umlaut"),
    ],
)
def test_an_id_of_an_identity_is_taken_as_it_is_spelled(value: str) -> None:
    assert complete(value) == value


@pytest.mark.parametrize("name", ["a", "id-backup", "0", "i" * 128, "Id_1"])
def test_a_bare_name_is_completed_as_az_does(name: str) -> None:
    assert complete(name) == mi(name)


BAD_IDS = [
    ("of another provider", A.replace("Microsoft.ManagedIdentity", "Microsoft.Compute"),
     "is the ID of a Microsoft.Compute/userAssignedIdentities, not of a Microsoft.ManagedIdentity/userAssigned"),
    ("of another type", A.replace("userAssignedIdentities", "identities"), "not of a Microsoft.ManagedIdentity/user"),
    ("of a server", REF.id, "is the ID of a Microsoft.DBforPostgreSQL/flexibleServers, not of a"),
    ("without its group", A.replace("/resourceGroups/rg-ids", ""), NOT_AN_ID),
    ("without its name", A.rsplit("/", 1)[0], NOT_AN_ID),
    ("with an empty subscription", A.replace(SUBSCRIPTION, ""), NOT_AN_ID),
    ("with an empty group", A.replace("rg-ids", ""), NOT_AN_ID),
    ("with an empty name", mi(""), NOT_AN_ID),
    ("of a child resource", f"{A}/federatedIdentityCredentials/x", NOT_AN_ID),
    ("with a slash at its end", f"{A}/", NOT_AN_ID),
    ("with two slashes at its start", f"/{A}", NOT_AN_ID),
    ("without a slash at its start", A[1:], NOT_AN_ID),
    ("that is a URL", f"https://management.azure.com{A}", NOT_AN_ID),
    ("of a group", A.split("/providers")[0], NOT_AN_ID),
    ("that is a slash", "/", NOT_AN_ID),
    ("that is a name with a slash", "rg-ids/id-a", NOT_AN_ID),
    ("with a subscription that is no GUID", A.replace(SUBSCRIPTION, "prod"), "'prod' is not a subscription ID"),
    ("with a group that ends with a dot", mi("id-a", "rg."), "'rg.' is not the name of a resource group"),
    ("with a blank before it", f" {A}", NOT_AN_ID),
    ("with a blank after it", f"{A} ", NEITHER),
    ("with a line end after it", f"{A}\n", NEITHER),
    ("with a dot in its name", mi("id.a"), NEITHER),
    ("with a name of 129 characters", mi("i" * 129), NEITHER),
    ("with a query", f"{A}?api-version=1", NEITHER),
    ("that is empty", "", f"an empty string {NEITHER}"),
    ("that is a blank", " ", NEITHER),
    ("that is a name of 129 characters", "i" * 129, NEITHER),
    ("that is a name in another alphabet", "\N{CYRILLIC SMALL LETTER A}", NEITHER),
    ("that is a name with a blank", "id a", NEITHER),
    ("that is a name that begins with a hyphen", "-id", NEITHER),
    ("that is a list in a string", "['id-a']", NEITHER),
]  # fmt: skip


@pytest.mark.parametrize(("value", "text"), [pytest.param(*row[1:], id=row[0]) for row in BAD_IDS])
def test_an_identity_is_refused(value: str, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        complete(value)

    message = str(caught.value)
    assert message.startswith("identities: ")
    assert text in message
    assert not value or any(repr(part) in message for part in (value, *value.split("/")[2:5:2]))
    assert caught.value.as_dict()["target"] == "identities"


@given(st.text() | st.lists(st.sampled_from([*A.split("/"), "", "x", "\u0130", "\n"]), max_size=12).map("/".join))
def test_nothing_but_invalid_input_is_ever_raised(value: str) -> None:
    try:
        found = complete(value)
    except InvalidInput:
        return
    assert found == complete(found)
    assert split(found).name == value.rsplit("/", 1)[-1]


@pytest.mark.parametrize("value", [REF.id, REF.id.upper(), REF.id.lower()], ids=["as it is", "capitals", "small"])
def test_the_id_of_a_server_is_taken(value: str) -> None:
    parts = value.split("/")
    subscription, group, name = parts[2], parts[4], parts[-1]

    assert parse_server_id("server_id", value) == ServerRef(subscription, group, name)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(A, "is the ID of a Microsoft.ManagedIdentity/userAssignedIdentities, not of a", id="an identity"),
        pytest.param(f"{REF.id}/databases/x", NOT_AN_ID, id="a database"),
        pytest.param("pg-orders", NOT_AN_ID, id="a bare name"),
        pytest.param("", NOT_AN_ID, id="nothing"),
        pytest.param(f"{REF.id}-", "'pg-orders-' is not the name of a flexible server", id="a bad name"),
    ],
)
def test_the_id_of_a_server_is_refused(value: str, text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_server_id("server_id", value)

    assert str(caught.value).startswith("server_id: ")
    assert text in str(caught.value)


@pytest.mark.parametrize("name", ["abc", "a-b", "1a2", "ABC", "a" * 63, "a-b-c-d"])
def test_the_name_of_a_server_is_taken(name: str) -> None:
    assert check_server_name("server_name", name) == name


@pytest.mark.parametrize(
    "name", ["", "ab", "a" * 64, "a--b", "abc-", "-abc", "a_bc", "a.bc", "a bc", "abc\n", "a\N{DIGIT ONE FULL STOP}c"]
)
def test_the_name_of_a_server_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^server_name: .* is not the name of a flexible server: 3 to 63 letters"):
        check_server_name("server_name", name)


@pytest.mark.parametrize("name", ["r", "rg.x", "a" * 90, "(1)"])
def test_the_name_of_a_group_is_taken(name: str) -> None:
    assert check_group("resource_group", name) == name


@pytest.mark.parametrize("name", ["", "rg.", "a" * 91, "a/b", "a b", "rg\n"])
def test_the_name_of_a_group_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"^resource_group: .* is not the name of a resource group"):
        check_group("resource_group", name)


@pytest.mark.parametrize("value", ["", "prod", SUBSCRIPTION[:-1], f"{{{SUBSCRIPTION}}}", f"{SUBSCRIPTION}\n"])
def test_a_subscription_that_is_no_guid_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match=r"^subscription_id: .* is not a subscription ID"):
        check_subscription("subscription_id", value)


def test_an_id_has_parts() -> None:
    assert split(A) == ResourceId(SUBSCRIPTION, "rg-ids", "Microsoft.ManagedIdentity", "userAssignedIdentities", "id-a")


def test_a_reference_is_written_as_an_id() -> None:
    assert parse_server_id("server_id", ServerRef(SUBSCRIPTION, "rg-prod", "pg-orders").id) == REF


def test_of_several_spellings_the_first_counts() -> None:
    assert distinct([B, A.upper(), A, B.lower()]) == (B, A.upper())
