# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service in memory: its merge of `identity`, written down a second time, and one server that takes PATCHes.

Where the real service is unknown this one refuses, so that nothing that is sent relies on it: a null for what is not
there, a map without any ID, and a system-assigned identity that goes while others stay that the body does not name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import Operation, Server, server_from_arm
from unit.support import PRINCIPAL, REF, TENANT, FakeTime, busy

if TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.pgflex.azure.plugins.module_utils._errors import ServiceError
    from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef

TYPES = ("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned")


class BadRequest(Exception):
    """HTTP 400."""


def merge(identity: dict[str, Any] | None, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return what `identity` of a server's JSON becomes by a PATCH with body. Raise `BadRequest`."""
    if set(body) != {"identity"} or not set(body["identity"]) <= {"type", "userAssignedIdentities"}:
        raise BadRequest("something else is in the body")
    sent = body["identity"]
    if sent.get("type") not in TYPES:
        raise BadRequest("the type is missing or unknown")
    if "UserAssigned" in sent["type"].split(","):
        held = _merged(identity or {}, sent)
    elif "userAssignedIdentities" in sent:
        raise BadRequest("a non-UserAssigned identity type should not contain: userAssignedIdentities")
    else:
        held = {}
    if sent["type"] == "None":
        return None
    return {
        "type": sent["type"],
        "tenantId": TENANT,
        **({"principalId": PRINCIPAL} if sent["type"].startswith("SystemAssigned") else {}),
        **({"userAssignedIdentities": held} if held else {}),
    }


def _merged(identity: dict[str, Any], sent: dict[str, Any]) -> dict[str, Any]:
    held = dict(identity.get("userAssignedIdentities") or {})
    named = sent.get("userAssignedIdentities")
    if named == {}:
        raise BadRequest("the identity ids must not be null or empty for 'UserAssigned' identity type")
    if identity.get("principalId") and sent["type"] == "UserAssigned":
        unnamed = {each.lower() for each in held} - {each.lower() for each in named or {}}
        if unnamed:
            raise BadRequest("the system-assigned identity cannot be disabled beside user-assigned ones")
    for resource_id, value in (named or {}).items():
        spelled = next((each for each in held if each == resource_id), None)
        spelled = spelled or next((each for each in held if each.lower() == resource_id.lower()), None)
        if value is None and spelled is not None:
            del held[spelled]
        elif value == {}:
            held.setdefault(spelled or resource_id, {"principalId": PRINCIPAL, "clientId": TENANT})
        else:
            raise BadRequest(f"{value!r} for {resource_id}")
    if not held:
        raise BadRequest("the identity ids must not be null or empty for 'UserAssigned' identity type")
    return held


@dataclass
class Reaction:
    """The reaction to one PATCH. An accepted one takes effect `seconds` later; until then the server is busy."""

    refuse: ServiceError | None = None  # raised instead of an answer
    acts: bool = True  # False: accepted, and nothing changes; or refused, and nothing was done
    seconds: float = 20
    url: bool = True
    polls: tuple[ServiceError, ...] = ()  # what the first polls raise
    other: float = 0  # seconds for which somebody else's operation is at work from now on
    meanwhile: Callable[[dict[str, Any]], None] | None = None  # somebody else's work on the map, right after it
    unseen: Callable[[dict[str, Any]], None] | None = None  # the same, right before it


class Service:
    """One server behind the interface of the API. PATCHes meet `reactions` in turn, later ones just succeed.

    A `silent` one does not show by its state that an operation is at work: no recording says whether the service does.
    """

    def __init__(
        self, *ids: str, system: bool = False, silent: bool = False, reactions: tuple[Reaction, ...] = ()
    ) -> None:
        self.time = FakeTime()
        self.raw: dict[str, Any] = {"id": REF.id, "location": "Canada Central"}
        kinds = ["SystemAssigned"] * system + ["UserAssigned"] * bool(ids)
        if kinds:
            self.raw["identity"] = {
                "type": ",".join(kinds),
                "principalId": PRINCIPAL if system else None,
                "userAssignedIdentities": {each: {} for each in ids},
            }
        self.encryption: dict[str, Any] = {"type": "SystemManaged"}
        self.read_errors: list[ServiceError] = []
        self.sent: list[dict[str, Any]] = []
        self.reads = 0
        self._silent = silent
        self._reactions = list(reactions)
        self._polls: list[ServiceError] = []
        self._coming: tuple[float, dict[str, Any]] | None = None
        self._other_until = 0.0
        self.last_read = self._server()

    def get_server(self, ref: ServerRef) -> Server:
        """GET."""
        assert ref == REF
        self._settle()
        for error in self.read_errors:
            raise error
        self.reads += 1
        self.last_read = self._server()
        return self.last_read

    def user_warning(self) -> str:
        """See `Api`."""
        return ""

    def update_identity(self, ref: ServerRef, body: dict[str, Any], policy_token: str = "") -> Operation:
        """PATCH."""
        assert ref == REF
        self._settle()
        self.sent.append(body)
        if self._updating:
            raise busy()
        reaction = self._reactions.pop(0) if self._reactions else Reaction()
        if reaction.unseen:
            reaction.unseen(self.raw["identity"]["userAssignedIdentities"])
        merged = merge(self.raw.get("identity"), body)
        if reaction.acts:
            self._coming = (self.time.time + reaction.seconds, {"identity": merged})
        self._other_until = self.time.time + reaction.other
        if reaction.meanwhile:
            reaction.meanwhile(self.raw["identity"]["userAssignedIdentities"])
        if reaction.refuse:
            raise reaction.refuse
        self._polls = list(reaction.polls)
        return Operation("op", "now", "https://arm/op" if reaction.url else None)

    def acquire_policy_token(self, ref: ServerRef, body: dict[str, Any], change_reference: str) -> str:
        """POST, which must not be where no policy asks for a token."""
        raise AssertionError(ref, body, change_reference)

    def poll(self, operation: Operation) -> tuple[bool, float | None]:
        """GET of the operation's URL."""
        assert operation.url
        if self._polls:
            raise self._polls.pop(0)
        self._settle()
        return self._coming is None, None

    def _settle(self) -> None:
        if self._coming and self.time.time >= self._coming[0]:
            self.raw.update(self._coming[1])
            self._coming = None

    @property
    def _updating(self) -> bool:
        return self._coming is not None or self.time.time < self._other_until

    def _server(self) -> Server:
        state = "Updating" if self._updating and not self._silent else "Ready"
        return server_from_arm({**self.raw, "properties": {"state": state, "dataEncryption": self.encryption}}, REF)
