# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell no untrue result, whatever polls, lists of rows and odd answers do: small inputs that once led to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import read_record
from e2e.fleets import held_by_server, row_id, rows, run_fleet, seed_servers, servers
from e2e.world import POLL_PATH, SERVER_PATH, identity_id, patches, seed_server, true_identity, user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

A, B = identity_id("id-a"), identity_id("id-b")
GUID = "0000000a-0000-4000-8000-00000000000a"


def test_a_poll_that_is_answered_as_busy_takes_nothing_back(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("GET", POLL_PATH, {"status": 503, "code": "ServerBusy", "message": "Busy."}, times=-1)
    result = module(identities=[A], busy_timeout=1, poll_interval=0.2, wait_timeout=30)
    assert result.get("assigned") == [A], result
    assert true_identity(emulator)["ids"] == [A.lower()]


def test_an_accepted_operation_is_told_although_its_polls_fail(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.settings(operation_seconds=60, state_while_running="Ready")
    emulator.fault("GET", POLL_PATH, {"status": 503, "code": "Oops", "message": "No."}, times=5)
    result = module(identities=[A], busy_timeout=1, poll_interval=0.2, wait_timeout=4)
    assert result["changed"]
    assert result["error"]["write"] == "accepted"
    assert result["error"]["operation"]["id"]


ODD: dict[str, dict[str, Any]] = {
    "a principal beside a type without it": {"identity": {"principalId": GUID}},
    "a key without an identity": {"properties": {"dataEncryption": {"primaryUserAssignedIdentityId": None}}},
    "an identity for a key that is no text": {
        "properties": {"dataEncryption": {"primaryUserAssignedIdentityId": {"id": "x"}}}
    },
    "a kind of key that is no text": {"properties": {"dataEncryption": {"type": 5}}},
    "a state that is no text": {"properties": {"state": ["Updating"]}},
}


@pytest.mark.parametrize("shown", [pytest.param(each, id=name) for name, each in ODD.items()])
def test_what_would_stop_a_write_and_cannot_be_read_stops_it(
    shown: dict[str, Any], emulator: Emulator, module: RunModule
) -> None:
    emulator.settings(check_schema=False, encryption_identity_removal="accept")
    seed_server(emulator, user_assigned("id-a", "id-cmk"), encryption={"primary": "id-cmk"}, shown=shown)
    assert not module(state="info").get("failed")
    result = module(state="absent", identities=[identity_id("id-cmk"), A])
    assert result["failed"], result
    result = module(identities=[A], purge_identities=True)
    assert result["error"]["code"] == "UnexpectedAnswer", result
    assert patches(emulator) == []


def test_a_row_that_could_not_be_changed_again_stays_failed(emulator: Emulator, outputs: list[str]) -> None:
    both = [*servers("a", 1, "id-a"), *servers("b", 1)]
    seed_servers(emulator, both)
    asked = [*rows(both[:1], present=["id-a", "id-b"]), *rows(both[1:], present=["id-b"])]
    meanwhile = {"server": row_id(asked[0]), "remove": [A], "assign": [identity_id("id-c")], "seconds": 0}
    emulator.fault("PATCH", "/pg-a-000$", {"meanwhile": meanwhile})
    emulator.fault("PATCH", "/pg-b-000$", {"status": 429, "code": "Slow", "headers": {"Retry-After": "100"}}, times=-1)
    result = run_fleet(emulator, outputs, asked, wait_timeout=20)
    held = held_by_server(emulator)[row_id(asked[0])]
    first = result["servers"][0]
    assert first["failed"] is (not {"id-a", "id-b"} <= held)
    assert first["failed"] is False or first["error"]["write"] == "done"


def test_what_somebody_else_removed_meanwhile_is_not_ours_to_restore(
    emulator: Emulator, outputs: list[str], tmp_path: Path
) -> None:
    one = servers("x", 1, "id-a", "id-b")
    seed_servers(emulator, one)
    asked = rows(one, present=["id-c"], absent=["id-a"])
    emulator.fault("PATCH", "/pg-x-000$", {"meanwhile": {"server": row_id(asked[0]), "remove": [A], "seconds": 1}})
    result = run_fleet(emulator, outputs, asked, rollback_file=str(tmp_path / "record.jsonl"))
    assert result["totals"]["changed"] == 1
    assert held_by_server(emulator)[row_id(asked[0])] == {"id-b", "id-c"}
    (entry,) = read_record("rollback", str(tmp_path / "record.jsonl")).entries
    assert [each.rpartition("/")[2] for each in entry.before.identities] == ["id-b"]


def test_each_row_has_a_name_of_its_own(emulator: Emulator, outputs: list[str]) -> None:
    many = servers("x", 3)
    seed_servers(emulator, many)
    asked = rows(many, present=["id-b"])
    for row, name in zip(asked, ("x", "x", "x (row 1)")):
        row["name"] = name
    result = run_fleet(emulator, outputs, asked)
    assert len({each["name"] for each in result["servers"]}) == 3
    assert result["totals"]["changed"] == 3


@pytest.mark.parametrize("seconds", [10**12, 10**40])
def test_a_time_that_is_too_long_is_refused(seconds: int, emulator: Emulator, module: RunModule) -> None:
    result = module(identities=[A], wait_timeout=seconds)
    assert result["error"]["code"] == "InvalidInput"
    assert "wait_timeout: " in result["msg"]
    assert emulator.requests() == []


def test_a_lost_write_before_a_second_one(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("PATCH", SERVER_PATH, {"disconnect": "before"})
    assert module(identities=[A])["assigned"] == [A]
