# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gates that stop a run stay shut: for a word that is no boolean, and where nobody counts what is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.fleets import seed_servers, servers
from e2e.roles import ASSIGN, REMOVE, ROLE, told, truth, unwrapped, writes
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


def test_a_second_playbook_that_is_refused_has_failed_in_the_artifact_too(emulator: Emulator, run: Run) -> None:
    site = [{"ansible.builtin.import_playbook": each} for each in (ASSIGN, REMOVE)]
    limit = {"pgflex_identity_max_removals": "2"}
    ran = run(site, THREE, pgflex_identity_present="id-c", pgflex_identity_absent__x="id-b", **limit)
    assert ran.rc == 2, ran.output
    assert told(ran)["failed"] == 1


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
