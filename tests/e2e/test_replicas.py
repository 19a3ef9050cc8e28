# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicas: their roles are shown, what they lack is told, and they can follow what is declared for their primaries."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from e2e.fleets import held_by_server, seed_servers, servers
from e2e.roles import ASSIGN, HOSTS, REMOVE, ROLE, recap, unwrapped, writes
from e2e.world import GROUP, NAMES, OTHER_SUBSCRIPTION, SUBSCRIPTION, identity_id, user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.audit_runs import Audit
    from e2e.conftest import RunInfo, RunInventory, RunModule
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

FAR_GROUP = "rg-far"
NOTHING_LOST = {
    "pgflex_identity_waves": "100%",
    "pgflex_identity_max_fail_percentage": 100,
    "pgflex_identity_max_removals": "100%",
}


def server_id(name: str, subscription: str = SUBSCRIPTION, group: str = GROUP) -> str:
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.DBforPostgreSQL/flexibleServers/{name}"
    )


def seed_chain(emulator: Emulator, *more: dict[str, Any]) -> None:
    """Seed a primary, a replica of it, and far away a replica of that replica."""
    near = [
        {"name": "pg-main", "identity": user_assigned("id-a", "id-cmk"), "encryption": {"primary": "id-cmk"}},
        {"name": "pg-copy", "identity": user_assigned("id-b"), "replica_of": server_id("pg-main")},
    ]
    seed_servers(emulator, [*near, *more])
    far = {"name": "pg-far", "replica_of": server_id("pg-copy").upper().replace("/SUBSCR", "/subscr")}
    group = {
        "name": FAR_GROUP,
        "location": "westeurope",
        "identities": [{"name": name} for name in NAMES],
        "servers": [{**far, "shown": {"properties": {"replicationRole": "GeoAsyncReplica"}}}],
    }
    emulator.seed({"subscriptions": [{"id": OTHER_SUBSCRIPTION, "resource_groups": [group]}]})
    emulator.clear_requests()


def held(emulator: Emulator, name: str) -> set[str]:
    """Return the names of the identities that a server truly holds."""
    (found,) = [names for server, names in held_by_server(emulator).items() if server.endswith(f"/{name}")]
    return found


def reads(emulator: Emulator) -> list[str]:
    """Return the names of the servers that were read by themselves, sorted, each as often as it was."""
    asked = [each for each in emulator.requests("arm") if each["method"] == "GET"]
    paths = [each["path"] for each in asked if "/flexibleservers/" in each["path"].lower()]
    return sorted(path.rpartition("/")[2].lower() for path in paths if "/locations/" not in path)


CHAIN: dict[str, dict[str, Any]] = {
    "pg-main": {},
    "pg-copy": {},
    "pg-far": {"pgflex_server_id": server_id("pg-far", OTHER_SUBSCRIPTION, FAR_GROUP)},
}


def test_roles_are_shown_by_modules_and_inventory(
    emulator: Emulator, module: RunModule, info: RunInfo, inventory: RunInventory
) -> None:
    seed_chain(emulator)
    listed = {each["server"]["name"]: each["server"] for each in info(resource_group=GROUP)["servers"]}
    role, source = "replication_role", "source_server_id"
    assert (listed["pg-main"][role], listed["pg-main"][source]) == ("Primary", None)
    assert (listed["pg-copy"][role], listed["pg-copy"][source]) == ("AsyncReplica", server_id("pg-main"))
    shown = module(server_name="pg-copy", state="info")["server"]
    assert shown == listed["pg-copy"]
    hosts = inventory(subscriptions=[OTHER_SUBSCRIPTION]).hosts
    assert hosts["pg-far"]["pgflex_replication_role"] == "GeoAsyncReplica"
    assert hosts["pg-far"]["pgflex_source_server_id"].lower() == server_id("pg-copy").lower()


def test_an_audit_tells_what_replicas_lack_where_nothing_is_declared(
    emulator: Emulator, audit: Audit, tmp_path: Path
) -> None:
    seed_chain(emulator)
    reports = [word for kind in ("json", "csv", "html") for word in ("-e", f"pgflex_identity_report_{kind}=a.{kind}")]
    ran = audit(CHAIN, *reports)
    assert ran.rc == 0, ran.output
    assert ran.shown[-3:-1] == [
        "pg-copy: lacks id-a of its primary pg-main",
        "pg-far: lacks id-a of its primary pg-main; lacks id-b of its primary pg-copy",
    ]
    assert ran.shown[-1].endswith("0 failed. Replicas lack 3 more identities of their primaries.")
    assert ran.stats["pgflex_identity_audit"]["replica_lacks"] == 3
    assert reads(emulator) == ["pg-copy", "pg-far", "pg-main"]

    main, copy, far = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["servers"]
    assert [each["server"]["replication_role"] for each in (main, copy, far)] == [
        "Primary",
        "AsyncReplica",
        "GeoAsyncReplica",
    ]
    assert main["replica_lacks"] == []
    assert [each.rpartition("/")[2] for each in far["replica_lacks"]] == ["id-a", "id-b"]
    assert [(each["name"], each["status"]) for each in copy["identities"]] == [
        ("id-a", "replica_lacks"),
        ("id-b", "held"),
    ]
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        records = [each for each in csv.DictReader(file) if each["host"] == "pg-copy"]
    assert {(each["replication_role"], each["source_server_id"]) for each in records} == {
        ("AsyncReplica", server_id("pg-main"))
    }
    assert [each["identity_status"] for each in records] == ["replica_lacks", "held"]
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert '"replica_lacks"' in page
    assert "GeoAsyncReplica" in page


