# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers about flexible servers and the operations that change them, one function per kind of request."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from emulator.arm import resource_ids
from emulator.arm.access import find_group, find_subscription
from emulator.arm.errors import MethodNotAllowed, MissingSubscriptionRegistration
from emulator.arm.exchange import Call, Reply
from emulator.arm.paging import page
from emulator.arm.tenant import TENANT_ID
from emulator.postgresql import render
from emulator.postgresql.errors import ConfigurationNotFound, ServerStoppedError

if TYPE_CHECKING:
    from emulator.arm.operations import Operation
    from emulator.postgresql.models import Server

_SERVER_READ = f"{resource_ids.SERVER_TYPE}/read"
_SERVER_WRITE = f"{resource_ids.SERVER_TYPE}/write"
_LOCATIONS = "Microsoft.DBforPostgreSQL/locations"


def list_subscription_servers(call: Call) -> Reply:
    subscription = find_subscription(call, _SERVER_READ)
    return page(call, call.cloud.lists.of_subscription(subscription), partial(call.cloud.renderer.listed, call.version))


def list_group_servers(call: Call) -> Reply:
    group = find_group(call, _SERVER_READ)
    return page(call, call.cloud.lists.of_group(group), partial(call.cloud.renderer.listed, call.version))


def get_server(call: Call) -> Reply:
    """Answer with the server, `get_lag` after the end of an operation still with the identity from before."""
    server = _server(call, _SERVER_READ)
    then = server.as_of(call.cloud.clock.seconds() - call.cloud.settings.get_lag)
    return Reply(call.cloud.renderer.server(call.version, replace(server, identity=then.identity)))


def patch_server(call: Call) -> Reply:
    """Answer with the operation's start; the change shows in a GET when the operation is finished."""
    subscription = find_subscription(call, _SERVER_WRITE)
    if not subscription.registered:
        raise MissingSubscriptionRegistration(namespace="Microsoft.DBforPostgreSQL")
    group = subscription.group(call.parts["group"])
    server = group.server(call.parts["name"])
    call.cloud.policies.check(call)
    operation = call.cloud.patcher.patch(group, server, call.body, call.version, call.then)
    operation.request = {
        "method": call.method,
        "path": call.path,
        "body": call.body,
        "client_request_id": call.headers.get("x-ms-client-request-id"),
    }
    headers = {**_operation_headers(call, operation), **_retry_after(call)}
    urls = {"azure-asyncoperation": "azureAsyncOperation", "location": "operationResults"}
    sent = {"both": list(urls), "operation": ["azure-asyncoperation"], "location": ["location"], "none": []}
    for header in sent[call.cloud.settings.async_headers]:
        headers[header] = call.cloud.operations.url(_operation_base(call), urls[header], operation)
    return _accepted(call, operation, headers)


def _accepted(call: Call, operation: Operation, headers: dict[str, str]) -> Reply:
    """Answer with the status of the setting `accepted`, 200 and 201 with the server as it is by then."""
    call.cloud.operations.settle()
    accepted = call.cloud.settings.accepted
    if accepted == 202:
        body = {"operation": "UpsertServerManagementOperationV2", "startTime": operation.start_time}
        return Reply(body, 202, headers)
    if accepted == "202_empty" or accepted == 204:
        return Reply(None, 204 if accepted == 204 else 202, headers)
    return Reply(call.cloud.renderer.server(call.version, operation.server), accepted, headers)


def _operation_base(call: Call) -> str:
    """Return what the addresses of operations begin with; a host without port gets the one of the request."""
    host = call.cloud.settings.operation_host
    if host is None:
        return call.base
    return f"https://{host}" if ":" in host else f"https://{host}:{urlsplit(call.base).port or 443}"


def refuse_server_method(call: Call) -> Reply:
    """Refuse to create, replace or delete a server: a client of ours that tries has a fault."""
    raise MethodNotAllowed(method=call.method, path=call.path)


def get_configuration(call: Call) -> Reply:
    server = _server(call, f"{resource_ids.SERVER_TYPE}/configurations/read")
    if server.state == "Stopped":
        raise ServerStoppedError(name=server.name)
    if call.parts["configuration"].lower() != "azure.fabric_mirror_enabled":
        raise ConfigurationNotFound(name=call.parts["configuration"])
    return Reply(render.fabric_mirroring(server))


def get_operation(call: Call) -> Reply:
    """Answer a poll, always with 200 while the operation runs."""
    find_subscription(call, f"{_LOCATIONS}/azureAsyncOperation/read")
    operation = call.cloud.operations.find("azureAsyncOperation", call.parts["operation"], call.query)
    return Reply(operation.body(), 200, {**_operation_headers(call, operation), **_retry_after(call)})


def get_operation_result(call: Call) -> Reply:
    """Answer 202 until the operation is finished, then with the server, or the operation's error."""
    find_subscription(call, f"{_LOCATIONS}/operationResults/read")
    operation = call.cloud.operations.find("operationResults", call.parts["operation"], call.query)
    headers = _operation_headers(call, operation)
    if not operation.finished:
        here = call.cloud.operations.url(call.base, "operationResults", operation)
        return Reply(None, 202, {**headers, **_retry_after(call), "location": here})
    if operation.outcome.error:
        return Reply({"error": operation.outcome.error}, 400, headers)
    return Reply(call.cloud.renderer.server(call.version, operation.server), 200, headers)


def _operation_headers(call: Call, operation: Operation) -> dict[str, str]:
    location = resource_ids.short_location(operation.server.location)
    identifier = f"tenantId={TENANT_ID},objectId={call.actor}/{location}/{operation.id}"
    return {"x-ms-operation-identifier": identifier}


def _retry_after(call: Call) -> dict[str, str]:
    seconds = call.cloud.settings.retry_after
    return {} if seconds is None else {"Retry-After": str(seconds)}


def _server(call: Call, action: str) -> Server:
    return find_group(call, action).server(call.parts["name"])
