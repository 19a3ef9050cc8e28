# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter identity_report tells what a rollout did, and when."""

from __future__ import annotations

import csv
import io
import json
from time import process_time
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.pgflex.azure.plugins.filter.identity_report import identity_report
from ansible_collections.pgflex.azure.plugins.module_utils._files import write_entries
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.target import target_facts
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from browser.samples import changed, large, mi, result, server, shop, shop_changed
from unit.fleet_service import FleetService, run, targets
from unit.support import A, B, refusal

TOTALS = {
    "servers": 7,
    "compliant": 1,
    "drifted": 0,
    "undeclared": 0,
    "failed": 2,
    "held": 4,
    "missing": 0,
    "extra": 0,
    "replica_lacks": 0,
    "changed": 2,
    "not_started": 2,
    "added": 3,
    "removed": 2,
}


def in_a_folder(found: dict[str, Any], folder: Any) -> dict[str, Any]:
    """Return the result as the module returns it with result_dir."""
    write_entries(str(folder), found["servers"])
    lean = ("name", "changed", "failed", "undeclared", "not_started", "msg")
    entries = [{name: each[name] for name in lean if name in each} for each in found["servers"]]
    return {**found, "servers": entries, "result_dir": str(folder)}


def test_lines_tell_what_was_done_and_each_wave() -> None:
    assert identity_report(shop_changed(), "lines") == [
        "pg-first: added id-a; removed id-b, system-assigned identity",
        "pg-second: added id-a, system-assigned identity",
        "pg-broken: error: Cannot change it: it is so.",
        "pg-second-late: Not started: too many servers had failed before.",
        "pg-late: Not started: too many servers had failed before.",
        "pg-gone: error: Cannot read server pg-gone: not found.",
        "wave 1: 1 server, 1 changed, 0 failed, 20:00:00 to 20:02:05 UTC",
        "wave 2: 3 servers, 1 changed, 1 failed, 1 not started, 20:02:05 to 20:06:15 UTC",
        "wave 3: 1 server, not started",
        "7 servers: 1 compliant, 2 changed (3 added, 2 removed), 2 failed, 2 not started.",
    ]


def test_a_wave_that_ends_on_another_day_is_told_with_the_days() -> None:
    found = identity_report(shop_changed(day_of_end=24), "lines")
    assert found[7].endswith(", 2026-11-23 20:02:05 to 2026-11-24 20:06:15 UTC")


def test_one_wave_is_no_wave_to_tell_of() -> None:
    service = FleetService()
    service.add("pg-a", A)
    service.add("pg-b", A, B)
    asked = targets(service, DesiredState(present=(B,)))
    fleet = run(service, asked)
    found = result(*asked, waves=tuple(fleet.waves))
    assert identity_report(found, "lines") == [
        f"pg-a: added {B.rpartition('/')[2]}",
        "2 servers: 1 compliant, 1 changed (1 added, 0 removed), 0 failed.",
    ]


def test_what_a_real_rollout_leaves_is_told_wave_by_wave() -> None:
    service = FleetService()
    service.add_many(2, A)
    service.add("pg-bad", A, refusals=[refusal(409, "ScopeLocked")])
    service.add_many(3, A, start=500)
    asked = targets(service, DesiredState(present=(B,), absent=(A,)))
    fleet = run(service, asked, sizes=["2", "1", "100%"], max_fail_percentage=0)
    found = identity_report(result(*asked, waves=tuple(fleet.waves)), "summary")
    assert {name: found[name] for name in ("changed", "failed", "not_started", "added", "removed")} == {
        "changed": 2,
        "failed": 1,
        "not_started": 3,
        "added": 2,
        "removed": 2,
    }
    assert [found[name] for name in ("changed_hosts", "failed_hosts", "not_started_hosts")] == [
        ["pg-000", "pg-001"],
        ["pg-bad"],
        ["pg-500", "pg-501", "pg-502"],
    ]


def test_an_identity_that_somebody_else_assigned_meanwhile_is_seen() -> None:
    service = FleetService()
    held = service.add("pg-a", A)
    asked = targets(service, DesiredState(present=(B,)))
    update, other = service.update_identity, mi("id-other")

    def patched(ref: Any, body: dict[str, Any], policy_token: str = "") -> Any:
        operation = update(ref, body, policy_token)
        assert held.coming
        ids = (A, B, other)
        held.coming = (held.coming[0], {"type": "UserAssigned", "userAssignedIdentities": {each: {} for each in ids}})
        return operation

    service.update_identity = patched  # type: ignore[method-assign]
    fleet = run(service, asked)
    page = json.loads(str(identity_report(result(*asked, waves=tuple(fleet.waves)), "json")))
    statuses = {each["id"]: each["status"] for each in page["servers"][0]["identities"]}
    assert statuses == {A: "held", B: "added", other: "held"}


def test_the_summary_has_the_counts_of_an_audit_and_more() -> None:
    assert identity_report(shop_changed(), "summary") == {
        **{name: number for name, number in TOTALS.items() if name != "held"},
        "drifted_hosts": [],
        "undeclared_hosts": [],
        "changed_hosts": ["pg-first", "pg-second"],
        "failed_hosts": ["pg-broken", "pg-gone"],
        "left_out": 0,
        "left_out_hosts": [],
        "not_started_hosts": ["pg-second-late", "pg-late"],
    }


