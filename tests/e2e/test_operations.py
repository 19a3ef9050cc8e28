# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operations that end badly, or strangely, or not at all."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from e2e.failures import HAS_A, REQUEST_ID, A, check_failure
from e2e.world import (
    POLL_PATH,
    SERVER,
    SERVER_PATH,
    held_id,
    patches,
    seed_server,
    true_identity,
    user_assigned,
)

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator


@pytest.mark.sdk
@pytest.mark.parametrize(
    ("then", "code", "said", "hint"),
    [
        pytest.param(
            {"operation_status": "Failed", "operation_error": {"code": "InternalServerError", "message": "Oops."}},
            "InternalServerError",
            "ended as Failed: Oops",
            "Run again; the server is as it was, or partly changed.",
            id="Failed",
        ),
        pytest.param(
            {
                "operation_status": "Failed",
                "operation_error": {"code": "ServerDifferentSubscription", "message": "Server and server."},
            },
            "ServerDifferentSubscription",
            "ended as Failed: Server and server",
            "removing one identity at a time",
            id="Failed with a code that is known",
        ),
        *(
            pytest.param(
                {"operation_status": word},
                word,
                f"ended as {word}: no reason was given (status {word})",
                "Run again",
                id=word,
            )
            for word in ("Canceled", "Cancelled")
        ),
    ],
)
def test_an_operation_that_ends_as(
    then: dict[str, Any], code: str, said: str, hint: str, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    emulator.fault("PATCH", SERVER_PATH, then)
    result = module(identities=[A])
    error = result["error"]
    message = f"The change was accepted, and its operation {error['target']} {said}"
    check_failure(result, message, hint, code=code, status=None, target=error["target"], write="accepted")
    assert error["request_id"] in result["msg"]
    assert len(error["target"]) == 36
    assert len(patches(emulator)) == 1


@pytest.mark.parametrize("word", ["InProgress", "Mysterious"])
def test_an_operation_that_stays(word: str, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("PATCH", SERVER_PATH, {"operation_status": word})
    result = module(identities=[A], wait_timeout=1)
    # The time is over between two polls, or within one.
    between = f"The identities of server {SERVER} are being changed by operation "
    assert result["msg"].startswith((between, "Cannot follow operation "))
    assert "not finished within wait_timeout=1 seconds. It goes on in Azure: run again later" in result["msg"]
    assert result["error"]["code"] == "WaitTimeout"


def test_an_operation_that_succeeded_without_effect_is_a_failure(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("PATCH", SERVER_PATH, {"operation_effect": "none"})
    result = module(identities=[A], system_assigned=True)
    message = (
        f"The operation on server {SERVER} succeeded, but {A} is not assigned; the system-assigned identity is off."
    )
    hint = "Somebody else may have changed the server meanwhile: look at it with state=info, and run again."
    check_failure(result, message, hint, code="NotVerified", status=None, write="done")


def test_an_operation_that_succeeded_without_removing_is_a_failure(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-a", "id-b"))
    emulator.fault("PATCH", SERVER_PATH, {"operation_effect": "none"})
    result = module(state="absent", identities=[A])
    assert f"succeeded, but {held_id('id-a')} is still assigned." in result["msg"]


@pytest.mark.parametrize(("error", "said"), [("Bad gateway", "Bad gateway"), ({"code": 7, "message": ["a"]}, "['a']")])
def test_an_operation_that_fails_in_words_of_its_own(
    error: object, said: str, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    emulator.fault("GET", POLL_PATH, {"body": json.dumps({"status": "Failed", "error": error})}, times=-1)
    result = module(identities=[A])
    assert f"ended as Failed: {said} (" in result["msg"]


def test_an_operation_without_a_usable_address_is_followed_at_the_server(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("PATCH", SERVER_PATH, {"headers": {"azure-asyncoperation": "https://[x/y", "location": ""}})
    assert module(identities=[A])["assigned"] == [A]
    assert len(patches(emulator)) == 1


def test_an_operation_that_azure_forgot_is_followed_at_the_server(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.settings(operation_seconds=0.2)
    emulator.fault("GET", POLL_PATH, {"status": 404, "code": "NotFound"}, times=-1)
    assert module(identities=[A])["assigned"] == [A]
    assert true_identity(emulator) == HAS_A


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_poll_is_sent_again_after_a_transient_failure(status: int, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("GET", POLL_PATH, {"status": status, "code": "Oops"}, times=2)
    assert module(identities=[A])["assigned"] == [A]
    assert len(patches(emulator)) == 1


def test_a_poll_that_is_refused_says_that_the_operation_goes_on(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    then = {"status": 403, "code": "AuthorizationFailed", "message": "No.", "headers": REQUEST_ID}
    emulator.fault("GET", POLL_PATH, then, times=-1)
    result = module(identities=[A])
    target = result["error"]["target"]
    hint = "It goes on in Azure: run again later to see its result"
    check_failure(
        result, "Cannot follow operation", hint, code="AuthorizationFailed", status=403, target=target, write="accepted"
    )


@pytest.mark.sdk
@pytest.mark.parametrize("headers", ["operation", "location", "none"])
def test_an_operation_is_followed_with_the_header(headers: str, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.settings(operation_seconds=0.2, async_headers=headers)
    assert module(identities=[A])["assigned"] == [A]
    assert true_identity(emulator) == HAS_A
    assert len(patches(emulator)) == 1


def test_an_operation_that_fails_with_only_a_location_is_a_failure(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.settings(async_headers="location")
    error = {"code": "InternalServerError", "message": "Oops."}
    emulator.fault("PATCH", SERVER_PATH, {"operation_status": "Failed", "operation_error": error})
    result = module(identities=[A])
    assert (result["failed"], result["error"]["code"]) == (True, "InternalServerError")
    assert "Oops" in result["msg"]


@pytest.mark.parametrize("seconds", [-60, 1], ids=["past", "soon"])
def test_retry_after_may_be_a_date(seconds: int, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)
    emulator.fault("GET", SERVER_PATH, {"status": 503, "code": "Oops", "headers": {"Retry-After": date}})
    emulator.fault("PATCH", SERVER_PATH, {"headers": {"Retry-After": date}})
    assert module(identities=[A])["assigned"] == [A]
