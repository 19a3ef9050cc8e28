# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Azure Policy asks for a token: it is asked for, serves one attempt, and without it nothing is written."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from e2e.policies import ACQUIRE, ASSIGNMENT, assign_policy, token_requests, writes
from e2e.virtual_time import VirtualTime
from e2e.world import SERVER_ID, SERVER_PATH, SUBSCRIPTION, arm_calls, identity_id, seed_server, true_identity

if TYPE_CHECKING:
    from e2e.conftest import RunModule, RunPlaybook
    from e2e.emulator_client import Emulator

ASSIGN: dict[str, Any] = {"identities": ["id-a"]}
POST = f"POST /subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/acquirePolicyToken"
LOST, WITHOUT, GOOD = ("unknown", False), ("none", False), ("valid", True)
SETTINGS = [
    {"policy_hash": "lenient", "policy_prefix": "PT 1."},
    {"policy_hash": "bytes", "policy_prefix": ""},
    {"policy_details_in": "info"},
]


@pytest.fixture(autouse=True)
def server(emulator: Emulator) -> None:
    seed_server(emulator)
    assign_policy(emulator)


def is_untouched(emulator: Emulator) -> bool:
    return true_identity(emulator) == {"type": "None", "ids": []}


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_a_write_that_lacks_a_token_is_sent_again_with_one(
    emulator: Emulator, module: RunModule, settings: dict[str, Any]
) -> None:
    emulator.settings(**settings)
    result = module(validate_identities=False, **ASSIGN)
    assert (result["changed"], writes(emulator)) == (True, [WITHOUT, GOOD])
    assert arm_calls(emulator)[:5] == ["GET server", "PATCH server", POST, "GET server", "PATCH server"]
    (asked,) = token_requests(emulator)
    first, second = (each for each in emulator.requests("arm") if each["method"] == "PATCH")
    assert first["body"] == second["body"] == asked["body"]["operation"]["content"]
    assert asked["body"]["operation"]["uri"].endswith(f"{SERVER_ID}?api-version={first['query']['api-version']}")
    assert (asked["body"]["changeReference"], asked["headers"]["x-ms-force-sync"]) == (None, "true")
    assert result["requests"] == len(emulator.requests("arm"))


@pytest.mark.parametrize(
    ("options", "environment", "reference"),
    [
        ({"acquire_policy_token": "always"}, {}, None),
        ({"change_reference": "CHG1"}, {}, "CHG1"),
        ({}, {"PGFLEX_CHANGE_REFERENCE": "CHG2"}, "CHG2"),
        ({"change_reference": "CHG1"}, {"PGFLEX_CHANGE_REFERENCE": "CHG2"}, "CHG1"),
        ({}, {"PGFLEX_ACQUIRE_POLICY_TOKEN": "always"}, None),
    ],
    ids=str,
)
def test_a_token_is_asked_for_first(
    emulator: Emulator,
    module: RunModule,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    environment: dict[str, str],
    reference: str | None,
) -> None:
    assign_policy(emulator, if_missing="Audit", change_reference=reference is not None)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert module(**ASSIGN, **options)["changed"]
    assert writes(emulator) == [GOOD]
    assert [each["change_reference"] for each in emulator.evaluations()] == [reference, reference]


def test_a_change_reference_that_is_required_is_asked_of_the_user(emulator: Emulator, module: RunModule) -> None:
    assign_policy(emulator, change_reference=True)
    result = module(**ASSIGN)
    assert (result["error"]["code"], result["error"]["write"]) == ("ChangeReferenceRequired", "none")
    assert result["error"]["target"] == "change_reference"
    assert "Set change_reference" in result["msg"]
    assert f"Policy 'Only in the change window' (assignment {ASSIGNMENT}" in result["msg"]
    assert (writes(emulator), token_requests(emulator)) == ([WITHOUT], [])
    assert is_untouched(emulator)


