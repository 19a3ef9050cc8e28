# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the emulated cloud from a seed document, in YAML or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from emulator import schema
from emulator.arm import resource_ids
from emulator.arm.models import ResourceGroup, Subscription, UserIdentity, World, stable_guid
from emulator.postgresql.models import Server, ServerIdentity

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_LOCATION = "canadacentral"
# What a server takes from its seed as it stands.
_AS_SEEDED = (
    "state", "version", "tags", "cluster_size", "fabric_mirroring", "federated_clients", "replica_of", "lock", "shown",
    "listed",
)  # fmt: skip

# What runs without --seed: one server of each kind.
DEFAULT_SEED: dict[str, Any] = {
    "subscriptions": [
        {
            "id": "00000000-0000-4000-8000-000000000001",
            "name": "Demo",
            "resource_groups": [
                {
                    "name": "rg-demo",
                    "identities": [{"name": name} for name in ("id-app", "id-backup", "id-cmk", "id-monitoring")],
                    "servers": [
                        {"name": "pg-plain"},
                        {"name": "pg-app", "identity": {"user_assigned": ["id-app", "id-backup"]}},
                        {"name": "pg-system", "identity": {"type": "SystemAssigned"}},
                        {
                            "name": "pg-both",
                            "identity": {"type": "SystemAssigned,UserAssigned", "user_assigned": ["id-app"]},
                        },
                        {
                            "name": "pg-cmk",
                            "identity": {"user_assigned": ["id-cmk", "id-app"]},
                            "encryption": {"primary": "id-cmk"},
                        },
                    ],
                }
            ],
        }
    ]
}


class SeedError(ValueError):
    """A seed that cannot be used; the message names the place."""


def load(text: str) -> dict[str, Any]:
    """Read and check a seed.

    :raises SeedError: if it is not YAML or not as the schema says.
    """
    try:
        document = yaml.safe_load(text)
        schema.check(document, "seed")
    # PyYAML lets the errors of what it calls through: of dates, of long numbers, of unknown tags, of deep nesting.
    except (yaml.YAMLError, schema.InvalidDocumentError, AttributeError, RecursionError, ValueError) as error:
        raise SeedError(f"seed: {error}") from error
    assert isinstance(document, dict)
    return document


def apply(world: World, document: dict[str, Any]) -> None:
    """Add the subscriptions of a checked seed; what has the same name is replaced.

    :raises SeedError: if it names an identity that it does not contain.
    """
    for index, entry in enumerate(document.get("subscriptions", ())):
        subscription = world.subscriptions.setdefault(
            entry["id"].lower(), Subscription(id=entry["id"], name=entry.get("name", entry["id"]))
        )
        _Builder(subscription, f"$.subscriptions[{index}]").build(entry)


class _Builder:
    """Fills one subscription; `place` is where its seed stands, for errors."""

    def __init__(self, subscription: Subscription, place: str) -> None:
        self._subscription = subscription
        self._place = place

    def build(self, entry: dict[str, Any]) -> None:
        subscription = self._subscription
        subscription.name = entry.get("name", subscription.name)
        subscription.denied = entry.get("denied", subscription.denied)
        subscription.disabled = entry.get("disabled", subscription.disabled)
        subscription.registered = entry.get("registered", subscription.registered)
        if "denied_actions" in entry:
            subscription.denied_actions = {action.lower() for action in entry["denied_actions"]}
        if "allowed_actions" in entry:
            allowed = entry["allowed_actions"]
            subscription.allowed_actions = None if allowed is None else {action.lower() for action in allowed}
        for index, group in enumerate(entry.get("resource_groups", ())):
            self._group(group, f"{self._place}.resource_groups[{index}]")
        if "generate" in entry:
            for group in _generated(entry["generate"]):
                self._group(group, f"{self._place}.generate")

    def _group(self, entry: dict[str, Any], place: str) -> None:
        location = resource_ids.short_location(entry.get("location", DEFAULT_LOCATION))
        group = self._subscription.groups.setdefault(
            entry["name"].lower(), ResourceGroup(self._subscription.id, entry["name"], location)
        )
        group.lock = entry.get("lock", group.lock)
        group.tags = entry.get("tags", group.tags)
        for identity in entry.get("identities", ()):
            group.identities[identity["name"].lower()] = _identity(group, identity)
        for index, server in enumerate(entry.get("servers", ())):
            group.servers[server["name"].lower()] = _server(group, server, f"{place}.servers[{index}]")


def _identity(group: ResourceGroup, entry: dict[str, Any]) -> UserIdentity:
    scope = (group.subscription_id, group.name, entry["name"])
    return UserIdentity(
        subscription_id=group.subscription_id,
        group=group.name,
        name=entry["name"],
        location=resource_ids.short_location(entry.get("location", group.location)),
        client_id=entry.get("client_id") or stable_guid("client", *scope),
        principal_id=entry.get("principal_id") or stable_guid("principal", *scope),
        isolation_scope=entry.get("isolation_scope"),
        assignment_restrictions=entry.get("assignment_restrictions"),
    )


def _server(group: ResourceGroup, entry: dict[str, Any], place: str) -> Server:
    same = {name: entry[name] for name in _AS_SEEDED if name in entry}
    return Server(
        subscription_id=group.subscription_id,
        group=group.name,
        name=entry["name"],
        location=entry.get("location", group.location),
        identity=_server_identity(group, entry.get("identity"), f"{place}.identity"),
        encryption={
            use: _identity_id(group, name, f"{place}.encryption.{use}")
            for use, name in entry.get("encryption", {}).items()
        },
        **same,
    )


def _server_identity(group: ResourceGroup, entry: dict[str, Any] | None, place: str) -> ServerIdentity:
    if entry is None:
        return ServerIdentity()
    keys = tuple(
        _identity_id(group, name, f"{place}.user_assigned[{index}]")
        for index, name in enumerate(entry.get("user_assigned", ()))
    )
    kind = entry.get("type", "UserAssigned").replace(" ", "")
    identity = ServerIdentity(system="SystemAssigned" in kind, user_assigned=keys)
    if identity.type != kind:
        raise SeedError(f"seed: {place}: type '{kind}' does not fit {len(keys)} user-assigned identities")
    return identity


def _identity_id(group: ResourceGroup, name: str, place: str) -> str:
    """Return the ID behind a name.

    A full ID is taken as spelled and need not exist: Azure keeps IDs of deleted identities on servers.
    """
    if resource_ids.parse(name) is not None:
        return name
    identity = group.identities.get(name.lower())
    if identity is None:
        raise SeedError(f"seed: {place}: resource group '{group.name}' has no identity '{name}'")
    return identity.id


def _generated(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Make resource groups `rg-0001`.. with identities `id-01`.. in each, and deal out servers `pg-00001`.. in turn."""
    count, groups = entry.get("servers", 0), entry.get("resource_groups", 1)
    template = entry.get("template", {})
    identities = [{"name": f"id-{number:02}"} for number in range(1, entry.get("identities", 0) + 1)]
    for group in range(1, groups + 1):
        yield {
            "name": f"rg-{group:04}",
            "location": template.get("location", DEFAULT_LOCATION),
            "identities": identities,
            "servers": [{**template, "name": f"pg-{number:05}"} for number in range(group, count + 1, groups)],
        }
