# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of Azure Resource Manager, one function per kind of request."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from emulator import arm_id, render
from emulator.errors import (
    AuthorizationFailed,
    ConfigurationNotFound,
    InvalidSkipToken,
    MethodNotAllowed,
    MissingSubscriptionRegistration,
    ResourceNotFound,
    ServerStoppedError,
)
from emulator.exchange import Call, Reply
from emulator.identities import CLIENT_ID
from emulator.models import TENANT_ID

if TYPE_CHECKING:
    from emulator.models import ResourceGroup, Server, Subscription
    from emulator.operations import Operation

_SERVER_READ = f"{arm_id.SERVER_TYPE}/read"
_SERVER_WRITE = f"{arm_id.SERVER_TYPE}/write"
_IDENTITY_READ = f"{arm_id.IDENTITY_TYPE}/read"
_LOCATIONS = "Microsoft.DBforPostgreSQL/locations"


def list_subscriptions(call: Call) -> Reply:
    """Only those in which the caller has a right, as ARM does."""
    visible = [each for each in call.cloud.world.subscriptions.values() if not each.denied]
    return Reply(
        {"value": [render.subscription(each) for each in visible], "count": {"type": "Total", "value": len(visible)}}
    )


def get_subscription(call: Call) -> Reply:
    return Reply(render.subscription(_subscription(call, "Microsoft.Resources/subscriptions/read")))


def list_tenants(call: Call) -> Reply:
    return Reply({"value": [render.tenant()]})


def list_locations(call: Call) -> Reply:
    subscription = _subscription(call, "Microsoft.Resources/subscriptions/locations/read")
    return Reply({"value": [render.location(subscription.id, *each) for each in arm_id.locations().items()]})


def list_groups(call: Call) -> Reply:
    subscription = _subscription(call, "Microsoft.Resources/subscriptions/resourceGroups/read")
    return Reply({"value": [render.resource_group(each) for each in subscription.groups.values()]})


def get_group(call: Call) -> Reply:
    return Reply(render.resource_group(_group(call, "Microsoft.Resources/subscriptions/resourceGroups/read")))


def get_provider(call: Call) -> Reply:
    subscription = _subscription(call, "Microsoft.Resources/subscriptions/providers/read")
    return Reply(render.provider(subscription, call.parts["namespace"]))


def register_provider(call: Call) -> Reply:
    subscription = _subscription(call, f"{call.parts['namespace']}/register/action")
    if call.parts["namespace"].lower() == "microsoft.dbforpostgresql":
        subscription.registered = True
    return Reply(render.provider(subscription, call.parts["namespace"]))


def list_subscription_identities(call: Call) -> Reply:
    subscription = _subscription(call, _IDENTITY_READ)
    return _page(call, list(subscription.identities()), lambda each: render.identity(each, call.version))


def list_group_identities(call: Call) -> Reply:
    group = _group(call, _IDENTITY_READ)
    return _page(call, list(group.identities.values()), lambda each: render.identity(each, call.version))


def get_identity(call: Call) -> Reply:
    group = _group(call, _IDENTITY_READ)
    identity = group.identities.get(call.parts["name"].lower())
    if identity is None:
        raise ResourceNotFound(kind=arm_id.IDENTITY_TYPE, name=call.parts["name"], group=group.name)
    return Reply(render.identity(identity, call.version))


def list_subscription_servers(call: Call) -> Reply:
    subscription = _subscription(call, _SERVER_READ)
    return _page(call, list(subscription.servers()), call.cloud.renderer.server)


def list_group_servers(call: Call) -> Reply:
    group = _group(call, _SERVER_READ)
    return _page(call, list(group.servers.values()), call.cloud.renderer.server)


def get_server(call: Call) -> Reply:
    return Reply(call.cloud.renderer.server(_server(call, _SERVER_READ)))


