# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory that holds other hosts too; and what is wrong with a whole run is told once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from e2e.audit_runs import run_on
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
    unwrapped,
    waves,
    writes,
)
from e2e.world import GROUP

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.audit_runs import Audit, Ran
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

AUDIT, LIST = "pgflex.azure.audit", "pgflex.azure.list"
WEB = ["web-1", "web-2"]
LEFT_OUT = "2 hosts are no servers and are left out: web-1, web-2"
UNSET = "pgflex_resource_group: is not set, nor is pgflex_server_id"
PRESENT = {"pgflex_identity_present": ["id-a"]}


@pytest.fixture
def shared(emulator: Emulator, outputs: list[str], tmp_path: Path) -> Any:
    """Return what runs a playbook on two servers of a group, and two hosts that are none."""
    quick = {"pgflex_identity_poll_interval": 0.1, "pgflex_identity_rollback_dir": str(tmp_path / "records")}

    def run(
        playbook: str | list[dict[str, Any]],
        *arguments: str,
        hosts: dict[str, Any] | None = None,
        of_servers: dict[str, Any] | None = None,
        of_web: dict[str, Any] | None = None,
        **variables: Any,
    ) -> Ran:
        servers = {"hosts": {host: (hosts or {}).get(host, {}) for host in HOSTS[:2]}}
        servers["vars"] = {"pgflex_resource_group": GROUP, **(of_servers or {})}
        children = {"databases": servers, "web": {"hosts": {host: {} for host in WEB}, "vars": of_web or {}}}
        if of_web:  # Ansible begins with them
            children = dict(reversed(children.items()))
        inventory = {"all": {"children": children, "vars": {**quick, **variables}}}
        ran = run_on(tmp_path, inventory, playbook, *arguments, env=emulator.environment)
        outputs.append(ran.output)
        return ran

    seed_fleet(emulator)
    return run


@pytest.mark.smoke
def test_hosts_that_are_no_servers_are_left_out_and_named(emulator: Emulator, shared: Any, tmp_path: Path) -> None:
    ran = shared(AUDIT, **PRESENT)
    assert ran.rc == 0, ran.output
    assert ran.shown[-2:] == [LEFT_OUT, "2 servers: 0 compliant, 2 drifted (2 missing, 0 extra), 0 failed."]
    assert ran.stats["pgflex_identity_audit"]["left_out_hosts"] == WEB
    assert LEFT_OUT in unwrapped(shared(LIST))
    ran = shared(ASSIGN, **PRESENT)
    assert (ran.rc, sorted(writes(emulator))) == (0, HOSTS[:2]), ran.output
    assert unwrapped(ran).count(LEFT_OUT) == 1
    assert (told(ran)["servers"], told(ran)["left_out"], told(ran)["left_out_hosts"]) == (2, 2, WEB)
    assert recap(ran) == dict.fromkeys(HOSTS[:2], "changed")
    rotated = {"pgflex_identity_rotate_from": "id-a", "pgflex_identity_rotate_to": "id-b"}
    for playbook, variables in ((ROTATE, rotated), (REMOVE, {"pgflex_identity_absent": "id-b"})):
        ran = shared(playbook, **variables)
        assert (ran.rc, told(ran)["changed"]) == (0, 2), ran.output
        assert LEFT_OUT in unwrapped(ran)
    ran = shared(ROLLBACK, pgflex_identity_rollback=str(record(tmp_path)))
    assert (ran.rc, told(ran)["changed"]) == (0, 2), ran.output


def test_in_a_play_of_ones_own_too(emulator: Emulator, shared: Any) -> None:
    ran = shared([{"hosts": "all", "gather_facts": False, "roles": [ROLE]}], **PRESENT)
    assert (ran.rc, sorted(writes(emulator))) == (0, HOSTS[:2]), ran.output
    assert recap(ran) == {**dict.fromkeys(HOSTS[:2], "changed"), **dict.fromkeys(WEB, "ok")}
    one_by_one = {"pgflex_identity_waves": "100%", "pgflex_identity_max_fail_percentage": 100}
    play = {"hosts": "all", "gather_facts": False, "strategy": "free", "roles": [ROLE]}
    ran = shared([play], pgflex_identity_absent="id-a", **one_by_one)
    assert ran.rc == 0, ran.output
    assert recap(ran) == {**dict.fromkeys(HOSTS[:2], "changed"), **dict.fromkeys(WEB, "ok")}


