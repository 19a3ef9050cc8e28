# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook audit: what the inventory wants beside what is."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from e2e.audit_runs import ELSEWHERE, Ran, run_on
from e2e.estates import listings, seed_many, sign_ins
from e2e.world import OTHER_SUBSCRIPTION, SUBSCRIPTION, held_id, identity_id, patches, user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator

AUDIT = "pgflex.azure.audit"
GROUP = "rg-e2e"


def seed(emulator: Emulator) -> None:
    """One server of each kind, in C(GROUP)."""
    servers = [
        {"name": "pg-good", "identity": user_assigned("id-a")},
        {"name": "pg-drift", "identity": user_assigned("id-b"), "tags": {"{{ 6 * 7 }}": "{{ undefined_name }}"}},
        {"name": "pg-keys", "identity": user_assigned("id-cmk"), "encryption": {"primary": "id-cmk"}},
    ]
    identities = [{"name": name} for name in ("id-a", "id-b", "id-cmk")]
    group = {"name": GROUP, "location": "canadacentral", "identities": identities, "servers": servers}
    emulator.seed({"subscriptions": [{"id": SUBSCRIPTION, "resource_groups": [group]}]})


def inventory(hosts: dict[str, dict[str, Any]], **variables: Any) -> dict[str, Any]:
    return {"all": {"hosts": hosts, "vars": {"pgflex_resource_group": GROUP, **ELSEWHERE, **variables}}}


HOSTS: dict[str, dict[str, Any]] = {
    "pg-good": {"pgflex_identity_present": "id-a"},
    "pg-drift": {"pgflex_identity_present": ["id-a", "id-none"], "pgflex_identity_purge": "true"},
    "pg-keys": {"pgflex_identity_absent": ["id-cmk"]},
    "pg-gone": {},
    "pg-broken": {"pgflex_identity_present": "{{ no_such_variable }}"},
}
THREE: dict[str, dict[str, Any]] = {"pg-good": {}, "pg-drift": {}, "pg-keys": {}}
UNSET = "is not set, nor is pgflex_server_id: one of them has to say which server."


@pytest.fixture
def audit(emulator: Emulator, outputs: list[str], tmp_path: Path) -> Any:
    """Run it in C(tmp_path)."""

    def run(
        hosts: dict[str, Any], *arguments: str, playbook: str | list[dict[str, Any]] = AUDIT, **variables: Any
    ) -> Ran:
        ran = run_on(tmp_path, inventory(hosts, **variables), playbook, *arguments, env=emulator.environment)
        outputs.append(ran.output)
        return ran

    return run


def test_drift_is_shown_by_host_and_nothing_is_written(emulator: Emulator, audit: Any) -> None:
    seed(emulator)
    ran = audit({name: HOSTS[name] for name in ("pg-good", "pg-keys", "pg-gone", "pg-broken")})
    assert ran.rc == 0, ran.output
    keys, gone, broken, summary = ran.shown
    assert keys == f"pg-keys: error: Cannot remove identity {held_id('id-cmk')} because it's used for data encryption."
    assert gone.startswith("pg-gone: error: Cannot read server pg-gone in resource group rg-e2e")
    assert broken.startswith("pg-broken: error: pgflex_identity_present: cannot be read: ")
    assert "no_such_variable" in broken
    assert summary == "4 servers: 1 as wanted, 0 drifting (0 missing, 0 unwanted), 3 failed."
    assert ran.stats["pgflex_identity_audit"] == {
        "servers": 4,
        "as_wanted": 1,
        "drifting": 0,
        "failed": 3,
        "missing": 0,
        "unwanted": 0,
        "drifting_hosts": [],
        "failed_hosts": ["pg-keys", "pg-gone", "pg-broken"],
    }
    assert patches(emulator) == []
    assert "changed=0" in ran.output


def test_drift_ends_the_play_with_an_error_where_that_is_asked_for(emulator: Emulator, audit: Any) -> None:
    seed(emulator)
    hosts = {
        "pg-good": HOSTS["pg-good"],
        "pg-drift": {"pgflex_identity_present": "id-a", "pgflex_identity_absent": "id-b"},
    }
    ran = audit(hosts, "-e", "audit_fail_on_drift=true")
    assert ran.rc == 2
    assert ran.shown == [
        "pg-drift: missing id-a; unwanted id-b",
        "2 servers: 1 as wanted, 1 drifting (1 missing, 1 unwanted), 0 failed.",
    ]
    assert "Not as wanted: pg-drift" in ran.output
    assert ran.stats["pgflex_identity_audit"]["drifting_hosts"] == ["pg-drift"]
    assert audit({"pg-good": HOSTS["pg-good"]}, "-e", "audit_fail_on_drift=true").rc == 0
    assert patches(emulator) == []


