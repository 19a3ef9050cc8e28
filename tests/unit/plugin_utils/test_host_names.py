# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts: no two servers share one, and the order of the list does not matter."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.plugin_utils._host_names import name_hosts

Host = tuple[str, str, str]  # name, group, subscription


def server_id(host: Host) -> str:
    name, group, subscription = host
    return f"/s/{subscription}/g/{group}/{name}".lower()


def names(hosts: list[Host], preferred: str | None = None, taken: dict[str, str] | None = None) -> list[str]:
    known = [
        {
            "pgflex_server_id": server_id(host).upper(),
            **dict(zip(("pgflex_server_name", "pgflex_resource_group", "pgflex_subscription_id"), host)),
        }
        for host in hosts
    ]
    wanted = [preferred or name for name, _group, _subscription in hosts]
    return [name for name, _host in name_hosts(known, wanted, taken or {})]


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [
        pytest.param([("pg-a", "g", "1"), ("pg-b", "g", "1")], ["pg-a", "pg-b"], id="no clash"),
        pytest.param([("pg", "g", "1"), ("pg", "h", "1"), ("x", "g", "1")], ["pg_g", "pg_h", "x"], id="two groups"),
        pytest.param([("pg", "g", "1"), ("PG", "h", "1")], ["pg_g", "PG_h"], id="names differ by case"),
        pytest.param([("pg", "g", "1"), ("pg", "G", "2")], ["pg_g_1", "pg_G_2"], id="groups differ by case"),
        pytest.param(
            [("pg", "g", "1"), ("pg", "g", "2"), ("pg", "h", "1")], ["pg_g_1", "pg_g_2", "pg_h"], id="subscriptions"
        ),
    ],
)
def test_servers_of_the_same_name_are_told_apart(hosts: list[Host], expected: list[str]) -> None:
    assert names(hosts) == expected


def test_one_name_for_all_is_told_apart_by_everything() -> None:
    assert names([("a", "g", "1"), ("b", "g", "1"), ("a", "h", "1")], "x") == ["x_g_1_a", "x_g_1_b", "x_h"]


def test_a_name_that_stays_shared_is_an_error_and_no_host_vanishes() -> None:
    hosts: list[Host] = [("x", "g", "1"), ("x", "h", "1"), ("x_g", "i", "1"), ("x_g", "j", "1")]
    assert names(hosts) == ["x_g", "x_h", "x_g_i", "x_g_j"]
    with pytest.raises(InvalidInput, match="or a server and a group, would be named 'pg_g_1_pg'"):
        names([("pg", "g", "1"), ("pg", "g", "1")])


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        pytest.param({"pg": ""}, ["PG_g", "x"], id="a group"),
        pytest.param({"pg": "", "pg_g": ""}, ["PG_g_1", "x"], id="groups"),
        pytest.param({"pg": server_id(("pg", "h", "1"))}, ["PG_g", "x"], id="another server of another source"),
        pytest.param({"pg": server_id(("pg", "g", "1"))}, ["PG", "x"], id="the same server in another source"),
    ],
)
def test_a_name_that_is_taken_is_told_apart_as_one_of_two_servers(taken: dict[str, str], expected: list[str]) -> None:
    assert names([("PG", "g", "1"), ("x", "g", "1")], taken=taken) == expected


def test_a_name_of_a_group_that_cannot_be_told_apart_is_an_error() -> None:
    taken = dict.fromkeys(("pg", "pg_g", "pg_g_1", "pg_g_1_pg"), "")
    with pytest.raises(InvalidInput, match="or a server and a group, would be named 'pg_g_1_pg'"):
        names([("pg", "g", "1")], taken=taken)


@pytest.mark.parametrize("name", [*"*!&~@/,:[?] ", "\t", "\n", "\x1b", "\u00a0"])
def test_no_name_has_a_character_with_a_meaning_for_ansible(name: str) -> None:
    assert names([("pg", "g", "1")], f"a{name}b") == ["a_b"]


def test_names_that_only_such_characters_told_apart_are_told_apart_again() -> None:
    hosts: list[Host] = [("a*", "g", "1"), ("a?", "h", "1"), ("a_", "i", "1")]
    assert names(hosts) == ["a__g", "a__h", "a__i"]


EVERYWHERE: list[Host] = list(product(("pg", "PG", "pg-b"), ("g", "H"), ("1", "2")))


@given(st.lists(st.sampled_from(EVERYWHERE), unique_by=lambda each: "/".join(each).lower()).flatmap(
    lambda hosts: st.tuples(st.just(hosts), st.permutations(hosts))
))  # fmt: skip
def test_names_are_distinct_without_case_and_do_not_depend_on_the_order(hosts: tuple[list[Host], list[Host]]) -> None:
    given_order, other_order = hosts
    named = dict(zip(given_order, names(given_order)))
    assert len({each.lower() for each in named.values()}) == len(given_order)
    assert dict(zip(other_order, names(other_order))) == named
