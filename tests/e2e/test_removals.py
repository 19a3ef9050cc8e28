# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run takes identities from no more servers than it may: it is refused as a whole, before the first write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

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
    truth,
    unwrapped,
    writes,
)

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.audit_runs import Audit
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

LIMIT = "pgflex_identity_max_removals"
EMPTY: dict[str, Any] = {"pgflex_identity_present": [], "pgflex_identity_purge": "yes"}
#: Ways to take id-b from a server, and what is said of each.
WAYS: list[tuple[str, dict[str, Any], str]] = [
    (ASSIGN, {"pgflex_identity_present": "id-a", "pgflex_identity_purge": "yes"}, "purge takes id-b"),
    (ASSIGN, {"pgflex_identity_absent": "id-b"}, "absent takes id-b"),
    (REMOVE, {"pgflex_identity_absent": "id-b"}, "remove takes id-b"),
    (ROTATE, {"pgflex_identity_rotate_from": "id-b", "pgflex_identity_rotate_to": "id-a"}, "rotate takes id-b"),
]


def assert_refused(ran: Any, *said: str) -> None:
    """Check that the whole run failed at once, and not host by host."""
    assert ran.rc == 2, ran.output
    assert ran.output.count("fatal: ") == 1
    assert "Nothing was changed: the plan " in unwrapped(ran)
    for each in said:
        assert each in unwrapped(ran)
    assert "Traceback" not in ran.output


@pytest.mark.parametrize(("playbook", "desired", "reason"), WAYS)
def test_every_action_keeps_to_the_limit(
    emulator: Emulator, run: Run, playbook: str, desired: dict[str, Any], reason: str
) -> None:
    seed_fleet(emulator, "id-b", "id-c")
    before = truth(emulator)
    said = (f"takes identities from 12 of 12 servers ({', '.join(HOSTS[:5])}, ...)", "allows 11", f"{reason} from 12")
    for check in (("--check",), ()):
        ran = run(playbook, HOSTS, *check, "-e", f"{LIMIT}=11", **desired)
        assert_refused(ran, *said)
        assert [told(ran)[name] for name in ("failed", "not_started", "changed")] == [1, 11, 0]
    assert (writes(emulator), truth(emulator)) == ([], before)
    within = run(playbook, HOSTS, **{LIMIT: 12}, **desired)
    assert within.rc == 0, within.output
    assert (told(within)["changed"], told(within)["removed"]) == (12, 24 if "purge" in reason else 12)
    assert "[WARNING]" not in within.output


def test_a_rollback_keeps_to_a_limit_and_has_none_of_its_own(emulator: Emulator, run: Run, tmp_path: Path) -> None:
    seed_fleet(emulator)
    before = truth(emulator)
    assert run(ASSIGN, HOSTS, pgflex_identity_present="id-a").rc == 0
    after = truth(emulator)
    given = ("-e", f"pgflex_identity_rollback={record(tmp_path)}")
    assert_refused(run(ROLLBACK, HOSTS, *given, **{LIMIT: "50%"}), "from 12 of 12 servers", "rollback takes id-a")
    assert truth(emulator) == after
    assert run(ROLLBACK, HOSTS, *given).rc == 0
    assert truth(emulator) == before


