# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook audit: the servers beside the inventory."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from e2e.audit_runs import seed_kinds
from e2e.estates import listings, seed_many, sign_ins
from e2e.roles import recap, unwrapped
from e2e.world import GROUP, OTHER_SUBSCRIPTION, held_id, identity_id, patches

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.audit_runs import Audit
    from e2e.emulator_client import Emulator

HOSTS: dict[str, dict[str, Any]] = {
    "pg-good": {"pgflex_identity_present": "id-a"},
    "pg-drift": {"pgflex_identity_present": ["id-a", "id-none"], "pgflex_identity_purge": "true"},
    "pg-keys": {"pgflex_identity_absent": ["id-cmk"]},
    "pg-gone": {},
    "pg-broken": {"pgflex_identity_present": "{{ no_such_variable }}"},
}
UNSET = "is not set, nor is pgflex_server_id: one of them has to say which server."


def test_drift_is_shown_by_host_and_nothing_is_written(emulator: Emulator, audit: Audit) -> None:
    seed_kinds(emulator)
    ran = audit({name: HOSTS[name] for name in ("pg-good", "pg-keys", "pg-gone", "pg-broken")})
    assert ran.rc == 0, ran.output
    keys, gone, broken, summary = ran.shown
    assert keys == f"pg-keys: error: Cannot remove identity {held_id('id-cmk')} because it's used for data encryption."
    assert gone.startswith("pg-gone: error: Cannot read server pg-gone in resource group rg-e2e")
    assert broken.startswith("pg-broken: error: pgflex_identity_present: cannot be read: ")
    assert "no_such_variable" in broken
    assert summary == "4 servers: 1 compliant, 0 drifted (0 missing, 0 extra), 3 failed."
    assert ran.stats["pgflex_identity_audit"] == {
        "servers": 4,
        "compliant": 1,
        "drifted": 0,
        "undeclared": 0,
        "failed": 3,
        "missing": 0,
        "extra": 0,
        "replica_lacks": 0,
        "drifted_hosts": [],
        "undeclared_hosts": [],
        "failed_hosts": ["pg-keys", "pg-gone", "pg-broken"],
        "left_out": 0,
        "left_out_hosts": [],
    }
    assert patches(emulator) == []
    assert "changed=0" in ran.output


def test_each_host_that_has_drifted_fails_for_itself_where_that_is_asked_for(emulator: Emulator, audit: Audit) -> None:
    seed_kinds(emulator)
    hosts = {
        "pg-good": HOSTS["pg-good"],
        "pg-drift": {"pgflex_identity_present": "id-a", "pgflex_identity_absent": "id-b"},
    }
    ran = audit(hosts, "-e", "pgflex_identity_fail_on_drift=true")
    assert ran.rc == 2
    assert ran.shown == [
        "pg-drift: missing id-a; extra id-b",
        "2 servers: 1 compliant, 1 drifted (1 missing, 1 extra), 0 failed.",
    ]
    assert recap(ran) == {"pg-good": "ok", "pg-drift": "failed"}
    assert '"msg": "Drifted: missing id-a; extra id-b."' in ran.output
    assert ran.stats["pgflex_identity_audit"]["drifted_hosts"] == ["pg-drift"]
    assert audit({"pg-good": HOSTS["pg-good"]}, "-e", "pgflex_identity_fail_on_drift=true").rc == 0
    assert patches(emulator) == []


@pytest.mark.parametrize(
    ("asked", "ended"),
    [
        ((), {"pg-drift": "changed", "pg-gone": "ok"}),
        (("drift",), {"pg-drift": "failed", "pg-gone": "failed"}),
        (("undeclared",), {"pg-drift": "changed", "pg-gone": "ok", "pg-keys": "failed"}),
        (("drift", "undeclared"), {"pg-drift": "failed", "pg-gone": "failed", "pg-keys": "failed"}),
    ],
)
def test_no_host_is_red_for_another_one(
    emulator: Emulator, audit: Audit, asked: tuple[str, ...], ended: dict[str, str]
) -> None:
    seed_kinds(emulator)
    declared = {"pgflex_identity_present": "id-a"}
    hosts = {"pg-good": declared, "pg-drift": declared, "pg-gone": declared, "pg-keys": {}}
    flags = [word for each in asked for word in ("-e", f"pgflex_identity_fail_on_{each}=true")]
    ran = audit(hosts, *flags)
    assert ran.rc == (2 if asked else 0)
    # One has spoken for all, and a host that is compliant has no result of its own.
    assert recap(ran) == {"pg-good": "ok", **ended}
    assert ("Undeclared: nothing says what it shall hold. It holds id-cmk." in unwrapped(ran)) == (
        "undeclared" in asked
    )


