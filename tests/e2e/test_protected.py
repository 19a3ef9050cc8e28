# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Protected identities: no action removes them from a server, and each says why."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from e2e.fleets import held_by_server, rows, run_fleet, seed_servers, servers
from e2e.roles import ASSIGN, REMOVE, ROLE, ROLLBACK, ROTATE, recap, record, unwrapped, writes
from e2e.world import identity_id, seed_server, true_identity, user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.audit_runs import Audit
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

A, B, CMK = identity_id("id-a"), identity_id("id-b"), identity_id("id-cmk")
REFUSED = "because it is protected."
PAIR = ["pg-x-000", "pg-x-001"]
UNMATCHED = "Protected, but no identity of this run is called so: "


def held(emulator: Emulator) -> dict[str, set[str]]:
    """Return the names of the identities that each server of `servers` truly holds, by its name."""
    found = {server.rpartition("/")[2]: names for server, names in held_by_server(emulator).items()}
    return {server: names for server, names in found.items() if server.startswith("pg-x-")}


@pytest.mark.parametrize("check", [True, False], ids=["check mode", "for real"])
@pytest.mark.parametrize("pattern", ["ID-A", "id-*", A.upper(), "*/resourcegroups/rg-e2e/*"])
def test_the_module_refuses_to_remove_it(emulator: Emulator, module: RunModule, pattern: str, check: bool) -> None:
    seed_server(emulator, user_assigned("id-a"))
    removals: list[dict[str, Any]] = [
        {"state": "absent", "identities": ["id-a"]},
        {"identities": ["id-b"], "replaces": [A]},
    ]
    for options in removals:
        result = module(check=check, protected=[pattern], **options)
        assert result["failed"]
        assert (result["error"]["code"], result["error"]["target"].lower()) == ("IdentityProtected", A.lower())
        assert REFUSED in result["msg"]
    assert true_identity(emulator)["ids"] == [A.lower()]


