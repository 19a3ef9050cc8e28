# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of earlier rollouts become rows of the hosts whose servers they name, however a host names its server."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import (
    NOT_WRITTEN,
    UNKNOWN,
    WRITTEN,
    Entry,
    HeldIdentities,
    Record,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef
from ansible_collections.pgflex.azure.plugins.module_utils._module.options import ROLLBACK
from ansible_collections.pgflex.azure.plugins.plugin_utils._host_variables import HostRows
from ansible_collections.pgflex.azure.plugins.plugin_utils._rollback_plan import RollbackPlan

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
OTHER = "00000000-0000-4000-8000-000000000002"
BEFORE, AFTER = HeldIdentities(("a",), system_assigned=True), HeldIdentities(("a", "b"), system_assigned=False)


def record(*names: str, subscription: str = SUBSCRIPTION, written: str = WRITTEN, **facts: bool) -> Record:
    ids = [ServerRef(subscription, "RG-Prod", name).id for name in names]
    entries = tuple(Entry("host", each, BEFORE, AFTER, written) for each in ids)
    return Record("now", "assign", facts.get("finished", True), facts.get("torn", False), entries)


def asked(records: list[Record], *hosts: dict[str, Any], force: bool = False) -> HostRows:
    rows = HostRows(ROLLBACK, RollbackPlan(records, force=force))
    for number, variables in enumerate(hosts):
        rows.add(f"host-{number}", dict(variables).copy)
    return rows


PARTS = {"pgflex_resource_group": "rg-prod", "pgflex_server_name": "PG-X"}


@pytest.mark.parametrize(
    "variables",
    [
        {"pgflex_server_id": ServerRef(SUBSCRIPTION, "rg-PROD", "pg-x").id.upper().replace("/SUBSCR", "/subscr")},
        PARTS,
        {**PARTS, "pgflex_subscription_id": SUBSCRIPTION.upper()},
    ],
    ids=["by ID", "by parts", "by parts and subscription"],
)
def test_a_host_gets_what_its_server_held_before_if_it_still_holds_what_it_held_after(
    variables: dict[str, Any],
) -> None:
    rows = asked([record("pg-x")], variables)
    place = {name.removeprefix("pgflex_"): value for name, value in variables.items() if name != "pgflex_server_id"}
    row = {
        "name": "host-0",
        **place,
        "server_id": ServerRef(SUBSCRIPTION, "RG-Prod", "pg-x").id,
        "present": ["a"],
        "purge": True,
        "system_assigned": True,
    }
    assert rows.asked == [{**row, "expected_identities": ["a", "b"], "expected_system_assigned": False}]
    assert asked([record("pg-x")], variables, force=True).asked == [row]


def test_what_is_wrong_with_the_variables_of_a_host_names_the_variable() -> None:
    rows = asked([record("pg-x")], {**PARTS, "pgflex_identity_protected__dba": "id dba"})
    assert str(rows.refused["host-0"]).startswith("pgflex_identity_protected__dba: 'id dba' is neither")


def test_a_host_whose_server_is_in_no_record_is_left_out() -> None:
    elsewhere = {**PARTS, "pgflex_subscription_id": OTHER}
    rows = asked([record("pg-x")], elsewhere, {**PARTS, "pgflex_server_name": "pg-y"})
    assert (rows.hosts, rows.asked, rows.refused) == ([], [], {})
    assert rows.rollback_plan
    assert not rows.rollback_plan.matched


def test_a_host_that_could_be_one_of_two_servers_is_refused() -> None:
    rows = asked([record("pg-x"), record("pg-x", subscription=OTHER)], PARTS)
    assert str(rows.refused["host-0"]) == (
        "pgflex_subscription_id: is not set, and the record has 2 servers PG-X in groups rg-prod."
    )
    assert rows.hosts == ["host-0"]


def test_what_two_runs_have_written_to_goes_back_to_what_was_before_the_first() -> None:
    third = HeldIdentities(("b", "c"), system_assigned=False)
    server_id = ServerRef(SUBSCRIPTION, "RG-Prod", "PG-X").id
    later = Record("now", "assign", True, False, (Entry("host", server_id, AFTER, third),))
    (row,) = asked([record("pg-x"), later], PARTS).asked
    assert (row["present"], row["expected_identities"]) == (["a"], ["b", "c"])
    assert (row["system_assigned"], row["expected_system_assigned"]) == (True, False)


