# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Take the secrets of a connection out of texts that came from outside, before they enter an error or a result."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, quote_plus

from .._errors import PgflexError

if TYPE_CHECKING:
    from collections.abc import Iterable

E = TypeVar("E", bound=PgflexError)

# As Ansible does it.
_MASK = "********"
# Anything shorter is part of too many words; nothing that Azure takes for a secret is.
_SHORTEST = 4
_SHORTEST_ENCODED = 8


class Scrubber:
    """The secrets known so far, each in all the forms in which it may travel."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        #: Whether every form is in the JSON of a value exactly where it is in the value.
        self._shows_in_json = False
        #: The forms of tokens, of which a run may have thousands, by how they begin.
        self._tokens: dict[str, list[str]] = {}
        self.add(*secrets)

    def add(self, *secrets: str) -> None:
        """Know these too."""
        forms = {form for secret in secrets if len(secret.strip()) >= _SHORTEST for form in _forms(secret.strip())}
        if not forms <= self._forms:
            self._forms = self._forms | forms
            longest_first = sorted(self._forms, key=len, reverse=True)
            self._shows_in_json = all(json.dumps(form)[1:-1] == form for form in self._forms)
            self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def add_token(self, token: str) -> None:
        """Know a token too: it is long, and one of many, for which a pattern would be slow."""
        for form in _forms(token.strip()) if len(token.strip()) >= _SHORTEST_ENCODED else ():
            forms = self._tokens.setdefault(form[:_SHORTEST_ENCODED], [])
            forms.append(form)
            forms.sort(key=len, reverse=True)

    def text(self, text: str) -> str:
        """Return `text` with asterisks in the place of secrets."""
        text = self._without_tokens(text) if self._tokens else text
        return self._pattern.sub(_MASK, text) if self._pattern else text

    def _without_tokens(self, text: str) -> str:
        parts, begin, place = [], 0, 0
        while place <= len(text) - _SHORTEST_ENCODED:
            forms = self._tokens.get(text[place : place + _SHORTEST_ENCODED], ())
            found = next((form for form in forms if text.startswith(form, place)), None)
            if found is None:
                place += 1
                continue
            parts += [text[begin:place], _MASK]
            begin = place = place + len(found)
        return "".join([*parts, text[begin:]])

    def facts(self, value: Any) -> Any:
        """Return a result with no secret in any of its values."""
        if self._pattern is None and not self._tokens:
            return value
        if self._pattern and self._shows_in_json and not self._tokens and not self._pattern.search(json.dumps(value)):
            return value  # as nearly all are: thousands of rows cost little so
        return self._replaced(value)

    def _replaced(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {name: self._replaced(each) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._replaced(each) for each in value]
        return value

    def error(self, error: E) -> E:
        """Return `error`, with no secret in any of its texts."""
        for name, value in vars(error).items():
            if isinstance(value, (str, tuple)):
                setattr(error, name, type(value)(self.facts(value)))
        error.args = (error.message,)
        return error


def _forms(secret: str) -> set[str]:
    """Return the secret as it is, and as it is in URLs, in JSON, and within something longer in Base64."""
    in_urls = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    lower_case = {re.sub("%..", lambda found: found[0].lower(), each) for each in in_urls}
    in_json = {json.dumps(secret, ensure_ascii=escaped)[1:-1] for escaped in (True, False)}
    return {secret, *in_urls, *lower_case, *in_json, *_in_base64(secret.encode())}


def _in_base64(secret: bytes) -> set[str]:
    """Return what Base64 makes of the secret wherever it begins, but for the letters that depend on its neighbours."""
    forms = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + secret).decode()
        own = encoded[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        forms |= {own, own.replace("+", "-").replace("/", "_")}
    return {each for each in forms if len(each) >= _SHORTEST_ENCODED}
