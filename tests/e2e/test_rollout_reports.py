# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a rollout says of each server what the summary says, also of a rollout that was refused."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from e2e.roles import ASSIGN, HOSTS, REMOVE, ROLE, seed_fleet, told, unwrapped, writes

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.audit_runs import Ran
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

FOUR = HOSTS[:4]
STATUSES = ("compliant", "changed", "undeclared", "failed", "not_started")
PRESENT: dict[str, Any] = {"pgflex_identity_present": "id-a"}
BOTH: dict[str, Any] = {**PRESENT, "pgflex_identity_absent": "id-a"}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Return variables that name a report of each kind, where one of an earlier run is already."""
    names = {each: tmp_path / f"report.{each}" for each in ("json", "csv", "html")}
    for each in names.values():
        each.write_text("that of yesterday", encoding="utf-8")
    return {f"pgflex_identity_report_{kind}": str(path) for kind, path in names.items()}


def batches(size: int) -> list[dict[str, Any]]:
    include = {"ansible.builtin.include_role": {"name": ROLE}}
    return [{"hosts": "all", "gather_facts": False, "serial": size, "tasks": [include]}]


def read(folder: Path) -> dict[str, Any]:
    """Return the JSON report, after a look whether the other files say the same of each server."""
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    records = csv.DictReader(io.StringIO((folder / "report.csv").read_text(encoding="utf-8-sig")))
    assert {each["host"]: (each["server_status"], each["message"]) for each in records} == {
        each["host"]: (each["status"], each["message"] or "") for each in found["servers"]
    }
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert f'"kind": "{found["kind"]}"' in page.replace('":"', '": "')
    return found


def assert_agree(found: dict[str, Any], ran: Ran) -> None:
    """Check that the report and the artifact say the same of each server."""
    for status in STATUSES:
        assert found["totals"][status] == told(ran)[status], status
        if status != "compliant":
            assert sorted(_hosts(found, status)) == sorted(told(ran)[f"{status}_hosts"])
    assert found["totals"]["servers"] == told(ran)["servers"] == len({each["host"] for each in found["servers"]})


def _hosts(found: dict[str, Any], status: str) -> list[str]:
    return [each["host"] for each in found["servers"] if each["status"] == status]


REFUSED = [
    pytest.param(
        {FOUR[0]: {}, FOUR[1]: PRESENT, FOUR[2]: {"pgflex_identity_present": "id-b"}},
        {"pgflex_identity_fail_on_undeclared": True},
        f"pgflex_identity_fail_on_undeclared is set, and these are undeclared: {FOUR[0]}.",
        id="undeclared",
    ),
    pytest.param(
        {FOUR[0]: PRESENT, FOUR[1]: BOTH, FOUR[2]: {"pgflex_identity_present": "id-b"}},
        {"pgflex_identity_strict": True},
        f"pgflex_identity_strict is set, and these are not to be planned: {FOUR[1]}.",
        id="strict",
    ),
    pytest.param(
        {each: {"pgflex_identity_absent": "id-b"} for each in FOUR},
        {"pgflex_identity_max_removals": 2},
        f"the plan takes identities from 4 of 4 servers ({', '.join(FOUR)}), and pgflex_identity_max_removals allows 2",
        id="removals",
    ),
    pytest.param(
        {FOUR[0]: {}, FOUR[1]: {"pgflex_identity_presnt": "id-b"}},
        {},
        "pgflex_identity_presnt: is no variable of this collection",
        id="an unknown name",
    ),
]


@pytest.mark.parametrize(
    ("site", "check"), [(ASSIGN, ()), (batches(4), ("--check",))], ids=["playbook", "role in check mode"]
)
@pytest.mark.parametrize(("hosts", "variables", "why"), REFUSED)
def test_what_was_refused_is_the_report_of_a_rollout(
    emulator: Emulator,
    run: Run,
    tmp_path: Path,
    files: dict[str, str],
    hosts: dict[str, dict[str, Any]],
    variables: dict[str, Any],
    why: str,
    site: Any,
    check: tuple[str, ...],
) -> None:
    seed_fleet(emulator, "id-b")
    ran = run(site, hosts, *check, **variables, **files)
    assert (ran.rc, writes(emulator)) == (2, [])
    found = read(tmp_path)
    assert found["kind"] == "rollout"
    assert_agree(found, ran)
    assert why in found["refusal"]
    assert why in (tmp_path / "report.html").read_text(encoding="utf-8")
    waiting = [each for each in found["servers"] if each["status"] == "not_started"]
    assert waiting
    assert all(why in each["message"] for each in waiting)
    assert all(each["status"] == "held" for row in found["servers"] for each in row["identities"])


def test_a_refusal_before_anything_is_read_names_its_hosts_alone(
    emulator: Emulator, run: Run, tmp_path: Path, files: dict[str, str]
) -> None:
    seed_fleet(emulator, "id-b")
    ran = run(ASSIGN, FOUR, pgflex_identity_waves="many", **PRESENT, **files)
    found = read(tmp_path)
    assert_agree(found, ran)
    assert [each["server"] for each in found["servers"]] == [None] * 4
    assert found["refusal"].startswith("pgflex_identity_waves: 'many' is neither a number")


def test_a_refused_removal_shows_what_the_servers_hold(
    emulator: Emulator, run: Run, tmp_path: Path, files: dict[str, str]
) -> None:
    seed_fleet(emulator, "id-b", "id-c")
    run(REMOVE, FOUR, pgflex_identity_absent="id-b", pgflex_identity_max_removals=0, **files)
    found = read(tmp_path)
    assert [[each["name"] for each in row["identities"]] for row in found["servers"]] == [["id-b", "id-c"]] * 4
    assert found["totals"]["removed"] == 0


def test_batches_share_a_report(emulator: Emulator, run: Run, tmp_path: Path, files: dict[str, str]) -> None:
    seed_fleet(emulator, "id-b")
    hosts: dict[str, dict[str, Any]] = dict.fromkeys(HOSTS[:6], PRESENT)
    hosts[HOSTS[6]] = {}
    ran = run(batches(3), hosts, **files)
    assert ran.rc == 0, ran.output
    found = read(tmp_path)
    assert_agree(found, ran)
    assert [each["host"] for each in found["servers"]] == [*hosts]
    assert len(found["waves"]) == 6
    assert sum(each["changed"] for each in found["waves"]) == found["totals"]["changed"] == 6
    ran = run(batches(3), {**hosts, HOSTS[7]: {"pgflex_identity_present": "id-c"}}, "--check", **files)
    found = read(tmp_path)
    assert (found["kind"], found["totals"]["drifted"], found["totals"]["compliant"]) == ("audit", 1, 6)


def test_a_batch_that_is_refused_ends_the_report(
    emulator: Emulator, run: Run, tmp_path: Path, files: dict[str, str]
) -> None:
    seed_fleet(emulator, "id-b")
    hosts: dict[str, dict[str, Any]] = dict.fromkeys(HOSTS[:6], PRESENT)
    hosts[HOSTS[3]] = {"pgflex_identity_absent": "id-b"}
    ran = run(batches(2), hosts, pgflex_identity_max_removals=0, **files)
    assert (ran.rc, sorted(writes(emulator))) == (2, HOSTS[:2])
    found = read(tmp_path)
    assert_agree(found, ran)
    assert [each["status"] for each in found["servers"]] == ["changed"] * 2 + ["failed"] + ["not_started"] * 3
    assert "takes identities from 1 of 2 servers" in found["refusal"]


def test_the_second_half_in_batches_leaves_one_report(
    emulator: Emulator, run: Run, tmp_path: Path, files: dict[str, str]
) -> None:
    seed_fleet(emulator, "id-b")
    emulator.fault("PATCH", f"{FOUR[1]}$", {"status": 403, "code": "AuthorizationFailed"}, times=-1)

    def play(entry: str, **more: Any) -> dict[str, Any]:
        include = {"ansible.builtin.import_role": {"name": ROLE, "tasks_from": entry}}
        return {"gather_facts": False, "tasks": [include], **more}

    halves = [play("plan", hosts="all"), play("apply", hosts="pgflex_drifted", serial=[2, 1, 1])]
    hosts: dict[str, dict[str, Any]] = {
        **dict.fromkeys(FOUR, PRESENT),
        HOSTS[4]: {"pgflex_identity_present": "id-b"},
    }
    ran = run(halves, hosts, pgflex_identity_waves="100%", pgflex_identity_max_fail_percentage=100, **files)
    found = read(tmp_path)
    assert_agree(found, ran)
    assert (found["totals"]["changed"], found["totals"]["compliant"], len(found["waves"])) == (3, 1, 3)
    records = sorted(each.name for each in (tmp_path / "records").iterdir())
    assert len(records) == 3
    assert all(each.endswith("-assign.jsonl") for each in records)
    for each in records:
        assert unwrapped(ran).count(f"{each}") == 1


def test_two_playbooks_replace_each_others_report(
    emulator: Emulator, run: Run, tmp_path: Path, files: dict[str, str]
) -> None:
    seed_fleet(emulator, "id-b")
    site = [
        {"ansible.builtin.import_playbook": ASSIGN, "vars": {"pgflex_identity_hosts": ",".join(FOUR[:2])}},
        {"ansible.builtin.import_playbook": ASSIGN, "vars": {"pgflex_identity_hosts": ",".join(FOUR[2:])}},
    ]
    assert run(site, FOUR, **PRESENT, **files).rc == 0
    assert [each["host"] for each in read(tmp_path)["servers"]] == FOUR[2:]
