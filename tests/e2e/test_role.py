# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks assign and remove, and the role in a play: from the inventory to the recap of each host."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

from e2e.calls import count
from e2e.fleets import held_by_server
from e2e.roles import (
    ASSIGN,
    HOSTS,
    REMOVE,
    ROLE,
    ROLLBACK,
    recap,
    seed_fleet,
    told,
    truth,
    waves,
    writes,
)
from e2e.world import GROUP, SUBSCRIPTION

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.audit_runs import Ran
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

NOBODY: dict[str, Any] = {
    **dict.fromkeys(("failed", "not_started", "not_approved", "written"), 0),
    **{f"{end}_hosts": [] for end in ("failed", "not_started", "not_approved")},
}
#: Of the hosts of `said_in_every_way`: one is undeclared, and one of the others has another identity to lose.
UNDECLARED = {"undeclared": 1, "undeclared_hosts": [HOSTS[3]]}
SAID = {**UNDECLARED, "added": 14, "removed": 1, "left_out": 0, "left_out_hosts": []}
TASK = "Give each host its own result"


def by_id(name: str) -> dict[str, str]:
    provider = "Microsoft.DBforPostgreSQL/flexibleServers"
    return {
        "pgflex_server_id": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP.upper()}/providers/{provider}/{name}"
    }


def last_task(output: str) -> str:
    """Return what the last task showed for the hosts."""
    return output.split(f"TASK [{TASK}] ")[1].split("PLAY RECAP")[0]


def said_in_every_way() -> dict[str, dict[str, Any]]:
    """Return hosts that name their servers and what these shall hold in all ways; one of them asks for nothing."""
    hosts: dict[str, dict[str, Any]] = {name: {} for name in HOSTS[3:]}
    hosts[HOSTS[3]] = {"pgflex_identity_present": "", "pgflex_identity_absent": ""}
    hosts["by-id"] = by_id(HOSTS[0])
    hosts["survey"] = {
        "pgflex_server_name": HOSTS[1],
        "pgflex_identity_present__app": "id-c, id-cmk\n",
        "pgflex_identity_absent": "id-b\n",
        "pgflex_identity_system_assigned": "true",
    }
    hosts["template"] = {
        "pgflex_server_name": "{{ 'pg-x-' ~ '002' }}",
        "pgflex_identity_present": "{{ ['id-' ~ 'c'] }}",
    }
    return hosts


def check_alike(check: Ran, real: Ran, drifted: list[str]) -> None:
    """Check that the dry run said of every host, and in the end, what the real one says."""
    assert "[WARNING]" not in real.output
    assert last_task(real.output) == last_task(check.output)
    assert last_task(real.output).count("--- before: /subscriptions/") == len(drifted)
    assert {host: how for host, how in recap(real).items() if host in drifted} == dict.fromkeys(drifted, "changed")
    assert recap(check) == recap(real)
    counts = {"servers": 12, "compliant": 0, "changed": 11, "changed_hosts": drifted, "action": "assign", **NOBODY}
    counts.update(SAID)
    assert told(real) == {"check": False, **counts, "written": 11}
    assert told(check) == {"check": True, **counts}
    # A record of what was not written would have a workflow restore what nobody changed.
    assert check.stats["pgflex_identity_result"]["rollback"] == ""
    assert real.stats["pgflex_identity_result"]["rollback"].startswith("pgflex1:")
    assert ("To undo it: " in check.output, "To undo it: " in real.output) == (False, True)


def check_changed_in_waves(emulator: Emulator, real: Ran) -> None:
    """Check for a canary, a quarter, then the rest; and that each server holds what its host asks for."""
    assert writes(emulator)[0] == HOSTS[4]
    assert [each[:2] for each in waves(real)] == [
        ["1 server", "1 changed"],
        ["2 servers", "2 changed"],
        ["8 servers", "8 changed"],
    ]
    held = {server.rpartition("/")[2]: names for server, names in held_by_server(emulator).items()}
    assert [held[name] for name in HOSTS[:5]] == [
        {"id-a", "id-b"},
        {"id-a", "id-c", "id-cmk"},
        {"id-b", "id-c"},
        {"id-b"},
        {"id-a", "id-b"},
    ]


