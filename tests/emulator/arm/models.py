# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""State of the emulated cloud: subscriptions, resource groups and identities. No HTTP here."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from emulator.arm import resource_ids
from emulator.arm.errors import ResourceGroupNotFound, ResourceNotFound, SubscriptionNotFound

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.postgresql.models import Server


def stable_guid(*parts: str) -> str:
    """Return a GUID that is the same in every run, for the IDs that a seed leaves out."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts).lower()))


@dataclass
class UserIdentity:
    """A user-assigned managed identity."""

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
        """Return the ID, with `resourcegroups` in lower case, as the identity service spells its IDs."""
        return (
            f"/subscriptions/{self.subscription_id}/resourcegroups/{self.group}"
            f"/providers/{resource_ids.IDENTITY_TYPE}/{self.name}"
        )


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
        """Return the server of a name in any casing.

        :raises ResourceNotFound: if there is none.
        """
        server = self.servers.get(name.lower())
        if server is None:
            raise ResourceNotFound(kind=resource_ids.SERVER_TYPE, name=name, group=self.name)
        return server


@dataclass
class Subscription:
    """A subscription; `groups` is keyed by lower case name, actions are in lower case.

    `allowed_actions`, which may hold wildcards, are all that the caller may do; None is everything.
    """

    id: str
    name: str
    denied: bool = False
    disabled: bool = False
    registered: bool = True
    denied_actions: set[str] = field(default_factory=set)
    allowed_actions: set[str] | None = None
    groups: dict[str, ResourceGroup] = field(default_factory=dict)

    def allows(self, action: str) -> bool:
        """Return whether the caller has the right to an action."""
        action = action.lower()
        if self.denied or action in self.denied_actions:
            return False
        return self.allowed_actions is None or any(fnmatchcase(action, each) for each in self.allowed_actions)

    def group(self, name: str) -> ResourceGroup:
        """Return the group of a name in any casing.

        :raises ResourceGroupNotFound: if there is none.
        """
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
        """Return the subscription of an ID in any casing.

        :raises SubscriptionNotFound: if there is none.
        """
        subscription = self.subscriptions.get(subscription_id.lower())
        if subscription is None:
            raise SubscriptionNotFound(subscription=subscription_id)
        return subscription

    def servers(self) -> Iterator[Server]:
        for subscription in self.subscriptions.values():
            yield from subscription.servers()

    def identity(self, identity_id: str) -> UserIdentity | None:
        """Return the identity behind a resource ID in any casing, None if the emulator does not know it."""
        parsed = resource_ids.parse(identity_id)
        subscription = self.subscriptions.get(parsed.subscription.lower()) if parsed else None
        if parsed is None or subscription is None or parsed.group.lower() not in subscription.groups:
            return None
        return subscription.groups[parsed.group.lower()].identities.get(parsed.name.lower())