def test_a_percentage_is_that_of_the_run_and_not_of_what_has_drifted(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-a", "id-b")
    hosts: dict[str, dict[str, Any]] = {host: {"pgflex_identity_present": "id-a"} for host in HOSTS}
    for host in HOSTS[:4]:
        hosts[host]["pgflex_identity_absent"] = "id-b"
    # A third of twelve are the four that change.
    assert_refused(run(ASSIGN, hosts, **{LIMIT: "33%"}), "takes identities from 4 of 12 servers", "allows 3.")
    ran = run(ASSIGN, hosts, **{LIMIT: "34%"})
    assert ran.rc == 0, ran.output
    assert sorted(writes(emulator)) == HOSTS[:4]
    assert "12 servers: 8 compliant, 4 changed (0 added, 4 removed), 0 failed, 0 not started." in ran.output


def test_a_purge_that_empties_more_than_one_server_has_to_be_meant(emulator: Emulator, run: Run, audit: Audit) -> None:
    seed_fleet(emulator, "id-b")
    one = run(ASSIGN, HOSTS[:1], **EMPTY)
    assert (one.rc, writes(emulator)) == (0, HOSTS[:1])
    for check in (("--check",), ()):
        ran = run(ASSIGN, HOSTS[:3], *check, **EMPTY)
        assert_refused(ran, f"the plan empties 2 of 3 servers ({HOSTS[1]}, {HOSTS[2]})", "purge takes id-b from 2")
        assert "set pgflex_identity_max_removals, or this option, to 2" in unwrapped(ran)
    assert writes(emulator) == HOSTS[:1]
    # What a rollout would not do is what an audit is to show.
    shown = audit(dict.fromkeys(HOSTS[:3], EMPTY)).shown
    assert shown[-1] == "3 servers: 1 compliant, 2 drifted (0 missing, 2 extra), 0 failed."
    assert run(ASSIGN, HOSTS[:3], **EMPTY, **{LIMIT: 2}).rc == 0
    assert writes(emulator) == HOSTS[:3]


def test_with_serial_each_batch_is_counted_by_itself(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    play = {"hosts": "all", "gather_facts": False, "serial": 2, "roles": [ROLE]}
    hosts = {host: {"pgflex_identity_absent": "id-b"} for host in HOSTS[:4]}
    assert_refused(run([play], hosts, **{LIMIT: 1}), "takes identities from 2 of 2 servers")
    assert writes(emulator) == []
    ran = run([play], hosts, **{LIMIT: 2})
    assert recap(ran) == dict.fromkeys(HOSTS[:4], "changed"), ran.output


@pytest.mark.parametrize("value", ["-1", "all", "101%", "True"])
def test_a_limit_that_cannot_work_ends_the_play_before_anything_is_sent(
    emulator: Emulator, run: Run, value: str
) -> None:
    ran = run(ASSIGN, HOSTS[:2], **{LIMIT: value}, pgflex_identity_present="id-a")
    assert ran.rc == 2
    assert f"max_removals: '{value}' is neither a number of servers nor a percentage up to 100%." in unwrapped(ran)
    assert emulator.requests() == []


def test_hosts_that_go_their_own_ways_purge_only_where_that_is_meant(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    play = {"hosts": "all", "strategy": "free", "gather_facts": False, "roles": [ROLE]}
    lost = {"pgflex_identity_waves": "100%", "pgflex_identity_max_fail_percentage": "100"}
    ran = run([play], HOSTS[:3], **EMPTY, **lost)
    assert ran.rc == 2
    assert "pgflex_identity_max_removals: nobody counts the servers in a play whose hosts do not wait" in unwrapped(ran)
    assert emulator.requests() == []
    meant = run([play], HOSTS[:3], **EMPTY, **lost, **{LIMIT: "100%"})
    assert recap(meant) == dict.fromkeys(HOSTS[:3], "changed"), meant.output


def test_the_module_counts_the_rows_of_a_task(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    servers = [{"resource_group": "rg-e2e", "server_name": host, "absent": ["id-b"]} for host in HOSTS]
    fleet = {"servers": servers, "max_removals": "50%", "poll_interval": 0.1}
    task = {"pgflex.azure.pgflex_identity_fleet": fleet, "run_once": True}
    ran = run([{"hosts": "all", "gather_facts": False, "tasks": [task]}], HOSTS[:1])
    assert_refused(ran, "takes identities from 12 of 12 servers", "max_removals allows 6.")
    assert '"code": "TooManyRemovals"' in ran.output
    assert writes(emulator) == []