@pytest.mark.parametrize(
    "named",
    [
        ("--limit", f"{HOSTS[0]},web-1"),
        ("-e", f"pgflex_identity_hosts={HOSTS[0]}:web-1"),
        ("--limit", f"{HOSTS[0]},web-1", "-e", "pgflex_subscription_id="),
    ],
)
def test_a_host_that_is_named_has_to_be_a_server(named: tuple[str, ...], emulator: Emulator, shared: Any) -> None:
    ran = shared(ASSIGN, *named, **PRESENT)
    assert (ran.rc, writes(emulator)) == (2, HOSTS[:1]), ran.output
    assert f"web-1: error: {UNSET}" in unwrapped(ran)
    assert recap(ran) == {HOSTS[0]: "changed", "web-1": "failed"}
    assert (told(ran)["failed_hosts"], told(ran)["left_out"]) == (["web-1"], 0)


def test_where_no_host_is_a_server_it_is_told_once(emulator: Emulator, shared: Any) -> None:
    ran = shared(ASSIGN, "--limit", "web", **PRESENT)
    assert (ran.rc, emulator.requests()) == (2, [])
    assert ran.output.count("fatal: ") == 1
    assert UNSET in unwrapped(ran)
    assert "2 servers: 0 compliant, 0 changed (0 added, 0 removed), 1 failed, 1 not started." in ran.output
    assert recap(ran) == {"web-1": "failed"}


