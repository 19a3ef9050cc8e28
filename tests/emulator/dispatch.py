# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the web library's request to the answer: control API, sign-in or ARM, with faults and the log around."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from aiohttp import web

from emulator import sending
from emulator.arm import envelope
from emulator.arm.exchange import Call, Reply
from emulator.arm.routes import ROUTES as ARM_ROUTES
from emulator.control import routes as control
from emulator.control.faults import EmulatedFault
from emulator.entra import sign_in
from emulator.entra.errors import EntraError
from emulator.postgresql.routes import ROUTES as SERVER_ROUTES

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.cloud import Cloud
    from emulator.control.faults import Then

_ROUTES = (*ARM_ROUTES, *SERVER_ROUTES)
_CONTENT_TYPE = "application/json; charset=utf-8"
CLOUD_KEY: web.AppKey[Cloud] = web.AppKey("cloud")


async def serve(request: web.Request) -> web.StreamResponse:
    """Handle every request: paths are matched without regard to case, which the library cannot."""
    call = await _call(request)
    call.cloud.operations.settle()
    if call.path.startswith(control.PREFIX):
        return _sent(control.answer(call))
    found = sign_in.find(call)
    kind = found[0] if found else envelope.kind(call.path)
    call.then = call.cloud.faults.take(call.method, call.path)
    if call.then:
        await _pass_time(call.cloud, call.then)
    lost = (call.then.disconnect or call.then.silent) if call.then else None
    reply = None if lost == "before" else _answer(call, kind, found)
    call.cloud.log.add(call, kind, None if lost or reply is None else reply.status)
    return await sending.send(request, _sent(reply) if reply else None, call.then)


async def _pass_time(cloud: Cloud, then: Then) -> None:
    await asyncio.sleep(then.delay)
    cloud.clock.advance(then.advance)
    if then.settings:
        cloud.change_settings(then.settings)
    cloud.operations.settle()
    if then.meanwhile:
        cloud.patcher.meanwhile(then.meanwhile)
        cloud.operations.settle()


async def _call(request: web.Request) -> Call:
    content = await request.read()
    is_form = request.content_type == "application/x-www-form-urlencoded"
    return Call(
        cloud=request.app[CLOUD_KEY],
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers=request.headers,
        content=content,
        base=f"https://{request.host}",
        form=dict(parse_qsl(content.decode())) if is_form else {},
    )


def _answer(call: Call, kind: str, found: tuple[str, Callable[[Call], Reply]] | None) -> Reply:
    then = call.then
    if then is not None and then.answers and not then.processed:
        return _fault_reply(then, kind)
    reply = sign_in.answer(call, found[1]) if found else _arm(call)
    if then is not None and then.answers:
        return _fault_reply(then, kind)
    if then is not None:
        reply.headers.update(then.headers)
    return reply


def _arm(call: Call) -> Reply:
    replay = call.cloud.replay
    return replay.answer(call) if replay.active else envelope.answer(call, _ROUTES)


def _fault_reply(then: Then, kind: str) -> Reply:
    if then.aadsts is not None:
        refusal = EntraError.of(then.aadsts, then.message)
        return Reply(refusal.body(), then.status or refusal.status, dict(then.headers))
    status = then.status or (400 if then.body is None else 200)
    error = EmulatedFault(status, then.code or "EmulatedFault", then.message or "A fault of the emulator.")
    in_token = {"error": error.code, "error_description": str(error)}
    reply = Reply(then.body, status, dict(then.headers))
    if then.body is None:
        reply.body = in_token if kind == "token" else error.body()
    if kind == "arm":
        envelope.dress(reply, {})
    return reply


def _sent(reply: Reply) -> web.Response:
    headers = {**reply.headers}
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = _CONTENT_TYPE
    return web.Response(status=reply.status, headers=headers, body=reply.text.encode())