def test_where_very_many_hosts_need_attention_none_is_grouped(audit: Audit) -> None:
    # Each has a mistake of its own, so that nothing is asked of Azure.
    hosts = {f"pg-{number:04}": {"pgflex_server_id": str(number)} for number in range(1001)}
    ran = audit(hosts, "-e", "pgflex_identity_fail_on_drift=true")
    assert recap(ran) == dict.fromkeys(hosts, "failed")
    assert ran.output.count("=> (item=pg-") == 1


def test_one_server_without_an_inventory_has_its_own_result(emulator: Emulator, audit: Audit) -> None:
    seed_kinds(emulator)
    said = {"pgflex_server_name": "pg-drift", "pgflex_resource_group": GROUP, "pgflex_identity_fail_on_drift": "true"}
    for name, ended in (("id-a", "failed"), ("id-b", "ok")):
        ran = audit({}, "-e", json.dumps({**said, "pgflex_identity_present": name}))
        assert recap(ran) == {"localhost": ended}


def test_what_fails_for_all_hosts_says_that_it_is_not_the_server(emulator: Emulator, audit: Audit) -> None:
    seed_kinds(emulator)
    hosts: dict[str, dict[str, Any]] = {"pg-good": {}, "pg-drift": {}}
    for arguments in (("-e", "pgflex_identity_report_csv=none/x"), ("-e", "pgflex_identity_connection=x")):
        ran = audit(hosts, *arguments)
        assert (ran.rc, recap(ran)) == (2, {"pg-good": "failed"})
        assert '"msg": "The run failed, not this server: pgflex_identity_' in ran.output
    # With one server there is no other one.
    assert "The run failed" not in audit({"pg-good": {}}, "-e", "pgflex_identity_connection=x").output


def test_an_identity_that_does_not_exist_is_an_error(emulator: Emulator, audit: Audit) -> None:
    seed_kinds(emulator)
    drift, _summary = audit({"pg-drift": HOSTS["pg-drift"]}).shown
    assert drift.startswith("pg-drift: error: ")
    assert "id-none" in drift