def test_a_server_that_does_not_exist_has_failed_unless_it_is_excluded(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator)
    hosts: dict[str, dict[str, Any]] = {HOSTS[0]: {}, "web-1": {}}
    ran = run(ASSIGN, hosts, pgflex_identity_validate=False, **PRESENT)
    assert ran.rc == 2
    assert recap(ran) == {HOSTS[0]: "changed", "web-1": "failed"}
    assert told(ran)["failed_hosts"] == ["web-1"]
    ran = run(ASSIGN, hosts, "-e", "pgflex_identity_hosts=all:!web-1", **PRESENT)
    assert (ran.rc, told(ran)["compliant"]) == (0, 1), ran.output


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "identity": ({"pgflex_identity_present__x": ["id a"]}, "pgflex_identity_present__x: 'id a' is neither"),
    "group": ({"pgflex_identity_lookup_resource_group": "a/b"}, "pgflex_identity_lookup_resource_group: 'a/b' is not"),
    "subscription": ({"pgflex_subscription_id": "prod"}, "pgflex_subscription_id: 'prod' is not a subscription ID"),
    "flag": ({"pgflex_identity_purge": "perhaps"}, "pgflex_identity_purge: 'perhaps' is neither true nor false."),
    "waves": ({"pgflex_identity_waves": "many"}, "pgflex_identity_waves: 'many' is neither a number"),
    "timeout": ({"pgflex_identity_wait_timeout": 0}, "pgflex_identity_wait_timeout: 0 is too short"),
    "number": ({"pgflex_identity_busy_timeout": "soon"}, "pgflex_identity_busy_timeout"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_what_is_wrong_with_the_run_is_told_once_by_the_name_that_was_set(
    kind: str, emulator: Emulator, run: Run
) -> None:
    variables, problem = MISTAKES[kind]
    ran = run(ASSIGN, HOSTS, **variables)
    assert (ran.rc, emulator.requests()) == (2, [])
    assert ran.output.count("fatal: ") == 1
    assert problem in unwrapped(ran)
    assert (
        f"{len(HOSTS)} servers: 0 compliant, 0 changed (0 added, 0 removed), 1 failed, {len(HOSTS) - 1} not started."
        in ran.output
    )
    assert recap(ran) == {HOSTS[0]: "failed"}
    assert (told(ran)["failed_hosts"], told(ran)["not_started_hosts"]) == (HOSTS[:1], HOSTS[1:])


def test_what_an_extra_variable_says_to_hosts_that_differ_is_told_once(emulator: Emulator, run: Run) -> None:
    hosts: dict[str, dict[str, Any]] = {HOSTS[0]: {"pgflex_identity_purge": "perhaps"}, HOSTS[1]: {}}
    ran = run(
        ASSIGN, hosts, "-e", yaml.safe_dump({"pgflex_identity_present": ["id a"]}, default_flow_style=True).strip()
    )
    assert (ran.rc, emulator.requests()) == (2, [])
    assert ran.output.count("fatal: ") == 1
    assert "pgflex_identity_present: 'id a' is neither" in unwrapped(ran)


def test_an_audit_tells_it_once_too(emulator: Emulator, audit: Audit) -> None:
    ran = audit({host: {} for host in HOSTS}, pgflex_identity_present=["id a"])
    assert (ran.rc, emulator.requests()) == (2, [])
    assert ran.output.count("fatal: ") == 1
    assert recap(ran) == {HOSTS[0]: "failed"}


@pytest.mark.parametrize("playbook", [ASSIGN, AUDIT])
def test_settings_are_those_of_servers_whatever_other_hosts_say(
    playbook: str, emulator: Emulator, shared: Any, tmp_path: Path
) -> None:
    report, records = tmp_path / "report.json", tmp_path / "own records"
    servers = {
        "pgflex_identity_waves": [1, "100%"],
        "pgflex_identity_report_json": str(report),
        "pgflex_identity_rollback_dir": str(records),
        "pgflex_identity_fail_on_drift": True,
        **PRESENT,
    }
    ran = shared(playbook, of_servers=servers, of_web={"pgflex_identity_waves": "100%", "pgflex_identity_strict": 5})
    assert ran.rc == (2 if playbook == AUDIT else 0), ran.output
    assert "but counts for all hosts" not in unwrapped(ran)
    assert [each["host"] for each in json.loads(report.read_text(encoding="utf-8"))["servers"]] == HOSTS[:2]
    if playbook == AUDIT:
        assert [host for host, ended in recap(ran).items() if ended == "failed"] == HOSTS[:2]
    else:
        assert len(waves(ran)) == 2
        assert len(list(records.iterdir())) == 1
        assert f"{records}/" in unwrapped(ran).rpartition("To undo it: ")[2]


def test_settings_of_servers_have_to_be_the_same_all_the_same(emulator: Emulator, shared: Any) -> None:
    one = {HOSTS[1]: {"pgflex_identity_waves": 1}}
    ran = shared(ASSIGN, hosts=one, of_web={"pgflex_identity_waves": 1}, **PRESENT)
    assert (ran.rc, emulator.requests()) == (2, [])
    assert f"pgflex_identity_waves: is not set for {HOSTS[0]} and 1 for {HOSTS[1]}" in unwrapped(ran)


@pytest.mark.parametrize("playbook", [ASSIGN, AUDIT, LIST])
def test_a_pattern_that_chooses_nothing_is_an_error(playbook: str, emulator: Emulator, shared: Any) -> None:
    for chosen, limit in (("nonesuch", ()), ("databases", ("--limit", "web"))):
        ran = shared(playbook, "-e", f"pgflex_identity_hosts={chosen}", *limit, **PRESENT)
        assert ran.rc != 0, ran.output
        within = " within --limit" if limit else ""
        assert f"pgflex_identity_hosts: no host of the inventory{within} matches {chosen}" in unwrapped(ran)
    assert emulator.requests() == []
    # An empty one is none, as from a survey.
    for chosen, limit in (("", ()), ("databases,&all", ()), ("all", ("--limit", "databases"))):
        ran = shared(playbook, "--list-hosts", "-e", f"pgflex_identity_hosts={chosen}", *limit)
        assert (ran.rc, HOSTS[0] in ran.output) == (0, True), ran.output
