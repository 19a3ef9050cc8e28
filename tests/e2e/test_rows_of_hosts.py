# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A task with pgflex_identity_fleet makes rows of the hosts that it speaks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.audit_runs import Audit, Ran, audit_inventory, run_on, seed_kinds
from e2e.estates import listings
from e2e.world import GROUP

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator

THREE: dict[str, dict[str, Any]] = {"pg-good": {}, "pg-drift": {}, "pg-keys": {}}
FLEET = {"pgflex.azure.pgflex_identity_fleet": {}, "check_mode": True, "register": "fleet"}
TELL = {"ansible.builtin.debug": {"msg": "ROWS={{ fleet.servers | map(attribute='name') | join('+') }}"}}


def rows_of(ran: Ran) -> list[str]:
    """Return the rows of each run of the module, in order."""
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
    emulator: Emulator, audit: Audit, play: dict[str, Any], once: bool, rows: list[str]
) -> None:
    seed_kinds(emulator)
    tasks = [{**task, "run_once": once} for task in (FLEET, TELL)]
    ran = audit(
        THREE,
        playbook=[{"hosts": "all", "gather_facts": False, **play, "tasks": tasks}],
    )
    assert ran.rc == 0, ran.output
    assert sorted(rows_of(ran)) == sorted(rows)


def test_with_strategy_free_each_host_asks_for_itself_only(emulator: Emulator, audit: Audit) -> None:
    """Ansible runs a task with run_once for every host there."""
    seed_kinds(emulator)
    play = {"hosts": "pg-good:pg-keys", "strategy": "ansible.builtin.free", "gather_facts": False}
    ran = audit(THREE, playbook=[{**play, "tasks": [{**FLEET, "run_once": True}]}])
    assert ran.rc == 0, ran.output
    assert sorted(each.rpartition("/")[2] for each in listings(emulator)) == ["pg-good", "pg-keys"]


@pytest.mark.smoke
def test_limit_and_failed_hosts_are_left_out_and_the_play_and_task_count(emulator: Emulator, audit: Audit) -> None:
    seed_kinds(emulator)
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
        "2 servers: 0 compliant, 2 drifted (2 missing, 0 extra), 0 failed.",
    ]


@pytest.mark.parametrize("way", ["module_defaults", "pgflex_identity_connection"])
def test_the_connection_comes_from_where_the_user_sets_it(
    emulator: Emulator, outputs: list[str], tmp_path: Path, way: str
) -> None:
    seed_kinds(emulator)
    play: dict[str, Any] = {"hosts": "all", "gather_facts": False, "tasks": [{**FLEET, "run_once": True}, TELL]}
    if way == "module_defaults":
        # The task's own options win over the variable.
        play["module_defaults"] = {"group/pgflex.azure.azure": emulator.connection}
        play["vars"] = {"pgflex_identity_connection": {"secret": "wrong"}}
    else:
        play["vars"] = {"pgflex_identity_connection": emulator.connection}
    ran = run_on(tmp_path, audit_inventory({"pg-good": {}}), [play], "-vvvv", env={})
    outputs.append(ran.output)
    assert ran.rc == 0, ran.output
    assert rows_of(ran) == ["pg-good"]


def test_what_concerns_no_row_alone_fails_once(audit: Audit) -> None:
    ran = audit(THREE, pgflex_identity_connection={"secret": "wrong"})
    assert ran.rc == 2
    assert ran.output.count("fatal: ") == 1
    assert "AADSTS" in ran.output
    assert "Traceback" not in ran.output
    ran = audit(THREE, pgflex_identity_connection=["secret"])
    assert ran.rc == 2
    assert "pgflex_identity_connection is not a dictionary of connection options." in ran.output


@pytest.mark.smoke
def test_a_connection_with_a_broken_template_is_not_shown(audit: Audit) -> None:
    hidden = "what-nobody-may-see"
    connection = {"secret": hidden, "tenant": "{{ no_such_variable }}"}
    ran = audit(THREE, "-vvv", a_connection=connection, pgflex_identity_connection="{{ a_connection }}")
    assert ran.rc == 2
    assert "pgflex_identity_connection: cannot be read: a template in it has an error" in ran.output
    assert hidden not in ran.output


def test_rows_that_the_task_gives_are_taken_as_they_are(emulator: Emulator, audit: Audit) -> None:
    seed_kinds(emulator)
    servers = [{"name": "one", "resource_group": GROUP, "server_name": "pg-good", "present": ["id-b"]}]
    task = {**FLEET, "pgflex.azure.pgflex_identity_fleet": {"servers": servers}, "delegate_to": "pg-keys"}
    play = {"hosts": "pg-drift", "gather_facts": False, "tasks": [task, TELL]}
    ran = audit({"pg-drift": {}, "pg-keys": {}}, playbook=[play])
    assert ran.rc == 0, ran.output
    assert rows_of(ran) == ["one"]
