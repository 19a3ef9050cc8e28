# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign in as the collection does, and note each request to Azure Resource Manager with its answer."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.responses import check_place
from live.placeholders import Placeholders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ansible_collections.pgflex.azure.plugins.module_utils._azure.client import Api


@dataclass(frozen=True)
class Exchange:
    """A request and its answer as they were; names of headers are in lower case. It is shown to nobody."""

    method: str
    url: str
    request_body: Any
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def code(self) -> str:
        """Azure's code of an error, empty if there is none."""
        error = self.body.get("error") if isinstance(self.body, dict) else None
        return str(error.get("code") or "") if isinstance(error, dict) else ""

    @property
    def outcome(self) -> str:
        """Status and code, as the table shows them."""
        return f"{self.status} {self.code}".strip()


class Listener:
    """All exchanges of an `Api`, in `exchanges`, and what `tell` is told of each at once."""

    def __init__(self, api: Api, tell: Callable[[Exchange], None]) -> None:
        self._api = api
        self._tell = tell
        self.exchanges: list[Exchange] = []
        transport = api._transport
        self._send = transport.send
        transport.send = self._heard

    def _heard(self, request: Any, **options: Any) -> Any:
        answer = self._send(request, **options)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        sent = getattr(request, "content", None) or getattr(request, "data", None)
        found = Exchange(request.method, request.url, _json(sent), answer.status_code, headers, _json(_text(answer)))
        self.exchanges.append(found)
        self._tell(found)
        return answer

    def get(self, path: str, version: str) -> Exchange:
        """GET a path in a version of its API, whatever the answer is."""
        return self.get_url(f"{self._api._cloud.resource_manager}{quote(path)}?api-version={version}")

    def get_url(self, url: str) -> Exchange:
        """GET an address of Azure Resource Manager. Raise `UnexpectedAnswer` for any other."""
        doing = f"Cannot read {urlsplit(url).path}"
        check_place(url, self._api._cloud.resource_manager, doing)
        self._api._ask(doing, url, lambda: self._api._raw.send_request(HttpRequest("GET", url)))
        return self.exchanges[-1]


class Recording:
    """A new file of JSON lines, for its owner only; each exchange is in it as soon as it is over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
        self._placeholders = Placeholders()
        #: Why the file is not complete: the server matters more.
        self.problem: OSError | None = None

    def add(self, exchange: Exchange) -> None:
        """Write a line."""
        try:
            self._file.write(json.dumps(self._placeholders.exchange(exchange)) + "\n")
            self._file.flush()
        except OSError as error:
            self.problem = error

    def close(self) -> None:
        """End it."""
        self._file.close()


def _text(answer: Any) -> str | None:
    """Return the content of an answer, None if it has none or broke off, which whoever asked finds out as well."""
    try:
        if hasattr(answer, "read"):  # that of a PATCH is not read by then
            answer.read()
        return answer.text() or None
    except AzureError:
        return None


def _json(content: Any) -> Any:
    """Return content as JSON, as a text if it is none."""
    if content is None:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace") if isinstance(content, bytes) else str(content)
