# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks that every request passes before it is answered, and the headers that every answer gets."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING

from emulator import schema
from emulator.arm.errors import (
    ArmError,
    InvalidApiVersionParameter,
    InvalidResourceNamespace,
    InvalidResourceType,
    InvalidSubscriptionId,
    MethodNotAllowed,
    MissingApiVersionParameter,
)
from emulator.arm.exchange import Call, Reply
from emulator.arm.routes import SERVER_VERSIONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.arm.routes import Route

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


def kind(path: str) -> str:
    """Return the kind of a request in the log: ARM also answers what is nobody's, with an error."""
    return "arm" if path.lower().startswith(("/subscriptions", "/tenants", "/providers")) else "other"


def answer(call: Call, routes: Iterable[Route]) -> Reply:
    """Answer an ARM request: who asks, what for, in which version, how often, and then the answer itself."""
    limits: dict[str, str] = {}
    route: Route | None = None
    try:
        writes = call.method not in ("GET", "HEAD")
        call.actor = call.cloud.tokens.verify(call.headers.get("Authorization"), call.base, writes=writes)
        route = _find(call, routes)
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


def _find(call: Call, routes: Iterable[Route]) -> Route:
    others = False
    for route in routes:
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