def test_assign_changes_what_has_drifted_and_says_so_of_each_host_in_check_mode_too(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    seed_fleet(emulator, "id-b")
    hosts = said_in_every_way()
    variables = {"pgflex_identity_present": ["id-a"], "pgflex_identity_waves": "1, 25%\n100%"}
    before = truth(emulator)
    check = run(ASSIGN, hosts, "--check", "--diff", "--forks", "1", **variables)
    assert check.rc == 0, check.output
    assert truth(emulator) == before
    assert writes(emulator) == []
    assert not (tmp_path / "records").exists()
    assert "(item=survey: missing id-a, id-c, id-cmk, system-assigned identity; extra id-b)" in check.output
    emulator.clear_requests()
    real = run(ASSIGN, hosts, "--diff", "--forks", "1", **variables)
    assert real.rc == 0, real.output
    check_alike(check, real, [name for name in hosts if name != HOSTS[3]])
    check_changed_in_waves(emulator, real)
    emulator.clear_requests()
    again = run(ASSIGN, hosts, **variables)
    assert again.rc == 0, again.output
    counts = {"servers": 12, "compliant": 11, "changed": 0, "changed_hosts": [], "action": "assign", **NOBODY}
    assert told(again) == {"check": False, **counts, **SAID, "added": 0, "removed": 0}
    assert len(recap(again)) == 1
    assert count(emulator)["write"] == 0
    assert count(emulator)["token"] == 1


REFUSED = {"status": 403, "code": "AuthorizationFailed", "message": "No right to do that."}


def check_reports(folder: Path) -> None:
    """Check that all three have all hosts, and the waves: four changed, one of four failed, four not started."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    told_of_waves = [(each["changed"], each["failed"], each["not_started"]) for each in report["waves"]]
    assert told_of_waves == [(4, 0, 0), (3, 1, 0), (0, 0, 4)]
    statuses = [each["status"] for each in report["servers"]]
    assert statuses == ["changed"] * 5 + ["failed"] + ["changed"] * 2 + ["not_started"] * 4
    with (folder / "report.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {each["host"] for each in csv.DictReader(file)} == set(HOSTS)
    assert "Content-Security-Policy" in (folder / "report.html").read_text(encoding="utf-8")


def check_again(
    emulator: Emulator, run: Run, before: dict[str, Any], not_changed: list[str], variables: dict[str, Any]
) -> None:
    """Ask again for hosts that failed or were not started; the others have nothing to do."""
    limit = ",".join(before["failed_hosts"] + before["not_started_hosts"])
    again = run(ASSIGN, HOSTS, "--limit", limit, **variables)
    assert again.rc == 0, again.output
    assert recap(again) == dict.fromkeys(not_changed, "changed")
    assert sorted(writes(emulator)) == not_changed


def test_what_fails_in_a_wave_stops_the_later_ones_and_each_host_says_why(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    seed_fleet(emulator, "id-b")
    emulator.fault("PATCH", f"/flexibleServers/{HOSTS[5]}$", REFUSED)
    reports = {f"pgflex_identity_report_{kind}": str(tmp_path / f"report.{kind}") for kind in ("json", "csv", "html")}
    variables = {"pgflex_identity_present": "id-a", "pgflex_identity_waves": [4]}
    ran = run(ASSIGN, HOSTS, **variables, **reports)
    assert ran.rc == 2
    assert "Traceback" not in ran.output
    changed = [*HOSTS[:5], *HOSTS[6:8]]
    not_changed = [HOSTS[5], *HOSTS[8:]]
    assert recap(ran) == {**dict.fromkeys(changed, "changed"), **dict.fromkeys(not_changed, "failed")}
    assert "No right to do that." in last_task(ran.output)
    assert last_task(ran.output).count("Not started: too many servers had failed before.") >= 4
    assert told(ran) == {
        "check": False,
        "action": "assign",
        "servers": 12,
        "compliant": 0,
        "changed": 7,
        "undeclared": 0,
        "failed": 1,
        "not_started": 4,
        "written": 7,
        "changed_hosts": changed,
        "undeclared_hosts": [],
        "failed_hosts": HOSTS[5:6],
        "not_started_hosts": HOSTS[8:],
        "not_approved": 0,
        "not_approved_hosts": [],
    } | {"added": 7, "removed": 0, "left_out": 0, "left_out_hosts": []}
    assert sorted(writes(emulator)) == HOSTS[:8]
    # The report comes before the hosts, of which none may be left.
    assert ran.output.index("Hand on the counts and names") < ran.output.index(TASK)
    check_reports(tmp_path)
    emulator.clear_requests()
    check_again(emulator, run, told(ran), not_changed, variables)


def test_a_canary_that_fails_keeps_all_others_as_they_are(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    before = truth(emulator)
    emulator.fault("PATCH", "/flexibleServers/", REFUSED, times=-1)
    ran = run(ASSIGN, HOSTS, pgflex_identity_present="id-a")
    assert ran.rc == 2
    assert recap(ran) == dict.fromkeys(HOSTS, "failed")
    assert (told(ran)["failed"], told(ran)["not_started"]) == (1, 11)
    assert writes(emulator) == HOSTS[:1]
    assert truth(emulator) == before


def test_the_role_works_in_a_play_with_batches_and_tags(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    before = truth(emulator)
    play = {
        "hosts": "all",
        "serial": [1, 11],
        "roles": [{"role": ROLE, "tags": "identities"}],
        "post_tasks": [{"ansible.builtin.debug": {"msg": "GOES ON"}, "run_once": True, "tags": "identities"}],
        "gather_facts": False,
    }
    hosts = {name: {"pgflex_identity_present": "id-b" if name == HOSTS[1] else "id-a"} for name in HOSTS}
    ran = run([play], hosts, "--tags", "identities", "--forks", "200")
    assert ran.rc == 0, ran.output
    assert recap(ran) == {**dict.fromkeys(HOSTS, "changed"), HOSTS[1]: "ok"}
    assert (told(ran)["servers"], told(ran)["compliant"], told(ran)["changed"]) == (12, 1, 11)
    assert told(ran)["changed_hosts"] == [name for name in HOSTS if name != HOSTS[1]]
    assert ran.output.count("GOES ON") == 2
    assert run([play], HOSTS, "--tags", "others").rc == 0
    assert len(writes(emulator)) == 11
    # Each batch has made a record; together they are the whole.
    back = run(ROLLBACK, HOSTS, "-e", json.dumps({"pgflex_identity_result": ran.stats["pgflex_identity_result"]}))
    assert back.rc == 0, back.output
    assert truth(emulator) == before


def test_playbooks_one_after_the_other_touch_only_their_own_hosts(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    plays = [
        {
            "ansible.builtin.import_playbook": name,
            "vars": {
                "pgflex_identity_hosts": hosts,
                "pgflex_identity_present": "id-a",
                "pgflex_identity_absent": "id-b",
            },
        }
        for name, hosts in ((ASSIGN, [HOSTS[0], "pg-x-001:pg-x-002"]), (REMOVE, f"{HOSTS[2]},{HOSTS[3]}"))
    ]
    ran = run(plays, HOSTS)
    assert ran.rc == 0, ran.output
    assert recap(ran) == dict.fromkeys(HOSTS[:4], "changed")
    held = [names for server, names in sorted(held_by_server(emulator).items()) if "/pg-x-" in server]
    assert held[:4] == [{"id-a"}, {"id-a"}, {"id-a"}, set()]
    assert (told(ran)["changed"], told(ran)["servers"]) == (4, 4)


def test_without_an_inventory_the_server_comes_from_the_command_line(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    seed_fleet(emulator, "id-b")
    given = {"pgflex_server_name": HOSTS[0], "pgflex_resource_group": GROUP, "pgflex_identity_present": "id-a"}
    quick = {"pgflex_identity_poll_interval": "0.1", "pgflex_identity_rollback_dir": str(tmp_path)}
    arguments = [argument for name, value in {**given, **quick}.items() for argument in ("-e", f"{name}={value}")]
    ran = run(ASSIGN, {}, *arguments)
    assert ran.rc == 0, ran.output
    assert "localhost: missing id-a" in ran.output
    assert "1 server: 0 compliant, 1 changed (1 added, 0 removed), 0 failed, 0 not started." in ran.output
    assert recap(ran) == {"localhost": "changed"}
    assert writes(emulator) == [HOSTS[0]]
