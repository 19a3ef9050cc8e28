# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchanges -> lines of a recording: what the allowlist does not name becomes a placeholder of its type.

The same value has the same placeholder, and values that are equal but for casing and blanks have placeholders that are
so too: resource IDs are compared without case, and regions have two spellings.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from live import allowlist

if TYPE_CHECKING:
    from live.exchange import Exchange

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_URL = re.compile(r"https?://", re.IGNORECASE)
_FIRST_TIME = datetime(2000, 1, 1, tzinfo=timezone.utc)
#: Numbers that say nothing; a placeholder is larger.
_PLAIN_NUMBERS = (0, 1)
_FIRST_NUMBER = 1000


class Placeholders:
    """The placeholders of one recording."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._spellings: dict[tuple[str, int], list[str]] = {}

    def exchange(self, exchange: Exchange) -> dict[str, Any]:
        """Return what the recording tells of a request and its answer. Headers of the request are none of it."""
        return {
            "method": exchange.method,
            "url": self.url(exchange.url),
            "request_body": self.json(exchange.request_body),
            "status": exchange.status,
            "response_headers": {name: self.header(name, value) for name, value in _known(exchange.headers)},
            "response_body": self.json(exchange.body),
        }

    def json(self, value: Any, name: str = "") -> Any:
        """Return a value of JSON that stands under `name`, in its shape."""
        if isinstance(value, dict):
            return {self._name(each): self.json(under, each) for each, under in value.items()}
        if isinstance(value, list):
            return [self.json(each, name) for each in value]
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            return self._number(value)
        return value if value in allowlist.WORDS.get(name, ()) else self.text(value)

    def header(self, name: str, value: str) -> str:
        """Return the value of a header that is on the allowlist."""
        form = allowlist.HEADERS[name]
        return value if form and form.fullmatch(value) else self.text(value)

    def text(self, value: str) -> str:
        """Return the placeholder of a text, of its form: an address, a resource ID, a GUID, a time, or any other."""
        if not value:
            return value
        if _URL.match(value):
            return self.url(value)
        if value.startswith("/"):
            return self._path(value)
        if _GUID.fullmatch(value):
            return self._spelled("guid", value, "aaaaaaaa-0000-4000-8000-{:012d}")
        if _TIME.fullmatch(value):
            moment = _FIRST_TIME + timedelta(seconds=self._count("time", value))
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        return self._spelled("text", value, "value-{}")

    def url(self, value: str) -> str:
        """Return an address; user, password, port and fragment are left out."""
        try:
            parts = urlsplit(value)
            host = (parts.hostname or "").lower()
        except ValueError:  # brackets without an address between them
            return self._spelled("text", value, "value-{}")
        if host not in allowlist.HOSTS:
            host = self._spelled("host", f"{host}:{parts.netloc.rpartition(':')[2]}", "value-{}.example")
        query = [(self._query(name), self._query(name, each)) for name, each in parse_qsl(parts.query, True)]
        path = self._path(unquote(parts.path))
        return f"https://{host}{quote(path)}" + (f"?{urlencode(query, safe='$')}" if query else "")

    def _query(self, name: str, value: str | None = None) -> str:
        if value is None:
            return name if name in allowlist.QUERY else self.text(name)
        return value if name == "api-version" and allowlist.VERSION.fullmatch(value) else self.text(value)

    def _path(self, value: str) -> str:
        return "/".join(self._segment(each) for each in value.split("/"))

    def _segment(self, value: str) -> str:
        return value if value.lower() in allowlist.SEGMENTS else self.text(value)

    def _name(self, value: str) -> str:
        return value if value in allowlist.NAMES else self.text(value)

    def _number(self, value: float) -> float:
        if value in _PLAIN_NUMBERS:
            return value
        number = _FIRST_NUMBER + self._count(type(value).__name__, repr(value))
        return number if isinstance(value, int) else number + 0.5

    def _count(self, kind: str, value: str) -> int:
        return self._numbers.setdefault((kind, value), len(self._numbers) + 1)

    def _spelled(self, kind: str, value: str, form: str) -> str:
        """Return the placeholder of all that is equal to `value` without case and blanks, in a casing of its own."""
        number = self._count(kind, value.replace(" ", "").lower())
        spellings = self._spellings.setdefault((kind, number), [])
        if value not in spellings:
            spellings.append(value)
        placeholder, casing = form.format(number), spellings.index(value)
        letters = [place for place, letter in enumerate(placeholder) if letter.isalpha()]
        if casing >= 2 ** len(letters):
            return self._spelled(f"{kind}+", value, form)
        upper = {place for bit, place in enumerate(letters) if casing >> bit & 1}
        return "".join(letter.upper() if place in upper else letter for place, letter in enumerate(placeholder))


def _known(headers: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers.items() if name in allowlist.HEADERS]
