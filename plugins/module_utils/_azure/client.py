# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""The only file that calls the Azure SDK. SDK objects never leave it: what comes out is of `models` or `_errors`.

One request each, without retry; `retry` decides about the next try. JSON is read from the answer itself and PATCH
bodies are handed over as bytes, since the models of the SDK's versions differ: 2.0.0 adds an availability zone to every
PATCH, 3.0.0 sends dictionaries as they are, and 3.0.0 accepts nothing but 202 (runs of 1.1.0, 2.0.0 and 3.0.0).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from .._errors import OperationFailed, PgflexError, ServiceError, UnexpectedAnswer
from .._identity.models import Operation, Page, Server, UserIdentity, server_from_arm
from .._version import VERSION
from . import policies as azure_policy
from .challenges import challenge_policy
from .connection_problem import connection_error
from .deadline import READ_TIMEOUT, SHORTEST_TIMEOUT, TooLate
from .responses import (
    accepted_operation,
    check_place,
    json_of,
    json_or_nothing,
    not_json,
    note_deleted_identity,
    page_of,
    raw_json,
    refusal,
    request_id,
    retry_after,
    status_of,
    unreadable_write,
    user_identity,
    whole_server,
)
from .transport import make_transport

try:
    from azure.core.exceptions import (
        AzureError,
        DecodeError,
        HttpResponseError,
        ResponseNotReadError,
        ServiceRequestError,
        ServiceResponseError,
    )
    from azure.core.pipeline import policies
    from azure.core.rest import HttpRequest
    from azure.mgmt.core import ARMPipelineClient
    from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient
except ImportError as error:
    SDK_IMPORT_ERROR: ImportError | None = error
else:
    SDK_IMPORT_ERROR = None
    # What the SDK and we raise where an answer is not of the form that was expected.
    _WRONG_ANSWERS = (AzureError, ValueError, TypeError, AttributeError, KeyError, RecursionError)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._identity.resource_ids import ServerRef
    from .clouds import Cloud
    from .deadline import Deadline
    from .scrub import Scrubber
    from .tokens import Tokens

    #: Told of method and URL of a request; what it returns is told of status and headers of the answer.
    Observer = Callable[[str, str], Callable[[int, Any], None]]

# The newest stable version with recordings of identity changes (Azure CLI 2.82, January 2026). Named here, so that all
# versions of the SDK say the same; their own defaults run from 2024-08-01 to 2026-10-01.
API_VERSION = "2025-08-01"
# isolationScope came with 2024-11-30, assignmentRestrictions with 2025-05-31-preview; the last one is everywhere.
SUBSCRIPTIONS_API_VERSION = "2022-12-01"
IDENTITY_API_VERSIONS = ("2025-05-31-preview", "2024-11-30", "2023-01-31")
_UNKNOWN_VERSION_CODES = ("InvalidResourceType", "NoRegisteredProviderFound", "InvalidApiVersionParameter")
_OBSERVED = "pgflex_observed"
_FABRIC_MIRRORING = "azure.fabric_mirror_enabled"


