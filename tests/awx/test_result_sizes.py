# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No result of a job over 10,000 servers, with names of 40 characters, is so large that AWX keeps nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.pgflex.azure.plugins.plugin_utils._large_results import MOST_CHARACTERS as MOST_IN_RESULT
from awx.jobs import MOST_CHARACTERS
from awx.launches import NAME
from awx.places import inventory_of
from awx.test_jobs import OUTCOME, check_no_secret
from e2e.fleets import seed_servers, servers

if TYPE_CHECKING:
    from awx.jobs import Job
    from awx.launches import Place
    from e2e.emulator_client import Emulator

FEW, MANY = 60, 10_000
#: So many to a task, where an estate of this size would fit into one.
AT_ONCE = {"__pgflex_identity_at_once": 25, "__pgflex_identity_lines_at_once": 25}
#: What is cut into parts, and what the parts of a whole estate are sized for.
LINES, GROUPED = "Show them", "Show what has to change, and group the hosts that have drifted"
FAIL = {"pgflex_identity_fail_on_drift": "true", "pgflex_identity_fail_on_undeclared": "false"}


def seed_long(emulator: Emulator, number: int) -> list[str]:
    """Seed servers with names of 40 characters, and return these."""
    seeded = servers("a" * 33, number, "id-a")
    seed_servers(emulator, seeded)
    return [each["name"] for each in seeded]


def results(job: Job) -> dict[str, list[dict[str, Any]]]:
    """Return all results of a job by the task's name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for event in job.events:
        if "res" in event["event_data"]:
            assert event["event_data"]["res"], "a result was dropped"
            found.setdefault(event["event_data"]["task"], []).append(event["event_data"]["res"])
    return found


def check_sizes(job: Job) -> None:
    """Check that each result of a job over `FEW` servers stays below the limit where there are `MANY`."""
    for task, of_task in results(job).items():
        for result in of_task:
            size = len(str(result))
            if task == LINES:
                # Parts are cut so that this makes 250,000 characters.
                assert size < (max(map(len, result["msg"])) + 10) * len(result["msg"]) + 100
            elif task == GROUPED and "results" in result:
                # And this 500,000.
                most = max(len(each["item"][1]) for each in result["results"])
                assert size < (3 * most + 300) * len(result["results"]) + 100
            elif "result_dir" in result:
                rest = size - len(str(result["servers"]))
                assert rest * MANY / FEW + MOST_IN_RESULT < MOST_CHARACTERS, task
            else:
                # Only so many hosts are grouped there, and each has an outcome of its own.
                most = {"Group them": 1000, OUTCOME: FEW}.get(task, MANY)
                assert size * most / FEW < MOST_CHARACTERS, task


def test_results_of_ten_thousand_servers_are_kept_and_no_line_is_lost(emulator: Emulator, place: Place) -> None:
    names = seed_long(emulator, FEW)
    place.inventory = inventory_of(names, pgflex_identity_present="id-b")

    def run(name: str, answers: dict[str, Any], **prompts: Any) -> Job:
        template = place.controller.named("job_templates", NAME.format(name))
        return place.run(template, {**answers, **AT_ONCE}, **prompts)

    jobs = {"list": run("list", {}), "audit": run("audit", FAIL), "plan": run("assign", {}, check=True)}
    for job in jobs.values():
        check_sizes(job)
        assert all(name in job.stdout for name in names)
    assert all(f"{name}: missing id-b" in jobs[kind].stdout for name in names for kind in ("audit", "plan"))
    assert (jobs["audit"].hosts("failures"), jobs["plan"].hosts("changed")) == (names, names)
    assert {len(each["results"]) for each in results(jobs["plan"])[GROUPED] if "results" in each} == {25, 10}
    assert [len(each["msg"]) for each in results(jobs["audit"])[LINES]] == [25, 25, 11]
    check_no_secret(place, emulator)
