# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Azure Policy in the way of a write: what a 403 says of it, the request for a policy token, and its answer. Pure.

A policy with an external evaluation lets a write pass only with a token that proves the evaluation. The names are read
in any casing, as other clients do.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._errors import PolicyTokenRefused
from .._identity.resource_ids import key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .._errors import ServiceError
    from .._identity.resource_ids import ServerRef

HEADER = "x-ms-policy-external-evaluations"
#: The one of which the service's own people say that it will always work (Azure/azure-sdk#10081).
API_VERSION = "2025-11-01"
AUTO, ALWAYS, NEVER = MODES = ("auto", "always", "never")
_ASSIGNMENTS = "/providers/microsoft.authorization/policyassignments/"
_REFUSALS = ("deny", "error")
_MOST, _LONGEST = 5, 500


@dataclass
class PolicyTokens:
    """Who asks for a policy token before its write: all of a run, or those that a policy was met for.

    Several threads may use it.
    """

    mode: str = AUTO
    change_reference: str = ""
    _scopes: tuple[str, ...] = field(default=(), init=False)

    @property
    def asks_always(self) -> bool:
        """Whether every write asks first. A policy that audits refuses nothing, and gets a change reference only so."""
        return self.mode == ALWAYS or bool(self.change_reference)

    def announcement(self) -> str:
        """Return what a run that changes nothing says of one that would, empty where nothing is known before."""
        if not self.asks_always:
            return ""
        reference = f" with the change reference {self.change_reference}" if self.change_reference else ""
        return f"Before each change the run asks Azure Policy for a token{reference}. In check mode it asks for none."

    def asks_first(self, ref: ServerRef) -> bool:
        """Return whether the write of this server asks before it is sent."""
        return self.asks_always or any(_covers(scope, ref.id) for scope in self._scopes)

    def learn(self, scope: str, ref: ServerRef) -> None:
        """Let all servers ask that are in the `scope` of a policy which was met at `ref`.

        That of a management group holds the whole subscription; without any it is the resource group.
        """
        if "/providers/microsoft.management/" in f"{key(scope)}/":
            scope = f"/subscriptions/{ref.subscription_id}"
        if not scope or not _covers(scope, ref.id):
            scope = f"/subscriptions/{ref.subscription_id}/resourceGroups/{ref.resource_group}"
        if key(scope) not in self._scopes:
            self._scopes = (*self._scopes, key(scope))


def _covers(scope: str, resource_id: str) -> bool:
    return f"{key(resource_id)}/".startswith(f"{key(scope).rstrip('/')}/")


def note_policies(error: ServiceError, body: dict[str, Any]) -> None:
    """Tell in `error` which policies refused the write, by the `error` object of its answer, and what they ask for."""
    infos = list(_violations(body))
    said = " ".join(filter(None, (_describe(each, _of(each, "evaluationDetails")) for each in infos[:_MOST])))
    if said:
        error.message = f"{error.message.rstrip('.')}. {said}"
    if error.status != 403 or error.code.lower() != "requestdisallowedbypolicy":
        return
    for info in infos:
        for missing in _find_all(info, "missingpolicytokendetails"):
            if not _is_true(_of(missing, "shouldDeny")):
                continue
            if not error.policy_scope:
                error.policy_scope = _scope(info)
            error.policy_said = said
            error.needs_change_reference |= _is_true(_of(missing, "isChangeReferenceRequired"))


