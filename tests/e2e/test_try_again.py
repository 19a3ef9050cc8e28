# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Transient failures: busy servers, throttling, servers and lines that fail. A write is never sent twice unseen."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from e2e.failures import CHANGING, HAS_A, READING, REQUEST_ID, SERVER_ERROR_HINT, A, B, check_failure
from e2e.world import (
    SERVER,
    SERVER_PATH,
    arm_calls,
    patches,
    seed_server,
    true_identity,
    user_assigned,
)

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator


# A busy server


@pytest.mark.parametrize("code", ["ServerIsBusy", "ServerBusy"])
@pytest.mark.parametrize("where", ["request", "operation"])
def test_a_server_busy_with_another_operation_is_tried_again(
    code: str, where: str, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    # Long enough for a slow machine: the next task has to come while this one is at work.
    emulator.settings(operation_seconds=1.5, busy_code=code, busy_in=where)
    module(identities=[B], wait=False)
    result = module(identities=[A])
    assert result["assigned"] == [A]
    assert true_identity(emulator)["ids"] == sorted([A.lower(), B.lower()])
    # Planned anew after the other operation: what it did is no part of this change.
    assert [each.lower() for each in result["diff"]["before"]["user_assigned_identities"]] == [B.lower()]


@pytest.mark.parametrize(("where", "status"), [("request", 409), ("operation", None)])
def test_a_busy_server_that_does_not_look_so_is_a_failure_without_busy_timeout(
    where: str, status: int | None, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    emulator.settings(operation_seconds=5, busy_in=where, state_while_running="Ready")
    module(identities=[B], wait=False)
    emulator.clear_requests()
    result = module(identities=[A], busy_timeout=0)
    assert (result["error"]["code"], result["error"]["write"]) == ("ServerIsBusy", "none")
    assert result["error"]["status"] == status
    assert f"Cannot complete operation while server '{SERVER}' is busy" in result["msg"]
    assert result["msg"].endswith("Run again when the other operation has ended, or raise busy_timeout.")
    assert len(patches(emulator)) == 1


def test_a_busy_server_is_not_written_to(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.settings(operation_seconds=5)
    module(identities=[B], wait=False)
    emulator.clear_requests()
    result = module(identities=[A], busy_timeout=0)
    assert (result["error"]["code"], result["error"]["write"]) == ("ServerBusy", "none")
    assert result["msg"].endswith("Run again when that has ended, or raise busy_timeout.")
    assert patches(emulator) == []


# Throttling


@pytest.mark.sdk
@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}, {"Retry-After": "1"}], ids=["no Retry-After", "0", "1"])
def test_a_throttled_request_is_tried_again(
    method: str, headers: dict[str, str], emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    then = {"status": 429, "code": "SubscriptionRequestsThrottled", "message": "Slow down.", "headers": headers}
    emulator.fault(method, SERVER_PATH, then)
    started = time.monotonic()
    assert module(identities=[A])["assigned"] == [A]
    assert time.monotonic() - started >= float(headers.get("Retry-After", 0))
    assert [each["status"] for each in emulator.requests("arm") if each["method"] == method][:1] == [429]


@pytest.mark.sdk
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_throttled_beyond_the_deadline_fails_at_once(method: str, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    headers = {"Retry-After": "60", **REQUEST_ID}
    then = {"status": 429, "code": "SubscriptionRequestsThrottled", "message": "Slow down.", "headers": headers}
    emulator.fault(method, SERVER_PATH, then, times=-1)
    started = time.monotonic()
    result = module(identities=[A], wait_timeout=10)
    assert time.monotonic() - started < 30
    doing = READING if method == "GET" else CHANGING
    hint = "Raise wait_timeout, or run fewer clients at once in this subscription. wait_timeout=10 leaves no time"
    check_failure(result, f"{doing}Slow down (", hint, code="SubscriptionRequestsThrottled", status=429)
    assert result["error"]["request_id"] == "req-1"
    assert len([each for each in emulator.requests("arm") if each["method"] == method]) == 1


# Transient failures of servers and lines


@pytest.mark.sdk
@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_reading_recovers_from(status: int, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("GET", SERVER_PATH, {"status": status, "code": "Oops"}, times=2)
    assert module(identities=[A], check=True)["changed"]
    assert arm_calls(emulator) == ["GET server"] * 3 + ["GET identity"]


@pytest.mark.sdk
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_reading_gives_up_after_five_times(status: int, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    then = {"status": status, "code": "Oops", "message": "Failed.", "headers": REQUEST_ID}
    emulator.fault("GET", SERVER_PATH, then, times=-1)
    result = module(identities=[A])
    check_failure(result, f"{READING}Failed (", f"Tried 5 times. {SERVER_ERROR_HINT}", code="Oops", status=status)
    assert result["error"]["request_id"] == "req-1"
    assert len(emulator.requests("arm")) == 5


@pytest.mark.sdk
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_write_that_failed_before_it_was_done_is_planned_anew(
    status: int, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    emulator.fault("PATCH", SERVER_PATH, {"status": status, "code": "Oops"})
    assert module(identities=[A])["assigned"] == [A]
    # Never sent again without a look at the server.
    writing = ["GET server", "PATCH server"]
    assert arm_calls(emulator)[:2] == ["GET server", "GET identity"]
    assert arm_calls(emulator)[2:] == [*writing, *writing, "GET operation", "GET server"]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_write_that_failed_after_it_was_done_is_not_sent_again(
    status: int, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    emulator.fault("PATCH", SERVER_PATH, {"status": status, "code": "Oops", "delay": 0.3})

    def act() -> None:
        while emulator.faults()[0]["times_left"]:
            time.sleep(0.01)
        seed_server(emulator, {"user_assigned": [A]})

    acting = threading.Thread(target=act)
    acting.start()
    result = module(identities=[A])
    acting.join()
    assert (result["changed"], result["assigned"]) == (True, [A])
    assert arm_calls(emulator)[2:] == ["GET server", "PATCH server", "GET server", "GET server"]


@pytest.mark.sdk
def test_a_write_that_always_fails_gives_up(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("PATCH", SERVER_PATH, {"status": 500, "code": "Oops", "headers": REQUEST_ID}, times=-1)
    result = module(identities=[A])
    check_failure(result, CHANGING, f"Tried 5 times. {SERVER_ERROR_HINT}", code="Oops", status=500, write="unknown")
    assert len(patches(emulator)) == 5


@pytest.mark.sdk
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_connection_while_reading_recovers(when: str, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("GET", SERVER_PATH, {"disconnect": when}, times=2)
    assert module(identities=[A], check=True)["changed"]
    assert arm_calls(emulator) == ["GET server"] * 3 + ["GET identity"]


@pytest.mark.sdk
def test_a_connection_that_is_always_lost(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("GET", SERVER_PATH, {"disconnect": "before"}, times=-1)
    result = module(identities=[A])
    check_failure(result, READING, "Tried 5 times.", code="ServiceError", status=None)
    assert "http" not in result["msg"].lower()
    assert len(emulator.requests("arm")) == 5


@pytest.mark.sdk
def test_a_connection_lost_before_the_write_was_done(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("PATCH", SERVER_PATH, {"disconnect": "before"})
    assert module(identities=[A])["assigned"] == [A]
    assert true_identity(emulator) == HAS_A


@pytest.mark.sdk
@pytest.mark.parametrize("seconds", [0, 0.3], ids=["done when it is read", "running when it is read"])
@pytest.mark.parametrize(
    ("start", "desired", "after"),
    [
        pytest.param(None, {"identities": [A]}, HAS_A, id="assign"),
        pytest.param(user_assigned("id-a", "id-b"), {"state": "absent", "identities": [B]}, HAS_A, id="remove"),
        pytest.param({"type": "SystemAssigned"}, {"system_assigned": False}, {"type": "None", "ids": []}, id="off"),
    ],
)
def test_a_connection_lost_after_the_write_was_done_is_one_change(
    start: Any, desired: Any, after: Any, seconds: float, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator, start)
    emulator.settings(operation_seconds=seconds)
    emulator.fault("PATCH", SERVER_PATH, {"disconnect": "after"})
    # busy_timeout is for the operation of somebody else: the operation is our own.
    result = module(**desired, busy_timeout=0)
    assert result["changed"]
    assert result["diff"]["before"] != result["diff"]["after"]
    assert true_identity(emulator) == after
    statuses = [each["status"] for each in emulator.requests("arm") if each["method"] == "PATCH"]
    assert statuses[0] is None
    assert set(statuses[1:]) <= {409}
    assert seconds or len(statuses) == 1
