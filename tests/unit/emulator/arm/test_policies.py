# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Policies that deny a write, or ask for a token that an evaluation elsewhere gives."""

from __future__ import annotations

import json
from typing import Any

import pytest

BODY = b'{"identity":{"type":"UserAssigned","userAssignedIdentities":{"%s":{}}}}'
HEADER = "x-ms-policy-external-evaluations"


class Writer:
    """Writes to pg-plain, with tokens."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.path = f"{client.group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-plain"
        self.body = BODY % client.identity_id("id-app").encode()
        client.arm("GET", self.path)

    def policies(self, *policies: dict[str, Any], **settings: Any) -> None:
        entries = [{"name": "window", "scope": self.client.group, **each} for each in policies]
        self.client.control("PATCH", "settings", {"policies": entries, **settings})

    def send(self, method: str, path: str, content: bytes, **headers: str) -> Any:
        signed = {"Authorization": f"Bearer {self.client._token}", "Content_Type": "application/json"}
        return self.client.request(method, path, content, **signed, **headers)

    def write(self, body: bytes | None = None, token: str | None = None) -> Any:
        headers = {HEADER: token} if token else {}
        return self.send("PATCH", f"{self.path}?api-version=2025-08-01", body or self.body, **headers)

    def ask(self, content: bytes | None = None, reference: str | None = None) -> Any:
        uri = f"{self.client.ready['arm']}{self.path}?api-version=2025-08-01"
        operation = b'{"uri":"%s","httpMethod":"PATCH","content":%s}' % (uri.encode(), content or self.body)
        body = b'{"operation":%s,"changeReference":%s}' % (operation, json.dumps(reference).encode())
        place = f"/subscriptions/{self.client.subscription}/providers/Microsoft.Authorization/acquirePolicyToken"
        return self.send("POST", f"{place}?api-version=2025-11-01", body)

    def notes(self) -> list[tuple[str, str, bool]]:
        entries = self.client.control("GET", "evaluations")
        return [(each["kind"], each["token"], each["passed"]) for each in entries]


@pytest.fixture
def writer(client: Any) -> Writer:
    return Writer(client)


@pytest.mark.parametrize("place", ["evaluationDetails", "info"])
def test_a_write_without_a_token_is_refused_and_passes_with_one(writer: Writer, place: str) -> None:
    writer.policies({"change_reference": True}, policy_details_in=place)
    refusal = writer.write()
    assert refusal.error == (403, "RequestDisallowedByPolicy")
    (violation,) = refusal.body["error"]["additionalInfo"]
    info = violation["info"]
    missing = (info if place == "info" else info["evaluationDetails"])["missingPolicyTokenDetails"]
    assert (violation["type"], missing["shouldDeny"], missing["isChangeReferenceRequired"]) == ("PolicyViolation", 1, 1)
    assert info["policyAssignmentScope"] == writer.client.group
    answer = writer.ask(reference="CHG1").body
    assert answer["token"].startswith("PoP emulatedPolicyToken")
    assert writer.write(token=answer["token"]).status == 202
    assert writer.notes() == [("write", "none", False), ("token", "given", True), ("write", "valid", True)]


@pytest.mark.parametrize(("setting", "passes"), [("bytes", False), ("lenient", True)])
def test_a_token_is_for_one_content(writer: Writer, setting: str, passes: bool) -> None:
    writer.policies({}, policy_hash=setting)
    token = writer.ask(json.dumps(json.loads(writer.body)).encode()).body["token"]
    assert (writer.write(token=token).status == 202) is passes
    other = BODY % writer.client.identity_id("id-backup").encode()
    assert writer.write(other, token=writer.ask().body["token"]).status == 403
    assert writer.notes()[-1][1] == "of another content"


@pytest.mark.parametrize(("setting", "state"), [("refuse", "used"), ("accept", "valid")])
def test_a_token_serves_once_unless_that_is_set(writer: Writer, setting: str, state: str) -> None:
    writer.policies({}, policy_reuse=setting)
    token = writer.ask().body["token"]
    writer.client.settle(writer.write(token=token))
    writer.write(token=token)
    assert writer.notes()[-1][1] == state


def test_a_token_expires_and_belongs_to_one_server(writer: Writer) -> None:
    writer.policies({"lifespan": 10})
    token = writer.ask().body["token"]
    writer.client.control("POST", "clock", {"advance": 11})
    assert writer.write(token=token).status == 403
    token = writer.ask().body["token"]
    writer.path = writer.path.replace("pg-plain", "pg-app")
    assert writer.write(token=token).status == 403
    assert writer.write(token=writer.client.subscription).status == 403
    assert [state for kind, state, _passed in writer.notes() if kind == "write"] == [
        "expired", "of another request", "unknown",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "result", "action"),
    [
        ({"action": "Deny", "message": "Not now."}, "Succeeded", "Deny"),
        ({"action": "Error"}, "Succeeded", "Error"),
        ({"result": "Failed"}, "Failed", "Allow"),
        ({"change_reference": True}, "Failed", "Deny"),
    ],
)
def test_an_evaluation_that_says_no_gives_no_token(
    writer: Writer, policy: dict[str, Any], result: str, action: str
) -> None:
    writer.policies(policy)
    answer = writer.ask()
    assert (answer.status, answer.body["result"], answer.body["results"][0]["policyAction"]) == (200, result, action)
    assert "token" not in answer.body


@pytest.mark.parametrize(("setting", "given"), [("token", True), ("none", False)])
def test_where_no_policy_asks_a_token_is_given_or_not(writer: Writer, setting: str, given: bool) -> None:
    writer.policies(policy_unneeded=setting)
    answer = writer.ask().body
    assert (answer["result"], answer["results"], "token" in answer) == ("Succeeded", [], given)


def test_audit_lets_pass_and_a_plain_denial_does_not(writer: Writer) -> None:
    writer.policies({"if_missing": "Audit"})
    writer.client.settle(writer.write())
    writer.policies({"external": False, "reason": "No."})
    refusal = writer.write()
    assert refusal.error == (403, "RequestDisallowedByPolicy")
    assert "missingPolicyTokenDetails" not in str(refusal.body)
    assert refusal.body["error"]["additionalInfo"][0]["info"]["evaluationDetails"]["reason"] == "No."


@pytest.mark.parametrize(
    "denied", ["Microsoft.Resources/subscriptions/read", "Microsoft.DBforPostgreSQL/flexibleServers/write"]
)
def test_a_token_takes_the_right_to_the_subscription_and_to_the_write(writer: Writer, denied: str) -> None:
    writer.client.seed(denied_actions=[denied])
    assert writer.ask().error == (403, "AuthorizationFailed")


def test_the_request_names_an_operation(writer: Writer) -> None:
    place = f"/subscriptions/{writer.client.subscription}/providers/Microsoft.Authorization/acquirePolicyToken"
    answer = writer.client.arm("POST", place, {"operation": {}}, version="2025-11-01")
    assert answer.error == (400, "InvalidRequestContent")


def test_another_scope_and_a_reset_end_it_and_no_token_is_logged(writer: Writer) -> None:
    writer.policies({})
    token = writer.ask().body["token"]
    writer.policies({"scope": f"{writer.client.group}-other"})
    writer.write(token=token)
    assert "emulatedPolicyToken" not in str(writer.client.control("GET", "requests"))
    writer.client.control("POST", "reset")
    assert writer.notes() == []
