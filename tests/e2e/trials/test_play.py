# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever keeps a host of a play off the role, its server gets no write; every other one does.

The judge is what the emulator was sent and what its servers hold. Ansible's recap says "skipped" either way. Each case
is a play over three hosts of its own, and the plays of a test are one run.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from e2e.fleets import seed_servers
from e2e.roles import ROLE, recap, truth, unwrapped, writes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.audit_runs import Ran
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

THREE = range(3)
INCLUDE: dict[str, Any] = {"ansible.builtin.include_role": {"name": ROLE}}
IMPORT: dict[str, Any] = {"ansible.builtin.import_role": {"name": ROLE}}
# A variable that each host has for itself.
NOT_2, NOT_0, MIDDLE = "spot != 2", "spot != 0", "spot in [1, 2]"
FAIL_MIDDLE = {"ansible.builtin.fail": {}, "when": MIDDLE}
DEBUG: dict[str, Any] = {"ansible.builtin.debug": {}}
NOTHING_LOST = {"pgflex_identity_waves": "100%", "pgflex_identity_max_fail_percentage": "100"}

Case = tuple[dict[str, Any], set[int]]


def play(*tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a play without its hosts."""
    return {"gather_facts": False, "tasks": list(tasks), **more}


def block(*tasks: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a block of these tasks."""
    return {"block": list(tasks), **more}


CONDITIONS: dict[str, Case] = {
    "include_role": (play({**INCLUDE, "when": NOT_2}), {0, 1}),
    "include_role, not the first": (play({**INCLUDE, "when": NOT_0}), {1, 2}),
    "import_role": (play({**IMPORT, "when": NOT_2}), {0, 1}),
    "roles": (play(roles=[{"role": ROLE, "when": NOT_2}]), {0, 1}),
    "block and include_role": (play(block({**INCLUDE, "when": NOT_0}, when=NOT_2)), {1}),
    "blocks and import_role": (play(block(block(IMPORT), when=NOT_2)), {0, 1}),
    "nobody": (play({**INCLUDE, "when": "spot > 2"}), set()),
    "loop": (play({**INCLUDE, "loop": [0, 2], "when": "item == spot"}), {0, 2}),
    "include_tasks": (play({"ansible.builtin.include_tasks": "some.yml", "when": NOT_2}), {0, 1}),
    "files": (
        play({"ansible.builtin.include_tasks": {"file": f"{{{{ 'some' if {NOT_2} else 'none' }}}}.yml"}}),
        {0, 1},
    ),
    "run_once": (play({**INCLUDE, "run_once": True}), {0, 1, 2}),
    "run_once and its own when": (play({**INCLUDE, "run_once": True, "when": NOT_2}), {0, 1}),
    "run_once and when": (play(block({**INCLUDE, "run_once": True}, when=NOT_2)), {0, 1}),
}
SECTIONS: dict[str, Case] = {
    "rescue, include_role": (play(block(FAIL_MIDDLE, rescue=[INCLUDE])), {1, 2}),
    "rescue, import_role": (play(block(FAIL_MIDDLE, rescue=[{**IMPORT, "when": NOT_2}])), {1}),
    "before rescue": (play(block(FAIL_MIDDLE, INCLUDE, rescue=[DEBUG])), {0}),
    "before always": (play(block(FAIL_MIDDLE, IMPORT, always=[DEBUG])), {0}),
    "always, include_role": (play(block(FAIL_MIDDLE, always=[INCLUDE])), {0, 1, 2}),
    "always, import_role": (play(block(FAIL_MIDDLE, always=[IMPORT])), {0, 1, 2}),
    "after rescue": (play(block(FAIL_MIDDLE, rescue=[DEBUG]), INCLUDE), {0, 1, 2}),
    "failed": (play(FAIL_MIDDLE, IMPORT), {0}),
    "end_host": (play({"ansible.builtin.meta": "end_host", "when": MIDDLE}, INCLUDE), {0}),
    "end_batch": (play({"ansible.builtin.meta": "end_batch", "when": "spot == 0"}, IMPORT, serial=2), {2}),
    "serial": (play({**INCLUDE, "when": MIDDLE}, serial=2), {1, 2}),
    "order": (play({**IMPORT, "when": NOT_0}, order="reverse_sorted"), {1, 2}),
}
FREE: dict[str, Case] = {
    "include_role": (play({**INCLUDE, "when": NOT_2}), {0, 1}),
    "rescue": (play(block(FAIL_MIDDLE, rescue=[INCLUDE])), {1, 2}),
    "roles, not the first": (play(roles=[{"role": ROLE, "when": NOT_0}]), {1, 2}),
    "import_role": (play({**IMPORT, "when": NOT_2}, strategy="host_pinned"), {0, 1}),
}
EVERY = {**CONDITIONS, **SECTIONS}
# What a core may tell in another way: its strategy's list of hosts, and the batch where no list is of use.
OF_CORES = (
    *("include_role, not the first", "import_role", "loop", "run_once and its own when"),
    *("rescue, import_role", "before always", "end_host", "serial"),
)


def run_cases(cases: dict[str, Case], emulator: Emulator, run: Run, strategy: str = "linear", **variables: Any) -> Ran:
    """Run the play of each case on hosts of its own, and compare the servers that were written to."""
    site = [
        {"hosts": f"case{number:02}-*", "strategy": strategy, "debugger": "never", **each}
        for number, (each, _hosts) in _number(cases)
    ]
    hosts = {f"case{number:02}-{spot}": {"spot": spot} for number, _case in _number(cases) for spot in THREE}
    seed_servers(emulator, [{"name": host} for host in hosts])
    ran = run(site, hosts, pgflex_identity_present="id-a", **variables)
    seen, told = written(emulator), {host for host, how in recap(ran).items() if how == "changed"}
    right = {name: hosts for name, (_play, hosts) in cases.items()}
    found = {name: {spot for spot in THREE if f"case{number:02}-{spot}" in seen} for number, name in enumerate(cases)}
    assert found == right, ran.output
    assert told <= seen
    return ran


def _number(cases: dict[str, Case]) -> list[tuple[int, Case]]:
    return list(enumerate(cases.values()))


def written(emulator: Emulator) -> set[str]:
    """Return the hosts whose servers were written to, after a look at what all servers hold."""
    seen = set(writes(emulator))
    held = {server.rpartition("/")[2] for server, (_type, ids) in truth(emulator).items() if "id-a" in str(ids)}
    assert {host for host in held if "-" in host and host[-1].isdigit()} == seen
    return seen


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    (tmp_path / "some.yml").write_text(f"- ansible.builtin.include_role: {{name: {ROLE}}}\n", encoding="utf-8")
    (tmp_path / "none.yml").write_text("- ansible.builtin.debug:\n", encoding="utf-8")


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(OF_CORES, marks=pytest.mark.smoke, id="of cores"),
        pytest.param([name for name in CONDITIONS if name not in OF_CORES], id="conditions"),
        pytest.param([name for name in SECTIONS if name not in OF_CORES], id="sections"),
    ],
)
def test_only_hosts_that_the_play_lets_through_are_written(names: Sequence[str], emulator: Emulator, run: Run) -> None:
    run_cases({name: EVERY[name] for name in names}, emulator, run)


