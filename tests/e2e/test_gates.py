# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates that stop a run stay shut: for a word that is no boolean, and where nobody counts what is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.fleets import seed_servers, servers
from e2e.roles import ASSIGN, ROLE, recap, told, truth, unwrapped, writes
from e2e.world import SERVER_ID, user_assigned

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

THREE = [each["name"] for each in servers("gate", 3)]
FLEET = "pgflex.azure.pgflex_identity_fleet"
PURGE: dict[str, Any] = {"pgflex_identity_present": [], "pgflex_identity_purge": "yes"}


@pytest.fixture(autouse=True)
def _servers(emulator: Emulator) -> None:
    seed_servers(emulator, servers("gate", 3, "id-a", "id-b"))


@pytest.mark.parametrize("name", ["pgflex_identity_fail_on_undeclared", "pgflex_identity_strict"])
def test_a_word_that_is_no_boolean_opens_no_gate(emulator: Emulator, run: Run, name: str) -> None:
    hosts: dict[str, dict[str, Any]] = {THREE[0]: {"pgflex_identity_present": "id-c"}, THREE[1]: {}}
    ran = run(ASSIGN, hosts, **{name: "ture"})
    assert ran.rc == 2
    assert f"{name}: 'ture' is neither true nor false." in unwrapped(ran)
    assert writes(emulator) == []


@pytest.mark.parametrize(
    "play",
    [
        pytest.param({"tasks": [{FLEET: {}}]}, id="a task for each host"),
        pytest.param({"tasks": [{FLEET: {}, "run_once": True}], "strategy": "free"}, id="run_once that does not count"),
        pytest.param({"roles": [ROLE], "strategy": "free"}, id="the role"),
    ],
)
@pytest.mark.parametrize("purge", ["yes", 1.0])
def test_a_purge_that_nobody_counts_needs_a_limit(
    emulator: Emulator, run: Run, play: dict[str, Any], purge: Any
) -> None:
    alone = {"pgflex_identity_waves": "100%", "pgflex_identity_max_fail_percentage": "100"}
    site = [{"hosts": "all", "gather_facts": False, **play}]
    ran = run(site, THREE, **{**PURGE, "pgflex_identity_purge": purge}, **alone)
    assert ran.rc != 0
    assert "nobody counts the servers" in unwrapped(ran)
    assert writes(emulator) == []


def test_a_task_outside_of_the_role_keeps_to_the_limit_of_the_inventory(emulator: Emulator, run: Run) -> None:
    site = [{"hosts": "all", "gather_facts": False, "tasks": [{FLEET: {}, "run_once": True}]}]
    ran = run(site, THREE, pgflex_identity_absent="id-b", pgflex_identity_max_removals="1")
    assert ran.rc == 2
    assert "takes identities from 3 of 3 servers" in unwrapped(ran)
    assert writes(emulator) == []


def test_a_list_of_which_templates_leave_nothing_is_no_word_for_none(emulator: Emulator, run: Run) -> None:
    hosts: dict[str, dict[str, Any]] = {THREE[0]: {"pgflex_identity_present": ["{{ app | default(omit) }}"]}}
    ran = run(ASSIGN, hosts, pgflex_identity_purge="yes")
    assert ran.rc == 0, ran.output
    assert (told(ran)["undeclared"], writes(emulator)) == (1, [])


def test_a_batch_that_has_nothing_to_rotate_is_undeclared(emulator: Emulator, run: Run) -> None:
    turn = {"pgflex_identity_rotate_from": "id-b", "pgflex_identity_rotate_to": "id-c"}
    site = [{"hosts": "all", "gather_facts": False, "serial": 1, "roles": [ROLE]}]
    ran = run(site, {THREE[0]: {}, THREE[1]: turn}, pgflex_identity_action="rotate")
    assert ran.rc == 0, ran.output
    assert writes(emulator) == [THREE[1]]


def test_a_replica_that_follows_keeps_an_encrypting_identity_of_its_primary(emulator: Emulator, run: Run) -> None:
    main = {"name": "gate-main", "identity": user_assigned("id-a", "id-cmk"), "encryption": {"primary": "id-cmk"}}
    copy = {
        "name": "gate-copy",
        "identity": user_assigned("id-b", "id-cmk"),
        "replica_of": f"{SERVER_ID.rpartition('/')[0]}/gate-main",
    }
    seed_servers(emulator, [main, copy])
    hosts: dict[str, dict[str, Any]] = {
        "gate-main": {"pgflex_identity_present": ["id-a", "id-cmk"]},
        "gate-copy": {"pgflex_identity_follow_primary": True, "pgflex_identity_purge": True},
    }
    ran = run(ASSIGN, hosts)
    assert ran.rc == 0, ran.output
    (held,) = [ids for server, (_type, ids) in truth(emulator).items() if server.endswith("/gate-copy")]
    assert sorted(each.rpartition("/")[2].lower() for each in held) == ["id-a", "id-cmk"]