def patch_server(call: Call) -> Reply:
    """202 with the operation's start; the change shows in a GET when the operation is finished."""
    subscription = _subscription(call, _SERVER_WRITE)
    if not subscription.registered:
        raise MissingSubscriptionRegistration(namespace="Microsoft.DBforPostgreSQL")
    group = subscription.group(call.parts["group"])
    server = group.server(call.parts["name"])
    operation = call.cloud.patcher.patch(group, server, call.body, call.version, call.then)
    headers = {**_operation_headers(call, operation), **_retry_after(call)}
    urls = {"azure-asyncoperation": "azureAsyncOperation", "location": "operationResults"}
    sent = {"both": list(urls), "operation": ["azure-asyncoperation"], "location": ["location"], "none": []}
    for header in sent[call.cloud.settings.async_headers]:
        headers[header] = call.cloud.operations.url(call.base, urls[header], operation)
    body = {"operation": "UpsertServerManagementOperationV2", "startTime": operation.start_time}
    return Reply(body, 202, headers)


def refuse_server_method(call: Call) -> Reply:
    """Servers are neither created, replaced nor deleted here: a client of ours that tries has a fault."""
    raise MethodNotAllowed(method=call.method, path=call.path)


def get_configuration(call: Call) -> Reply:
    server = _server(call, f"{arm_id.SERVER_TYPE}/configurations/read")
    if server.state == "Stopped":
        raise ServerStoppedError(name=server.name)
    if call.parts["configuration"].lower() != "azure.fabric_mirror_enabled":
        raise ConfigurationNotFound(name=call.parts["configuration"])
    return Reply(render.fabric_mirroring(server))


def get_operation(call: Call) -> Reply:
    """A poll: always 200 while the operation runs."""
    _subscription(call, f"{_LOCATIONS}/azureAsyncOperation/read")
    operation = call.cloud.operations.find("azureAsyncOperation", call.parts["operation"], call.query)
    return Reply(operation.body(), 200, {**_operation_headers(call, operation), **_retry_after(call)})


def get_operation_result(call: Call) -> Reply:
    """202 until the operation is finished, then the server, or the operation's error."""
    _subscription(call, f"{_LOCATIONS}/operationResults/read")
    operation = call.cloud.operations.find("operationResults", call.parts["operation"], call.query)
    headers = _operation_headers(call, operation)
    if not operation.finished:
        here = call.cloud.operations.url(call.base, "operationResults", operation)
        return Reply(None, 202, {**headers, **_retry_after(call), "location": here})
    if operation.outcome.error:
        return Reply({"error": operation.outcome.error}, 400, headers)
    return Reply(call.cloud.renderer.server(operation.server), 200, headers)


def _operation_headers(call: Call, operation: Operation) -> dict[str, str]:
    location = arm_id.short_location(operation.server.location)
    identifier = f"tenantId={TENANT_ID},objectId={call.actor}/{location}/{operation.id}"
    return {"x-ms-operation-identifier": identifier}


def _retry_after(call: Call) -> dict[str, str]:
    seconds = call.cloud.settings.retry_after
    return {} if seconds is None else {"Retry-After": str(seconds)}


def _subscription(call: Call, action: str) -> Subscription:
    subscription = call.cloud.world.subscription(call.parts["subscription"])
    if not subscription.allows(action):
        raise AuthorizationFailed(client=CLIENT_ID, actor=call.actor, action=action, scope=call.path)
    return subscription


def _group(call: Call, action: str) -> ResourceGroup:
    return _subscription(call, action).group(call.parts["group"])


def _server(call: Call, action: str) -> Server:
    return _group(call, action).server(call.parts["name"])


def _page(call: Call, items: list[Any], rendered: Any) -> Reply:
    """One page; `$skiptoken` is the number of items before it, in base64."""
    size = call.cloud.settings.page_size
    start = _skipped(call.query.get("$skiptoken"))
    body: dict[str, Any] = {"value": [rendered(each) for each in items[start : start + size]]}
    if start + size < len(items):
        token = base64.urlsafe_b64encode(str(start + size).encode()).decode().rstrip("=")
        body["nextLink"] = f"{call.base}{quote(call.path)}?api-version={call.version}&$skiptoken={token}"
    return Reply(body)


def _skipped(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error) as error:
        raise InvalidSkipToken(token=token) from error
