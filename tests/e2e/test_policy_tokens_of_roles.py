# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A change reference goes through playbooks and role: plan, tokens, record, reports, and the rollback's default."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import read_record
from e2e.policies import assign_policy, token_requests, writes
from e2e.roles import ASSIGN, HOSTS, ROLE, ROLLBACK, record, seed_fleet, told, truth, unwrapped

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator
    from e2e.roles import Run

THREE = HOSTS[:3]
DESIRED: dict[str, Any] = {"pgflex_identity_present": "id-a", "pgflex_identity_waves": "100%"}
CHANGE = {"pgflex_identity_change_reference": "CHG0012345"}
LINE = "Change reference: CHG0012345."


def references(emulator: Emulator) -> set[str | None]:
    return {each["change_reference"] for each in emulator.evaluations("write")}


def test_a_change_reference_is_shown_handed_over_recorded_and_used_by_the_rollback(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    seed_fleet(emulator)
    before = truth(emulator)
    assign_policy(emulator, change_reference=True)
    check = run(ASSIGN, THREE, "--check", **DESIRED, **CHANGE)
    assert (check.rc, LINE in check.output) == (0, True), check.output
    assert "asks Azure Policy for a token with the change reference CHG0012345" in unwrapped(check)
    assert token_requests(emulator) == []

    reports = {f"pgflex_identity_report_{kind}": str(tmp_path / f"report.{kind}") for kind in ("json", "html")}
    out = run(ASSIGN, THREE, "-vvvv", **DESIRED, **CHANGE, **reports)
    assert (out.rc, LINE in out.output) == (0, True), out.output
    assert told(out)["change_reference"] == "CHG0012345"
    assert writes(emulator) == [("valid", True)] * 3
    assert read_record("rollback", str(record(tmp_path))).change_reference == "CHG0012345"
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["change_reference"] == "CHG0012345"
    assert "CHG0012345" in (tmp_path / "report.html").read_text(encoding="utf-8")

    back = run(ROLLBACK, THREE, "-e", f"pgflex_identity_rollback={record(tmp_path)}")
    assert (back.rc, LINE in back.output) == (0, True), back.output
    assert truth(emulator) == before
    assert writes(emulator) == [("valid", True)] * 6
    assert references(emulator) == {"CHG0012345"}


@pytest.mark.parametrize(
    ("environment", "given", "reference"),
    [({"PGFLEX_CHANGE_REFERENCE": "CHG2"}, {}, "CHG2"), ({}, {"pgflex_identity_change_reference": "CHG3"}, "CHG3")],
    ids=str,
)
def test_what_is_given_for_a_rollback_counts_for_more_than_its_record(
    emulator: Emulator,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    given: dict[str, str],
    reference: str,
) -> None:
    seed_fleet(emulator)
    assert run(ASSIGN, THREE, **DESIRED, **CHANGE).rc == 0
    assign_policy(emulator, change_reference=True)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    back = run(ROLLBACK, THREE, "-e", f"pgflex_identity_rollback={record(tmp_path)}", **given)
    assert back.rc == 0, back.output
    assert {each["change_reference"] for each in emulator.evaluations("token")} >= {reference}
    assert references(emulator) == {"CHG0012345", reference}


def test_each_host_of_a_play_that_does_not_wait_has_its_own_token(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator)
    assign_policy(emulator, change_reference=True)
    free: dict[str, Any] = {"hosts": "all", "strategy": "free", "gather_facts": False, "roles": [ROLE]}
    ran = run([free], THREE, pgflex_identity_max_fail_percentage="100", **DESIRED, **CHANGE)
    assert ran.rc == 0, ran.output
    assert writes(emulator) == [("valid", True)] * 3