@pytest.mark.smoke
def test_where_hosts_do_not_wait_for_each_other_too(emulator: Emulator, run: Run) -> None:
    ran = run_cases(FREE, emulator, run, "free", **NOTHING_LOST)
    assert ran.rc == 0, ran.output


@pytest.mark.parametrize("strategy", ["debug", "mitogen_linear"])
def test_with_other_strategies_that_wait_too(strategy: str, emulator: Emulator, run: Run, tmp_path: Path) -> None:
    if strategy.startswith("mitogen"):
        mitogen = pytest.importorskip("ansible_mitogen", reason="mitogen is not installed")
        (tmp_path / "strategy_plugins").symlink_to(Path(mitogen.__file__).parent / "plugins" / "strategy")
    names = ("include_role, not the first", "rescue, import_role")
    run_cases({name: EVERY[name] for name in names}, emulator, run, strategy)


def test_tags(emulator: Emulator, run: Run) -> None:
    hosts = {f"tagged-{spot}": {"spot": spot, "pgflex_tags": {"stage": "t" if spot == 2 else "p"}} for spot in THREE}
    site = play(roles=[{"role": ROLE, "when": "pgflex_tags.stage == 'p'", "tags": ["identities"]}], hosts="all")
    seed_servers(emulator, [{"name": host} for host in hosts])
    ran = run([site], hosts, "--skip-tags", "identities", pgflex_identity_present="id-a")
    assert (ran.rc, written(emulator)) == (0, set()), ran.output
    ran = run([site], hosts, "--tags", "identities", pgflex_identity_present="id-a")
    assert (ran.rc, written(emulator)) == (0, {"tagged-0", "tagged-1"}), ran.output
    assert "2 servers: " in ran.output


