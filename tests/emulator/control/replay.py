# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replay a recording: answers of the real service, in JSON lines, in the place of the emulated ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from emulator.arm.errors import ArmError
from emulator.arm.exchange import Reply

if TYPE_CHECKING:
    from emulator.arm.exchange import Call

# Sent anew: they are about the bytes on the line.
_NOT_REPLAYED = ("content-encoding", "content-length", "transfer-encoding", "note")


class RecordingError(ValueError):
    """A line that is no exchange; the message names it."""


class NotRecorded(ArmError):
    status = 404
    text = "The recording has no answer to {method} {path} from its place {place} on."


@dataclass(frozen=True)
class Recorded:
    """A line of a recording. Paths are compared without case, and hosts are not."""

    method: str
    path: str
    query: dict[str, list[str]]
    request_body: Any
    reply: Reply
    home: str

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def changes(self) -> bool:
        """Return whether what is read after it may be another than before."""
        return self.writes and self.reply.status < 400

    def answers(self, call: Call) -> bool:
        if (self.method, self.path) != (call.method, call.path.lower()):
            return False
        return self.query == {name: [value] for name, value in call.query.items()} and (
            not self.writes or self.request_body == call.body
        )


class Replay:
    """A recording and how far it is. Reads may skip and repeat lines; a write goes on at its next place."""

    def __init__(self) -> None:
        self._lines: list[Recorded] = []
        self._next = 0

    @property
    def active(self) -> bool:
        return bool(self._lines)

    def load(self, text: str) -> None:
        """Begin a recording, from JSON lines; without any the emulator answers itself.

        :raises RecordingError: and changes nothing, if a line is no exchange.
        """
        self._lines = [_recorded(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
        self._next = 0

    def answer(self, call: Call) -> Reply:
        """Answer with the next line for this request, of reads up to the next change; else with the last one before.

        A read that was recorded later only is answered as it was then.
        """
        try:
            found = self._find(call)
        except ArmError as error:
            return Reply(error.body(), error.status)
        text = json.dumps([found.reply.headers, found.reply.body]).replace(found.home, call.base)
        headers, body = json.loads(text)
        return Reply(body, found.reply.status, headers)

    def _find(self, call: Call) -> Recorded:
        for number, line in enumerate(self._lines[self._next :], self._next):
            if line.answers(call):
                self._next = number + 1
                return line
            if line.changes and call.method == "GET":
                break
        for line in (*reversed(self._lines[: self._next]), *self._lines[self._next :]):
            if not line.writes and line.answers(call):
                return line
        raise NotRecorded(method=call.method, path=call.path, place=self._next + 1)


def _recorded(number: int, line: str) -> Recorded:
    try:
        found = json.loads(line)
        url = urlsplit(found["url"])
        headers = {
            name: value for name, value in found["response_headers"].items() if name.lower() not in _NOT_REPLAYED
        }
        return Recorded(
            found["method"],
            unquote(url.path).lower(),
            parse_qs(url.query, keep_blank_values=True),
            found["request_body"],
            Reply(found["response_body"], found["status"], headers),
            f"{url.scheme}://{url.netloc}",
        )
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise RecordingError(f"line {number} of the recording is no exchange: {error!r}") from error