def test_never_means_that_the_refusal_stays(emulator: Emulator, module: RunModule) -> None:
    result = module(**ASSIGN, acquire_policy_token="never")  # noqa: S106
    assert (result["error"]["code"], result["error"]["write"]) == ("RequestDisallowedByPolicy", "none")
    assert "acquire_policy_token=never" in result["msg"]
    assert (writes(emulator), token_requests(emulator)) == ([WITHOUT], [])


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (
            {"action": "Deny", "message": "Frozen until Monday."},
            ["says Deny", "says: Frozen until Monday", "action Deny"],
        ),
        ({"action": "Error", "reason": "no answer of the graph"}, ["says Error", "evaluated: no answer of the graph"]),
        ({"result": "Failed", "message": "It broke."}, ["ended as Failed", "It broke"]),
    ],
    ids=str,
)
@pytest.mark.parametrize("first", ["auto", "always"])
def test_an_evaluation_that_says_no_ends_it(
    emulator: Emulator, module: RunModule, policy: dict[str, Any], words: list[str], first: str
) -> None:
    assign_policy(emulator, **policy)
    result = module(**ASSIGN, acquire_policy_token=first)
    assert (result["error"]["code"], result["error"]["write"]) == ("PolicyTokenRefused", "none")
    for each in [*words, "Only in the change window", ASSIGNMENT]:
        assert each in result["msg"]
    assert GOOD not in writes(emulator)
    assert is_untouched(emulator)


def _answer(**answer: Any) -> dict[str, Any]:
    return {"status": 200, "body": json.dumps(answer)}


@pytest.mark.parametrize(
    ("then", "code"),
    [
        ({"status": 202, "body": ""}, "PolicyTokenRefused"),
        ({"status": 202, "body": json.dumps({"result": "Succeeded", "token": "emulated"})}, "PolicyTokenRefused"),
        ({"status": 204, "body": ""}, "PolicyTokenRefused"),
        ({"status": 200, "body": ""}, "UnexpectedAnswer"),
        ({"status": 200, "body": "<html>"}, "UnexpectedAnswer"),
        ({"status": 200, "body": "[]"}, "UnexpectedAnswer"),
        (_answer(result="Succeeded"), "PolicyTokenRefused"),
        (_answer(result="Succeeded", token=7), "PolicyTokenRefused"),
        (_answer(result="Succeeded", token="two\nlines"), "PolicyTokenRefused"),  # noqa: S106
        (_answer(result="Succeeded", token="x" * 9, results=[{"policyAction": "deny"}]), "PolicyTokenRefused"),
        (_answer(result="Failed", token="x" * 9), "PolicyTokenRefused"),
        (_answer(token="x" * 9), "PolicyTokenRefused"),
        ({"status": 403, "code": "AuthorizationFailed", "message": "No."}, "AuthorizationFailed"),
        ({"status": 404, "code": "NotFound", "message": "No."}, "NotFound"),
    ],
    ids=str,
)
def test_whatever_is_no_token_fails_closed(
    emulator: Emulator, module: RunModule, then: dict[str, Any], code: str
) -> None:
    emulator.fault("POST", ACQUIRE, then, times=-1)
    result = module(**ASSIGN)
    assert (result["error"]["code"], result["error"]["write"]) == (code, "none")
    assert "Only in the change window" in result["msg"]
    assert writes(emulator) == [WITHOUT]
    assert is_untouched(emulator)


def test_the_right_to_read_the_subscription_is_named(emulator: Emulator, module: RunModule) -> None:
    emulator.seed(
        {"subscriptions": [{"id": SUBSCRIPTION, "denied_actions": ["Microsoft.Resources/subscriptions/read"]}]}
    )
    result = module(**ASSIGN)
    assert result["error"]["status"] == 403
    assert "the right to read the whole subscription" in result["msg"]


@pytest.mark.parametrize(
    "then",
    [
        {"status": 429, "headers": {"Retry-After": "0"}},
        {"status": 503},
        {"disconnect": "before"},
        {"disconnect": "after"},
    ],
    ids=str,
)
def test_passing_faults_of_the_token_request_are_tried_again(
    emulator: Emulator, module: RunModule, then: dict[str, Any]
) -> None:
    emulator.fault("POST", ACQUIRE, then, times=2)
    assert module(**ASSIGN)["changed"]
    assert writes(emulator) == [WITHOUT, GOOD]


@pytest.mark.parametrize("then", [{"silent": "before"}, {"silent": "after"}, {"delay": 12}], ids=str)
def test_the_deadline_ends_a_request_for_a_token(emulator: Emulator, module: RunModule, then: dict[str, Any]) -> None:
    emulator.fault("POST", ACQUIRE, then, times=-1)
    begun = time.monotonic()
    result = module(**ASSIGN, wait_timeout=10)
    assert time.monotonic() - begun < 25, result
    assert result["error"]["write"] == "none"
    assert "wait_timeout=10" in result["msg"]
    assert "Only in the change window" in result["msg"]
    assert writes(emulator) == [WITHOUT]
    assert is_untouched(emulator)
    # What is answered too late must not enter the record of the next test.
    while not token_requests(emulator) and time.monotonic() - begun < 30:
        time.sleep(0.1)
    assert token_requests(emulator)


