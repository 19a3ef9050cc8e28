# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that can hit a request: every kind by its name, as the emulator takes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

from hypothesis import strategies as st

from chaos.estates import SERVERS, server_id
from e2e.world import NAMES, POLL_PATH, SUBSCRIPTION, identity_id

#: Statuses that are no final answer, and a code that Azure gives with each.
STATUSES = {
    401: "ExpiredAuthenticationToken",
    408: "RequestTimeout",
    409: "ServerIsBusy",
    429: "SubscriptionRequestsThrottled",
    500: "InternalServerError",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
#: Values of Retry-After; a number in `DATED` is that many seconds from now, as an HTTP date.
RETRY_AFTER = (None, "0", "1", "30", "-5", "0.5", "999999999", "1e400", "nan", "soon", "Mon, 99 Foo 2026 25:61:00 GMT")
DATED = (-3600, 20, 90)
POLICY = {"name": "window", "scope": f"/subscriptions/{SUBSCRIPTION}"}
#: Policies that ask for a token go into force, or end, in the middle of a run.
POLICIES: dict[str, dict[str, Any]] = {
    "policy begins": {"settings": {"policies": [POLICY]}},
    "policy ends": {"settings": {"policies": []}},
}
BODIES = {
    "HTML": ("<html><body>Sign in to the proxy</body></html>", "text/html"),
    "truncated JSON": ('{"id": "/subscriptions/0000', "application/json"),
    "a list": ("[]", "application/json"),
    "nothing": ("", "application/json"),
    "an empty object": ("{}", "application/json"),
    "not UTF-8": ('{"id": "\\ud800"}', "application/json"),
}
ENDS: dict[str, dict[str, Any]] = {
    "operation failed": {"operation_status": "Failed"},
    "operation canceled": {"operation_status": "Canceled"},
    "operation cancelled": {"operation_status": "Cancelled"},
    "operation never ends": {"operation_status": "InProgress"},
    "operation without effect": {"operation_effect": "none"},
    "operation busy": {"operation_error": {"code": "ServerIsBusy", "message": "Server is busy. Try again later."}},
}
#: Requests by what they are for. Sign-in is among them: its tries are the Azure libraries' own.
PLACES = {
    "write": ("PATCH", "/flexibleServers/"),
    "operation": ("PATCH", "/flexibleServers/"),
    "read": ("GET", "/flexibleServers/"),
    "list": ("GET", "/flexibleServers$"),
    "poll": ("GET", f"{POLL_PATH}|/operationResults/"),
    "any": ("GET", "^/subscriptions/"),
    "token": ("POST", "/token$"),
    "policy token": ("POST", "/acquirePolicyToken$"),
}
SLOW = 0.02
#: By how many seconds the cloud's clock goes forward before a slow request is looked at.
SLOW_SECONDS = 45
#: Any path of ARM: for a request that makes something happen before a run.
KNOCK = "/subscriptions$"
#: The place of a change that is on its way when a run begins.
BEFORE = "before"
REFUSED = "connection refused"
IN_FLIGHT = "in flight"


@dataclass(frozen=True)
class Fault:
    """A fault with the name of its kind for the figures; `document` is what the emulator takes.

    One that is `here` is not the emulator's, see `Refusing`: nobody listens, so there is nobody to do anything then.
    """

    kind: str
    document: dict[str, Any]

    @property
    def here(self) -> bool:
        return self.kind == REFUSED


def _then(kind: str, retry_after: Any) -> dict[str, Any]:
    """Return what happens for a kind that is about the answer."""
    headers = {} if retry_after is None else {"Retry-After": _header(retry_after)}
    if kind in BODIES:
        body, content_type = BODIES[kind]
        return {"body": body, "headers": {"Content-Type": content_type}}
    if kind in POLICIES:
        return POLICIES[kind]
    if kind.startswith("cut "):
        return {"disconnect": kind.removeprefix("cut ")}
    if kind == REFUSED:
        return {}
    if kind == "slow":
        return {"delay": SLOW, "advance": SLOW_SECONDS}
    if kind == "poll URL gone":
        return {"status": 404, "code": "OperationNotFound"}
    if kind == "redirect":
        return {"status": 307, "headers": {"Location": "https://elsewhere.example/"}}
    status = int(kind.split()[0])
    processed = {"processed": True} if "after it was done" in kind else {}
    return {"status": status, "code": STATUSES[status], "message": "No.", "headers": headers, **processed}


def _header(retry_after: Any) -> str:
    if isinstance(retry_after, int):
        return format_datetime(datetime.now(timezone.utc) + timedelta(seconds=retry_after), usegmt=True)
    return str(retry_after)


_LOST = [f"{status} after it was done" for status in STATUSES if status >= 500]
_ANSWERS = [
    *map(str, STATUSES),
    *_LOST,
    *BODIES,
    *POLICIES,
    *POLICIES,
    "cut before",
    "cut during",
    "cut after",
    "slow",
    "redirect",
    REFUSED,
]


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    """Draw a fault at a random request."""
    place = draw(st.sampled_from(["write", "write", "operation", "operation", "poll", "poll", *PLACES]))
    kinds = {"operation": list(ENDS), "poll": [*_ANSWERS, *["poll URL gone"] * 3]}
    kind = draw(st.sampled_from(kinds.get(place, _ANSWERS)))
    retry_after = draw(st.sampled_from([*RETRY_AFTER, *DATED]))
    then = ENDS[kind] if kind in ENDS else _then(kind, retry_after)
    method, path = PLACES[place]
    often = {"times": draw(st.sampled_from([1, 1, 1, 2, 3, 7])), "after": draw(st.sampled_from([0, 0, 1, 2, 5]))}
    return Fault(kind, {"match": {"method": method, "path": path}, "then": then, **often})


@dataclass(frozen=True)
class ForeignWrite:
    """Somebody else's change of a server, at a random request of ours; identities by name."""

    server: str
    assign: tuple[str, ...]
    remove: tuple[str, ...]
    system: bool | None
    seconds: float
    place: str
    after: int = 0

    def fault(self, encrypting: frozenset[str]) -> Fault:
        """Return it as the emulator takes it. Nobody can take away what encrypts."""
        write: dict[str, Any] = {
            "server": server_id(self.server),
            "assign": list(map(identity_id, self.assign)),
            "remove": [identity_id(each) for each in self.remove if each not in encrypting],
            "seconds": self.seconds,
        }
        if self.system is not None and not encrypting:
            write["system_assigned"] = self.system
        if self.place == BEFORE:
            return Fault(IN_FLIGHT, {"match": {"path": KNOCK}, "then": {"meanwhile": write}})
        method, path = PLACES[self.place]
        # Right before the PATCH, or the GET, of this very server: between our look at it and our write.
        ours = f"/flexibleServers/{self.server}$" if self.place in ("write", "read") else path
        match = {"method": method, "path": ours}
        return Fault("foreign write", {"match": match, "then": {"meanwhile": write}, "after": self.after})


@st.composite
def foreign_writes(draw: st.DrawFn) -> ForeignWrite:
    """Draw a change by another controller, by az, or in a template."""
    changed = draw(st.dictionaries(st.sampled_from(NAMES), st.booleans(), max_size=3))
    return ForeignWrite(
        server=draw(st.sampled_from(SERVERS)),
        assign=tuple(name for name, assign in changed.items() if assign),
        remove=tuple(name for name, assign in changed.items() if not assign),
        system=draw(st.sampled_from([None, None, True, False])),
        seconds=draw(st.sampled_from([0, 5, 90])),
        place=draw(st.sampled_from([BEFORE, BEFORE, "write", "read", "list", "poll", "any"])),
        after=draw(st.sampled_from([0, 0, 1, 2, 5])),
    )