def test_an_identity_that_does_not_exist_is_an_error(emulator: Emulator, audit: Any) -> None:
    seed(emulator)
    drift, _summary = audit({"pg-drift": HOSTS["pg-drift"]}).shown
    assert drift.startswith("pg-drift: error: ")
    assert "id-none" in drift


@pytest.mark.smoke
def test_reports_are_written_for_their_owner_only_in_check_mode_too(
    emulator: Emulator, audit: Any, tmp_path: Path
) -> None:
    seed(emulator)
    reports = [argument for kind in ("json", "csv", "html") for argument in ("-e", f"audit_report_{kind}=audit.{kind}")]
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
        ("id-b", "assigned"),
    ]
    assert drift["server"]["tags"] == {"{{ 6 * 7 }}": "{{ undefined_name }}"}
    assert (gone["status"], broken["status"]) == ("failed", "failed")
    with (tmp_path / "audit.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    assert [(each["host"], each["identity"], each["identity_status"]) for each in records] == [
        ("pg-drift", "id-a", "missing"),
        ("pg-drift", "id-b", "assigned"),
        ("pg-gone", "", ""),
        ("pg-broken", "", ""),
    ]
    assert "{{ undefined_name }}" in (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert "Content-Security-Policy" not in ran.output


def test_a_folder_that_does_not_exist_is_told_before_anything_is_asked(
    emulator: Emulator, audit: Any, tmp_path: Path
) -> None:
    ran = audit({"pg-good": {}}, "-e", "audit_report_html=none/audit.html")
    assert ran.rc == 2
    assert f"audit_report_html: the folder {tmp_path / 'none'} does not exist on the controller." in ran.output
    assert emulator.requests() == []


def test_what_groups_and_surveys_say_adds_up(emulator: Emulator, audit: Any) -> None:
    seed(emulator)
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
        "any name: missing id-b, ID-CMK, system assigned identity",
        "pg-drift: error: pgflex_identity_purge: 'maybe' is neither true nor false.",
        "pg-keys: error: pgflex_server_id: '7' is not a resource ID of the form "
        "/subscriptions/<subscription>/resourceGroups/<group>/providers/Microsoft.DBforPostgreSQL/flexibleServers/<name>.",
        "localhost: error: pgflex_identity_present: "
        "{'id-a': 1} is neither a list of texts nor a text with one on each line.",
    ]


def test_hosts_without_a_server_say_which_variable_to_set(audit: Any) -> None:
    *lines, _summary = audit({"localhost": {}, "pg-x": {"pgflex_resource_group": ""}}).shown
    assert lines == [
        f"localhost: error: pgflex_server_name: {UNSET} Without a host in the inventory, -e has to name one server.",
        f"pg-x: error: pgflex_resource_group: {UNSET}",
    ]


def test_two_hosts_that_are_one_server_are_both_refused(emulator: Emulator, audit: Any) -> None:
    seed(emulator)
    twin = {"pgflex_server_name": "PG-Good", "pgflex_identity_absent": "id-a"}
    one, two, _summary = audit({"pg-good": HOSTS["pg-good"], "twin": twin}).shown
    assert one.startswith("pg-good: error: servers: pg-good and twin name the same server")
    assert two.startswith("twin: error: servers: pg-good and twin name the same server")


def test_a_thousand_servers_cost_ten_pages_and_one_token(emulator: Emulator, audit: Any) -> None:
    seed_many(emulator, OTHER_SUBSCRIPTION, 1000)
    emulator.settings(page_size=100, throttle=None)
    hosts = {each["name"]: {"pgflex_server_id": each["id"]} for each in emulator.servers() if each["name"] != "pg-demo"}
    hosts = {name: facts for name, facts in hosts.items() if OTHER_SUBSCRIPTION in facts["pgflex_server_id"]}
    assert len(hosts) == 1000
    emulator.clear_requests()
    ran = audit(hosts, pgflex_identity_present=["id-01"])
    assert ran.rc == 0, ran.output
    assert ran.shown == ["1000 servers: 1000 as wanted, 0 drifting (0 missing, 0 unwanted), 0 failed."]
    assert len(listings(emulator)) == 10
    assert {each.lower().rpartition("/")[2] for each in listings(emulator)} == {"flexibleservers"}
    assert sign_ins(emulator) == 1
    # One host spoke for all.
    assert ran.output.count("pg-0") == ran.output.count("pg-00001")


FLEET = {"pgflex.azure.pgflex_identity_fleet": {}, "check_mode": True, "register": "fleet"}
TELL = {"ansible.builtin.debug": {"msg": "ROWS={{ fleet.servers | map(attribute='name') | join('+') }}"}}


def rows_of(ran: Ran) -> list[str]:
    """The rows of each run of the module, in order."""
    return [line.split("ROWS=")[1].strip('"') for line in ran.output.splitlines() if "ROWS=" in line]