def test_a_token_serves_one_attempt(emulator: Emulator, module: RunModule) -> None:
    busy = {"status": 409, "code": "ServerIsBusy", "message": "Busy.", "processed": False}
    emulator.fault("PATCH", SERVER_PATH, busy, times=1, after=1)
    assert module(**ASSIGN)["changed"]
    assert len(token_requests(emulator)) == 2
    assert writes(emulator) == [WITHOUT, GOOD]


def test_a_new_plan_asks_anew(emulator: Emulator, module: RunModule) -> None:
    meanwhile = {"server": SERVER_ID, "assign": [identity_id("id-b")], "system_assigned": True, "seconds": 0}
    emulator.fault("GET", SERVER_PATH, {"meanwhile": meanwhile}, times=1, after=1)
    assert module(validate_identities=False, **ASSIGN)["changed"]
    bodies = [each["body"]["operation"]["content"]["identity"]["type"] for each in token_requests(emulator)]
    assert bodies == ["UserAssigned", "SystemAssigned,UserAssigned"]
    assert writes(emulator) == [WITHOUT, GOOD]


def test_a_token_that_is_not_accepted_is_the_end(emulator: Emulator, module: RunModule) -> None:
    assign_policy(emulator, lifespan=-1)
    result = module(**ASSIGN)
    assert result["error"]["code"] == "RequestDisallowedByPolicy"
    assert "which was not accepted" in result["msg"]
    assert writes(emulator) == [WITHOUT, ("expired", False)]


def test_a_plain_denial_is_explained_and_asks_for_nothing(emulator: Emulator, module: RunModule) -> None:
    assign_policy(emulator, external=False, reason="Identities are frozen")
    result = module(**ASSIGN)
    assert (result["error"]["code"], result["error"]["write"]) == ("RequestDisallowedByPolicy", "none")
    assert f"(assignment {ASSIGNMENT}, action deny); evaluated: Identities are frozen" in result["msg"]
    assert (writes(emulator), token_requests(emulator)) == ([WITHOUT], [])


@pytest.mark.parametrize(
    ("options", "words"),
    [({"acquire_policy_token": "always"}, "token."), ({"change_reference": "CHG1"}, "the change reference CHG1.")],
    ids=str,
)
def test_check_mode_asks_for_no_token_and_says_that_the_run_will(
    emulator: Emulator, playbook: RunPlaybook, options: dict[str, str], words: str
) -> None:
    task = {"pgflex.azure.pgflex_identity": {"resource_group": "rg-e2e", "server_name": "pg-e2e", **ASSIGN, **options}}
    played = playbook([task], "--check")
    assert "Before each change the run asks Azure Policy for a token" in " ".join(played.output.split())
    assert words in " ".join(played.output.split())
    assert token_requests(emulator) == []


@pytest.mark.parametrize(
    ("options", "target"),
    [
        ({"acquire_policy_token": "never", "change_reference": "CHG1"}, "change_reference"),
        ({"change_reference": "two\nlines"}, "change_reference"),
    ],
    ids=str,
)
def test_options_that_cannot_work_are_refused_before_any_request(
    emulator: Emulator, module: RunModule, options: dict[str, Any], target: str
) -> None:
    result = module(**ASSIGN, **options)
    assert (result["error"]["code"], result["error"]["target"]) == ("InvalidInput", target)
    assert emulator.requests() == []


def test_the_token_is_in_no_output_and_goes_to_the_server_only(emulator: Emulator, playbook: RunPlaybook) -> None:
    # What is in the outputs is looked through when the fixture ends.
    echo = {"status": 400, "code": "BadRequest", "processed": True}
    emulator.fault("PATCH", SERVER_PATH, echo, times=1, after=1)
    task = {"pgflex.azure.pgflex_identity": {"resource_group": "rg-e2e", "server_name": "pg-e2e", **ASSIGN}}
    played = playbook([task], "-vvvv")
    assert "acquirePolicyToken" not in played.output
    carried = [each["path"] for each in emulator.requests() if each["policy_token"]]
    assert {path.lower() for path in carried} == {SERVER_ID.lower()}


@pytest.mark.parametrize("refill", [0.2, 0.5, 1])
def test_the_token_leaves_something_of_a_small_bucket_to_the_write(
    emulator: Emulator, module: RunModule, refill: float
) -> None:
    emulator.settings(throttle={"writes": {"bucket": 2, "refill": refill}})
    virtual = VirtualTime(emulator)
    with virtual.in_force():
        result = module(validate_identities=False, **ASSIGN)
    assert result["changed"]
    assert virtual.passed < 10 / refill
