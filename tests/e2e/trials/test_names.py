# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A variable that nobody knows is found before anything is sent, wherever it was set, and its value is not shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ansible_collections.pgflex.azure.plugins.plugin_utils._known_names import FORMER
from e2e.audit_runs import ELSEWHERE
from e2e.roles import ASSIGN, HOSTS, REMOVE, ROLE, ROLLBACK, ROTATE, recap, record, seed_fleet, unwrapped, writes
from e2e.world import GROUP

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.audit_runs import Ran
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

AUDIT, LIST = "pgflex.azure.audit", "pgflex.azure.list"
VALUE = "a-value-that-may-be-secret"
PRESENT = {"pgflex_identity_present": ["id-a"]}


def refused(ran: Ran, emulator: Emulator, *problems: str) -> None:
    assert ran.rc == 2, ran.output
    assert emulator.requests() == []
    for problem in problems:
        assert problem in unwrapped(ran)
    assert ran.output.count("fatal: ") == 1
    assert VALUE not in ran.output


@pytest.mark.smoke
@pytest.mark.parametrize("playbook", [ASSIGN, REMOVE, ROTATE, AUDIT, LIST])
def test_a_misspelt_name_of_one_host_ends_every_playbook(playbook: str, emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-a", "id-b")
    hosts: dict[str, dict[str, Any]] = {HOSTS[0]: {}, HOSTS[1]: {"pgflex_identity_presnt": [VALUE]}, HOSTS[2]: {}}
    ran = run(playbook, hosts, pgflex_identity_purge=True)
    problem = "pgflex_identity_presnt: is no variable of this collection; the nearest one is pgflex_identity_present."
    refused(ran, emulator, f"{problem} {HOSTS[1]} has it")


@pytest.mark.parametrize("playbook", [ASSIGN, AUDIT, LIST])
def test_hosts_that_an_inventory_chooses_are_not_chosen_in_silence(playbook: str, emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator)
    ran = run(playbook, HOSTS, pgflex_identity_hosts=HOSTS[0], **PRESENT)
    refused(ran, emulator, "pgflex_identity_hosts: chooses the hosts of a play, and counts with -e or in the vars of ")


@pytest.mark.parametrize("chosen", [HOSTS[:2], [], f"{HOSTS[0]},{HOSTS[1]}"], ids=str)
def test_a_list_of_patterns_chooses_hosts_too(chosen: Any, emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator)
    ran = run(ASSIGN, HOSTS, "-e", json.dumps({"pgflex_identity_hosts": chosen}), **PRESENT)
    assert ran.rc == 0, ran.output
    assert sorted(writes(emulator)) == sorted(HOSTS[:2] if chosen else HOSTS)


def test_a_misspelt_name_ends_a_rollback(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    seed_fleet(emulator)
    run(ASSIGN, HOSTS[:1], **PRESENT)
    emulator.clear_requests()
    undone = {"pgflex_identity_rollback": str(record(tmp_path))}
    refused(run(ROLLBACK, HOSTS[:1], pgflex_identity_rollback_forced=VALUE, **undone), emulator, "_rollback_force.")


PLACES: dict[str, Any] = {
    "group": ({"vars": {"pgflex_identity_presnt": VALUE}}, ()),
    "extra": ({}, ("-e", f"pgflex_identity_presnt={VALUE}")),
    "file of extra variables": ({}, ("-e", "@extra.yml")),
    "play": ({"play": {"vars": {"pgflex_identity_presnt": VALUE}}}, ()),
    "vars_files": ({"play": {"vars_files": ["extra.yml"]}}, ()),
    "include_role": ({"task": {"vars": {"pgflex_identity_presnt": VALUE}}}, ()),
    "import_role": ({"task": {"vars": {"pgflex_identity_presnt": VALUE}}}, ()),
    "set_fact": ({"first": [{"ansible.builtin.set_fact": {"pgflex_identity_presnt": VALUE}}]}, ()),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_misspelt_name_is_found_wherever_it_is_set(place: str, emulator: Emulator, run: Run, tmp_path: Path) -> None:
    seed_fleet(emulator, "id-b")
    (tmp_path / "extra.yml").write_text(yaml.safe_dump({"pgflex_identity_presnt": VALUE}), encoding="utf-8")
    given, arguments = PLACES[place]
    kind = "import_role" if place == "import_role" else "include_role"
    role = {f"ansible.builtin.{kind}": {"name": ROLE}, **given.get("task", {})}
    tasks = [*given.get("first", []), role]
    play: dict[str, Any] = {"hosts": "all", "gather_facts": False, **given.get("play", {}), "tasks": tasks}
    ran = run([play], HOSTS[:3], *arguments, pgflex_identity_purge=True, **given.get("vars", {}))
    refused(ran, emulator, f"the nearest one is pgflex_identity_present. {HOSTS[0]} has it", "and 2 more hosts.")


def test_a_parameter_of_a_role_that_is_misspelt_is_refused_by_ansible_itself(emulator: Emulator, run: Run) -> None:
    play = {"hosts": "all", "gather_facts": False, "roles": [{"role": ROLE, "pgflex_identity_presnt": VALUE}]}
    ran = run([play], HOSTS[:1], pgflex_identity_purge=True)
    refused(ran, emulator, "pgflex_identity_presnt. Supported parameters include: ")


def test_the_error_names_the_line_where_ansible_knows_it(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    pytest.importorskip("ansible._internal._datatag", reason="ansible-core before 2.19 does not know it")
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text("---\n\npgflex_identity_presnt: true\n", encoding="utf-8")
    ran = run(ASSIGN, HOSTS[:2], **PRESENT)
    refused(ran, emulator, f"{HOSTS[0]} has it from {tmp_path}/group_vars/all.yml:3:")


def test_extra_variables_are_called_so(emulator: Emulator, run: Run) -> None:
    ran = run(ASSIGN, HOSTS[:1], "-e", '{"pgflex_sever_id": true}', **PRESENT)
    refused(ran, emulator, "pgflex_sever_id: is no variable", "-e")


def test_several_names_are_told_at_once_and_former_ones_with_their_new_names(emulator: Emulator, run: Run) -> None:
    names = {**dict.fromkeys(FORMER, VALUE), "pgflex_resource_grup": VALUE}
    ran = run(ASSIGN, HOSTS[:1], **names, **PRESENT)
    refused(
        ran,
        emulator,
        *(f"{former}: is now {new}." for former, new in FORMER.items()),
        "pgflex_resource_grup: is no variable of this collection; the nearest one is pgflex_resource_group.",
        "Nothing was sent. pgflex_identity_allow_unknown excepts names of your own.",
    )


def test_a_record_of_a_misspelt_name_is_told_before_that_none_is_set(emulator: Emulator, run: Run) -> None:
    ran = run(ROLLBACK, HOSTS[:1], "-e", f"pgflex_identity_rolback={VALUE}")
    refused(ran, emulator, "pgflex_identity_rolback: is no variable of this collection")


def test_names_of_ones_own_are_let_through(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator)
    own: dict[str, Any] = {
        # In use, by way of another one.
        "pgflex_identities_common": ["id-a"],
        "team_identities": "{{ pgflex_identities_common }}",
        "pgflex_identity_present": "{{ team_identities }}",
        "pgflex_identity_present__more": ["id-b"],
        # Close to no name of ours.
        "pgflex_canary": True,
        "pgflex_identity_ours": 1,
        "pgflex_identity_zone_a": 2,
        "pgflex_identity_allow_unknown": "pgflex_identity_ours, pgflex_identity_zone_*",
    }
    register = {"ansible.builtin.debug": {"msg": "x"}, "register": "pgflex_identity_earlier"}
    play = {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [register, {"ansible.builtin.include_role": {"name": ROLE}}],
    }
    ran = run([play], HOSTS[:2], **own)
    assert ran.rc == 0, ran.output
    assert sorted(writes(emulator)) == HOSTS[:2]


def test_what_only_a_host_outside_of_the_run_refers_to_is_in_use(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator)
    hosts = {
        HOSTS[0]: {"pgflex_identity_present": "{{ pgflex_identities_common }}"},
        HOSTS[1]: {"pgflex_identity_present": ["id-a"]},
        # Not of the run: not looked at.
        HOSTS[2]: {"pgflex_identity_presnt": ["id-a"]},
    }
    ran = run(ASSIGN, hosts, "--limit", HOSTS[1], pgflex_identities_common=["id-b"])
    assert ran.rc == 0, ran.output
    assert writes(emulator) == [HOSTS[1]]


def test_the_second_play_knows_what_the_first_one_has_left(emulator: Emulator, run: Run) -> None:
    """Registered results and artifacts, also of an earlier job of a workflow."""
    seed_fleet(emulator)
    handed_on = {"pgflex_identity_result": {"rollback": ""}, "pgflex_identity_audit": {}}
    ran = run(ASSIGN, HOSTS[:2], "-e", yaml.safe_dump(handed_on, default_flow_style=True), **PRESENT)
    assert ran.rc == 0, ran.output
    assert recap(ran) == dict.fromkeys(HOSTS[:2], "changed")


def test_what_a_source_of_inventory_composes_is_looked_at_too(emulator: Emulator, inventory: Any) -> None:
    seed_fleet(emulator)
    emulator.clear_requests()
    compose = {"pgflex_identity_presnt": "['id-a']"}
    done = inventory("ansible-playbook", ASSIGN, resource_groups=[GROUP], compose=compose)
    assert done.rc == 2
    assert "pgflex_identity_presnt: is no variable of this collection" in done.output
    assert writes(emulator) == []


def test_without_waiting_for_each_other_each_host_looks_at_its_own(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator)
    play = {"hosts": "all", "gather_facts": False, "strategy": "free", "roles": [ROLE]}
    alone = {"pgflex_identity_waves": ["100%"], "pgflex_identity_max_fail_percentage": 100}
    hosts: dict[str, dict[str, Any]] = {HOSTS[0]: {}, HOSTS[1]: {"pgflex_identity_presnt": []}}
    ran = run([play], hosts, **PRESENT, **alone, **ELSEWHERE)
    assert ran.rc == 2
    assert writes(emulator) == [HOSTS[0]]
