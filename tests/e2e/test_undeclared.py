# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers of which nobody has said what they shall hold: shown for what they are, and never written to."""

from __future__ import annotations

import csv
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from e2e.audit_runs import seed_kinds
from e2e.roles import (
    ASSIGN,
    HOSTS,
    REMOVE,
    ROLE,
    ROLLBACK,
    ROTATE,
    recap,
    record,
    seed_fleet,
    told,
    truth,
    unwrapped,
    writes,
)

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.audit_runs import Audit
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

#: Variables that say nothing of what a server shall hold.
NOTHING: tuple[dict[str, Any], ...] = (
    {},
    {"pgflex_identity_purge": True},
    {"pgflex_identity_present": "", "pgflex_identity_purge": "yes"},
    {"pgflex_identity_present": None, "pgflex_identity_absent": "", "pgflex_identity_purge": "yes"},
    {"pgflex_identity_present__app": "# none yet", "pgflex_identity_purge": "yes"},
    {"pgflex_identity_rotate_from": "id-b", "pgflex_identity_purge": "yes"},
    {"pgflex_identity_system_assigned": "", "pgflex_identity_keep_encryption_identities": "true"},
)
PURGED = {"pgflex_identity_present": "id-b", "pgflex_identity_purge": "yes"}


def said_nothing() -> dict[str, dict[str, Any]]:
    """Return hosts that say nothing, in every way, and one that is compliant."""
    return {**{host: dict(variables) for host, variables in zip(HOSTS, NOTHING)}, HOSTS[-1]: PURGED}


