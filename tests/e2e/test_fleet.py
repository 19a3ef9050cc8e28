# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet against the emulator: check mode and the real run, the same as one server each, and a fleet of all kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.calls import count
from e2e.fleets import held_by_server, row_id, rows, run_fleet, seed_servers, servers, totals_of
from e2e.world import OTHER_SUBSCRIPTION, SUBSCRIPTION, patches, seed_subscription

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

CMK = {"primary": "id-cmk"}
#: Servers by kind, and the desired state for each kind; one kind is not there.
KINDS: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "adds": (servers("adds", 2, "id-a"), {"present": ["id-a", "id-b"]}),
    "loses": (servers("loses", 2, "id-a", "id-c"), {"absent": ["id-c", "id-b"]}),
    "swaps": (servers("swaps", 2, "id-a", "id-c"), {"present": ["id-b"], "absent": ["id-c"]}),
    "purged": (servers("purged", 2, "id-a", "id-c"), {"present": ["id-b"], "purge": True}),
    "emptied": (servers("emptied", 1, "id-a"), {"present": [], "purge": True}),
    "system": (servers("system", 2, "id-a"), {"system_assigned": True}),
    "same": (servers("same", 3, "id-a", "id-b"), {"present": ["id-b"]}),
    "kept": (
        servers("kept", 2, "id-cmk", "id-a", encryption=CMK),
        {"present": ["id-b"], "purge": True, "keep_encryption_identities": True},
    ),
    "cmk": (servers("cmk", 2, "id-cmk", "id-a", encryption=CMK), {"present": ["id-b"], "purge": True}),
    "elastic": (servers("elastic", 2, "id-a", cluster_size=2), {"present": ["id-b"]}),
    "missing": (servers("missing", 2), {"present": ["id-b"]}),
    "none": (servers("none", 2, "id-a"), {"present": ["id-none"]}),
    "bad": (servers("bad", 2, "id-a"), {"present": ["/subscriptions/x"]}),
}
FAILING = {"cmk", "elastic", "missing", "none", "bad"}


def seed_kinds(emulator: Emulator) -> list[dict[str, Any]]:
    """Seed all servers but those that shall be missing; return the rows."""
    seed_servers(emulator, [each for kind, (some, _desired) in KINDS.items() if kind != "missing" for each in some])
    return [row for some, desired in KINDS.values() for row in rows(some, **desired)]


def kind_of(facts: dict[str, Any]) -> str:
    return str(facts["name"]).split("-")[1]


