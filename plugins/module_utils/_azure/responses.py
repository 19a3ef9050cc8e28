# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Answers of ARM -> JSON, errors of ours, and dataclasses. No request is made here.

`answer` is a response of azure-core, of which `status_code`, `headers` and `text()` are used.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from .._errors import ServiceError, UnexpectedAnswer
from .._identity.models import Operation, Page, UserIdentity
from .._identity.resource_ids import key
from .multifactor import challenge_hint
from .policies import note_policies

_GONE = re.compile(r"(/subscriptions/[^'\"]+/userAssignedIdentities/[^/'\"]+)' was not found", re.IGNORECASE)
PROXY_HINT = "Check cloud_environment, and look for a proxy or gateway that answers in Azure's place."


def not_json(doing: str, target: str, answer: Any = None) -> UnexpectedAnswer:
    """Return the error for an `answer` that is HTML, cut off, or anything but an object in JSON."""
    error = UnexpectedAnswer(f"{doing}: the answer is not ARM's JSON.", target=target, hint=PROXY_HINT)
    if answer is not None:
        error.status, error.request_id = answer.status_code, request_id(answer)
    return error


def unreadable_write(doing: str, target: str) -> ServiceError:
    """Return the error for the answer to a PATCH that is not ARM's: Azure may have acted all the same."""
    return ServiceError(doing, "the answer is not ARM's JSON", no_answer=True, target=target, hint=PROXY_HINT)


def raw_json(pipeline_response: Any, _model: Any, _headers: Any) -> dict[str, Any]:
    """Return the JSON of the answer in place of a model, as the `cls` of an SDK operation. Raise `ValueError`."""
    return json_of(pipeline_response.http_response)


def json_of(answer: Any) -> dict[str, Any]:
    """Return the object that the answer holds. Raise `ValueError`."""
    return _parsed(answer.text())


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def page_of(answer: Any) -> Page:
    """Return a page of a list, `{"value": [..], "nextLink": ".."}`. Raise `ValueError`."""
    found = json_of(answer)
    items = found.get("value")
    if not isinstance(items, list) or not all(isinstance(each, dict) for each in items):
        raise ValueError("not a list of resources")
    link = found.get("nextLink") or None
    if link is not None and not isinstance(link, str):
        raise ValueError("not a link")
    urlsplit(link or "")  # raises for what cannot be an address
    return Page(tuple(items), link)


def whole_server(raw: dict[str, Any], resource_id: str) -> dict[str, Any]:
    """Return `raw`, if it is the server `resource_id`. Raise `ValueError`.

    An object that is something else would read as a server without any identity, and the next PATCH drop what is there.
    """
    if key(str(raw.get("id"))) != key(resource_id) or not isinstance(raw.get("properties"), dict):
        raise ValueError("not that server")
    return raw


def json_or_nothing(answer: Any) -> dict[str, Any]:
    """Return the object that the answer holds, empty if it holds none."""
    try:
        return json_of(answer)
    except ValueError:
        return {}


def accepted_operation(answer: Any, text: str | None, home: str) -> Operation | None:
    """Return the operation that a PATCH has begun, None unless ARM has accepted it.

    An empty 200, 201, 202 or 204 is enough. `text` is the body, None if it broke off: then the address of the operation
    says it. A body that is no JSON comes from somebody in between, who may not have passed the PATCH on. An operation
    that is not at `home`, where ARM is, has no address to follow: a token must not be sent there.
    """
    url = answer.headers.get("Azure-AsyncOperation") or answer.headers.get("Location")
    try:
        body = _parsed(text) if text and text.strip() else {}
    except ValueError:
        return None
    if answer.status_code not in (200, 201, 202, 204) or (text is None and not url):
        return None
    try:
        identifier = urlsplit(url or "").path.rsplit("/", 1)[-1]
        url = url if url and same_place(url, home) else None
    except ValueError:  # brackets without an address between them
        url, identifier = None, ""
    return Operation(identifier, str(body.get("startTime") or ""), url, retry_after(answer.headers))


def same_place(url: str, other: str) -> bool:
    """Return whether requests for both go to the same port of the same host. Raise `ValueError`."""
    first, second = ((each.scheme, each.hostname, each.port or 443) for each in (urlsplit(url), urlsplit(other)))
    return first == second


