# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals by Azure Policy are read wherever they say something, and answers hold a token or not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.policies import (
    PolicyTokens,
    check_answer,
    note_policies,
    token_of,
    token_request,
)
from ansible_collections.pgflex.azure.plugins.module_utils._errors import PolicyTokenRefused, ServiceError
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
REF = ServerRef(SUBSCRIPTION, "rg-one", "pg-one")
NEIGHBOUR = ServerRef(SUBSCRIPTION, "RG-ONE", "pg-two")
FAR = ServerRef(SUBSCRIPTION, "rg-one-more", "pg-far")
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-one"
MISSING = {"shouldDeny": True, "isChangeReferenceRequired": False}
POLICY = {
    "policyDefinitionName": "p",
    "policyAssignmentId": f"{GROUP}/providers/Microsoft.Authorization/policyAssignments/a",
}


def noted(error: Any, status: int = 403, code: str = "RequestDisallowedByPolicy") -> ServiceError:
    refusal = ServiceError("Cannot change", "Disallowed.", code=code, status=status)
    note_policies(refusal, error)
    return refusal


def entry(**info: Any) -> dict[str, Any]:
    return {"type": "PolicyViolation", "info": {**POLICY, **info}}


@pytest.mark.parametrize(
    "error",
    [
        {"additionalInfo": [entry(evaluationDetails={"missingPolicyTokenDetails": MISSING})]},
        {"additionalInfo": [entry(missingPolicyTokenDetails=MISSING)]},
        {"additionalInfo": [entry(), entry(missingPolicyTokenDetails={"shouldDeny": "true"})]},
        {"details": [{"additionalInfo": [entry(missingPolicyTokenDetails=MISSING)]}]},
        {"additionalinfo": [{"INFO": {**POLICY, "x": [{"MissingPolicyTokenDetails": {"SHOULDDENY": "True"}}]}}]},
        {"additionalInfo": [{**POLICY, "missingPolicyTokenDetails": MISSING}]},
    ],
)
def test_the_demand_is_found_wherever_it_stands(error: Any) -> None:
    refusal = noted(error)
    assert (refusal.policy_scope, refusal.needs_change_reference) == (GROUP, False)
    assert f"Policy 'p' (assignment {POLICY['policyAssignmentId']})" in refusal.message


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        ({"additionalInfo": [entry()]}, 403, "RequestDisallowedByPolicy"),
        (
            {"additionalInfo": [entry(missingPolicyTokenDetails={"shouldDeny": False})]},
            403,
            "RequestDisallowedByPolicy",
        ),
        ({"additionalInfo": [entry(missingPolicyTokenDetails=MISSING)]}, 403, "AuthorizationFailed"),
        ({"additionalInfo": [entry(missingPolicyTokenDetails=MISSING)]}, 409, "RequestDisallowedByPolicy"),
        ({"additionalInfo": "none"}, 403, "RequestDisallowedByPolicy"),
        ({"additionalInfo": [1, None, {"info": 7}]}, 403, "RequestDisallowedByPolicy"),
        ({}, 403, "RequestDisallowedByPolicy"),
    ],
)
def test_nothing_else_is_a_demand(error: Any, status: int, code: str) -> None:
    assert noted(error, status, code).policy_scope is None


def test_what_was_evaluated_is_told() -> None:
    expressions = [{"expression": "location", "operator": "NotIn", "targetValue": ["westeurope"]}]
    refusal = noted({"additionalInfo": [entry(evaluationDetails={"evaluatedExpressions": expressions})]})
    assert "evaluated: location NotIn ['westeurope']" in refusal.message
    required = {**MISSING, "isChangeReferenceRequired": True}
    assert noted({"additionalInfo": [entry(missingPolicyTokenDetails=required)]}).needs_change_reference


@pytest.mark.parametrize(
    ("scope", "neighbour", "far"),
    [
        (GROUP.upper(), True, False),
        ("", True, False),
        ("/subscriptions/other", True, False),
        (f"/subscriptions/{SUBSCRIPTION}", True, True),
        ("/providers/Microsoft.Management/managementGroups/all", True, True),
        (REF.id, False, False),
    ],
)
def test_those_in_the_scope_of_the_assignment_ask_first(scope: str, neighbour: bool, far: bool) -> None:
    tokens = PolicyTokens()
    assert not tokens.asks_first(REF)
    tokens.learn(scope, REF)
    assert [tokens.asks_first(each) for each in (REF, NEIGHBOUR, FAR)] == [True, neighbour, far]


@pytest.mark.parametrize("content", [b'{"a":1e3,"b":{}}', b'{ "a" : "\\u00e9" }', '{"a":"é"}'.encode()])
def test_the_content_is_in_the_request_byte_for_byte(content: bytes) -> None:
    request = token_request("https://arm/x?api-version=1", "PATCH", content, "CHG1")
    assert b'"content":' + content + b"}" in request
    assert json.loads(request)["changeReference"] == "CHG1"
    assert json.loads(token_request("u", "PATCH", content, ""))["changeReference"] is None


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"token": "t"},
        {"result": "Failed", "token": "t"},
        {"result": "Succeeded", "token": ["t"]},
        {"result": "Succeeded", "token": "é"},
        {"result": "Succeeded", "token": "t\r\nx: y"},
        {"result": "Succeeded", "token": "t", "results": [{"policyAction": "Allow"}, {"policyAction": "DENY"}]},
        {"result": "Succeeded", "token": "t", "results": [{"policyaction": "Error"}]},
        {"result": "Succeeded", "results": [{"policyAction": "Audit"}]},
        {"result": "Succeeded", "results": ["what?"]},
    ],
)
def test_what_is_no_clear_token_is_refused(answer: dict[str, Any]) -> None:
    with pytest.raises(PolicyTokenRefused):
        check_answer(200, answer, "pg-one")


def test_a_token_of_any_form_and_an_answer_without_a_verdict_pass() -> None:
    for token in ("PoP abc", "PT 1.abc", "abc"):
        answer = {"result": "succeeded", "token": token, "results": [{"policyAction": "Allow"}]}
        check_answer(200, answer, "pg-one")
        assert token_of(answer) == token
    check_answer(200, {"result": "Succeeded", "results": []}, "pg-one")
    with pytest.raises(PolicyTokenRefused, match="Azure answered 202"):
        check_answer(202, answer, "pg-one")