def told(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what check mode must say as the real run does. The request ID differs by nature."""
    kept = ("name", "changed", "failed", "assigned", "removed", "diff", "before")
    return [
        {**{name: each.get(name) for name in kept}, "msg": without_request_id(each.get("msg", ""))}
        for each in result["servers"]
    ]


def test_check_mode_says_for_each_row_what_the_real_run_does_and_writes_nothing(
    emulator: Emulator, outputs: list[str]
) -> None:
    asked = seed_kinds(emulator)
    before = emulator.servers()
    planned = run_fleet(emulator, outputs, asked, check=True)
    assert patches(emulator) == []
    assert emulator.servers() == before
    done = run_fleet(emulator, outputs, asked)
    assert told(planned) == told(done)
    assert {**planned["totals"], "written": 13} == done["totals"]
    assert planned["totals"] == totals_of(servers=26, compliant=3, changed=13, failed=10, added=10, removed=11)
    assert {kind_of(each) for each in done["servers"] if each["failed"]} == FAILING
    again = run_fleet(emulator, outputs, asked)
    assert [each["changed"] for each in again["servers"]] == [False] * 26
    assert not again["changed"]
    assert len(patches(emulator)) == 13


@pytest.mark.parametrize("check", [True, False], ids=["check mode", "for real"])
def test_each_row_is_told_as_the_module_for_one_server_tells_it(
    emulator: Emulator, outputs: list[str], module: RunModule, check: bool
) -> None:
    asked = seed_kinds(emulator)
    fleet = run_fleet(emulator, outputs, asked, check=check)
    after = held_by_server(emulator)
    seed_kinds(emulator)
    for row, facts in zip(asked, fleet["servers"]):
        own = module(check=check, **as_single(row))
        assert own.pop("failed", False) is facts["failed"]
        if facts["failed"]:
            assert_same_failure(own, facts)
        else:
            # Only a fleet names its rows, says how they were read and what was there before; only one server counts
            # its requests. Where nothing changes, a fleet leaves out what would only repeat the identities.
            same = own.keys() - {"requests", *([] if facts["changed"] else ["diff"])}
            assert same == facts.keys() - {"name", "failed", "read_by", *(["before"] if facts["changed"] else [])}
            assert all(own[name] == facts[name] for name in same)
    assert held_by_server(emulator) == after


def as_single(row: dict[str, Any]) -> dict[str, Any]:
    """Return the options of pgflex_identity for the same desired state."""
    options = {name: value for name, value in row.items() if name in ("server_name", "resource_group")}
    options.update({name: row[name] for name in ("system_assigned", "keep_encryption_identities") if name in row})
    if "present" in row:
        replaces = {"replaces": row["absent"]} if "absent" in row else {}
        options.update(identities=row["present"], purge_identities=row.get("purge"), **replaces)
    elif "absent" in row:
        options.update(identities=row["absent"], state="absent")
    return options


def assert_same_failure(own: dict[str, Any], facts: dict[str, Any]) -> None:
    # The option is called otherwise there.
    assert without_request_id(own["msg"]).replace("identities:", "present:") == without_request_id(facts["msg"])
    assert own["error"]["code"] == facts["error"]["code"]
    assert own["error"]["status"] == facts["error"]["status"]


def without_request_id(message: str) -> str:
    return message.partition(", request id ")[0]


DESIRED = {"present": ["id-b"], "absent": ["id-c"]}
#: Kinds of the mixed fleet: servers, what becomes of their row, and what they hold in the end.
MIXED: dict[str, tuple[list[dict[str, Any]], str, set[str]]] = {
    "drift": (servers("drift", 14, "id-a", "id-c"), "changed", {"id-a", "id-b"}),
    "same": (servers("same", 6, "id-a", "id-b"), "compliant", {"id-a", "id-b"}),
    "cmk": (servers("cmk", 2, "id-c", encryption={"primary": "id-c"}), "IdentityUsedForEncryption", {"id-c"}),
    "elastic": (servers("elastic", 2, "id-c", cluster_size=3), "ElasticCluster", {"id-c"}),
    "missing": (servers("missing", 2), "ResourceNotFound", set()),
    "bad": (servers("bad", 2, "id-a"), "InvalidInput", {"id-a"}),
    "busy": (servers("busy", 1, "id-a"), "changed", {"id-a", "id-b"}),
    "failed": (servers("failed", 1, "id-a", "id-c"), "NoLuck", {"id-a", "id-c"}),
    "stuck": (servers("stuck", 1, "id-a", "id-c"), "WaitTimeout", {"id-a", "id-c"}),
    "idle": (servers("idle", 1, "id-a", "id-c"), "NotVerified", {"id-a", "id-c"}),
    "closed": (servers("closed", 28, "id-a", "id-c"), "changed", {"id-a", "id-b"}),
}


def seed_mixed(emulator: Emulator) -> list[dict[str, Any]]:
    """Seed 60 servers in two subscriptions, in which everything happens; return the rows."""
    there = [each for kind, (some, _end, _held) in MIXED.items() if kind not in ("missing", "closed") for each in some]
    seed_servers(emulator, there)
    seed_servers(emulator, MIXED["closed"][0], OTHER_SUBSCRIPTION)
    closed = f"^/subscriptions/{OTHER_SUBSCRIPTION}/providers/.*/flexibleServers$"
    emulator.fault("GET", closed, {"status": 403, "code": "AuthorizationFailed"}, times=-1)
    emulator.fault("PATCH", "/pg-busy-000$", {"status": 409, "code": "ServerIsBusy"}, times=4)
    emulator.fault("PATCH", "/pg-failed-000$", {"operation_error": {"code": "NoLuck", "message": "No luck."}})
    emulator.fault("PATCH", "/pg-stuck-000$", {"operation_status": "InProgress"})
    emulator.fault("PATCH", "/pg-idle-000$", {"operation_effect": "none"})
    small = {"bucket": 20, "refill": 10}
    emulator.settings(operation_seconds=0.3, throttle={"reads": {"bucket": 40, "refill": 25}, "writes": small})
    asked = []
    for kind, (some, _end, _held) in MIXED.items():
        desired = {**DESIRED, "present": ["id/b"]} if kind == "bad" else DESIRED
        asked += rows(some, OTHER_SUBSCRIPTION if kind == "closed" else SUBSCRIPTION, **desired)
    return asked


def test_a_mixed_fleet_ends_truthfully_row_by_row_and_nobody_holds_up_the_others(
    emulator: Emulator, outputs: list[str]
) -> None:
    asked = seed_mixed(emulator)
    assert len(asked) == 60
    result = run_fleet(emulator, outputs, asked, wait_timeout=12)
    true = held_by_server(emulator)
    for row, facts in zip(asked, result["servers"]):
        _some, end, held = MIXED[kind_of(facts)]
        ended = facts["error"]["code"] if facts["failed"] else "changed" if facts["changed"] else "compliant"
        assert (ended, true.get(row_id(row), set())) == (end, held), facts.get("msg")
        if not facts["failed"]:
            assert {each["name"].lower() for each in facts["identity"]["user_assigned_identities"]} == held
    written = sum(each["failed"] and each["error"]["write"] != "none" for each in result["servers"])
    counts = totals_of(servers=60, compliant=6, changed=43, failed=11, written=43 + written)
    # One of the kinds that are changed had nothing to lose.
    assert result["totals"] == {**counts, "added": 43, "removed": 42}
    assert_only_the_stuck_one_was_waited_for(emulator)
    assert count(emulator)["429"] <= 40


def assert_only_the_stuck_one_was_waited_for(emulator: Emulator) -> None:
    calls = emulator.requests("arm")
    last_write = max(number for number, each in enumerate(calls) if each["method"] == "PATCH")
    polls_after = [each for each in calls[last_write:] if "/azureAsyncOperation/" in each["path"]]
    assert polls_after[-1]["time"] - calls[last_write]["time"] > 2


def reads_of_identities(emulator: Emulator) -> list[str]:
    return [each["path"].rpartition("/")[2] for each in emulator.requests("arm") if "/userAssigned" in each["path"]]


@pytest.mark.parametrize("check", [True, False], ids=["check mode", "for real"])
def test_each_identity_that_is_newly_assigned_is_read_once_in_a_run(
    emulator: Emulator, outputs: list[str], check: bool
) -> None:
    many = [*servers("bare", 4), *servers("has", 2, "id-a")]
    seed_servers(emulator, many)
    asked = [*rows(many[:4], present=["id-a", "id-b"]), *rows(many[4:], present=["id-a"], absent=["id-c"])]
    result = run_fleet(emulator, outputs, asked, check=check)
    assert result["totals"]["changed"] == 4
    # And the one to remove that nobody holds: it may be misspelt.
    assert sorted(reads_of_identities(emulator)) == ["id-a", "id-b", "id-c"]


@pytest.mark.parametrize("check", [True, False], ids=["check mode", "for real"])
def test_one_that_does_not_exist_is_refused_in_the_words_of_the_module(
    emulator: Emulator, outputs: list[str], module: RunModule, check: bool
) -> None:
    many = servers("bare", 2)
    seed_servers(emulator, many)
    result = run_fleet(emulator, outputs, rows(many, present=["id-absent"]), check=check)
    assert reads_of_identities(emulator) == ["id-absent"]
    own = module(check=check, identities=["id-absent"], server_name=many[0]["name"])
    assert {each["msg"] for each in result["servers"]} == {own["msg"]}
    assert "it does not exist" in own["msg"]
    assert patches(emulator) == []


@pytest.mark.parametrize("check", [True, False], ids=["check mode", "for real"])
def test_a_right_that_is_missing_is_one_warning(emulator: Emulator, outputs: list[str], check: bool) -> None:
    many = servers("bare", 2)
    seed_servers(emulator, many)
    seed_subscription(emulator, denied_actions=["Microsoft.ManagedIdentity/userAssignedIdentities/read"])
    result = run_fleet(emulator, outputs, rows(many, present=["id-a"]), check=check)
    assert result["totals"]["changed"] == 2
    (warning,) = result["warnings"]
    assert "AuthorizationFailed" in warning