def test_json_has_the_waves_and_what_became_of_each_identity() -> None:
    found = json.loads(str(identity_report(shop_changed(), "json")))
    assert (found["kind"], found["totals"]) == ("rollout", TOTALS)
    assert found["waves"] == shop_changed()["waves"]
    first, broken, late = (found["servers"][number] for number in (1, 3, 4))
    assert (first["status"], first["system_assigned"]) == ("changed", "removed")
    assert [(each["name"], each["status"]) for each in first["identities"]] == [("id-a", "added"), ("id-b", "removed")]
    assert (broken["status"], late["status"]) == ("failed", "not_started")
    assert [(each["name"], each["status"]) for each in broken["identities"]] == [("id-b", "held")]


def test_csv_says_what_was_added_and_removed() -> None:
    records = list(csv.DictReader(io.StringIO(str(identity_report(shop_changed(), "csv")).lstrip("\ufeff"))))
    told = [(each["host"], each["server_status"], each["identity"], each["identity_status"]) for each in records]
    assert told[2:7] == [
        ("pg-first", "changed", "system-assigned identity", "removed"),
        ("pg-first", "changed", "id-a", "added"),
        ("pg-first", "changed", "id-b", "removed"),
        ("pg-second", "changed", "system-assigned identity", "added"),
        ("pg-second", "changed", "id-a", "added"),
    ]
    assert records[8]["server_status"] == "not_started"
    assert records[8]["message"] == "Not started: too many servers had failed before."


def test_the_table_shows_what_is_held_now() -> None:
    found = [line.split(None, 5) for line in identity_report(shop_changed(), "table")]
    assert [line[-1] for line in found[2:5]] == ["id-a", "(system), id-a", "id-b"]
    assert " ".join(found[-1]) == "7 servers, 6 assignments, 1 not read; * encrypts"


def test_planned_waves_make_no_rollout() -> None:
    service = FleetService()
    service.add_many(3, A)
    asked = targets(service, DesiredState(present=(B,)))
    fleet = run(service, asked, sizes=["1", "100%"], check_mode=True)
    planned = result(*asked, waves=tuple(fleet.waves))
    assert identity_report(planned, "lines")[-2:] == [
        "pg-002: missing id-b",
        "3 servers: 0 compliant, 3 drifted (3 missing, 0 extra), 0 failed.",
    ]
    page = json.loads(str(identity_report(planned, "json")))
    assert (page["kind"], [each["servers"] for each in page["waves"]]) == ("audit", [1, 2])
    assert {each["started"] for each in page["waves"]} == {None}


@pytest.mark.parametrize("kind", ["json", "csv", "html", "lines", "summary", "table"])
@pytest.mark.parametrize("found", [shop(), shop_changed()], ids=["audit", "rollout"])
def test_entries_in_a_folder_give_the_same_report(tmp_path: Any, found: dict[str, Any], kind: str) -> None:
    assert identity_report(in_a_folder(found, tmp_path), kind) == identity_report(found, kind)


def test_entries_in_a_folder_are_believed_over_those_of_an_older_plan(tmp_path: Any) -> None:
    planned = in_a_folder(shop_changed(), tmp_path)
    done = target_facts(changed(server("pg-late"), present=(A,)))
    write_entries(str(tmp_path), [done])
    assert "pg-late: added id-a" in identity_report(planned, "lines")


def test_a_server_without_an_entry_is_an_error_that_names_it(tmp_path: Any) -> None:
    found = in_a_folder(shop(), tmp_path)
    found["servers"].append({"name": "pg-unknown", "changed": False, "failed": False})
    with pytest.raises(AnsibleFilterError, match=rf"{tmp_path}, the result_dir, has nothing about pg-unknown\."):
        identity_report(found, "table")
    # Nothing is said of it there.
    assert "pg-unknown" not in str(identity_report(found, "lines"))


def test_a_folder_that_is_gone_or_broken_is_an_error_that_names_it(tmp_path: Any) -> None:
    found = in_a_folder(shop(), tmp_path)
    (entries,) = tmp_path.iterdir()
    entries.write_text("no entries", encoding="utf-8")
    with pytest.raises(AnsibleFilterError, match=rf"the files in result_dir cannot be read: .*{entries}"):
        identity_report(found, "lines")
    entries.unlink()
    with pytest.raises(AnsibleFilterError, match=rf"the files in result_dir cannot be read: .*{entries}"):
        identity_report(found, "summary")


def test_entries_without_their_folder_are_no_result(tmp_path: Any) -> None:
    lean = {**in_a_folder(shop_changed(), tmp_path), "result_dir": None}
    with pytest.raises(AnsibleFilterError, match="is not a result of pgflex_identity_fleet"):
        identity_report(lean, "lines")


@pytest.mark.parametrize(
    "waves", ["text", [{}], [{"servers": 1}], [1], [{**shop_changed()["waves"][0], "started": "x"}]]
)
def test_waves_that_are_none_are_refused(waves: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="is not a result of pgflex_identity_fleet"):
        identity_report({**shop_changed(), "waves": waves}, "lines")


@pytest.mark.parametrize("kind", ["lines", "summary"])
def test_time_grows_no_faster_than_the_fleet(tmp_path: Any, kind: str) -> None:
    def seconds(servers: int) -> float:
        (tmp_path / str(servers)).mkdir()
        found = in_a_folder(large(servers, 3), tmp_path / str(servers))
        tries = []
        for _try in range(3):
            start = process_time()
            identity_report(found, kind)
            tries.append(process_time() - start)
        return min(tries)

    # Sixteen times as many; with the square of it this would be 256.
    assert seconds(1600) < 64 * seconds(100)