@pytest.mark.smoke
def test_where_the_first_host_is_excluded_the_others_are_told_what_to_write(emulator: Emulator, run: Run) -> None:
    hosts = {f"first-{spot}": {"spot": spot} for spot in THREE}
    seed_servers(emulator, [{"name": host} for host in hosts])
    ran = run([play(roles=[{"role": ROLE, "when": NOT_0}], hosts="all")], hosts, pgflex_identity_present="id-a")
    assert (ran.rc, emulator.requests()) == (2, [])
    assert recap(ran) == {"first-0": "ok", **dict.fromkeys(list(hosts)[1:], "failed")}
    assert "roles or import_role, write the condition on include_role" in unwrapped(ran)
    assert "is no result of" not in ran.output


def test_the_second_half_tells_no_change_that_was_skipped(emulator: Emulator, run: Run) -> None:
    hosts = {f"half-{spot}": {"spot": spot} for spot in THREE}
    seed_servers(emulator, [{"name": host} for host in hosts])
    first = {"ansible.builtin.include_role": {"name": ROLE, "tasks_from": "plan"}}
    second = {"ansible.builtin.import_role": {"name": ROLE, "tasks_from": "apply"}, "when": NOT_0}
    site = [play(first, hosts="all"), play(second, hosts="pgflex_drifted")]
    ran = run(site, hosts, pgflex_identity_present="id-a")
    assert (ran.rc, written(emulator)) == (2, set()), ran.output
    assert [recap(ran)[host] for host in hosts] == ["ok", "failed", "failed"]
    assert "Nothing was changed: a condition excludes the first host" in unwrapped(ran)


def test_a_condition_that_cannot_be_read_fails_its_host_alone(emulator: Emulator, run: Run) -> None:
    hosts = {f"cond-{spot}": {"spot": spot, **({} if spot == 2 else {"known": spot != 1})} for spot in THREE}
    seed_servers(emulator, [{"name": host} for host in hosts])
    ran = run([play({**IMPORT, "when": "known"}, hosts="all")], hosts, pgflex_identity_present="id-a")
    assert (ran.rc, written(emulator)) == (2, {"cond-0"}), ran.output
    assert [recap(ran)[host] for host in hosts] == ["changed", "ok", "failed"]


def test_the_module_by_itself_keeps_to_the_conditions_of_its_task(emulator: Emulator, run: Run) -> None:
    hosts = {f"self-{spot}": {"spot": spot} for spot in THREE}
    seed_servers(emulator, [{"name": host} for host in hosts])
    task = {"pgflex.azure.pgflex_identity_fleet": {}, "run_once": True, "when": NOT_2}
    ran = run([play(block(task, when=NOT_0.replace("0", "1")), hosts="all")], hosts, pgflex_identity_present="id-a")
    assert (ran.rc, written(emulator)) == (0, {"self-0"}), ran.output


def test_the_module_by_itself_fails_a_host_alone_whose_condition_cannot_be_read(emulator: Emulator, run: Run) -> None:
    hosts = {f"self-{spot}": {"spot": spot, **({} if spot == 2 else {"known": spot != 1})} for spot in THREE}
    seed_servers(emulator, [{"name": host} for host in hosts])
    task = {"pgflex.azure.pgflex_identity_fleet": {}, "run_once": True, "when": "known", "register": "fleet"}
    told = {"ansible.builtin.debug": {"msg": "{{ fleet.servers | selectattr('failed') | map(attribute='msg') }}"}}
    ran = run([play(task, {**told, "run_once": True}, hosts="all")], hosts, pgflex_identity_present="id-a")
    assert written(emulator) == {"self-0"}, ran.output
    assert "when: cannot be read: " in unwrapped(ran)