@pytest.mark.parametrize(
    ("play", "once", "rows"),
    [
        ({}, True, ["pg-good+pg-drift+pg-keys"]),
        ({"serial": 2}, True, ["pg-good+pg-drift", "pg-keys"]),
        ({"hosts": "pg-good:pg-keys"}, False, ["pg-good", "pg-keys"]),
        ({"hosts": "all:!pg-drift"}, True, ["pg-good+pg-keys"]),
    ],
    ids=["all hosts", "the wave", "without run_once each host", "the hosts of the play"],
)
def test_rows_are_those_of_the_hosts_that_the_task_speaks_for(
    emulator: Emulator, audit: Any, play: dict[str, Any], once: bool, rows: list[str]
) -> None:
    seed(emulator)
    tasks = [{**task, "run_once": once} for task in (FLEET, TELL)]
    ran = audit(
        THREE,
        playbook=[{"hosts": "all", "gather_facts": False, **play, "tasks": tasks}],
    )
    assert ran.rc == 0, ran.output
    assert sorted(rows_of(ran)) == sorted(rows)


def test_with_strategy_free_each_host_asks_for_itself_only(emulator: Emulator, audit: Any) -> None:
    """Ansible runs a task with run_once for every host there."""
    seed(emulator)
    play = {"hosts": "pg-good:pg-keys", "strategy": "ansible.builtin.free", "gather_facts": False}
    ran = audit(THREE, playbook=[{**play, "tasks": [{**FLEET, "run_once": True}]}])
    assert ran.rc == 0, ran.output
    assert sorted(each.rpartition("/")[2] for each in listings(emulator)) == ["pg-good", "pg-keys"]


@pytest.mark.smoke
def test_limit_and_failed_hosts_are_left_out_and_the_play_and_task_count(emulator: Emulator, audit: Any) -> None:
    seed(emulator)
    tasks = [
        {"ansible.builtin.fail": {}, "when": "inventory_hostname == 'pg-keys'"},
        {**FLEET, "run_once": True, "vars": {"pgflex_identity_present__task": "id-b"}},
        {"ansible.builtin.debug": {"msg": "{{ fleet | pgflex.azure.identity_report('lines') }}"}, "run_once": True},
    ]
    play = {"hosts": "all", "gather_facts": False, "vars": {"pgflex_identity_present": ["id-a"]}, "tasks": tasks}
    ran = audit({**THREE, "pg-gone": {}}, "--limit", "!pg-gone", playbook=[play])
    assert ran.shown == [
        "pg-good: missing id-b",
        "pg-drift: missing id-a",
        "2 servers: 0 as wanted, 2 drifting (2 missing, 0 unwanted), 0 failed.",
    ]


@pytest.mark.parametrize("way", ["module_defaults", "pgflex_identity_connection"])
def test_the_connection_comes_from_where_the_user_sets_it(
    emulator: Emulator, outputs: list[str], tmp_path: Path, way: str
) -> None:
    seed(emulator)
    play: dict[str, Any] = {"hosts": "all", "gather_facts": False, "tasks": [{**FLEET, "run_once": True}, TELL]}
    if way == "module_defaults":
        # The task's own options win over the variable.
        play["module_defaults"] = {"group/pgflex.azure.azure": emulator.connection}
        play["vars"] = {"pgflex_identity_connection": {"secret": "wrong"}}
    else:
        play["vars"] = {"pgflex_identity_connection": emulator.connection}
    ran = run_on(tmp_path, inventory({"pg-good": {}}), [play], "-vvvv", env={})
    outputs.append(ran.output)
    assert ran.rc == 0, ran.output
    assert rows_of(ran) == ["pg-good"]


def test_what_concerns_no_row_alone_fails_once(emulator: Emulator, audit: Any) -> None:
    ran = audit(THREE, pgflex_identity_connection={"secret": "wrong"})
    assert ran.rc == 2
    assert ran.output.count("fatal: ") == 1
    assert "AADSTS" in ran.output
    assert "Traceback" not in ran.output
    ran = audit(THREE, pgflex_identity_connection=["secret"])
    assert ran.rc == 2
    assert "pgflex_identity_connection is not a dictionary of connection options." in ran.output


def test_rows_that_the_task_gives_are_taken_as_they_are(emulator: Emulator, audit: Any) -> None:
    seed(emulator)
    servers = [{"name": "one", "resource_group": GROUP, "server_name": "pg-good", "present": ["id-b"]}]
    task = {**FLEET, "pgflex.azure.pgflex_identity_fleet": {"servers": servers}, "delegate_to": "pg-keys"}
    play = {"hosts": "pg-drift", "gather_facts": False, "tasks": [task, TELL]}
    ran = audit({"pg-drift": {}, "pg-keys": {}}, playbook=[play])
    assert ran.rc == 0, ran.output
    assert rows_of(ran) == ["one"]
