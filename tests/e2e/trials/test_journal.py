# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run was about to write is never lost to a later run, and never restored in another subscription."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from e2e.audit_runs import run_on
from e2e.fleets import rows, run_fleet, servers
from e2e.roles import ASSIGN, HOSTS, ROLLBACK, SIZE, fleet_inventory, record, seed_fleet, truth, unwrapped, writes
from e2e.world import OTHER_SUBSCRIPTION, SUBSCRIPTION

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator
    from e2e.roles import Run


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