def _violations(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what every entry of `additionalInfo` says, those of inner errors too."""
    for infos in _find_all(body, "additionalinfo", list):
        for entry in infos:
            if isinstance(entry, dict):
                info = _of(entry, "info")
                yield info if isinstance(info, dict) else entry


def _find_all(value: Any, name: str, kind: type = dict) -> Iterator[Any]:
    """Yield every value of that kind under a key in any casing, however deep."""
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, dict):
            for key_, each in one.items():
                if str(key_).lower() == name and isinstance(each, kind):
                    yield each
            rest += one.values()
        elif isinstance(one, list):
            rest += one


def _of(value: Any, name: str) -> Any:
    """Return an entry by its name in any casing."""
    found = value.items() if isinstance(value, dict) else ()
    return next((each for other, each in found if str(other).lower() == name.lower()), None)


def _text(value: Any, *names: str) -> str:
    """Return the first of these entries that is a text."""
    texts = (_of(value, name) for name in names)
    return next((each.strip()[:_LONGEST] for each in texts if isinstance(each, str) and each.strip()), "")


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _scope(info: dict[str, Any]) -> str:
    assignment = _text(info, "policyAssignmentId")
    end = assignment.lower().find(_ASSIGNMENTS)
    return _text(info, "policyAssignmentScope") or (assignment[:end] if end > 0 else "")


def _describe(info: Any, details: Any, message: str = "", action: str = "") -> str:
    """Say which policy it is, what it says, and what was evaluated; empty for what names no policy."""
    name = _text(info, "policyDefinitionDisplayName", "policyDefinitionName", "policyDefinitionId")
    assignment = _text(info, "policyAssignmentId", "policyAssignmentName")
    if not (name or assignment):
        return message
    action = action or _text(info, "policyDefinitionEffect")
    facts = [f"assignment {assignment}"] * bool(assignment) + [f"action {action}"] * bool(action)
    parts = [f"Policy '{name or assignment}' ({', '.join(facts)})" if facts else f"Policy '{name}'"]
    parts += [f"says: {message.rstrip('.')}"] * bool(message)
    reason = _reason(details)
    return f"{' '.join(parts)}{f'; evaluated: {reason}' if reason else ''}."


def _reason(details: Any) -> str:
    if reason := _text(details, "reason", "message"):
        return reason.rstrip(".")
    expressions = _of(details, "evaluatedExpressions")
    found = []
    for each in expressions[:_MOST] if isinstance(expressions, list) else ():
        words = (_of(each, "expression"), _of(each, "operator"), _of(each, "targetValue"))
        found.append(" ".join(str(word) for word in words if word not in (None, "", [])))
    return ", ".join(filter(None, found))[:_LONGEST]


def content_of(body: dict[str, Any]) -> bytes:
    """Return the bytes of a PATCH, always the same ones: a policy token is for them."""
    return json.dumps(body, separators=(",", ":")).encode()


def token_request(uri: str, method: str, content: bytes, change_reference: str) -> bytes:
    """Return the body that asks for a token for a write, with the very bytes of its `content` in it.

    The service's people say that spaces and line breaks count (Azure/azure-sdk#10081).
    """
    operation = b'{"uri":%s,"httpMethod":%s,"content":%s}' % (_json(uri), _json(method), content)
    return b'{"operation":%s,"changeReference":%s}' % (operation, _json(change_reference or None))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def token_of(answer: dict[str, Any]) -> str:
    """Return the token of an answer, empty if it has none that a header can hold."""
    token = answer.get("token")
    return token if isinstance(token, str) and token.isascii() and token.isprintable() else ""


def check_answer(status: int, answer: dict[str, Any], server: str) -> None:
    """Raise `PolicyTokenRefused`, unless the answer to a request for a token lets the write of a server be sent.

    One without a token and without a verdict does: then nothing covers the write.
    """
    listed = answer.get("results")
    results = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    said = [
        _describe(_of(each, "policyInfo"), _of(each, "policyEvaluationDetails"), _text(each, "message"), _action(each))
        for each in results[:_MOST]
    ]
    if status != 200:
        raise PolicyTokenRefused(server, f"Azure answered {status} to the request for one")
    result = _text(answer, "result")
    if result.lower() != "succeeded":
        why = _text(answer, "message") or "without a reason"
        raise PolicyTokenRefused(server, f"its evaluation ended as {result or 'nothing'}: {why}", said)
    actions = [_action(each) for each in results]
    if refused := [each for each in actions if each.lower() in _REFUSALS]:
        raise PolicyTokenRefused(server, f"its evaluation says {refused[0]}", said)
    if token_of(answer):
        return
    if answer.get("token") or any(actions) or len(results) != len(listed or ()):
        raise PolicyTokenRefused(server, "the answer holds none", said)


def _action(result: dict[str, Any]) -> str:
    return _text(result, "policyAction")