DECLARED: dict[str, Any] = {"pgflex_identity_present": "id-c"}
#: What each gate is about; without it the first server, or all of them, would be changed.
GATES = [
    pytest.param({THREE[0]: DECLARED, THREE[1]: {}}, {"pgflex_identity_fail_on_undeclared": True}, id="undeclared"),
    pytest.param(
        {THREE[0]: DECLARED, THREE[1]: {**DECLARED, "pgflex_identity_absent": "id-c"}},
        {"pgflex_identity_strict": True},
        id="strict",
    ),
    pytest.param({THREE[0]: DECLARED, THREE[1]: {"pgflex_identity_presnt": "id-c"}}, {}, id="an unknown name"),
    pytest.param(
        {each: {**DECLARED, "pgflex_identity_absent": "id-b"} for each in THREE},
        {"pgflex_identity_max_removals": 2},
        id="removals",
    ),
    pytest.param(dict.fromkeys(THREE, PURGE), {}, id="an unlimited purge"),
    pytest.param({THREE[0]: DECLARED}, {"pgflex_identity_report_csv": "/no/such/folder/x.csv"}, id="a report"),
    pytest.param(
        {THREE[0]: {**DECLARED, "pgflex_identity_waves": 1}, THREE[1]: DECLARED}, {}, id="settings that differ"
    ),
]
PLAY: dict[str, Any] = {"hosts": "all", "gather_facts": False}


def including(entry: str = "main") -> dict[str, Any]:
    return {"ansible.builtin.include_role": {"name": ROLE, "tasks_from": entry}, "ignore_errors": True}


@pytest.mark.parametrize(
    "site",
    [
        pytest.param([{**PLAY, "ignore_errors": True, "roles": [ROLE]}], id="a play"),
        pytest.param([{**PLAY, "ignore_errors": True, "tasks": [including()]}], id="an include"),
        pytest.param([{**PLAY, "ignore_errors": True, "serial": 3, "roles": [ROLE]}], id="batches"),
        pytest.param(
            [{**PLAY, "ignore_errors": True, "tasks": [including("plan"), including("apply")]}], id="two halves"
        ),
    ],
)
@pytest.mark.parametrize(("hosts", "variables"), GATES)
def test_nothing_is_written_where_the_failure_of_a_gate_is_ignored(
    emulator: Emulator,
    run: Run,
    site: list[dict[str, Any]],
    hosts: dict[str, dict[str, Any]],
    variables: dict[str, Any],
) -> None:
    after = {"ansible.builtin.debug": {"msg": "GOES ON"}}
    ran = run([{**each, "post_tasks": [after]} for each in site], hosts, **variables)
    assert "GOES ON" in ran.output
    assert writes(emulator) == []


FREE = {"pgflex_identity_waves": "100%", "pgflex_identity_max_fail_percentage": 100}


@pytest.mark.parametrize(
    ("hosts", "variables"),
    [
        pytest.param(dict.fromkeys(THREE, PURGE), FREE, id="an unlimited purge"),
        pytest.param(
            {each: {**DECLARED, "pgflex_identity_absent": "id-b"} for each in THREE},
            {**FREE, "pgflex_identity_max_removals": 1},
            id="removals",
        ),
        pytest.param(dict.fromkeys(THREE, DECLARED), {}, id="waves"),
        pytest.param(dict.fromkeys(THREE, DECLARED), {**FREE, "pgflex_identity_strict": True}, id="strict"),
        pytest.param({THREE[0]: {"pgflex_identity_presnt": "id-c"}}, FREE, id="an unknown name"),
        # Its neighbour may, and registers that for all.
        pytest.param({THREE[0]: {}, THREE[1]: PURGE, THREE[2]: {}}, FREE, id="the purge of one"),
    ],
)
def test_nothing_is_written_where_hosts_that_do_not_wait_ignore_a_gate(
    emulator: Emulator, run: Run, hosts: dict[str, dict[str, Any]], variables: dict[str, Any]
) -> None:
    run([{**PLAY, "strategy": "free", "ignore_errors": True, "roles": [ROLE]}], hosts, **variables)
    assert writes(emulator) == []


STRICT: dict[str, dict[str, Any]] = {
    THREE[0]: {"pgflex_identity_present": "id-a"},
    THREE[1]: DECLARED,
    THREE[2]: {**DECLARED, "pgflex_identity_absent": "id-c"},
}


@pytest.mark.parametrize("by_role", [False, True], ids=["playbook", "role"])
def test_recap_and_summary_agree_on_what_a_strict_run_has_not_done(
    emulator: Emulator, run: Run, *, by_role: bool
) -> None:
    ran = run([{**PLAY, "roles": [ROLE]}] if by_role else ASSIGN, STRICT, pgflex_identity_strict=True)
    assert ran.rc == 2
    assert {host for host, end in recap(ran).items() if end == "failed"} == {*THREE[1:]}
    assert (told(ran)["failed_hosts"], told(ran)["not_started_hosts"]) == (THREE[2:], THREE[1:2])
    assert told(ran)["compliant"] == 1
    why = f"Not started: pgflex_identity_strict is set, and these are not to be planned: {THREE[2]}."
    assert unwrapped(ran).count(why) >= 1
    assert writes(emulator) == []


def test_where_undeclared_servers_are_an_error_they_fail_themselves(emulator: Emulator, run: Run) -> None:
    hosts: dict[str, dict[str, Any]] = {THREE[0]: {"pgflex_identity_present": "id-a"}, THREE[1]: {}}
    ran = run(ASSIGN, hosts, pgflex_identity_fail_on_undeclared=True)
    assert {host for host, end in recap(ran).items() if end == "failed"} == {THREE[1]}
    assert told(ran)["undeclared_hosts"] == THREE[1:2]
    assert "Nothing says what it shall hold, and pgflex_identity_fail_on_undeclared is set." in unwrapped(ran)