class Api:
    """Azure Resource Manager of one cloud, with one credential and one pool of connections.

    `requests` counts what was sent to it; `observer` is told of every request and its answer. It may be used by several
    threads. Nothing is sent after `deadline`; then every request raises `WaitTimeout`, and `ServiceError` if it had
    begun. Raises `ImportError` when the SDK is not there.
    """

    def __init__(
        self, credential: Tokens, cloud: Cloud, ca_path: str | None, deadline: Deadline, scrubber: Scrubber
    ) -> None:
        if SDK_IMPORT_ERROR is not None:
            raise SDK_IMPORT_ERROR
        self._credential = credential
        #: Returns what to say before a run of a user whose writes this cloud will refuse, empty for all others.
        self.user_warning = credential.user_warning
        self._cloud = cloud
        self._deadline = deadline
        self._scrubber = scrubber
        self.requests = 0
        self.observer: Observer | None = None
        self._lock = threading.Lock()
        # Each thread's own: what cannot be read has to be named all the same.
        self._last = threading.local()
        self._transport = make_transport(ca_path, deadline)
        # Left out on purpose: retries, redirects (a token must not follow one), logging, and the registration of the
        # resource provider, which is a write that nobody asked for.
        self._policies = [
            policies.RequestIdPolicy(),
            policies.HeadersPolicy({"Accept": "application/json"}),
            policies.UserAgentPolicy(user_agent=f"pgflex.azure/{VERSION}"),
            policies.ContentDecodePolicy(),
            challenge_policy(credential, cloud.scope),
            policies.CustomHookPolicy(raw_request_hook=self._count, raw_response_hook=self._tell),
        ]
        self._raw: Any = ARMPipelineClient(cloud.resource_manager, policies=self._policies, transport=self._transport)
        self._clients: dict[str, Any] = {}

    def sign_in(self) -> None:
        """Get a token now, once, rather than in each of the first requests. Raise `CredentialError`, `NoConnection`."""
        self._credential.get_token(self._cloud.scope)

    def close(self) -> None:
        """Close all connections: the process may outlive the work, and do more of it."""
        self._transport.close()
        self._credential.close()

    def _count(self, request: Any) -> None:
        with self._lock:
            self.requests += 1
        if self.observer:
            request.context[_OBSERVED] = self.observer(request.http_request.method, request.http_request.url)

    def _tell(self, response: Any) -> None:
        self._last.answer = response.http_response
        if observed := response.context.pop(_OBSERVED, None):
            observed(response.http_response.status_code, response.http_response.headers)

    def _client(self, subscription_id: str) -> Any:
        if subscription_id not in self._clients:
            self._clients[subscription_id] = PostgreSQLManagementClient(
                self._credential,
                subscription_id,
                base_url=self._cloud.resource_manager,
                credential_scopes=[self._cloud.scope],
                api_version=API_VERSION,
                policies=self._policies,
                transport=self._transport,
            )
        return self._clients[subscription_id]

    def get_server(self, ref: ServerRef) -> Server:
        """GET the server. Raise `ServiceError`, `CredentialError`, `NoConnection`, `UnexpectedAnswer`."""
        client = self._client(ref.subscription_id)
        doing = f"Cannot read server {ref.name} in resource group {ref.resource_group}"

        def read() -> Server:
            raw = client.servers.get(ref.resource_group, ref.name, cls=raw_json)
            return server_from_arm(whole_server(raw, ref.id), ref)

        server: Server = self._ask(doing, ref.id, read)
        return server

    def update_identity(self, ref: ServerRef, body: dict[str, Any], policy_token: str = "") -> Operation:
        """PATCH the server with `body`, and with a policy token if there is one, and return at once.

        Raise as `get_server`, but an answer that cannot be read is a `ServiceError`: Azure may have acted.
        """
        client = self._client(ref.subscription_id)
        headers = {azure_policy.HEADER: policy_token} if policy_token else {}
        options: dict[str, Any] = {"content_type": "application/json", "polling": False, "headers": headers}
        doing = f"Cannot change the identities of server {ref.name} in resource group {ref.resource_group}"

        def send() -> Operation:
            try:
                content = azure_policy.content_of(body)
                client.servers.begin_update(ref.resource_group, ref.name, content, **options)
            except _WRONG_ANSWERS:
                # 3.0.0 takes all but 202 for a refusal, others 201 and 204; and the line may have broken after that.
                if self._accepted() is None:
                    raise
            operation = self._accepted()
            if operation is None:
                raise ValueError("not an answer of ARM")
            return operation

        try:
            # Whether a change was accepted is worth to be waited for.
            accepted: Operation = self._ask(doing, ref.id, send, READ_TIMEOUT)
        except UnexpectedAnswer as error:
            raise unreadable_write(doing, ref.id) from error
        except ServiceError as error:
            note_deleted_identity(error, body)
            raise
        return accepted

    def acquire_policy_token(self, ref: ServerRef, body: dict[str, Any], change_reference: str) -> str:
        """POST for a policy token, which lets `update_identity` with this `body` pass once; empty if none is needed.

        Raise `PolicyTokenRefused`, and as `get_server`.
        """
        doing = f"Cannot acquire a policy token for the change of server {ref.name}"
        home = self._cloud.resource_manager
        place = f"{home}/subscriptions/{ref.subscription_id}/providers/Microsoft.Authorization/acquirePolicyToken"
        content = azure_policy.token_request(
            f"{home}{quote(ref.id)}?api-version={API_VERSION}", "PATCH", azure_policy.content_of(body), change_reference
        )
        headers = {"Content-Type": "application/json", "x-ms-force-sync": "true"}

        def ask() -> str:
            url = f"{place}?api-version={azure_policy.API_VERSION}"
            answer = self._raw.send_request(HttpRequest("POST", url, content=content, headers=headers))
            if answer.status_code >= 300:
                raise HttpResponseError(response=answer)
            found = json_of(answer) if answer.status_code == 200 else json_or_nothing(answer)
            token = azure_policy.token_of(found)
            self._scrubber.add_token(token)
            azure_policy.check_answer(answer.status_code, found, ref.name)
            return token

        token: str = self._ask(doing, ref.id, ask)
        return token

    def _accepted(self) -> Operation | None:
        """Return the operation that the last answer has begun, if that accepts a write."""
        answer = self._last.answer
        if answer is None:
            return None
        try:
            text = answer.text()
        except ResponseNotReadError:
            text = None
        return accepted_operation(answer, text, self._cloud.resource_manager)

    def poll(self, operation: Operation) -> tuple[bool, float | None]:
        """Return whether the operation has succeeded, and the `Retry-After` of the answer.

        Raise `OperationFailed` when it ended otherwise, else as `get_server`.
        """
        doing = f"Cannot follow operation {operation.id}"

        def look() -> tuple[Any, str, dict[str, Any]]:
            answer = self._get(operation.url or "", doing)
            return answer, *status_of(answer)

        answer, status, error = self._ask(doing, operation.id, look)
        if status.lower() in ("failed", "canceled", "cancelled"):
            raise OperationFailed(
                f"The change was accepted, and its operation {operation.id} ended as {status}",
                str(error.get("message") or f"no reason was given (status {status})"),
                code=str(error.get("code") or status),
                target=operation.id,
                request_id=request_id(answer),
            )
        return status.lower() == "succeeded", retry_after(answer.headers)

    def get_identity(self, resource_id: str) -> UserIdentity:
        """GET a user-assigned identity. Raise as `get_server`."""
        doing = f"Cannot read identity {resource_id}"
        for version in IDENTITY_API_VERSIONS:
            url = f"{self._cloud.resource_manager}{quote(resource_id)}?api-version={version}"
            try:
                identity: UserIdentity = self._ask(
                    doing,
                    resource_id,
                    lambda url=url: user_identity(json_of(self._get(url, doing)), resource_id),  # type: ignore[misc]
                )
            except ServiceError as error:
                if error.code not in _UNKNOWN_VERSION_CODES or version == IDENTITY_API_VERSIONS[-1]:
                    raise
            else:
                return identity
        raise AssertionError("the last version returns or raises")

    def servers_url(self, subscription_id: str, resource_group: str | None = None) -> str:
        """Return where the list of the servers in a subscription or in one of its groups begins."""
        group = f"/resourceGroups/{quote(resource_group)}" if resource_group else ""
        path = f"/subscriptions/{subscription_id}{group}/providers/Microsoft.DBforPostgreSQL/flexibleServers"
        return f"{self._cloud.resource_manager}{path}?api-version={API_VERSION}"

    def subscriptions_url(self) -> str:
        """Return where the list of the subscriptions begins that the credential can see."""
        return f"{self._cloud.resource_manager}/subscriptions?api-version={SUBSCRIPTIONS_API_VERSION}"

    def get_page(self, url: str, doing: str) -> Page:
        """GET one page of a list. Raise as `get_server`, and `UnexpectedAnswer` for a `nextLink` to another host.

        The SDK's own paging sends the token to whatever host a `nextLink` names (azure-core 1.41.0, `ItemPaged`).
        """
        page: Page = self._ask(doing, urlsplit(url).path, lambda: page_of(self._get(url, doing)))
        return page

    def fabric_mirroring(self, ref: ServerRef) -> bool:
        """Return whether Fabric mirroring is on. Raise as `get_server`."""
        client = self._client(ref.subscription_id)
        doing = f"Cannot read the server parameter {_FABRIC_MIRRORING} of server {ref.name}"

        def read() -> Any:
            return client.configurations.get(ref.resource_group, ref.name, _FABRIC_MIRRORING, cls=raw_json)

        raw = self._ask(doing, ref.id, read)
        return str((raw.get("properties") or {}).get("value")).lower() == "on"

    def _get(self, url: str, doing: str) -> Any:
        check_place(url, self._cloud.resource_manager, doing)
        answer = self._raw.send_request(HttpRequest("GET", url))
        if answer.status_code >= 300:
            raise HttpResponseError(response=answer)
        return answer

    def _ask(self, doing: str, target: str, request: Callable[[], Any], least: float = SHORTEST_TIMEOUT) -> Any:
        """Return the result of `request`, within the time that is left, at least `least` seconds."""
        try:
            return self._deadline.run(lambda: self._request(doing, target, request), least)
        except TooLate as error:
            if error.begun:
                raise ServiceError(doing, "no answer in time", no_answer=True, target=target) from None
            raise self._deadline.passed(doing) from None
        except PgflexError as error:
            raise self._scrubber.error(error) from None

    def _request(self, doing: str, target: str, request: Callable[[], Any]) -> Any:
        """Return the result of `request`, with every exception of the SDK turned into one of `_errors`."""
        self._last.answer = None
        try:
            return request()
        except HttpResponseError as error:
            if error.response is None:
                raise ServiceError(doing, "the answer broke off", no_answer=True, target=target) from None
            told = not_json if isinstance(error, DecodeError) else refusal
            raise told(doing, target, error.response) from None
        except (ServiceRequestError, ServiceResponseError) as error:
            raise connection_error(doing, target, error) from None
        except _WRONG_ANSWERS:
            raise not_json(doing, target, self._last.answer) from None