def check_place(url: str, home: str, doing: str) -> None:
    """Raise `UnexpectedAnswer` for an address that is not at `home`: a token must not be sent there."""
    if not same_place(url, home):
        there, here = (urlsplit(each).netloc for each in (url, home))
        raise UnexpectedAnswer(
            f"{doing}: Azure named an address at {there or 'no host'}, not at {here}. The token was not sent there.",
            code="ForeignHost",
        )


def status_of(answer: Any) -> tuple[str, dict[str, Any]]:
    """Return the status word of an operation, and its `error`, empty if there is none. Raise `ValueError`.

    An operationResults URL has no word: 202 says that it runs, 204, and 200 with nothing or with the server, that it is
    done (azure-core 1.41.0, `LROPoller`).
    """
    if not answer.text().strip():
        return ("InProgress" if answer.status_code == 202 else "Succeeded"), {}
    body = json_or_nothing(answer) if answer.status_code == 202 else json_of(answer)
    word = body.get("status")
    if word is None and answer.status_code != 202 and not isinstance(body.get("properties"), dict):
        raise ValueError("not an operation")
    error = body.get("error") or {}
    told = error if isinstance(error, dict) else {"message": str(error)}
    return str(word or ("InProgress" if answer.status_code == 202 else "Succeeded")), told


def request_id(answer: Any) -> str:
    """Return the ID by which Azure support finds the request, empty if the answer does not say."""
    return answer.headers.get("x-ms-request-id") or answer.headers.get("x-ms-correlation-request-id") or ""


def retry_after(headers: Any) -> float | None:
    """Return `Retry-After` in seconds: a number, or the time until an HTTP date; None if it is absent or neither."""
    value = headers.get("Retry-After")
    if not value:
        return None
    try:
        return float(value)
    except ValueError:
        pass
    try:
        return (parsedate_to_datetime(value) - datetime.now(timezone.utc)).total_seconds()
    except (ValueError, TypeError):
        return None


def refusal(doing: str, target: str, answer: Any) -> ServiceError:
    """Return an HTTP status that says no as an error of ours. ARM's envelope is `{"error": {"code", "message"}}`."""
    body = json_or_nothing(answer)
    inner = body.get("error")
    error: dict[str, Any] = inner if isinstance(inner, dict) else body
    said = str(error.get("message") or "")
    not_arm = not said and answer.status_code < 500
    if not said:
        kind = (answer.headers.get("Content-Type") or "nothing").split(";")[0]
        said = f"Azure answered {kind} instead of an error in JSON"
    if 300 <= answer.status_code < 400:
        said = "Azure answered with a redirection, which is not followed"
    code = str(error.get("code") or "")
    challenge = challenge_hint(answer.headers, code) if answer.status_code == 401 else ""
    told = ServiceError(
        doing,
        said,
        code=code,
        status=answer.status_code,
        target=str(error.get("target") or target),
        request_id=request_id(answer),
        retry_after=retry_after(answer.headers),
        hint=challenge or (PROXY_HINT if not_arm else ""),
    )
    note_policies(told, error)
    return told


def note_deleted_identity(error: ServiceError, body: dict[str, Any]) -> None:
    """Tell in `error` if a PATCH is refused for an identity that the server holds: its `body` assigns another."""
    changes = body["identity"].get("userAssignedIdentities") or {}
    assigned = {key(each) for each, change in changes.items() if change is not None}
    gone = [each for each in _GONE.findall(error.message) if key(each) not in assigned]
    if error.code.lower() == "failedidentityoperation" and gone:
        name = gone[0].rsplit("/", 1)[-1]
        error.hint = (
            f"The server holds {name}, which was deleted. Remove it from the server, by its resource ID and in a run "
            "of its own; if Azure refuses that too, create an identity of that name again, remove it, and delete it."
        )


def user_identity(raw: dict[str, Any], resource_id: str) -> UserIdentity:
    """Read a user-assigned identity as its own GET returns it; older API versions leave the restrictions out."""
    properties = raw.get("properties") or {}
    restrictions = properties.get("assignmentRestrictions") or {}
    providers = restrictions.get("providers")
    return UserIdentity(
        id=raw.get("id") or resource_id,
        location=raw.get("location") or "",
        principal_id=properties.get("principalId"),
        client_id=properties.get("clientId"),
        isolation_scope=properties.get("isolationScope"),
        allowed_providers=tuple(providers) if isinstance(providers, list) and providers else None,
    )