# The worker is forked in a thread, from which no way leads to the strategy's list, as none may in a later ansible-core.
HIDING = """
import threading
from ansible.plugins.strategy.linear import StrategyModule as Linear
class StrategyModule(Linear):
    def _queue_task(self, *args):
        thread = threading.Thread(target=super()._queue_task, args=args)
        thread.start()
        thread.join()
"""
UNKNOWN: dict[str, tuple[dict[str, Any], str]] = {
    "when": (play({**INCLUDE, "when": NOT_2}), "because of the when of an include above"),
    "loop": (play({**INCLUDE, "loop": [1]}), "because of a loop above"),
    "rescue": (play(block(FAIL_MIDDLE, rescue=[IMPORT])), "because of rescue or always above"),
    "template": (play({"ansible.builtin.include_tasks": "{{ 'some' }}.yml"}), "because of a template in the name"),
}


@pytest.fixture
def _hidden(tmp_path: Path) -> None:
    (tmp_path / "strategy_plugins").mkdir()
    (tmp_path / "strategy_plugins" / "hiding.py").write_text(HIDING, encoding="utf-8")


@pytest.mark.usefixtures("_hidden")
def test_without_the_strategys_list_calls_without_a_selection_are_not_refused(emulator: Emulator, run: Run) -> None:
    names = ("blocks and import_role", "failed", "end_host", "run_once and when")
    run_cases({name: EVERY[name] for name in names}, emulator, run, "hiding")


@pytest.mark.usefixtures("_hidden")
def test_without_the_strategys_list_other_calls_are_refused_before_any_request(emulator: Emulator, run: Run) -> None:
    hosts = {f"case{number:02}-{spot}": {"spot": spot} for number in range(len(UNKNOWN)) for spot in THREE}
    for number, (name, (site, reason)) in enumerate(UNKNOWN.items()):
        ran = run(
            [{**site, "hosts": f"case{number:02}-*", "strategy": "hiding"}], hosts, pgflex_identity_present="id-a"
        )
        assert ran.rc == 2, f"{name}: {ran.output}"
        assert reason in unwrapped(ran)
        assert "by --limit or by pgflex_identity_hosts instead." in unwrapped(ran)
    assert emulator.requests() == []


def test_where_hosts_do_not_wait_a_skip_of_another_one_does_not_stop_a_host(emulator: Emulator, run: Run) -> None:
    hosts = {f"skip-{spot:02}": {"spot": spot} for spot in range(14)}
    seed_servers(emulator, [{"name": host} for host in hosts])
    # Those that are excluded come by one after the other, all the while the last two compare their servers.
    late = "spot >= 12 or lookup('ansible.builtin.pipe', 'sleep ' ~ spot * 0.08) != ''"
    site = play(roles=[{"role": ROLE, "when": late}], hosts="all", strategy="free")
    ran = run([site], hosts, "--forks", "14", pgflex_identity_present="id-a", **NOTHING_LOST)
    assert (ran.rc, written(emulator)) == (0, {"skip-12", "skip-13"}), ran.output


def test_a_condition_that_turns_true_meanwhile_does_not_part_a_play_whose_hosts_wait(
    emulator: Emulator, run: Run
) -> None:
    hosts = {f"flip-{spot}": {"spot": spot} for spot in THREE}
    seed_servers(emulator, [{"name": host} for host in hosts])
    # Ansible registers the skip itself.
    turns = "pgflex_identity_plan is defined"
    ran = run([play(roles=[{"role": ROLE, "when": turns}], hosts="all")], hosts, pgflex_identity_present="id-a")
    assert (ran.rc, emulator.requests()) == (2, []), ran.output
    assert "a condition above the role changed while the role ran" in unwrapped(ran)
