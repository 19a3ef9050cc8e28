# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet that is killed, and two that want different things of the same servers: nothing is lost, no row lies."""

from __future__ import annotations

import json
import random
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from e2e.calls import count
from e2e.fleets import ended, held_by_server, row_id, rows, run_fleet, seed_servers, servers, start_fleet, totals_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from e2e.emulator_client import Emulator

#: Seconds of a change.
OPERATION = 0.4


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_after_a_kill_the_next_run_brings_everything_to_its_end(
    emulator: Emulator, outputs: list[str], tmp_path: Path, sign: signal.Signals, seed: int
) -> None:
    many = servers("fleet", 60, "id-a", "id-c")
    seed_servers(emulator, many)
    emulator.settings(operation_seconds=OPERATION)
    asked = rows(many, present=["id-b"], absent=["id-c"])
    # A whole run takes more than 120 requests: two pages, 60 writes, as many polls or more, two pages.
    killed_after = random.Random(f"{sign.name}{seed}").choice(range(1, 120))  # noqa: S311
    process = start_fleet(emulator, tmp_path, asked)
    wait_for(lambda: len(emulator.requests("arm")) >= killed_after)
    process.send_signal(sign)
    ended(process, outputs)
    assert process.returncode == -sign
    mine = {row_id(row) for row in asked}
    assert all("id-a" in held for each, held in held_by_server(emulator).items() if each in mine)

    result = run_fleet(emulator, outputs, asked)
    assert result["totals"]["failed"] == 0
    assert [held for name, held in held_by_server(emulator).items() if name in mine] == [{"id-a", "id-b"}] * 60
    emulator.clear_requests()
    again = run_fleet(emulator, outputs, asked)
    assert again["totals"] == totals_of(servers=60, compliant=60)
    assert count(emulator)["write"] == 0


DESIRED: dict[str, dict[str, Any]] = {
    "fleet-b": {"present": ["id-b"], "absent": ["id-c"]},
    "fleet-c": {"present": ["id-c"], "absent": ["id-b"]},
}
HOLDS = {"fleet-b": {"id-a", "id-b"}, "fleet-c": {"id-a", "id-c"}}


@pytest.mark.parametrize("silent", [False, True], ids=["a change shows", "a change does not show"])
def test_two_fleets_at_once_lose_nothing_and_no_row_lies(
    emulator: Emulator, outputs: list[str], tmp_path: Path, silent: bool
) -> None:
    many = servers("both", 100, "id-a")
    seed_servers(emulator, many)
    # All servers on one page: the time of a list in the log is then that of each server in it.
    emulator.settings(
        operation_seconds=OPERATION, state_while_running="Ready" if silent else "Updating", page_size=1000
    )
    # From both ends and not too fast: each comes to what the other one has changed since it was read.
    emulator.fault("PATCH", "/flexibleServers/", {"delay": 0.05}, times=200)
    order = {"fleet-b": many, "fleet-c": many[::-1]}
    asked = {called: rows(order[called], **desired) for called, desired in DESIRED.items()}
    processes = {
        called: start_fleet(emulator, tmp_path, asked[called], called, poll_interval=0.5) for called in DESIRED
    }
    results = {called: json.loads(ended(process, outputs)) for called, process in processes.items()}
    calls = emulator.requests("arm")
    done = sorted((each for each in emulator.operations() if each["after"]), key=lambda each: float(each["ended"]))
    assert {caller(each) for each in calls} == set(DESIRED)
    for called, result in results.items():
        assert result["totals"]["servers"] == 100
        for row, facts in zip(asked[called], result["servers"]):
            if facts["failed"]:
                assert facts["error"]["code"] == "NotVerified", facts["msg"]
            else:
                assert was_true(done, calls, called, row_id(row))
    true = held_by_server(emulator)
    asked_for_by_nobody = [row for row in asked["fleet-b"] if true[row_id(row)] not in HOLDS.values()]
    in_step = [row for row in asked_for_by_nobody if all(gave_up(results[each], row, calls, each) for each in DESIRED)]
    assert asked_for_by_nobody == in_step


def caller(request: dict[str, Any]) -> str:
    agent = next(value for name, value in request["headers"].items() if name.lower() == "user-agent")
    return next((called for called in DESIRED if called in agent), agent)


def was_true(done: list[dict[str, Any]], calls: list[dict[str, Any]], called: str, server: str) -> bool:
    """Tell whether `called` has read the server as it wants it, after its last write, and it was so then."""
    mine = [each for each in calls if caller(each) == called]
    last_read = max(each["time"] for each in mine if shows(each, server))
    own = accepted_writes(calls, called, server)
    assert not own or last_read > own[-1]
    shown = [each["after"] for each in done if each["server"].lower() == server and each["ended"] <= last_read][-1]
    return {held.rpartition("/")[2].lower() for held in shown["user_assigned"]} == HOLDS[called]


def gave_up(result: dict[str, Any], row: dict[str, Any], calls: list[dict[str, Any]], called: str) -> bool:
    """Tell whether `called` reports the row as failed after it went on once more at least.

    On a machine so slow that a whole operation fits between the look and the write of the other one, the two can keep
    in step to the end: each undoes what it has not seen yet.
    """
    facts = next(each for each in result["servers"] if each["name"] == row["server_name"])
    return facts["failed"] and len(accepted_writes(calls, called, row_id(row))) > 1


def accepted_writes(calls: list[dict[str, Any]], called: str, server: str) -> list[float]:
    """Return when they were sent."""
    return [
        each["time"]
        for each in calls
        if caller(each) == called and each["path"].lower() == server and each["status"] == 202
    ]


def shows(request: dict[str, Any], server: str) -> bool:
    path = request["path"].lower()
    return bool(request["method"] == "GET" and (path == server or path.endswith("/flexibleservers")))
