# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an answer reaches the client: as it is, cut off, drop by drop, or never."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from emulator.control.faults import Then

# How often a silent emulator looks whether the client is still there.
_LOOK_SECONDS = 0.05


async def send(request: web.Request, answer: web.Response | None, then: Then | None) -> web.StreamResponse:
    """Send an answer, or do to the client what a fault says. There is no answer to what was not processed."""
    if then is not None and then.silent:
        while request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(_LOOK_SECONDS)
        return web.Response()
    if answer is None or (then is not None and then.disconnect):
        return await _broken(request, answer if then and then.disconnect == "during" else None)
    if then is not None and then.drip is not None:
        return await _dripping(request, answer, then.drip)
    return answer


async def _broken(request: web.Request, answer: web.Response | None) -> web.StreamResponse:
    """Cut the connection, in the middle of the answer if there is one."""
    assert request.transport is not None
    if answer is not None:
        content = _content(answer)
        await (await _begun(request, answer)).write(content[: len(content) // 2])
    request.transport.abort()
    return web.Response()


async def _dripping(request: web.Request, answer: web.Response, seconds: float) -> web.StreamResponse:
    """Send the headers at once and the content byte by byte, as long as the client listens."""
    begun = await _begun(request, answer)
    try:
        for byte in _content(answer):
            await asyncio.sleep(seconds)
            await begun.write(bytes([byte]))
    except ConnectionResetError:
        pass
    return begun


async def _begun(request: web.Request, answer: web.Response) -> web.StreamResponse:
    begun = web.StreamResponse(status=answer.status, headers=answer.headers)
    begun.content_length = len(_content(answer))
    await begun.prepare(request)
    return begun


def _content(answer: web.Response) -> bytes:
    assert isinstance(answer.body, bytes)
    return answer.body
