# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that AWX slices or ends early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from awx.places import inventory_of
from awx.test_jobs import OUTCOME, check_no_secret, held
from e2e.fleets import seed_servers, servers

if TYPE_CHECKING:
    from awx.jobs import Job
    from awx.launches import Place
    from e2e.emulator_client import Emulator


def test_each_slice_counts_its_own_hosts_and_a_failed_host_is_red(emulator: Emulator, place: Place) -> None:
    seeded = servers("app", 3, "id-a")
    keys = {"name": "pg-keys", "identity": {"type": "UserAssigned", "user_assigned": ["id-cmk"]}}
    seed_servers(emulator, [*seeded, {**keys, "encryption": {"primary": "id-cmk"}}])
    names = [*(each["name"] for each in seeded), "pg-keys"]
    jobs = []
    for number in (0, 1):
        # AWX gives a slice an inventory of its own hosts: every second one.
        place.inventory = inventory_of(names[number::2], pgflex_identity_max_fail_percentage="100")
        jobs.append(place.launch("remove", {"pgflex_identity_absent__survey": "id-a\nid-cmk"}, become=True))
    assert [job.status for job in jobs] == ["successful", "failed"]
    assert [job.hosts("changed") for job in jobs] == [["pg-app-000", "pg-app-002"], ["pg-app-001"]]
    assert jobs[1].hosts("failures") == ["pg-keys"]
    assert "because it's used for data encryption." in jobs[1].results(OUTCOME)["pg-keys"]["msg"]
    results = [job.artifacts["pgflex_identity_result"] for job in jobs]
    assert [(each["servers"], each["changed"], each["failed_hosts"]) for each in results] == [
        (2, 2, []),
        (2, 1, ["pg-keys"]),
    ]
    check_no_secret(place, emulator)


def has_ended(job: Job) -> bool:
    """Tell whether the playbook came to its end, with the artifacts."""
    return any(event["event"] == "playbook_on_stats" for event in job.events)


def test_after_a_cancel_and_a_timeout_a_job_waits_for_what_goes_on_and_converges(
    emulator: Emulator, place: Place
) -> None:
    emulator.settings(operation_seconds=7)
    seeded = servers("app", 2, "id-a")
    seed_servers(emulator, seeded)
    names = [each["name"] for each in seeded]
    desired = {"pgflex_identity_present": "id-b", "pgflex_identity_waves": "100%"}
    place.inventory = inventory_of(names, [], **desired, pgflex_identity_poll_interval="1")

    def patched() -> list[int]:
        return [each["status"] for each in emulator.requests("arm") if each["method"] == "PATCH"]

    canceled = place.launch("assign", canceled=lambda: len(patched()) == 2)
    timed_out = place.launch("assign", timeout=3)
    assert [canceled.status, timed_out.status] == ["canceled", "timeout"]
    assert not has_ended(canceled)
    assert not has_ended(timed_out)
    done = place.launch("assign")
    assert done.status == "successful", done.stdout
    assert held(emulator, names) == [["id-a", "id-b"]] * 2
    # The change that the first job began was the only one: the others were told that the server is busy.
    assert [status for status in patched() if status != 409] == [202, 202]