@pytest.mark.usefixtures("module_processes")
@pytest.mark.smoke
def test_reports_are_written_for_their_owner_only_in_check_mode_too(
    emulator: Emulator, audit: Audit, tmp_path: Path
) -> None:
    seed_kinds(emulator)
    reports = [
        argument
        for kind in ("json", "csv", "html")
        for argument in ("-e", f"pgflex_identity_report_{kind}=audit.{kind}")
    ]
    hosts = {"pg-drift": {"pgflex_identity_present": "id-a"}, "pg-gone": {}, "pg-broken": HOSTS["pg-broken"]}
    ran = audit(hosts, *reports, "--check", "--diff")
    assert ran.rc == 0, ran.output
    assert {each.name: oct(each.stat().st_mode)[-3:] for each in tmp_path.glob("audit.*")} == {
        "audit.json": "600",
        "audit.csv": "600",
        "audit.html": "600",
    }
    drift, gone, broken = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))["servers"]
    assert [(each["name"], each["status"]) for each in drift["identities"]] == [
        ("id-a", "missing"),
        ("id-b", "held"),
    ]
    assert drift["server"]["tags"] == {"{{ 6 * 7 }}": "{{ undefined_name }}"}
    assert (gone["status"], broken["status"]) == ("failed", "failed")
    with (tmp_path / "audit.csv").open(encoding="utf-8-sig", newline="") as file:
        records = list(csv.DictReader(file))
    assert [(each["host"], each["identity"], each["identity_status"]) for each in records] == [
        ("pg-drift", "id-a", "missing"),
        ("pg-drift", "id-b", "held"),
        ("pg-gone", "", ""),
        ("pg-broken", "", ""),
    ]
    assert "{{ undefined_name }}" in (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" not in ran.output


def test_a_folder_that_does_not_exist_is_told_before_anything_is_asked(
    emulator: Emulator, audit: Audit, tmp_path: Path
) -> None:
    ran = audit({"pg-good": {}}, "-e", "pgflex_identity_report_html=none/audit.html")
    assert ran.rc == 2
    assert (
        f"pgflex_identity_report_html: the folder {tmp_path / 'none'} does not exist on the controller." in ran.output
    )
    assert emulator.requests() == []


def test_what_groups_and_surveys_say_adds_up(emulator: Emulator, audit: Audit) -> None:
    seed_kinds(emulator)
    hosts = {
        "any name": {
            "pgflex_server_name": "pg-good",
            "pgflex_identity_present__app": "# of the app\nid-a, id-b # both\n\n",
            "pgflex_identity_present__more": [
                identity_id("id-cmk").upper().replace("/SUBSCRIPTIONS", "/subscriptions")
            ],
            "pgflex_identity_absent": "",
            "pgflex_identity_absent__old": "{{ ['id-' ~ 'old'] }}",
            "pgflex_identity_system_assigned": "true",
        },
        "pg-drift": {"pgflex_identity_purge": "maybe"},
        "pg-keys": {"pgflex_server_id": 7},
        "localhost": {"pgflex_server_name": "", "pgflex_identity_present": {"id-a": 1}},
    }
    *lines, _summary = audit(hosts).shown
    assert lines == [
        "any name: missing id-b, ID-CMK, system-assigned identity",
        "pg-drift: error: pgflex_identity_purge: 'maybe' is neither true nor false.",
        "pg-keys: error: pgflex_server_id: '7' is not a resource ID of the form "
        "/subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.DBforPostgreSQL/flexibleServers/<name>.",
        "localhost: error: pgflex_identity_present: "
        "{'id-a': 1} is neither a list of texts nor a text with one on each line.",
    ]


def test_hosts_without_a_server_say_which_variable_to_set(audit: Audit) -> None:
    hosts = {"localhost": {}, "pg-x": {"pgflex_resource_group": ""}}
    *lines, _summary = audit(hosts, "--limit", "localhost,pg-x").shown
    hint = "The inventory has no host: update it, or name one server with -e."
    assert lines == [
        f"localhost: error: pgflex_server_name: {UNSET} {hint}",
        f"pg-x: error: pgflex_resource_group: {UNSET}",
    ]


def test_two_hosts_that_are_one_server_are_both_refused(emulator: Emulator, audit: Audit) -> None:
    seed_kinds(emulator)
    twin = {"pgflex_server_name": "PG-Good", "pgflex_identity_absent": "id-a"}
    one, two, _summary = audit({"pg-good": HOSTS["pg-good"], "twin": twin}).shown
    assert one.startswith("pg-good: error: servers: pg-good and twin name the same server")
    assert two.startswith("twin: error: servers: pg-good and twin name the same server")


def test_a_thousand_servers_cost_ten_pages_and_one_token(emulator: Emulator, audit: Audit) -> None:
    seed_many(emulator, OTHER_SUBSCRIPTION, 1000)
    emulator.settings(page_size=100, throttle=None)
    hosts = {each["name"]: {"pgflex_server_id": each["id"]} for each in emulator.servers() if each["name"] != "pg-demo"}
    hosts = {name: facts for name, facts in hosts.items() if OTHER_SUBSCRIPTION in facts["pgflex_server_id"]}
    assert len(hosts) == 1000
    emulator.clear_requests()
    ran = audit(hosts, pgflex_identity_present=["id-01"])
    assert ran.rc == 0, ran.output
    assert ran.shown == ["1000 servers: 1000 compliant, 0 drifted (0 missing, 0 extra), 0 failed."]
    assert len(listings(emulator)) == 10
    assert {each.lower().rpartition("/")[2] for each in listings(emulator)} == {"flexibleservers"}
    assert sign_ins(emulator) == 1
    # One host spoke for all.
    assert ran.output.count("pg-0") == ran.output.count("pg-00001")
