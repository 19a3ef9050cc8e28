# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of the emulated cloud: subscriptions, resource groups, identities and servers. No HTTP here."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from emulator import arm_id
from emulator.errors import ResourceGroupNotFound, ResourceNotFound, SubscriptionNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

TENANT_ID = "00000000-0000-4000-8000-0000000000aa"


def stable_guid(*parts: str) -> str:
    """A GUID that is the same in every run, for the IDs that a seed leaves out."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts).lower()))


@dataclass(frozen=True)
class ServerIdentity:
    """Identity of a server: system assigned or not, and the keys of the map of user assigned ones as stored."""

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


@dataclass
class UserIdentity:
    """A user assigned managed identity."""

    subscription_id: str
    group: str
    name: str
    location: str
    client_id: str
    principal_id: str
    isolation_scope: str | None = None
    assignment_restrictions: list[str] | None = None

    @property
    def id(self) -> str:
        """With `resourcegroups` in lower case, as the identity service spells its IDs."""
        return (
            f"/subscriptions/{self.subscription_id}/resourcegroups/{self.group}"
            f"/providers/{arm_id.IDENTITY_TYPE}/{self.name}"
        )


@dataclass
class Server:
    """A flexible server; `busy` is true while an operation runs on it."""

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
    fabric_mirroring: bool = False
    replica_of: str | None = None
    lock: str | None = None
    busy: bool = False
    created: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    @property
    def id(self) -> str:
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.group}"
            f"/providers/{arm_id.SERVER_TYPE}/{self.name}"
        )

    def encrypts_with(self, identity_id: str) -> bool:
        return identity_id.lower() in {each.lower() for each in self.encryption.values()}

    def true_state(self) -> dict[str, Any]:
        """What the control API tells: the state without the service's peculiarities."""
        return {
            "id": self.id,
            "name": self.name,
            "location": self.location,
            "state": self.state,
            "identity": self.identity.as_dict(),
            "encryption": {use: self.encryption.get(use) for use in ("primary", "geo_backup")},
            "busy": self.busy,
        }


@dataclass
class ResourceGroup:
    """A resource group; the dictionaries are keyed by lower case name."""

    subscription_id: str
    name: str
    location: str
    lock: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    servers: dict[str, Server] = field(default_factory=dict)
    identities: dict[str, UserIdentity] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.name}"

    def server(self, name: str) -> Server:
        """:raises ResourceNotFound: if there is none."""
        server = self.servers.get(name.lower())
        if server is None:
            raise ResourceNotFound(kind=arm_id.SERVER_TYPE, name=name, group=self.name)
        return server


@dataclass
class Subscription:
    """A subscription; `groups` is keyed by lower case name, actions are in lower case.

    `allowed_actions`, which may hold wildcards, are all that the caller may do; None is everything.
    """

    id: str
    name: str
    denied: bool = False
    registered: bool = True
    denied_actions: set[str] = field(default_factory=set)
    allowed_actions: set[str] | None = None
    groups: dict[str, ResourceGroup] = field(default_factory=dict)

    def allows(self, action: str) -> bool:
        """Whether the caller has the right to an action."""
        action = action.lower()
        if self.denied or action in self.denied_actions:
            return False
        return self.allowed_actions is None or any(fnmatchcase(action, each) for each in self.allowed_actions)

    def group(self, name: str) -> ResourceGroup:
        """:raises ResourceGroupNotFound: if there is none."""
        group = self.groups.get(name.lower())
        if group is None:
            raise ResourceGroupNotFound(group=name)
        return group

    def servers(self) -> Iterator[Server]:
        for group in self.groups.values():
            yield from group.servers.values()

    def identities(self) -> Iterator[UserIdentity]:
        for group in self.groups.values():
            yield from group.identities.values()


class World:
    """All subscriptions of the tenant, by lower case ID."""

    def __init__(self) -> None:
        self.subscriptions: dict[str, Subscription] = {}

    def subscription(self, subscription_id: str) -> Subscription:
        """:raises SubscriptionNotFound: if there is none."""
        subscription = self.subscriptions.get(subscription_id.lower())
        if subscription is None:
            raise SubscriptionNotFound(subscription=subscription_id)
        return subscription

    def servers(self) -> Iterator[Server]:
        for subscription in self.subscriptions.values():
            yield from subscription.servers()

    def identity(self, identity_id: str) -> UserIdentity | None:
        """The identity behind a resource ID in any casing, None if the emulator does not know it."""
        parsed = arm_id.parse(identity_id)
        subscription = self.subscriptions.get(parsed.subscription.lower()) if parsed else None
        if parsed is None or subscription is None or parsed.group.lower() not in subscription.groups:
            return None
        return subscription.groups[parsed.group.lower()].identities.get(parsed.name.lower())
