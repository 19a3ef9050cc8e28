# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request and its answer, free of the web library."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from emulator.arm.errors import InvalidRequestContent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.cloud import Cloud
    from emulator.control.faults import Then


@dataclass
class Call:
    """A request: `base` is scheme and host as the client wrote them, `parts` what the route found in the path."""

    cloud: Cloud
    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    content: bytes
    base: str
    form: dict[str, str] = field(default_factory=dict)
    then: Then | None = None
    parts: dict[str, str] = field(default_factory=dict)
    actor: str = ""

    @cached_property
    def body(self) -> Any:
        """Return the content, parsed.

        :raises InvalidRequestContent: if it is not JSON.
        """
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise InvalidRequestContent(reason=str(error)) from error

    @property
    def version(self) -> str:
        return self.query.get("api-version", "")


@dataclass
class Reply:
    """An answer: `body` is sent as JSON, a string as it is."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        if self.body is None:
            return ""
        return self.body if isinstance(self.body, str) else json.dumps(self.body, separators=(",", ":"))