def test_the_module_keeps_it_in_a_purge_and_warns_of_what_fits_nothing(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-a", "id-b", "id-cmk"), encryption={"primary": "id-cmk"})
    options: dict[str, Any] = {"identities": ["id-c"], "purge_identities": True, "keep_encryption_identities": True}
    result = module(protected=["id-a", "id-c", "id-none*"], **options)
    assert [each["reason"] for each in result["kept"]] == ["protected", "encryption"]
    assert result["notes"] == ["keeps id-a (protected), id-cmk (encryption)"]
    assert {each.rpartition("/")[2] for each in true_identity(emulator)["ids"]} == {"id-a", "id-c", "id-cmk"}
    assert [str(each) for each in result["warnings"]] == [f"{UNMATCHED}id-none*."]
    again = module(protected=["id-a"], **options)
    assert (again["changed"], again["kept"]) == (False, result["kept"])
    assert "warnings" not in again


def test_a_pattern_that_is_none_is_refused_before_anything_is_sent(emulator: Emulator, module: RunModule) -> None:
    result = module(identities=["id-a"], protected=["rg-ids/id-*"])
    assert result["error"]["code"] == "InvalidInput"
    assert emulator.requests("arm") == []


def test_a_purge_of_many_keeps_it_and_warns_once(emulator: Emulator, run: Run) -> None:
    seed_servers(emulator, servers("x", 3, "id-a", "id-b"))
    hosts: dict[str, Any] = {
        PAIR[0]: {"pgflex_identity_present": "id-c", "pgflex_identity_protected__team": ["ID-B"]},
        PAIR[1]: {"pgflex_identity_present": "id-a"},
        "pg-x-002": {"pgflex_identity_present": ["id-a", "id-b"]},
    }
    everyone = {"pgflex_identity_purge": True, "pgflex_identity_protected": "id-none, id-b*"}
    ran = run(ASSIGN, hosts, **everyone)
    assert ran.rc == 0, ran.output
    assert held(emulator) == {PAIR[0]: {"id-b", "id-c"}, PAIR[1]: {"id-a", "id-b"}, "pg-x-002": {"id-a", "id-b"}}
    assert recap(ran) == {PAIR[0]: "changed"}
    assert f"(item={PAIR[0]}: missing id-c; extra id-a; keeps id-b (protected))" in ran.output
    assert f'"{PAIR[1]}: keeps id-b (protected)"' in ran.output
    assert unwrapped(ran).count(f"{UNMATCHED}id-none.") == 1


def test_a_pattern_that_could_not_be_looked_for_everywhere_is_no_mistake(emulator: Emulator, run: Run) -> None:
    seed_servers(emulator, servers("x", 1, "id-a"))
    hosts: dict[str, Any] = {PAIR[0]: {}, "pg-gone": {}, "pg-wrong": {"pgflex_identity_purge": "ture"}}
    ran = run(ASSIGN, hosts, pgflex_identity_protected="id-none, id-a", pgflex_identity_present="id-a")
    assert {host for host, end in recap(ran).items() if end == "failed"} == {"pg-gone", "pg-wrong"}
    where = "id-none, which could not be looked for on pg-gone, pg-wrong (2 in all)"
    assert unwrapped(ran).count(f"{UNMATCHED}{where}.") == 1


@pytest.mark.parametrize(
    ("playbook", "variables"),
    [
        (ASSIGN, {"pgflex_identity_absent": "id-a", "pgflex_identity_present": "id-b"}),
        (REMOVE, {"pgflex_identity_absent": "id-a"}),
        (ROTATE, {"pgflex_identity_rotate_from": "id-a", "pgflex_identity_rotate_to": "id-b"}),
    ],
    ids=["assign", "remove", "rotate"],
)
def test_each_action_refuses_to_remove_it(
    emulator: Emulator, run: Run, playbook: str, variables: dict[str, Any]
) -> None:
    seed_servers(emulator, servers("x", 2, "id-a"))
    hosts: dict[str, Any] = {PAIR[0]: {"pgflex_identity_protected": "*-A"}, PAIR[1]: {}}
    ran = run(playbook, hosts, **variables)
    assert ran.rc == 2
    assert recap(ran) == {PAIR[0]: "failed", PAIR[1]: "changed"}
    assert REFUSED in unwrapped(ran)
    assert held(emulator)[PAIR[0]] == {"id-a"}
    assert "id-a" not in held(emulator)[PAIR[1]]


def test_a_rollback_keeps_it_and_says_so(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    seed_servers(emulator, servers("x", 2, "id-c"))
    assert run(ASSIGN, PAIR, pgflex_identity_present="id-a,id-b").rc == 0
    given = ("-e", f"pgflex_identity_rollback={record(tmp_path)}")
    back = run(ROLLBACK, PAIR, *given, pgflex_identity_protected="id-a")
    assert back.rc == 0, back.output
    assert held(emulator) == {PAIR[0]: {"id-a", "id-c"}, PAIR[1]: {"id-a", "id-c"}}
    assert f"(item={PAIR[0]}: extra id-b; keeps id-a (protected))" in back.output
    again = run(ROLLBACK, PAIR, *given, pgflex_identity_protected="id-a", pgflex_identity_rollback_force=True)
    assert again.rc == 0, again.output
    assert f'"{PAIR[0]}, {PAIR[1]} (2 servers): keeps id-a (protected)"' in again.output
    assert "2 servers: 2 compliant, 0 changed" in again.output


def test_without_waiting_for_each_other_hosts_keep_it_too(emulator: Emulator, run: Run) -> None:
    seed_servers(emulator, servers("x", 2, "id-a", "id-b"))
    hosts: dict[str, Any] = {PAIR[0]: {"pgflex_identity_absent": "id-a"}, PAIR[1]: {"pgflex_identity_purge": True}}
    free = [{"hosts": "all", "strategy": "free", "gather_facts": False, "roles": [ROLE]}]
    nothing_lost = {
        "pgflex_identity_waves": "100%",
        "pgflex_identity_max_fail_percentage": 100,
        "pgflex_identity_max_removals": "100%",
    }
    ran = run(free, hosts, pgflex_identity_protected="id-a", pgflex_identity_present="id-c", **nothing_lost)
    assert ran.rc == 2
    assert recap(ran) == {PAIR[0]: "failed", PAIR[1]: "changed"}
    assert held(emulator) == {PAIR[0]: {"id-a", "id-b"}, PAIR[1]: {"id-a", "id-c"}}
    # What fits nothing on one host may fit on another.
    assert UNMATCHED not in unwrapped(run(free, PAIR, pgflex_identity_protected="id-none", **nothing_lost))


def test_what_only_the_servers_own_answer_shows_is_kept(
    emulator: Emulator, module: RunModule, outputs: list[str]
) -> None:
    many = servers("x", 30, "id-b")
    seed_servers(emulator, many)
    emulator.settings(list_lag="frozen")
    module(server_name=PAIR[0], identities=[A])
    module(server_name=PAIR[1], identities=[A], replaces=[B])
    emulator.clear_requests()
    result = run_fleet(emulator, outputs, rows(many, purge=True, present=["id-c"], protected=["id-a"]))
    assert held(emulator)[PAIR[0]] == held(emulator)[PAIR[1]] == {"id-a", "id-c"}
    assert result["servers"][0]["notes"] == ["keeps id-a (protected)"]
    assert result["totals"]["changed"] == 30
    emulator.clear_requests()
    refused = run_fleet(emulator, outputs, rows(many[:1], absent=["id-a"], protected=[A]))
    assert refused["servers"][0]["error"]["code"] == "IdentityProtected"
    assert writes(emulator) == []


def test_an_audit_calls_it_compliant_with_a_note(emulator: Emulator, audit: Audit, tmp_path: Path) -> None:
    many = [
        *servers("x", 6, "id-a", "id-b"),
        {"name": "pg-keys", "identity": user_assigned("id-a", "id-cmk"), "encryption": {"primary": "id-cmk"}},
    ]
    seed_servers(emulator, many)
    everyone = {
        "pgflex_identity_present": "id-a",
        "pgflex_identity_purge": True,
        "pgflex_identity_keep_encryption_identities": True,
        "pgflex_identity_protected": "id-b",
    }
    reports = [word for kind in ("json", "csv", "html") for word in ("-e", f"pgflex_identity_report_{kind}=a.{kind}")]
    ran = audit({each["name"]: {} for each in many}, *reports, **everyone)
    assert ran.rc == 0, ran.output
    assert ran.shown == [
        "pg-x-000, pg-x-001, pg-x-002, pg-x-003, pg-x-004, ... (6 servers): keeps id-b (protected)",
        "pg-keys: keeps id-cmk (encryption)",
        "7 servers: 7 compliant, 0 drifted (0 missing, 0 extra), 0 failed.",
    ]
    document = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert [each["notes"] for each in document["servers"][-2:]] == [
        ["keeps id-b (protected)"],
        ["keeps id-cmk (encryption)"],
    ]
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert [each["notes"] for each in csv.DictReader(file)][-1] == "keeps id-cmk (encryption)"
    assert "keeps id-cmk (encryption)" in (tmp_path / "a.html").read_text(encoding="utf-8")
