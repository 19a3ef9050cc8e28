# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep what a run was about to write: it is never lost to a later run, nor restored in another subscription."""

from __future__ import annotations

import json
import os
import signal
import time
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import read_records
from ansible_collections.pgflex.azure.plugins.plugin_utils._rollback_plan import RollbackPlan
from e2e.audit_runs import run_on
from e2e.calls import count
from e2e.fleets import ended, rows, run_fleet, seed_servers, servers, start_fleet
from e2e.roles import ASSIGN, HOSTS, ROLLBACK, SIZE, fleet_inventory, record, seed_fleet, truth, unwrapped, writes
from e2e.world import GROUP, OTHER_SUBSCRIPTION, SUBSCRIPTION, user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator
    from e2e.roles import Run

#: How often a large rollout is killed; the rounds with a higher number have other moments.
KILLS = int(os.environ.get("KILLS", "3"))
LARGE = 200


def test_a_run_that_is_repeated_with_a_fixed_rollback_file_keeps_the_record_of_the_first(
    emulator: Emulator, outputs: list[str], run: Run, tmp_path: Path
) -> None:
    seed_fleet(emulator, "id-a")
    before = truth(emulator)
    emulator.fault("PATCH", f"{HOSTS[3]}$", {"status": 403, "code": "AuthorizationFailed"}, times=1)
    asked = rows(servers("x", SIZE), present=["id-b"], absent=["id-a"])
    options: dict[str, Any] = {"rollback_file": str(tmp_path / "records" / "before.jsonl"), "waves": ["4", "100%"]}
    first = run_fleet(emulator, outputs, asked, max_fail_percentage=0, **options)
    assert [each["changed"] for each in first["servers"]] == [True] * 3 + [False] * (SIZE - 3)
    assert run_fleet(emulator, outputs, asked, **options)["totals"]["failed"] == 0
    assert sorted(writes(emulator)) == sorted([*HOSTS, HOSTS[3]])
    records = "\n".join(map(str, (tmp_path / "records").iterdir()))
    back = run(ROLLBACK, HOSTS, "-e", json.dumps({"pgflex_identity_rollback": records}))
    assert back.rc == 0, back.output
    assert truth(emulator) == before


def test_records_whose_last_run_was_killed_before_it_knew_bring_back_what_it_did_and_what_it_did_not(
    emulator: Emulator, outputs: list[str], run: Run, tmp_path: Path
) -> None:
    seed_fleet(emulator, "id-a")
    before = truth(emulator)
    many = servers("x", SIZE)
    files = [tmp_path / "records" / f"{each}.jsonl" for each in ("first", "second")]
    run_fleet(emulator, outputs, rows(many, present=["id-b"]), rollback_file=str(files[0]))
    emulator.settings(operation_seconds=1)
    run_fleet(emulator, outputs, rows(many[:6], present=["id-c"], absent=["id-b"]), rollback_file=str(files[1]))
    # As if the second run had been killed when it had written down what it was about to do, and half of it was sent.
    intended, _outcomes = files[1].read_text(encoding="utf-8").split('{"kind":"outcome"', 1)
    assert intended.count('"intent"') == 6
    files[1].write_text(intended, encoding="utf-8")
    seed_servers(emulator, servers("x", 3, "id-a", "id-b"))
    back = run(ROLLBACK, HOSTS, "-e", f"pgflex_identity_rollback={tmp_path}/records/*.jsonl")
    assert back.rc == 0, back.output
    assert "It is not known whether the rollout changed" in unwrapped(back)
    assert truth(emulator) == before


def test_a_record_of_another_subscription_than_that_of_the_run_changes_nothing(
    emulator: Emulator, outputs: list[str], run: Run, tmp_path: Path
) -> None:
    seed_fleet(emulator, "id-a")
    assert run(ASSIGN, HOSTS[:1], pgflex_identity_present="id-b").rc == 0
    emulator.clear_requests()
    elsewhere = {**emulator.environment, "AZURE_SUBSCRIPTION_ID": OTHER_SUBSCRIPTION}
    path = record(tmp_path)
    inventory = fleet_inventory(HOSTS[:1], tmp_path)
    back = run_on(tmp_path, inventory, ROLLBACK, "-e", f"pgflex_identity_rollback={path}", env=elsewhere)
    outputs.append(back.output)
    assert writes(emulator) == []
    assert back.rc == 2
    for subscription in (SUBSCRIPTION, OTHER_SUBSCRIPTION):
        assert f"/subscriptions/{subscription}/resourceGroups/rg-e2e/" in unwrapped(back)


def seed_large(emulator: Emulator) -> list[dict[str, Any]]:
    """Servers that hold one thing or another, all of which will change. Return rows that ask for it."""
    held = [(), ("id-a",), ("id-a", "id-c"), ("id-c",)]
    many = [
        {"name": f"pg-fleet-{each:03}", "identity": user_assigned(*held[each % 4], system=each % 3 == 0)}
        for each in range(LARGE)
    ]
    seed_servers(emulator, many)
    return rows(many, present=["id-b"], absent=["id-a"])


def wait_until_idle(emulator: Emulator) -> None:
    while any(each["busy"] for each in emulator.servers()):
        time.sleep(0.05)


@pytest.mark.parametrize("number", range(KILLS))
def test_from_the_journal_alone_an_estate_is_brought_back(
    emulator: Emulator, outputs: list[str], tmp_path: Path, number: int
) -> None:
    asked = seed_large(emulator)
    before = truth(emulator)
    emulator.settings(operation_seconds=1)
    # About a hundred writes a second, so that the end is not there before the signal.
    emulator.fault("PATCH", "", {"delay": 0.1}, times=-1)
    moments = Random(number)  # noqa: S311
    path = tmp_path / "records" / "before.jsonl"
    process = start_fleet(emulator, tmp_path, asked, rollback_file=str(path))
    moment = moments.randrange(LARGE)
    while count(emulator)["write"] < moment or not path.exists():
        assert process.poll() is None
    time.sleep(moments.uniform(0, 0.1))
    process.send_signal(signal.SIGKILL)
    ended(process, outputs)
    wait_until_idle(emulator)
    after = truth(emulator)
    emulator.set_faults([])
    records = read_records("rollback", str(path))
    entries = {each.server_id.lower(): each.written for each in records[0].entries}
    assert {server for server in before if after[server] != before[server]} <= entries.keys()
    assert all(after[server] != before[server] for server, written in entries.items() if written == "yes")
    back = RollbackPlan(records, force=False)
    places = [
        {"name": each["server_name"], "resource_group": GROUP, "server_name": each["server_name"]} for each in asked
    ]
    found = [row for row in map(back.row, places) if row]
    result = run_fleet(emulator, outputs, found, read="each", action="rollback")
    assert result["totals"]["failed"] == 0
    assert truth(emulator) == before
