# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of the flexible servers. No HTTP here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from emulator.arm import resource_ids


@dataclass(frozen=True)
class ServerIdentity:
    """Identity of a server: system-assigned or not, and the keys of the map of user-assigned ones as stored."""

    system: bool = False
    user_assigned: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        names = (("SystemAssigned", self.system), ("UserAssigned", bool(self.user_assigned)))
        return ",".join(name for name, present in names if present) or "None"

    def as_dict(self) -> dict[str, Any]:
        return {"type": self.type, "user_assigned": list(self.user_assigned)}

    def has(self, identity_id: str) -> bool:
        return identity_id.lower() in {key.lower() for key in self.user_assigned}


@dataclass(frozen=True)
class PastState:
    """The state of a server before the moment `until`, by the clock's seconds."""

    until: float
    identity: ServerIdentity
    busy: bool


@dataclass
class Server:
    """A flexible server; `busy` is true while an operation runs on it, `past` begins with the oldest state.

    `shown` is merged over its JSON in every answer, `listed` after that in lists.
    """

    subscription_id: str
    group: str
    name: str
    location: str
    state: str = "Ready"
    version: str = "17"
    tags: dict[str, str] = field(default_factory=dict)
    cluster_size: int = 0
    identity: ServerIdentity = field(default_factory=ServerIdentity)
    encryption: dict[str, str] = field(default_factory=dict)
    federated_clients: dict[str, str] = field(default_factory=dict)
    fabric_mirroring: bool = False
    replica_of: str | None = None
    lock: str | None = None
    shown: dict[str, Any] = field(default_factory=dict)
    listed: dict[str, Any] = field(default_factory=dict)
    busy: bool = False
    past: list[PastState] = field(default_factory=list)
    created: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    @property
    def id(self) -> str:
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.group}"
            f"/providers/{resource_ids.SERVER_TYPE}/{self.name}"
        )

    def encrypts_with(self, identity_id: str) -> bool:
        return identity_id.lower() in {each.lower() for each in self.encryption.values()}

    def change(self, at: float, *, busy: bool, identity: ServerIdentity | None = None) -> None:
        """Begin or end an operation, and keep what was before; without `identity` it stays."""
        self.past.append(PastState(at, self.identity, self.busy))
        self.busy = busy
        self.identity = identity or self.identity

    def as_of(self, moment: float) -> Server:
        """Return the server as it was at a moment. As it was seeded is how it was before."""
        then: Server | PastState = self
        # From the newest: most look at now, and a server may have changed thousands of times.
        for state in reversed(self.past):
            if moment >= state.until:
                break
            then = state
        return replace(self, identity=then.identity, busy=then.busy)

    def true_state(self) -> dict[str, Any]:
        """Return what the control API tells: the state without the service's peculiarities."""
        return {
            "id": self.id,
            "name": self.name,
            "location": self.location,
            "state": self.state,
            "identity": self.identity.as_dict(),
            "encryption": {use: self.encryption.get(use) for use in ("primary", "geo_backup")},
            "busy": self.busy,
        }
