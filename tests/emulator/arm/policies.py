# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure Policy in the way of writes: plain denials, and policies with an external evaluation, which ask for a token."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from emulator.arm.access import find_subscription
from emulator.arm.errors import InvalidRequestContent, RequestDisallowedByPolicy
from emulator.arm.exchange import Call, Reply
from emulator.arm.models import stable_guid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from emulator.control.settings import Settings

HEADER = "x-ms-policy-external-evaluations"
#: By this a token is found in an output, whatever its prefix is.
SIGN = "emulatedPolicyToken"
_ASSIGNMENTS = "/providers/Microsoft.Authorization/policyAssignments/"
_CONTENT = re.compile(r'"content"\s*:\s*')


def _is_in(resource_id: str, scope: str) -> bool:
    return f"{resource_id.lower()}/".startswith(f"{scope.lower().rstrip('/')}/")


@dataclass(frozen=True)
class Policy:
    """A policy that is assigned: `settings.policies` has its options, the README says what they mean."""

    name: str
    scope: str
    not_scopes: Sequence[str] = ()
    display_name: str = ""
    external: bool = True
    if_missing: str = "Deny"
    change_reference: bool = False
    action: str = "Allow"
    result: str = "Succeeded"
    lifespan: float = 7200
    message: str = ""
    reason: str = ""

    @property
    def assignment(self) -> str:
        return f"{self.scope}{_ASSIGNMENTS}{self.name}"

    @property
    def demands_token(self) -> bool:
        return self.external and self.if_missing == "Deny"

    def covers(self, resource_id: str) -> bool:
        return _is_in(resource_id, self.scope) and not any(_is_in(resource_id, each) for each in self.not_scopes)

    def info(self) -> dict[str, Any]:
        """Return what errors and evaluations say of a policy."""
        definition = stable_guid("policy", self.name)
        return {
            "policyDefinitionId": f"/providers/Microsoft.Authorization/policyDefinitions/{definition}",
            "policyDefinitionName": definition,
            "policyDefinitionDisplayName": self.display_name or self.name,
            "policyDefinitionEffect": "deny",
            "policyAssignmentId": self.assignment,
            "policyAssignmentName": self.name,
            "policyAssignmentDisplayName": self.display_name or self.name,
            "policyAssignmentScope": self.scope,
        }

    def details(self) -> dict[str, Any]:
        """Return what is said of the evaluation."""
        expression = {"result": "True", "expressionKind": "Field", "expression": "type", "path": "type"}
        return {"evaluatedExpressions": [expression], **({"reason": self.reason} if self.reason else {})}


@dataclass
class _Token:
    resource: str
    method: str
    digest: str
    expires: float
    change_reference: str | None
    used: bool = False