def test_the_audit_shows_what_undeclared_servers_hold_in_every_form(
    emulator: Emulator, audit: Audit, tmp_path: Path
) -> None:
    seed_kinds(emulator)
    hosts: dict[str, dict[str, Any]] = {
        "pg-good": {"pgflex_identity_present": "id-a"},
        "pg-drift": {"pgflex_identity_purge": "true"},
        "pg-keys": {"pgflex_identity_present": "", "pgflex_identity_purge": "true"},
    }
    files = {kind: str(tmp_path / f"report.{kind}") for kind in ("json", "csv", "html")}
    ran = audit(hosts, **{f"pgflex_identity_report_{kind}": path for kind, path in files.items()})
    assert ran.rc == 0, ran.output
    assert ran.shown == [
        "pg-drift: undeclared, holds id-b",
        "pg-keys: undeclared, holds id-cmk",
        "3 servers: 1 compliant, 0 drifted (0 missing, 0 extra), 2 undeclared, 0 failed.",
    ]
    said = ran.stats["pgflex_identity_audit"]
    assert [said[name] for name in ("compliant", "drifted", "undeclared")] == [1, 0, 2]
    assert said["undeclared_hosts"] == ["pg-drift", "pg-keys"]
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert {each["host"]: each["status"] for each in found["servers"]} == {
        "pg-good": "compliant",
        "pg-drift": "undeclared",
        "pg-keys": "undeclared",
    }
    assert found["totals"]["undeclared"] == 2
    assert [(each["name"], each["status"]) for each in found["servers"][1]["identities"]] == [("id-b", "held")]
    with (tmp_path / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        records = [(each["host"], each["server_status"], each["identity"]) for each in csv.DictReader(file)]
    assert records[1:] == [("pg-drift", "undeclared", "id-b"), ("pg-keys", "undeclared", "id-cmk")]
    page = re.search(r'id="report">(.*?)</script>', (tmp_path / "report.html").read_text(encoding="utf-8"))
    assert page
    assert [each["status"] for each in json.loads(page[1])["servers"]] == ["compliant", "undeclared", "undeclared"]
    failed = audit(hosts, "-e", "pgflex_identity_fail_on_undeclared=true")
    assert (failed.rc, recap(failed)) == (2, {"pg-good": "ok", "pg-drift": "failed", "pg-keys": "failed"})
    assert audit({"pg-good": hosts["pg-good"]}, "-e", "pgflex_identity_fail_on_undeclared=true").rc == 0
    assert writes(emulator) == []


def test_servers_that_hold_the_same_share_a_line_of_the_audit(emulator: Emulator, audit: Audit) -> None:
    seed_fleet(emulator, "id-b")
    ran = audit({host: {} for host in HOSTS})
    assert ran.shown == [
        "12 undeclared servers hold id-b: pg-x-000, pg-x-001, pg-x-002, pg-x-003, pg-x-004, ...",
        "12 servers: 0 compliant, 0 drifted (0 missing, 0 extra), 12 undeclared, 0 failed.",
    ]
    assert "Nothing is to be changed on any host: none has an identity in pgflex_identity_present" in unwrapped(ran)


def test_whether_undeclared_servers_are_an_error_is_the_same_for_all(emulator: Emulator, audit: Audit) -> None:
    seed_kinds(emulator)
    ran = audit({"pg-good": {}, "pg-drift": {"pgflex_identity_fail_on_undeclared": True}})
    assert ran.rc == 2
    assert "pgflex_identity_fail_on_undeclared: is not set for pg-good and True for pg-drift" in unwrapped(ran)
    assert emulator.requests() == []


@pytest.mark.parametrize("check", [("--check",), ()], ids=["check mode", "for real"])
def test_no_way_to_say_nothing_takes_anything(emulator: Emulator, run: Run, check: tuple[str, ...]) -> None:
    seed_fleet(emulator, "id-b", "id-c")
    before = truth(emulator)
    # One of them has drifted, so that there is a second play, and it cannot be by the others' purge.
    hosts = {**said_nothing(), HOSTS[-1]: {**PURGED, "pgflex_identity_purge": ""}, HOSTS[-2]: PURGED}
    ran = run(ASSIGN, hosts, *check)
    assert ran.rc == 0, ran.output
    after = truth(emulator)
    changed = [server for server, held in before.items() if after[server] != held]
    assert [each.rpartition("/")[2] for each in changed] == ([] if check else [HOSTS[-2]])
    undeclared = HOSTS[: len(NOTHING)]
    assert {
        name: told(ran)[name] for name in ("compliant", "changed", "undeclared", "removed", "undeclared_hosts")
    } == {
        "compliant": 1,
        "changed": 1,
        "undeclared": len(NOTHING),
        "removed": 1,
        "undeclared_hosts": undeclared,
    }
    assert f"left alone, since nothing says what they shall hold: {', '.join(undeclared[:5])}, ..." in ran.output
    change = "1 drifted (0 missing, 1 extra)" if check else "1 changed (0 added, 1 removed)"
    assert f"9 servers: 1 compliant, {change}, 7 undeclared, 0 failed, 0 not started." in ran.output


def test_an_empty_list_is_a_declaration(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    hosts: dict[str, dict[str, Any]] = {HOSTS[0]: {"pgflex_identity_present": []}, HOSTS[1]: {}}
    assert (told(run(ASSIGN, hosts))["compliant"], told(run(ASSIGN, hosts))["undeclared"]) == (1, 1)
    ran = run(ASSIGN, hosts, pgflex_identity_purge="yes")
    assert (told(ran)["changed_hosts"], told(ran)["undeclared_hosts"]) == ([HOSTS[0]], [HOSTS[1]])
    assert writes(emulator) == [HOSTS[0]]


@pytest.mark.parametrize(
    ("playbook", "declared", "other"),
    [
        (REMOVE, {"pgflex_identity_absent": "id-b"}, {"pgflex_identity_present": "id-a"}),
        (
            ROTATE,
            {"pgflex_identity_rotate_from": "id-b", "pgflex_identity_rotate_to": "id-a"},
            {"pgflex_identity_absent": "id-b"},
        ),
    ],
)
def test_what_is_declared_for_another_action_does_not_count(
    emulator: Emulator, run: Run, playbook: str, declared: dict[str, Any], other: dict[str, Any]
) -> None:
    seed_fleet(emulator, "id-b")
    ran = run(playbook, {HOSTS[0]: declared, HOSTS[1]: other})
    assert ran.rc == 0, ran.output
    assert (told(ran)["changed_hosts"], told(ran)["undeclared_hosts"]) == ([HOSTS[0]], [HOSTS[1]])
    assert writes(emulator) == [HOSTS[0]]


@pytest.mark.parametrize("by_role", [False, True], ids=["playbook", "role"])
def test_a_rollout_over_an_undeclared_server_can_be_an_error(emulator: Emulator, run: Run, *, by_role: bool) -> None:
    seed_fleet(emulator, "id-b", "id-c")
    play: Any = [{"hosts": "all", "gather_facts": False, "roles": [ROLE]}] if by_role else ASSIGN
    hosts = {HOSTS[0]: PURGED, HOSTS[1]: {}, HOSTS[2]: {}}
    ran = run(play, hosts, pgflex_identity_fail_on_undeclared="true")
    assert ran.rc == 2
    why = f"pgflex_identity_fail_on_undeclared is set, and these are undeclared: {HOSTS[1]}, {HOSTS[2]}."
    assert f"Not started: {why}" in unwrapped(ran)
    assert (told(ran)["undeclared"], told(ran)["not_started_hosts"]) == (2, HOSTS[:1])
    assert writes(emulator) == []
    assert run(play, {HOSTS[0]: PURGED}, pgflex_identity_fail_on_undeclared="true").rc == 0


def test_a_rollback_has_its_declaration_in_the_record(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    seed_fleet(emulator)
    before = truth(emulator)
    assert run(ASSIGN, HOSTS[:3], pgflex_identity_present="id-a").rc == 0
    options = {"pgflex_identity_rollback": str(record(tmp_path)), "pgflex_identity_fail_on_undeclared": "true"}
    back = run(ROLLBACK, HOSTS, **options)
    assert back.rc == 0, back.output
    assert (told(back)["changed"], told(back)["undeclared"], told(back)["removed"]) == (3, 0, 3)
    assert truth(emulator) == before
