# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of requests that tests read; it holds no secret and no token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulator.arm.policies import HEADER

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.arm.exchange import Call
    from emulator.control.settings import Settings

_SECRET_HEADERS = {"authorization", "cookie", "x-identity-header", HEADER}
# The signature of a poll URL is kilobytes long; its beginning is enough to tell two apart.
_LONGEST_QUERY_VALUE = 64


class RequestLog:
    """All requests but those to the control API, in the order in which they were answered.

    `clock` tells of when the state is that they show.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._clock = clock
        self._entries: list[dict[str, Any]] = []

    def clear(self) -> None:
        self._entries.clear()

    def entries(self, kind: str | None) -> list[dict[str, Any]]:
        return [each for each in self._entries if kind is None or each["kind"] == kind]

    def add(self, call: Call, kind: str, status: int | None) -> None:
        """Add a request; `status` is None if the connection was cut instead of an answer."""
        self._entries.append(
            {
                "method": call.method,
                "path": call.path,
                "query": {name: value[:_LONGEST_QUERY_VALUE] for name, value in call.query.items()},
                "status": status,
                "body": _body(call.content) if self._settings.log_bodies and kind != "token" else None,
                "time": self._clock(),
                "kind": kind,
                "policy_token": HEADER in call.headers,
                "headers": {n: v for n, v in call.headers.items() if n.lower() not in _SECRET_HEADERS},
            }
        )


def _body(content: bytes) -> Any:
    try:
        return json.loads(content) if content else None
    except ValueError:
        return content.decode(errors="replace")