class Policies:
    """The policies of `settings`, the tokens that were given, and what became of each write. `clock` tells when."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._tokens: dict[str, _Token] = {}
        self.evaluations: list[dict[str, Any]] = []

    def clear(self) -> None:
        self._tokens.clear()
        self.evaluations.clear()

    def _of(self, resource_id: str) -> list[Policy]:
        every = [Policy(**each) for each in self._settings.policies]
        return [each for each in every if each.covers(resource_id)]

    def check(self, call: Call) -> None:
        """Let a write pass.

        :raises RequestDisallowedByPolicy: unless every policy that covers it does.
        """
        covering = self._of(call.path)
        state, token = self._state(call)
        violated = [each for each in covering if not each.external or (each.demands_token and state != "valid")]
        if token:
            token.used = True
        self._note(
            call,
            "write",
            covering,
            token=state,
            passed=not violated,
            reference=token.change_reference if token else None,
        )
        if violated:
            raise RequestDisallowedByPolicy(
                policies=", ".join(each.display_name or each.name for each in violated),
                resource=call.path.rsplit("/", 1)[-1],
                violations=[self._violation(each) for each in violated],
            )

    def _state(self, call: Call) -> tuple[str, _Token | None]:
        given = call.headers.get(HEADER)
        token = self._tokens.get(given) if given else None
        if given is None or token is None:
            return ("none" if given is None else "unknown"), None
        if token.resource != call.path.lower() or token.method != call.method:
            return "of another request", token
        if token.digest != self._digest(call.content.decode()):
            return "of another content", token
        if token.expires < self._clock():
            return "expired", token
        if token.used and self._settings.policy_reuse == "refuse":
            return "used", token
        return "valid", token

    def _violation(self, policy: Policy) -> dict[str, Any]:
        details = policy.details()
        info = {**policy.info(), "evaluationDetails": details}
        if policy.external:
            missing = {
                "isChangeReferenceRequired": policy.change_reference,
                "endpointKind": "AzureResourceGraph",
                "endpointDetails": {},
                "endpointResultLifespan": f"PT{policy.lifespan:g}S",
                "shouldDeny": True,
            }
            (details if self._settings.policy_details_in == "evaluationDetails" else info)[
                "missingPolicyTokenDetails"
            ] = missing
        return {"type": "PolicyViolation", "info": info}

    def acquire(self, call: Call) -> dict[str, Any]:
        """Return the answer to a request for a token; with a policy that says no it has none."""
        operation, content = _operation(call)
        resource = unquote(urlsplit(operation["uri"]).path)
        reference = call.body.get("changeReference")
        asked = [each for each in self._of(resource) if each.external]
        results = [_evaluation(each, reference) for each in asked]
        failed = any(each["result"] == "Failed" for each in results)
        refused = failed or any(each["policyAction"] in ("Deny", "Error") for each in results)
        answer: dict[str, Any] = {
            "result": "Failed" if failed else "Succeeded",
            "message": "The evaluation has failed." if failed else "",
            "results": results,
            "changeReference": reference,
        }
        gives = bool(asked) or self._settings.policy_unneeded == "token"
        given = gives and not refused
        self._note(call, "token", asked, token="given" if given else "none", passed=given, reference=reference)
        if given:
            answer.update(self._token(operation, resource, content, reference, [each.lifespan for each in asked]))
        return answer

    def _token(
        self, operation: dict[str, Any], resource: str, content: str, reference: str | None, lives: list[float]
    ) -> dict[str, Any]:
        token = f"{self._settings.policy_prefix}{SIGN}{secrets.token_urlsafe(48)}"
        expires = self._clock() + min(lives, default=7200.0)
        digest = self._digest(content)
        self._tokens[token] = _Token(resource.lower(), operation["httpMethod"].upper(), digest, expires, reference)
        details = {"uri": operation["uri"], "resourceId": resource, "httpMethod": operation["httpMethod"]}
        return {
            "token": token,
            "tokenId": str(uuid.uuid4()),
            "expiration": datetime.fromtimestamp(expires, timezone.utc).isoformat(),
            "requestDetails": {**details, "contentHash": digest},
        }

    def _digest(self, content: str) -> str:
        """Return what the service compares: bytes, or what they say. Its own algorithm is not published."""
        if self._settings.policy_hash == "lenient" and content:
            content = json.dumps(json.loads(content), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def _note(
        self, call: Call, kind: str, policies: list[Policy], *, token: str, passed: bool, reference: str | None
    ) -> None:
        resource = call.path if kind == "write" else unquote(urlsplit(call.body["operation"]["uri"]).path)
        self.evaluations.append(
            {
                "kind": kind,
                "resource": resource,
                "policies": [each.name for each in policies],
                "token": token,
                "passed": passed,
                "change_reference": reference,
                "time": self._clock(),
            }
        )


def acquire_policy_token(call: Call) -> Reply:
    """Answer the request for a token. It takes the right to read the subscription, and that to the operation."""
    find_subscription(call, "Microsoft.Resources/subscriptions/read")
    find_subscription(call, "Microsoft.DBforPostgreSQL/flexibleServers/write")
    return Reply(call.cloud.policies.acquire(call))


def _operation(call: Call) -> tuple[dict[str, Any], str]:
    """Return the operation, and its content as it stands in the request."""
    operation = call.body.get("operation") if isinstance(call.body, dict) else None
    if not isinstance(operation, dict) or not {"uri", "httpMethod"} <= operation.keys():
        raise InvalidRequestContent(reason="operation needs uri and httpMethod")
    text = call.content.decode()
    begins = _CONTENT.search(text)
    if begins is None or operation.get("content") is None:
        return operation, ""
    _value, end = json.JSONDecoder().raw_decode(text, begins.end())
    return operation, text[begins.end() : end]


def _evaluation(policy: Policy, reference: str | None) -> dict[str, Any]:
    lacks = policy.change_reference and not reference
    return {
        "policyInfo": policy.info(),
        "result": "Failed" if lacks else policy.result,
        "endpointKind": "AzureResourceGraph",
        "message": "A change reference is required." if lacks else policy.message,
        "policyAction": "Deny" if lacks else policy.action,
        "policyEvaluationDetails": policy.details(),
    }
