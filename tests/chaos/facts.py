# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what truly happened in a run: the emulator's history, its operations, and every request that it answered."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaos.estates import State, server_id

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What others do in a fault.
OTHERS = "meanwhile"
#: Seconds by which a time may be wrong that the emulator notes: it does so after what it notes.
BLUR = 1.0


@dataclass(frozen=True)
class Past:
    """A state of a server, since when, who made it, and the ID of the request that did. The first one has no time."""

    state: State
    time: float
    by: str
    request_id: str = ""

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Past:
        """Read an entry of the emulator's history."""
        request = entry["request"] or {}
        begun = float("-inf") if entry["time"] is None else entry["time"]
        return cls(State.of(entry), begun, entry["by"], request.get("client_request_id") or "")


@dataclass(frozen=True)
class Lags:
    """How far behind the service answers: `lists` and `gets` in seconds; `frozen` is what the lists show for ever."""

    lists: float = 0.0
    gets: float = 0.0
    frozen: dict[str, State] | None = None

    def current(self, seconds: float) -> bool:
        """Tell whether the lists show what has been true for so long."""
        return self.frozen is None and self.lists < seconds


@dataclass
class Facts:
    """The facts of a run: servers before and after, their history, every change, every ARM request, and the lags.

    `history` is whole; `known` tells how many states of it a server had had before the run.
    """

    before: dict[str, State]
    after: dict[str, State]
    history: dict[str, list[Past]]
    known: dict[str, int]
    changes: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    lags: Lags = field(default_factory=Lags)

    def changes_of(self, server: str, by: str | None = None) -> list[dict[str, Any]]:
        name = server_id(server).lower()
        return [each for each in self.changes if each["server"].lower() == name and by in (None, each["by"])]

    def requests_about(self, server: str) -> list[dict[str, Any]]:
        name = server_id(server).lower()
        return [each for each in self.requests if f"{each['path'].lower()}/".startswith(f"{name}/")]

    def writes_to(self, server: str) -> list[dict[str, Any]]:
        return [each for each in self.requests_about(server) if each["method"] == "PATCH"]

    def steps_of(self, server: str, by: str | None = None, *, whole: bool = False) -> list[tuple[Past, Past]]:
        """Return each state that it got in the run, with the one before it; not what was only spelled anew.

        The `whole` has those before the run too: GETs that lag do not show the last of them yet.
        """
        states = self.history[server]
        pairs = list(zip(states, states[1:]))[0 if whole else self.known[server] - 1 :]
        return [(was, became) for was, became in pairs if was.state != became.state and by in (None, became.by)]

    def states_of(self, server: str) -> list[State]:
        """Return every state that it was in during the run."""
        return [self.before[server], *(became.state for _was, became in self.steps_of(server))]

    def shown(self, server: str, read_by: str, *, at_work: bool) -> Iterator[State]:
        """Return the states that its own answers, or those of lists, have shown in the run.

        Without `at_work` not what was shown while an operation was at work: that concludes nothing.
        """
        name = server_id(server).lower()
        if read_by == "list" and self.lags.frozen is not None:
            yield self.lags.frozen[server]
            return
        lag = self.lags.lists if read_by == "list" else 0.0
        for each in self.requests:
            path = each["path"].lower()
            asked = path == name if read_by == "get" else path.endswith("/flexibleservers")
            if not asked or each["method"] != "GET" or each["status"] != 200:
                continue
            if at_work or self._idle(server, each["time"] - lag):
                moment = each["time"] - (lag or self.lags.gets)
                yield from {self._at(server, moment + blur) for blur in (-BLUR, 0.0, BLUR)}

    def _at(self, server: str, moment: float) -> State:
        states = self.history[server]
        return states[max(0, bisect_right([each.time for each in states], moment) - 1)].state

    def _idle(self, server: str, moment: float) -> bool:
        """Tell whether no operation that can be seen is at work: at its edges it may be either."""
        return not any(
            each["started"] + BLUR < moment < (each["ended"] or float("inf")) - BLUR
            for each in self.changes_of(server)
            if not each["refused"]
        )

    def look_before(self, server: str, became: Past) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """Return the request about the server right before the PATCH that made a state, and the PATCH."""
        last = None
        for each in self.requests_about(server):
            headers = {name.lower(): value for name, value in each["headers"].items()}
            if each["method"] == "PATCH" and headers.get("x-ms-client-request-id") == became.request_id:
                return last, each
            last = each
        raise AssertionError(f"no PATCH has the ID {became.request_id} of {became}")
