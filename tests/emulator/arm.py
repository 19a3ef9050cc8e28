# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure Resource Manager's front: its routes, and the checks that every request passes before it is answered."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator import arm_responses as responses
from emulator import schema
from emulator.errors import (
    ArmError,
    InvalidApiVersionParameter,
    InvalidResourceNamespace,
    InvalidResourceType,
    InvalidSubscriptionId,
    MethodNotAllowed,
    MissingApiVersionParameter,
)
from emulator.exchange import Call, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

SERVER_VERSIONS = (
    "2022-12-01", "2023-06-01-preview", "2023-12-01-preview", "2024-03-01-preview", "2024-08-01",
    "2024-11-01-preview", "2025-01-01-preview", "2025-06-01-preview", "2025-08-01",
    "2026-01-01-preview", "2026-04-01-preview", "2026-10-01",
)  # fmt: skip
IDENTITY_VERSIONS = ("2023-01-31", "2024-11-30", "2025-05-31-preview")

_SUBSCRIPTION = "/subscriptions/(?P<subscription>[^/]+)"
_GROUP = f"{_SUBSCRIPTION}/resourceGroups/(?P<group>[^/]+)"
_SERVERS = "/providers/Microsoft.DBforPostgreSQL/flexibleServers"
_IDENTITIES = "/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
_OPERATIONS = f"{_SUBSCRIPTION}/providers/Microsoft.DBforPostgreSQL/locations/[^/]+"
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_VERSION = re.compile(r"\d{4}-\d\d-\d\d(-[a-z]+)?", re.IGNORECASE)
_HEADERS = {
    "Cache-Control": "no-cache",
    "Pragma": "no-cache",
    "Expires": "-1",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Cache": "CONFIG_NOCACHE",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Route:
    """A path in any casing, and who answers; `checks` names the schemas of request and answer."""

    method: str
    path: re.Pattern[str]
    answer: Callable[[Call], Reply]
    versions: tuple[str, ...] = ()
    checks: tuple[str | None, str | None] = (None, None)


def _route(
    method: str,
    path: str,
    answer: Callable[[Call], Reply],
    versions: tuple[str, ...] = (),
    checks: tuple[str | None, str | None] = (None, None),
) -> Route:
    return Route(method, re.compile(f"{path}/?", re.IGNORECASE), answer, versions, checks)


_LISTED, _POLLED = (None, "server_list"), (None, "operation")
_OPERATION = "(?P<operation>[^/]+)"
_SERVER = f"{_GROUP}{_SERVERS}/(?P<name>[^/]+)"
ROUTES = (
    _route("GET", "/subscriptions", responses.list_subscriptions),
    _route("GET", "/tenants", responses.list_tenants),
    _route("GET", _SUBSCRIPTION, responses.get_subscription),
    _route("GET", f"{_SUBSCRIPTION}/locations", responses.list_locations),
    _route("GET", f"{_SUBSCRIPTION}/resourceGroups", responses.list_groups),
    _route("GET", _GROUP, responses.get_group),
    _route("GET", f"{_SUBSCRIPTION}/providers/(?P<namespace>[^/]+)", responses.get_provider),
    _route("POST", f"{_SUBSCRIPTION}/providers/(?P<namespace>[^/]+)/register", responses.register_provider),
    _route("GET", f"{_SUBSCRIPTION}{_IDENTITIES}", responses.list_subscription_identities, IDENTITY_VERSIONS),
    _route("GET", f"{_GROUP}{_IDENTITIES}", responses.list_group_identities, IDENTITY_VERSIONS),
    _route("GET", f"{_GROUP}{_IDENTITIES}/(?P<name>[^/]+)", responses.get_identity, IDENTITY_VERSIONS),
    _route("GET", f"{_SUBSCRIPTION}{_SERVERS}", responses.list_subscription_servers, SERVER_VERSIONS, _LISTED),
    _route("GET", f"{_GROUP}{_SERVERS}", responses.list_group_servers, SERVER_VERSIONS, _LISTED),
    _route("GET", _SERVER, responses.get_server, SERVER_VERSIONS, (None, "server")),
    _route("PATCH", _SERVER, responses.patch_server, SERVER_VERSIONS, ("identity_patch", "operation")),
    _route("PUT", _SERVER, responses.refuse_server_method, SERVER_VERSIONS),
    _route("DELETE", _SERVER, responses.refuse_server_method, SERVER_VERSIONS),
    _route("GET", f"{_SERVER}/configurations/(?P<configuration>[^/]+)", responses.get_configuration, SERVER_VERSIONS),
    _route("GET", f"{_OPERATIONS}/azureAsyncOperation/{_OPERATION}", responses.get_operation, SERVER_VERSIONS, _POLLED),
    _route("GET", f"{_OPERATIONS}/operationResults/{_OPERATION}", responses.get_operation_result, SERVER_VERSIONS),
)  # fmt: skip


def kind(path: str) -> str:
    """Kind of a request in the log: ARM also answers what is nobody's, with an error."""
    return "arm" if path.lower().startswith(("/subscriptions", "/tenants", "/providers")) else "other"


def answer(call: Call) -> Reply:
    """Answer an ARM request: who asks, what for, in which version, how often, and then the answer itself."""
    limits: dict[str, str] = {}
    route: Route | None = None
    try:
        call.actor = call.cloud.tokens.verify(call.headers.get("Authorization"), call.base)
        route = _find(call)
        _check_version(call, route)
        limits = _limits(call)
        reply = route.answer(call)
    except ArmError as error:
        reply = Reply(error.body(), error.status, dict(error.headers))
    dress(reply, limits)
    if call.cloud.settings.check_schema and route is not None:
        _check_exchange(call, route, reply)
    return reply


def dress(reply: Reply, limits: dict[str, str]) -> None:
    """Give an answer the headers that all of them carry; its own ones win."""
    ids = {name: str(uuid.uuid4()) for name in ("x-ms-request-id", "x-ms-correlation-request-id")}
    reply.headers = {**_HEADERS, **ids, **limits, **reply.headers}


def _find(call: Call) -> Route:
    others = False
    for route in ROUTES:
        match = route.path.fullmatch(call.path)
        if match and route.method == call.method:
            call.parts = match.groupdict()
            return route
        others = others or match is not None
    if others:
        raise MethodNotAllowed(method=call.method, path=call.path)
    raise InvalidResourceNamespace(path=call.path)


def _check_version(call: Call, route: Route) -> None:
    if not call.version:
        raise MissingApiVersionParameter
    if not _VERSION.fullmatch(call.version):
        raise InvalidApiVersionParameter(version=call.version, supported=",".join(route.versions or SERVER_VERSIONS))
    if route.versions and call.version.lower() not in route.versions:
        namespace, resource_type = re.split("/providers/", call.path, flags=re.IGNORECASE)[1].split("/")[:2]
        raise InvalidResourceType(
            namespace=namespace, kind=resource_type, version=call.version, supported=", ".join(route.versions)
        )


def _limits(call: Call) -> dict[str, str]:
    subscription = call.parts.get("subscription")
    if subscription is None:
        return {}
    if not _GUID.fullmatch(subscription):
        raise InvalidSubscriptionId(subscription=subscription)
    return call.cloud.throttle.take("reads" if call.method == "GET" else "writes", subscription, call.actor)


def _check_exchange(call: Call, route: Route, reply: Reply) -> None:
    sent, answered = route.checks
    found = []
    if sent:
        found += [f"request {each}" for each in _request_problems(call, sent)]
    if reply.status >= 400:
        answered = "error"
    if answered:
        found += [f"response {each}" for each in schema.problems(reply.body, answered)]
    call.cloud.violations += [{"method": call.method, "path": call.path, "problem": each} for each in found]


def _request_problems(call: Call, name: str) -> list[str]:
    try:
        return schema.problems(call.body, name)
    except ArmError as error:
        return [str(error)]
