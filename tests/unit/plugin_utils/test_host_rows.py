# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are no servers are left out, and an error names the variable that was set, once if it concerns a run."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._module.options import ASSIGN, REMOVE, ROTATE
from ansible_collections.pgflex.azure.plugins.plugin_utils._host_variables import HostRows
from unit.support import REF

GUID = "0000000a-0000-4000-8000-00000000000a"
WHERE = {"pgflex_resource_group": "rg-prod"}


def settled(*hosts: dict[str, Any], named: tuple[int, ...] = (), extra: tuple[str, ...] = ()) -> HostRows:
    rows = HostRows()
    for number, variables in enumerate(hosts):
        rows.add(f"pg-{number}", partial(dict, variables), named=number in named)
    rows.settle(len(hosts), extra)
    return rows


def test_a_host_without_a_place_is_no_server_unless_it_is_named_or_nobody_is_one() -> None:
    rows = settled(WHERE, {"pgflex_server_name": "pg-x"}, {"pgflex_server_id": REF.id})
    assert (rows.hosts, [*rows.left_out]) == (["pg-0", "pg-2"], ["pg-1"])
    rows = settled(WHERE, {}, named=(1,))
    assert (rows.hosts, [*rows.refused], rows.left_out) == (["pg-0", "pg-1"], ["pg-1"], {})
    rows = settled({})
    assert [*rows.refused] == ["pg-0"]
    with pytest.raises(InvalidInput, match="pgflex_resource_group: is not set"):
        settled({}, {})


def test_what_is_wrong_with_all_hosts_is_told_once() -> None:
    bad = {**WHERE, "pgflex_identity_present__more": ["a b"]}
    with pytest.raises(InvalidInput, match=r"^pgflex_identity_present__more: 'a b' is neither a resource ID nor"):
        settled(bad, bad)
    assert [*settled(bad, WHERE).refused] == ["pg-0"]
    # What -e says concerns the run, whatever else is wrong.
    with pytest.raises(InvalidInput, match=r"^pgflex_identity_present__more"):
        settled(bad, {**WHERE, "pgflex_identity_purge": "perhaps"}, extra=("pgflex_identity_present__more",))


@pytest.mark.parametrize(
    ("action", "variables", "problem"),
    [
        (
            ASSIGN,
            {"pgflex_identity_present": ["a"], "pgflex_identity_present__b": "b c"},
            "pgflex_identity_present__b: 'b",
        ),
        (ASSIGN, {"pgflex_identity_present": ["a"], "pgflex_identity_absent": "a"}, "pgflex_identity_absent: '/"),
        (ASSIGN, {"pgflex_identity_lookup_resource_group": "a/b"}, "pgflex_identity_lookup_resource_group: 'a/b' is"),
        (ASSIGN, {"pgflex_server_name": REF.id}, f"pgflex_server_name: '{REF.id}' is not the name"),
        (ASSIGN, {"pgflex_subscription_id": "x"}, "pgflex_subscription_id: 'x' is not a subscription ID"),
        (
            ROTATE,
            {"pgflex_identity_rotate_from": "a", "pgflex_identity_rotate_to": "x/y"},
            "pgflex_identity_rotate_to: ",
        ),
        (
            ROTATE,
            {"pgflex_identity_rotate_from": "x y", "pgflex_identity_rotate_to": "x"},
            "pgflex_identity_rotate_from: ",
        ),
        (REMOVE, {"pgflex_identity_absent": [GUID]}, f"pgflex_identity_absent: {GUID} looks like the principal ID"),
    ],
)
def test_what_the_module_would_refuse_is_told_by_the_name_of_the_variable(
    action: str, variables: dict[str, Any], problem: str
) -> None:
    rows = HostRows(action)
    rows.add("pg-x", lambda: {**WHERE, **({"pgflex_identity_present": ["a"]} if action == ASSIGN else {}), **variables})
    assert str(rows.refused["pg-x"]).startswith(problem)


def test_replicas_are_told_what_is_wrong_with_a_primary_of_the_run_too() -> None:
    rows = settled(WHERE, {**WHERE, "pgflex_identity_present": ["a"], "pgflex_identity_absent": "a"}, {})
    assert rows.not_asked(["pg-x", "pg-2", "pg-1", "pg-0"]) == ["pg-1", "pg-2", "pg-x"]


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("pg_orders", "between them. Set it for this host"),
        (
            "pg-orders.postgres.database.azure.com",
            "It looks like the address of a server: only the part before the first",
        ),
        (
            "db1.corp.example",
            "It looks like an address: what belongs here is the name of the server in Azure. Set it for",
        ),
        ("10.0.0.4", "It looks like an address: what belongs here"),
        (REF.id, "It looks like the resource ID of a server: that belongs in server_id (variable pgflex_server_id)."),
    ],
)
def test_a_host_whose_name_is_none_of_a_server_is_told_what_to_set(name: str, like: str) -> None:
    rows = HostRows()
    rows.add(name, partial(dict, WHERE))
    problem = str(rows.refused[name])
    assert problem.startswith("pgflex_server_name: is not set, so that the name of the host counts, and '")
    assert like in problem
    assert problem.endswith("or exclude the host with pgflex_identity_hosts if it is no server.")
    # What somebody has set is told as such.
    rows.add("pg-x", partial(dict, {**WHERE, "pgflex_server_name": name}))
    assert str(rows.refused["pg-x"]).startswith("pgflex_server_name: '")
