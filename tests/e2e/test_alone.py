# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role in plays whose hosts do not wait for each other: each is a rollout of its own, or nothing is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from e2e.roles import HOSTS, ROLE, recap, seed_fleet, truth, unwrapped, writes

if TYPE_CHECKING:
    from e2e.audit_runs import Ran
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

THREE = HOSTS[:3]
FREE: dict[str, Any] = {"hosts": "all", "strategy": "free", "gather_facts": False, "roles": [ROLE]}
NOTHING_LOST = {"pgflex_identity_waves": "100%", "pgflex_identity_max_fail_percentage": "100"}
UNLIMITED = {"pgflex_identity_max_removals": "100%"}


@pytest.mark.smoke
def test_each_host_changes_its_own_server_and_one_that_fails_fails_alone(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    seed_fleet(emulator, "id-b")
    before = truth(emulator)
    emulator.fault("PATCH", f"{HOSTS[1]}$", {"status": 403, "code": "AuthorizationFailed"}, times=-1)
    desired = {"pgflex_identity_present": "id-a", "pgflex_identity_purge": "yes", **NOTHING_LOST, **UNLIMITED}
    # So many that what one host registers would come between two tasks of another one.
    check = run([FREE], HOSTS, "--check", "--diff", **desired)
    assert check.rc == 0, check.output
    assert recap(check) == dict.fromkeys(HOSTS, "changed")
    assert writes(emulator) == []
    real = run([FREE], THREE, "--diff", **desired)
    assert real.rc == 2
    assert recap(real) == {**dict.fromkeys(THREE, "changed"), HOSTS[1]: "failed"}
    assert [each.output.count("--- before: ") for each in (check, real)] == [len(HOSTS), len(THREE) - 1]
    records = {each.name.partition("-")[2]: str(each) for each in (tmp_path / "records").iterdir()}
    assert sorted(records) == [f"{host}-assign.jsonl" for host in THREE]

    record = records[f"{THREE[0]}-assign.jsonl"]
    back = run([FREE], THREE[:1], pgflex_identity_action="rollback", pgflex_identity_rollback=record)
    assert back.rc == 0, back.output
    after = truth(emulator)
    assert [server.rpartition("/")[2] for server, held in before.items() if after[server] != held] == [HOSTS[2]]
    faults = {each["hits"] for each in emulator.faults()}
    assert faults == {1}


def assert_stopped(ran: Ran) -> None:
    """Check that one host failed: where a task with run_once fails, Ansible lets no other host begin, or go on."""
    ended = {*recap(ran).values()}
    assert (ran.rc, ended - {"ok"}) == (2, {"failed"})


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "pgflex_identity_waves: there are no waves in a play whose hosts do not wait for each other."),
        ({"pgflex_identity_waves": [1, "100%"]}, "pgflex_identity_waves: there are no waves in"),
        ({"pgflex_identity_waves": "100%"}, "pgflex_identity_max_fail_percentage: there is no failure budget in"),
        ({**NOTHING_LOST, "pgflex_identity_strict": "true"}, "pgflex_identity_strict: no host looks at the others in"),
        ({**NOTHING_LOST, "pgflex_identity_report_csv": "x.csv"}, "pgflex_identity_report_csv: nobody has all results"),
        (
            {**NOTHING_LOST, "pgflex_identity_max_removals": 3},
            "pgflex_identity_max_removals: nobody counts the servers",
        ),
        (
            {**NOTHING_LOST, "pgflex_identity_purge": "yes"},
            "pgflex_identity_max_removals: nobody counts the servers in",
        ),
        (
            {**NOTHING_LOST, **UNLIMITED, "pgflex_identity_fail_on_undeclared": "yes"},
            "pgflex_identity_fail_on_undeclared: there is no plan to stop at in",
        ),
    ],
    ids=["the usual", "waves", "a budget", "strict", "a report", "removals", "a purge", "undeclared"],
)
def test_what_takes_all_hosts_is_refused(variables: dict[str, Any], said: str, emulator: Emulator, run: Run) -> None:
    ran = run([{**FREE, "strategy": "host_pinned"}], THREE, pgflex_identity_present="id-a", **variables)
    assert_stopped(ran)
    assert said in unwrapped(ran)
    assert "Use a strategy that waits, as linear, or " in unwrapped(ran)
    assert emulator.requests() == []


def test_the_strategies_of_mitogen_are_as_those_they_are_made_of(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    mitogen = pytest.importorskip("ansible_mitogen", reason="mitogen is not installed")
    (tmp_path / "strategy_plugins").symlink_to(Path(mitogen.__file__).parent / "plugins" / "strategy")
    seed_fleet(emulator)
    desired = {"pgflex_identity_present": "id-a"}
    assert_stopped(run([{**FREE, "strategy": "mitogen_free"}], THREE, **desired))
    assert emulator.requests() == []
    alone = run([{**FREE, "strategy": "mitogen_free"}], THREE, "--check", **desired, **NOTHING_LOST)
    assert recap(alone) == dict.fromkeys(THREE, "changed"), alone.output
    assert "wave 1" not in alone.output
    together = run([{**FREE, "strategy": "mitogen_linear"}], THREE, **desired)
    assert recap(together) == dict.fromkeys(THREE, "changed"), together.output
    assert "wave 1: 1 server, 1 changed" in together.output


def test_a_plan_of_all_hosts_is_refused(emulator: Emulator, run: Run) -> None:
    tasks = [{"ansible.builtin.include_role": {"name": ROLE, "tasks_from": "plan"}}]
    ran = run([{**FREE, "roles": [], "tasks": tasks}], THREE, pgflex_identity_present="id-a")
    assert_stopped(ran)
    assert "it has to wait for all hosts, as linear does." in ran.output
    assert emulator.requests() == []