def test_the_report_of_a_rollout_tells_what_replicas_lack_after_it(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    seed_chain(emulator)
    hosts = {
        "pg-main": {},
        "pg-copy": {"pgflex_identity_present": "id-c"},
        "pg-far": {**CHAIN["pg-far"], "pgflex_identity_present": [identity_id("id-b")]},
    }
    files = {kind: tmp_path / f"report.{kind}" for kind in ("json", "csv", "html")}
    ran = run(ASSIGN, hosts, **{f"pgflex_identity_report_{kind}": str(path) for kind, path in files.items()})
    assert ran.rc == 0, ran.output
    assert held(emulator, "pg-copy") == {"id-b", "id-c"}
    _main, copy, far = json.loads(files["json"].read_text(encoding="utf-8"))["servers"]
    assert [each["status"] for each in (copy, far)] == ["changed", "changed"]
    assert copy["notes"] == ["lacks id-a of its primary pg-main"]
    # What it has got is no longer lacking, and what its primary has got is.
    assert far["notes"] == ["lacks id-a of its primary pg-main", "lacks id-c of its primary pg-copy"]
    assert [each.rpartition("/")[2] for each in far["replica_lacks"]] == ["id-a", "id-c"]
    with files["csv"].open(encoding="utf-8-sig", newline="") as file:
        records = [each for each in csv.DictReader(file) if each["host"] == "pg-far"]
    assert [(each["identity"], each["identity_status"]) for each in records] == [
        ("id-a", "replica_lacks"),
        ("id-b", "added"),
        ("id-c", "replica_lacks"),
    ]
    assert '"replica_lacks"' in files["html"].read_text(encoding="utf-8")


def test_the_list_shows_roles_where_there_are_replicas(emulator: Emulator, audit: Audit) -> None:
    seed_chain(emulator)
    ran = audit(CHAIN, playbook="pgflex.azure.list")
    assert ran.shown[0].split() == ["SERVER", "GROUP", "SUBSCRIPTION", "REGION", "STATE", "ROLE", "IDENTITIES"]
    assert ran.shown[2].split()[-2:] == ["AsyncReplica", "id-b"]
    assert "ROLE" not in audit({"pg-main": {}}, playbook="pgflex.azure.list").shown[0]


def test_a_primary_on_a_list_that_is_read_costs_no_request(emulator: Emulator, audit: Audit) -> None:
    many = [{**each, "replica_of": server_id("pg-main")} for each in servers("x", 30)]
    seed_chain(emulator, *many)
    ran = audit({each["name"]: {} for each in many})
    assert (
        ran.shown[-2]
        == "pg-x-000, pg-x-001, pg-x-002, pg-x-003, pg-x-004, ... (30 servers): lacks id-a of its primary pg-main"
    )
    assert reads(emulator) == []


def test_a_primary_that_cannot_be_read_is_noted(emulator: Emulator, audit: Audit) -> None:
    seed_servers(emulator, [{"name": "pg-copy", "replica_of": server_id("pg-gone")}])
    ran = audit({"pg-copy": {}})
    assert ran.rc == 0, ran.output
    assert ran.shown[-2].startswith(f"pg-copy: its primary {server_id('pg-gone')} was not read: ")


def test_a_server_that_was_promoted_is_no_replica_whatever_it_still_says(emulator: Emulator, audit: Audit) -> None:
    shown = {"properties": {"sourceServerResourceId": server_id("pg-main")}}
    seed_chain(emulator, {"name": "pg-free", "shown": shown})
    assert not [line for line in audit({"pg-free": {}, "pg-main": {}}).shown if "lack" in line]


FOLLOWING: dict[str, dict[str, Any]] = {
    "pg-main": {"pgflex_identity_present": "id-a, id-c, id-cmk", "pgflex_identity_absent": ["id-b"]},
    "pg-copy": {"pgflex_identity_present": "id-b"},
    "pg-far": {**CHAIN["pg-far"], "pgflex_identity_purge": True},
}


@pytest.mark.parametrize("limit", [(), ("--limit", "pg-far,pg-copy")], ids=["whole", "limited"])
def test_replicas_follow_their_primaries(emulator: Emulator, run: Run, limit: tuple[str, ...]) -> None:
    seed_chain(emulator)
    ran = run(ASSIGN, FOLLOWING, *limit, pgflex_identity_follow_primary="yes")
    assert ran.rc == 0, ran.output
    # Its own declaration goes before, and keys are read with identities of one's own.
    assert held(emulator, "pg-copy") == {"id-a", "id-b", "id-c"}
    assert held(emulator, "pg-far") == {"id-a", "id-b", "id-c"}
    assert held(emulator, "pg-main") == ({"id-a", "id-cmk"} if limit else {"id-a", "id-c", "id-cmk"})
    assert "pg-main" in reads(emulator)
    emulator.clear_requests()
    again = run(ASSIGN, FOLLOWING, *limit, pgflex_identity_follow_primary="yes")
    assert (again.rc, writes(emulator)) == (0, [])
    assert "not_started.:" not in again.output


def test_a_purge_of_the_primary_is_not_its_replicas(emulator: Emulator, run: Run) -> None:
    seed_chain(emulator)
    hosts = {
        "pg-main": {
            "pgflex_identity_present": "id-a",
            "pgflex_identity_purge": True,
            "pgflex_identity_keep_encryption_identities": True,
        },
        "pg-copy": {"pgflex_identity_follow_primary": True},
    }
    assert run(ASSIGN, hosts).rc == 0
    assert held(emulator, "pg-copy") == {"id-a", "id-b"}


def test_removals_are_followed_too(emulator: Emulator, run: Run) -> None:
    seed_chain(emulator)
    hosts: dict[str, Any] = {"pg-main": {"pgflex_identity_absent": "id-b"}, "pg-copy": {}}
    assert run(REMOVE, hosts, pgflex_identity_follow_primary=True).rc == 0
    assert held(emulator, "pg-copy") == set()


def test_a_replica_whose_primary_declares_nothing_is_left_alone(emulator: Emulator, run: Run) -> None:
    seed_chain(emulator)
    ran = run(ASSIGN, {"pg-main": {}, "pg-copy": {}}, pgflex_identity_follow_primary=True)
    assert (ran.rc, writes(emulator)) == (0, [])
    assert held(emulator, "pg-copy") == {"id-b"}


@pytest.mark.parametrize("check", [(), ("--check",)], ids=["for real", "check mode"])
def test_a_primary_that_is_not_in_the_inventory_fails_its_replica(
    emulator: Emulator, run: Run, check: tuple[str, ...]
) -> None:
    seed_chain(emulator)
    hosts = {"pg-copy": {"pgflex_identity_present": "id-c"}, "pg-far": CHAIN["pg-far"]}
    ran = run(ASSIGN, hosts, *check, pgflex_identity_follow_primary=True)
    assert ran.rc == 2
    assert recap(ran) == {"pg-copy": "failed", "pg-far": "failed"}
    assert f"Server pg-copy replicates {server_id('pg-main')}, which no host of the inventory is" in unwrapped(ran)
    assert writes(emulator) == []


def test_a_primary_whose_declaration_is_wrong_fails_its_replica(emulator: Emulator, run: Run) -> None:
    seed_chain(emulator)
    hosts = {
        "pg-main": {"pgflex_identity_present": "id-a", "pgflex_identity_absent": "id-a"},
        "pg-copy": {"pgflex_identity_follow_primary": True},
        HOSTS[0]: {"pgflex_identity_present": "{{ no_such_variable }}"},
    }
    ran = run(ASSIGN, hosts, "--limit", "pg-copy")
    assert recap(ran) == {"pg-copy": "failed"}
    assert "it cannot both be assigned and removed" in unwrapped(ran)
    assert unwrapped(ran).count(f"What is declared for {HOSTS[0]} cannot be read") == 1
    assert writes(emulator) == []


def test_without_waiting_for_each_other_replicas_follow_too(emulator: Emulator, run: Run) -> None:
    seed_chain(emulator)
    free = [{"hosts": "all", "strategy": "free", "gather_facts": False, "roles": [ROLE]}]
    ran = run(free, FOLLOWING, pgflex_identity_follow_primary=True, **NOTHING_LOST)
    assert ran.rc == 0, ran.output
    assert held(emulator, "pg-copy") == held(emulator, "pg-far") == {"id-a", "id-b", "id-c"}


def test_what_a_replica_follows_is_that_of_the_audit_too(emulator: Emulator, audit: Audit) -> None:
    seed_chain(emulator)
    ran = audit(FOLLOWING, pgflex_identity_follow_primary=True)
    assert ran.shown[1] == "pg-copy: missing id-a, id-c; lacks id-a of its primary pg-main"
    assert identity_id("id-cmk") not in ran.output