def overlapping(*held: tuple[str, str]) -> list[Record]:
    """Return the records of runs on one server, in the order in which they began."""
    server_id = ServerRef(SUBSCRIPTION, "RG-Prod", "PG-X").id
    entries = [
        Entry("host", server_id, HeldIdentities((before,), False), HeldIdentities((after,), False))
        for before, after in held
    ]
    return [Record("now", "assign", True, False, (entry,)) for entry in entries]


def test_of_two_hosts_with_one_server_the_first_one_gets_it_back() -> None:
    by_id = {"pgflex_server_id": ServerRef(SUBSCRIPTION, "RG-Prod", "pg-x").id}
    rows = asked(
        [record("pg-x")],
        PARTS,
        by_id,
        {**by_id, "pgflex_identity_protected": ["id-dba"], "pgflex_identity_resource_group": "rg"},
    )
    assert ([each["name"] for each in rows.asked], rows.refused) == (["host-0", "host-2"], {})


def test_the_run_that_began_later_may_have_written_first() -> None:
    rows = asked(overlapping(("d", "c"), ("b", "d")), PARTS)
    (row,) = rows.asked
    assert (row["present"], row["expected_identities"]) == (["b"], ["c"])
    forced = asked(overlapping(("d", "c"), ("b", "d")), PARTS, force=True)
    assert [each["present"] for each in forced.asked] == [["b"]]
    assert forced.rollback_plan
    assert forced.rollback_plan.warnings() == []


def test_what_does_not_follow_on_another_run_is_told_where_nothing_is_compared() -> None:
    records = overlapping(("b", "c"), ("d", "e"))
    rows = asked(records, PARTS, force=True)
    assert rows.rollback_plan
    assert [each["present"] for each in rows.asked] == [["b", "d"]]
    assert rows.rollback_plan.warnings() == [
        "What is put back is not what the first of several runs found, since the runs do not follow on one another "
        "there: PG-X; 1 of the record."
    ]
    compared = asked(records, PARTS)
    assert [each["expected_identities"] for each in compared.asked] == [["e"]]
    assert compared.rollback_plan
    assert compared.rollback_plan.warnings() == []


def test_a_server_may_hold_what_an_uncertain_last_write_left_or_not() -> None:
    third = HeldIdentities(("b", "c"), system_assigned=True)
    server_id = ServerRef(SUBSCRIPTION, "RG-Prod", "PG-X").id
    killed = Record("now", "assign", False, False, (Entry("host", server_id, AFTER, third, UNKNOWN),))
    rows = asked([record("pg-x"), killed], PARTS)
    (row,) = rows.asked
    assert (row["present"], row["expected_identities"]) == (["a"], ["b"])
    assert (sorted(row["possible_identities"]), row["expected_system_assigned"]) == (["a", "c"], None)
    assert rows.rollback_plan
    assert "It is not known whether the rollout changed PG-X" in rows.rollback_plan.warnings()[1]


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_records_that_counts_whose_run_has_written(first: int) -> None:
    records = [record("pg-x", written=NOT_WRITTEN), record("pg-x")]
    rows = asked([records[first], records[1 - first]], PARTS)
    assert [each["server_id"] for each in rows.asked] == [ServerRef(SUBSCRIPTION, "RG-Prod", "pg-x").id]


def test_what_was_not_written_is_left_alone_and_told() -> None:
    rows = asked([record("pg-x", written=NOT_WRITTEN)], PARTS, force=True)
    assert (rows.hosts, rows.asked) == ([], [])
    assert rows.rollback_plan
    assert rows.rollback_plan.matched
    assert rows.rollback_plan.warnings() == ["Left alone, since the rollout did not change them: pg-x."]


def test_what_may_have_been_written_is_restored_and_told() -> None:
    rows = asked([record("pg-x", written=UNKNOWN, finished=False, torn=True)], PARTS)
    assert len(rows.asked) == 1
    assert rows.rollback_plan
    assert rows.rollback_plan.warnings() == [
        "The record is of a rollout that was interrupted. Its last line is torn.",
        "It is not known whether the rollout changed pg-x (1 of the record): what holds what it held before is left "
        "alone.",
    ]


def test_what_is_not_restored_and_what_was_interrupted_is_told() -> None:
    rows = asked([record("pg-x", *(f"pg-{number}" for number in range(6))), record("pg-last", finished=False)], PARTS)
    assert rows.rollback_plan
    assert rows.rollback_plan.warnings() == [
        "The record is of a rollout that was interrupted.",
        "Not rolled back, since they are not in this play: pg-0, pg-1, pg-2, pg-3, pg-4, ...; 7 of the record.",
    ]
    assert asked([record("pg-x")], PARTS).rollback_plan.warnings() == []  # type: ignore[union-attr]
