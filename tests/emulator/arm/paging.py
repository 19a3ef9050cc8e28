# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists, a page at a time."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import quote

from emulator.arm.errors import InvalidSkipToken
from emulator.arm.exchange import Call, Reply


def page(call: Call, items: list[Any], rendered: Any) -> Reply:
    """Answer with one page; `$skiptoken` is the number of items before it, in base64."""
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
