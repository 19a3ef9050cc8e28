# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of hosts, as inventories and surveys write them, become rows; what cannot be read stays with its host."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._module.options import (
    ACTIONS,
    ASSIGN,
    LIST,
    REMOVE,
    ROLLBACK,
    ROTATE,
)
from ansible_collections.pgflex.azure.plugins.plugin_utils._host_variables import (
    HostRows,
    is_relevant,
    make_row,
    nothing_asked,
)
from unit.support import REF, A

WHERE = {"pgflex_resource_group": "rg-prod"}
PLACE = {"resource_group": "rg-prod", "server_name": "pg-x"}


@pytest.mark.parametrize(
    ("variables", "row"),
    [
        pytest.param({}, {}, id="the server's name is the host's"),
        pytest.param({"pgflex_server_name": 17}, {"server_name": "17"}, id="a number is a name that YAML misread"),
        pytest.param(
            {"pgflex_subscription_id": " s "}, {"subscription_id": "s"}, id="blanks around a text do not count"
        ),
        pytest.param({"pgflex_subscription_id": ""}, {}, id="an empty text is unset"),
        pytest.param({"pgflex_subscription_id": None}, {}, id="null is unset"),
        pytest.param({"pgflex_identity_present": ["a", "b"]}, {"present": ["a", "b"]}, id="a list"),
        pytest.param({"pgflex_identity_present": "a, b\n\n c\n"}, {"present": ["a", "b", "c"]}, id="lines and commas"),
        pytest.param({"pgflex_identity_present": "# x, y\na#b,c\nd"}, {"present": ["a", "d"]}, id="comments"),
        pytest.param({"pgflex_identity_present": "# nothing, yet"}, {}, id="only a comment is nothing"),
        pytest.param({"pgflex_identity_present": []}, {"present": []}, id="an empty list is none"),
        pytest.param({"pgflex_identity_present__a": []}, {"present": []}, id="an empty list of a group is none, too"),
        pytest.param({"pgflex_identity_present": ""}, {}, id="an empty text is no list"),
        pytest.param({"pgflex_identity_present": None}, {}, id="null is no list"),
        pytest.param({"pgflex_identity_present": [""]}, {"present": [""]}, id="an empty name in a list is a mistake"),
        pytest.param(
            {
                "pgflex_identity_absent__b": "y",
                "pgflex_identity_absent": ["x"],
                "pgflex_identity_absent__a": ["z", "X"],
            },
            {"absent": ["x", "z", "y"]},
            id="sets add up, each identity once whatever its casing",
        ),
        pytest.param({"pgflex_identity_purge": "true"}, {"purge": True}, id="true as a survey says it"),
        pytest.param({"pgflex_identity_purge": "No"}, {"purge": False}, id="no as a survey says it"),
        pytest.param({"pgflex_identity_purge": ""}, {}, id="an empty answer is unset"),
        pytest.param({"pgflex_identity_system_assigned": False}, {"system_assigned": False}, id="false is not unset"),
        pytest.param(
            {"pgflex_identity_keep_encryption_identities": 1, "pgflex_identity_lookup_resource_group": "rg"},
            {"keep_encryption_identities": True, "identity_resource_group": "rg"},
            id="the other options",
        ),
    ],
)
def test_variables_become_a_row(variables: dict[str, Any], row: dict[str, Any]) -> None:
    assert make_row("pg-x", {**WHERE, **variables}) == {"name": "pg-x", **PLACE, **row}


def test_an_id_says_all_and_the_parts_beside_it_are_left_out() -> None:
    parts = {"pgflex_server_name": "other", "pgflex_subscription_id": "other"}
    assert make_row("pg-x", {**WHERE, **parts, "pgflex_server_id": REF.id}) == {"name": "pg-x", "server_id": REF.id}


@pytest.mark.parametrize(
    ("host", "variables", "problem"),
    [
        ("pg-x", {"pgflex_server_id": "pg-x"}, "pgflex_server_id: 'pg-x' is not a resource ID of the form"),
        ("pg-x", {}, "pgflex_resource_group: is not set, nor is pgflex_server_id"),
        ("localhost", WHERE, "pgflex_server_name: is not set, nor is pgflex_server_id"),
        ("pg-x", {"pgflex_resource_group": True}, "pgflex_resource_group: True is not a text"),
        ("pg-x", {"pgflex_resource_group": ["rg"]}, "pgflex_resource_group: ['rg'] is not a text"),
        ("pg-x", {"pgflex_identity_present": 7}, "pgflex_identity_present: 7 is neither a list of texts"),
        ("pg-x", {"pgflex_identity_present": [["a"]]}, "pgflex_identity_present: [['a']] is neither"),
        ("pg-x", {"pgflex_identity_absent__x": {"a": 1}}, "pgflex_identity_absent__x: {'a': 1} is neither"),
        ("pg-x", {"pgflex_identity_purge": "perhaps"}, "pgflex_identity_purge: 'perhaps' is neither true nor false"),
        ("pg-x", {"pgflex_identity_purge": ["true"]}, "pgflex_identity_purge: ['true'] is neither true nor false"),
    ],
)
def test_what_cannot_be_read_is_named(host: str, variables: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        make_row(host, variables)
    assert str(raised.value).startswith(problem)


DESIRED = {
    "pgflex_identity_present": "a",
    "pgflex_identity_absent": "b",
    "pgflex_identity_absent__more": "c",
    "pgflex_identity_purge": "true",
    "pgflex_identity_system_assigned": "true",
    "pgflex_identity_lookup_resource_group": "rg-ids",
    "pgflex_identity_rotate_from": " old ",
    "pgflex_identity_rotate_to": "new",
}


@pytest.mark.parametrize(
    ("action", "row"),
    [
        (REMOVE, {"absent": ["b", "c"], "identity_resource_group": "rg-ids"}),
        (
            ROTATE,
            {"present": ["new"], "absent": ["old"], "only_if_assigned": ["old"], "identity_resource_group": "rg-ids"},
        ),
        (ROLLBACK, {}),
    ],
)
def test_other_jobs_ask_for_a_part_of_it(action: str, row: dict[str, Any]) -> None:
    assert make_row("pg-x", {**WHERE, **DESIRED}, action) == {"name": "pg-x", **PLACE, **row}


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        ({"pgflex_identity_rotate_to": "b"}, "pgflex_identity_rotate_from: is not set: it has to name the identity to"),
        (
            {"pgflex_identity_rotate_from": "a"},
            "pgflex_identity_rotate_to: is not set: it has to name the new identity",
        ),
        (
            {"pgflex_identity_rotate_from": "a", "pgflex_identity_rotate_to": "A"},
            "pgflex_identity_rotate_to: 'A' is the identity to replace as well.",
        ),
    ],
)
def test_a_rotation_needs_two_identities(variables: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        make_row("pg-x", {**WHERE, **variables}, ROTATE)
    assert str(raised.value).startswith(problem)


@pytest.mark.parametrize(
    ("variable", "actions"),
    [
        ("pgflex_server_name", ACTIONS),
        ("pgflex_identity_present", (ASSIGN,)),
        ("pgflex_identity_present__app1", (ASSIGN,)),
        ("pgflex_identity_absent__", (ASSIGN, REMOVE)),
        ("pgflex_identity_system_assigned", (ASSIGN,)),
        ("pgflex_identity_lookup_resource_group", (ASSIGN, REMOVE, ROTATE)),
        ("pgflex_identity_rotate_to", (ROTATE,)),
        ("pgflex_identity_presently", ()),
        ("pgflex_identity_purge__x", ()),
        ("pgflex_identity", ()),
        ("pgflex_tags", ()),
    ],
)
def test_only_variables_that_say_something_about_a_row_are_templated(variable: str, actions: tuple[str, ...]) -> None:
    assert tuple(action for action in ACTIONS if is_relevant(variable, action)) == actions


def test_answers_come_in_the_order_of_the_hosts_and_the_totals_count_all() -> None:
    rows = HostRows()
    rows.add("pg-broken", lambda: {"pgflex_resource_group": True})
    rows.add("pg-x", lambda: {**WHERE, "pgflex_identity_present": [A]})
    rows.add("pg-y", lambda: WHERE)
    assert [each["name"] for each in rows.asked] == ["pg-x", "pg-y"]
    entries = [{"name": name, "failed": False} for name in ("pg-y", "pg-x")]
    totals = {"servers": 2, "compliant": 1, "changed": 1, "failed": 0, "not_started": 0, "written": 1}
    found = rows.answers({"changed": True, "requests": 3, "servers": entries, "totals": totals})
    assert [each["name"] for each in found["servers"]] == ["pg-broken", "pg-x", "pg-y"]
    assert found["totals"] == {**totals, "servers": 3, "failed": 1}
    assert (found["changed"], found["requests"]) == (True, 3)
    broken = found["servers"][0]
    assert broken["msg"] == "pgflex_resource_group: True is not a text."
    assert broken["error"]["code"] == "InvalidInput"


def test_with_no_row_left_to_ask_for_there_are_answers_too() -> None:
    rows = HostRows()
    rows.add("pg-x", dict)
    assert rows.answers(nothing_asked())["totals"] == {
        "servers": 1,
        "compliant": 0,
        "changed": 0,
        "failed": 1,
        "undeclared": 0,
        "not_started": 0,
        "written": 0,
        "added": 0,
        "removed": 0,
    }


def test_where_the_result_is_in_files_what_was_refused_is_as_short_as_the_rest() -> None:
    rows = HostRows()
    rows.add("pg-x", dict)
    found = rows.answers({**nothing_asked(), "result_dir": "/somewhere"})
    assert [list(each) for each in found["servers"]] == [["name", "changed", "failed", "msg"]]
    assert rows.refusals()[0]["error"]["code"] == "InvalidInput"


@pytest.mark.parametrize(
    ("action", "undeclared", "warned"),
    [
        pytest.param(
            ASSIGN, 2, "none has an identity in pgflex_identity_present or pgflex_identity_absent.", id="none"
        ),
        pytest.param(ASSIGN, 1, "", id="one of two"),
        pytest.param(REMOVE, 2, "none has an identity in pgflex_identity_absent.", id="none to remove"),
        pytest.param(LIST, 2, "", id="no action for which anything is declared"),
    ],
)
def test_a_run_in_which_nothing_is_declared_warns(action: str, undeclared: int, warned: str) -> None:
    rows = HostRows(action)
    for host in ("one", "two"):
        rows.add(host, lambda: WHERE)
    result = {"totals": {"undeclared": undeclared}}
    assert bool(rows.warnings(result, whole=True)) == bool(warned)
    assert all(warned in each for each in rows.warnings(result, whole=True))
    assert rows.warnings(result, whole=False) == []
    # A module that failed has not counted.
    assert rows.warnings({}, whole=True) == []


def test_a_purge_that_takes_nothing_since_nothing_is_declared_warns() -> None:
    rows = HostRows()
    declared = {"pgflex_identity_present": [], "pgflex_identity_purge": True}
    for host, variables in (("pg-a", {"pgflex_identity_purge": True}), ("pg-b", {}), ("pg-c", declared)):
        rows.add(host, lambda variables=variables: {**WHERE, **variables})  # type: ignore[misc]
    entries = [{"name": "pg-a", "undeclared": True}, {"name": "pg-b", "undeclared": True}, {"name": "pg-c"}]
    result = {"totals": {"undeclared": 2}, "servers": entries}
    warned = [
        "Nothing is purged where nothing says what a server shall hold, so not on pg-a (1 in all). Is the name of a "
    ]
    assert [each[: len(warned[0])] for each in rows.warnings(result, whole=True)] == warned
    assert [each[: len(warned[0])] for each in rows.warnings(result, whole=False)] == warned


def test_a_rotation_that_no_host_asks_for_is_refused_as_a_whole() -> None:
    rows = HostRows(ROTATE)
    rows.add("one", lambda: WHERE)
    with pytest.raises(InvalidInput, match="pgflex_identity_rotate_from: is not set: it has to name the identity"):
        rows.refuse_empty_rotation()
    rows.add("two", lambda: {**WHERE, "pgflex_identity_rotate_from": "a", "pgflex_identity_rotate_to": "b"})
    rows.refuse_empty_rotation()
    assert [each["name"] for each in rows.asked] == ["one", "two"]
