# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Model a server's identities, what they shall be, and the plan between the two. Pure, frozen, no Azure types."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

from .resource_ids import ServerRef, key, matches

DATA_ENCRYPTION = "data_encryption"
GEO_BACKUP_ENCRYPTION = "geo_backup_data_encryption"
#: Why a purge leaves an identity.
PROTECTED, ENCRYPTION = "protected", "encryption"


@dataclass(frozen=True)
class AssignedIdentity:
    """A user-assigned identity as the server reports it.

    `client_id` is None where the server reports its tenant's ID in that place, as the service has done in every
    recording since 2022.
    """

    id: str
    principal_id: str | None = None
    client_id: str | None = None


@dataclass(frozen=True)
class ServerIdentity:
    """The `identity` of a server. Without any identity the service leaves the whole key out."""

    system_assigned: bool = False
    user_assigned: tuple[AssignedIdentity, ...] = ()
    tenant_id: str | None = None
    principal_id: str | None = None

    @property
    def type(self) -> str:
        """ARM's word for what is there: the two kinds joined by a comma without a blank, or `None`."""
        kinds = ["SystemAssigned"] * self.system_assigned + ["UserAssigned"] * bool(self.user_assigned)
        return ",".join(kinds) or "None"

    def shows_same_as(self, other: ServerIdentity) -> bool:
        """Return whether both have the same identities, whatever the casing of an ID."""
        same = {key(each) for each in self.ids} == {key(each) for each in other.ids}
        return same and self.system_assigned == other.system_assigned

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The IDs of the user-assigned identities, as the server spells them, sorted without case."""
        return tuple(sorted((each.id for each in self.user_assigned), key=key))


@dataclass(frozen=True)
class Encryption:
    """`properties.dataEncryption` of a server: who reads the keys, and as which application those of another tenant."""

    type: str = "SystemManaged"
    primary_identity: str | None = None
    geo_backup_identity: str | None = None
    primary_client_id: str | None = None
    geo_backup_client_id: str | None = None

    @property
    def uses(self) -> dict[str, tuple[str, ...]]:
        """The uses of each identity, by `key()` of its ID."""
        uses: dict[str, tuple[str, ...]] = {}
        for identity, use in (
            (self.primary_identity, DATA_ENCRYPTION),
            (self.geo_backup_identity, GEO_BACKUP_ENCRYPTION),
        ):
            if identity:
                uses[key(identity)] = (*uses.get(key(identity), ()), use)
        return uses


@dataclass(frozen=True)
class Server:
    """A flexible server, as far as identities go.

    `contradictions` says in words where Azure's answer contradicts itself: such a server is shown and not written to.
    `read_by` is `get`, the server's own answer, or `list`, which may lag behind it.
    """

    ref: ServerRef
    id: str
    location: str
    state: str | None = None
    version: str | None = None
    elastic_cluster: bool = False
    identity: ServerIdentity = field(default_factory=ServerIdentity)
    encryption: Encryption = field(default_factory=Encryption)
    tags: Mapping[str, str] = field(default_factory=dict)
    contradictions: tuple[str, ...] = ()
    read_by: str = "get"
    replication_role: str | None = None
    source_server_id: str | None = None

    @property
    def primary_id(self) -> str | None:
        """The ID of the server that it replicates; None for one that is no replica, any more or at all."""
        return None if (self.replication_role or "").lower() in ("primary", "none") else self.source_server_id

    @property
    def updating(self) -> bool:
        """Whether an operation is at work on it, as far as its state shows that."""
        return (self.state or "").lower() == "updating"


@dataclass(frozen=True)
class Expected:
    """The identities that a server must hold for a change to be right; `system_assigned` None is either.

    Those that are `possible` it may hold too.
    """

    identities: tuple[str, ...]
    system_assigned: bool | None = None
    possible: tuple[str, ...] = ()


@dataclass(frozen=True)
class DesiredState:
    """The desired identities of a server. IDs are full, distinct without case, and in the caller's spelling.

    `present` is None where nobody has said what the server shall hold, which is not the same as nothing. With
    `only_if_assigned`, it counts for a server that holds one of these only. `guids` are bare names that may be no
    names: a principal ID or client ID has their form. An identity that one of the patterns
    `protected` fits is never removed.
    """

    present: tuple[str, ...] | None = None
    absent: tuple[str, ...] = ()
    purge: bool = False
    keep_encryption_identities: bool = False
    system_assigned: bool | None = None
    only_if_assigned: tuple[str, ...] = ()
    expected: Expected | None = None
    guids: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()

    @property
    def declared(self) -> bool:
        """Whether anybody has said what the server shall hold. A purge alone says nothing."""
        return self.present is not None or bool(self.absent) or self.system_assigned is not None

    @property
    def purges(self) -> bool:
        """Whether all others are to go, which needs a word about those that stay: `present`, be it empty."""
        return self.purge and self.present is not None

    @property
    def asks(self) -> bool:
        """Whether it asks for anything at all."""
        asks = bool(self.present or self.absent or self.purge) or self.system_assigned is not None
        return self.declared and asks

    def protects(self, resource_id: str) -> bool:
        """Return whether no action may remove the identity."""
        return any(matches(pattern, resource_id) for pattern in self.protected)


@dataclass(frozen=True)
class Plan:
    """The difference: `assign` as the caller spelled it, `remove` as the server did; `after` is what will be.

    `kept` are those that a purge leaves, as the server spells them, each with `PROTECTED` or `ENCRYPTION` for why.
    """

    before: ServerIdentity
    after: ServerIdentity
    assign: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()

    @property
    def system_assigned(self) -> bool | None:
        """True or False to enable or disable the system-assigned identity, None to leave it."""
        return None if self.before.system_assigned == self.after.system_assigned else self.after.system_assigned

    @property
    def loses(self) -> bool:
        """Whether the server loses an identity."""
        return bool(self.remove) or self.system_assigned is False

    @property
    def changes(self) -> bool:
        """Whether anything has to be written."""
        return bool(self.assign or self.remove) or self.system_assigned is not None


@dataclass(frozen=True)
class Operation:
    """A long running operation. Its URL is signed: it must come back unchanged, and must not be shown."""

    id: str
    start_time: str
    url: str | None = field(repr=False, default=None)
    retry_after: float | None = None


@dataclass(frozen=True)
class UserIdentity:
    """A user-assigned identity itself, as Microsoft.ManagedIdentity describes it."""

    id: str
    location: str
    principal_id: str | None
    client_id: str | None
    isolation_scope: str | None
    allowed_providers: tuple[str, ...] | None


@dataclass(frozen=True)
class Page:
    """A part of a list: JSON objects as ARM sent them, and where the next part is, None at the end."""

    items: tuple[dict[str, Any], ...]
    next_link: str | None = None


def region(location: str) -> str:
    """Return a form in which the two names of a region are equal, `Canada Central` and `canadacentral`."""
    return location.replace(" ", "").lower()


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def identity_from_arm(raw: dict[str, Any] | None) -> ServerIdentity:
    """Return the `identity` of a server's JSON."""
    raw = raw or {}
    tenant_id = _text(raw.get("tenantId"))
    assigned = []
    for resource_id, facts in (raw.get("userAssignedIdentities") or {}).items():
        client_id = _text((facts or {}).get("clientId"))
        known = client_id if (client_id or "").lower() != (tenant_id or "").lower() else None
        assigned.append(AssignedIdentity(resource_id, _text((facts or {}).get("principalId")), known))
    principal_id = _text(raw.get("principalId"))
    return ServerIdentity(
        # Either sign counts: az judges by the principal when it removes and by the type when it assigns.
        system_assigned="systemassigned" in _kinds(raw) or principal_id is not None,
        user_assigned=tuple(assigned),
        tenant_id=tenant_id,
        principal_id=principal_id,
    )


def _kinds(identity: dict[str, Any]) -> list[str]:
    return [kind.strip().lower() for kind in (identity.get("type") or "None").split(",")]


def server_from_arm(raw: dict[str, Any], ref: ServerRef, read_by: str = "get") -> Server:
    """Return a server's JSON as GET and list give it (2022-12-01 to 2026-01-01-preview are alike in these parts).

    Raise `TypeError`, `AttributeError` or `ValueError` for what is no server.
    """
    if not isinstance(raw.get("tags") or {}, dict):
        raise TypeError("tags")
    properties = raw.get("properties") or {}
    encryption = properties.get("dataEncryption") or {}
    cluster = properties.get("cluster") or {}
    server = Server(
        ref=ref,
        id=_text(raw.get("id")) or ref.id,
        location=_text(raw.get("location")) or "",
        state=_text(properties.get("state")),
        version=_text(properties.get("version")),
        elastic_cluster=(cluster.get("clusterSize") or 0) > 0,
        identity=identity_from_arm(raw.get("identity")),
        encryption=Encryption(
            type=_text(encryption.get("type")) or "SystemManaged",
            primary_identity=_text(encryption.get("primaryUserAssignedIdentityId")),
            geo_backup_identity=_text(encryption.get("geoBackupUserAssignedIdentityId")),
            primary_client_id=_text(encryption.get("primaryFederatedIdentityClientId")),
            geo_backup_client_id=_text(encryption.get("geoBackupFederatedIdentityClientId")),
        ),
        tags=raw.get("tags") or {},
        read_by=read_by,
        replication_role=_text(properties.get("replicationRole")),
        source_server_id=_text(properties.get("sourceServerResourceId")),
    )
    return replace(server, contradictions=tuple(_contradictions(raw, server)))


def _contradictions(raw: dict[str, Any], server: Server) -> Iterator[str]:
    """Say where the answer contradicts itself. Every recorded server has a `dataEncryption`, and of both the other."""
    kinds = _kinds(raw.get("identity") or {})
    held = {key(each) for each in server.identity.ids}
    said = (raw.get("identity") or {}).get("type")
    if unknown := sorted(set(kinds) - {"none", "systemassigned", "userassigned"}):
        yield f"identity.type is {said!r}, and what {', '.join(unknown)} means is not known"
    if ("userassigned" in kinds) != bool(held):
        yield f"identity.type is {said!r}, and identity.userAssignedIdentities has {len(held) or 'none'}"
    if "systemassigned" not in kinds and server.identity.principal_id:
        yield f"identity.type is {said!r}, and identity.principalId is there"
    if not (raw.get("properties") or {}).get("dataEncryption"):
        yield "properties.dataEncryption, which says what identities are needed for, is not there"
    yield from _unreadable(raw.get("properties") or {})
    if server.encryption.type.lower() == "azurekeyvault" and not server.encryption.uses:
        yield f"properties.dataEncryption.type is {server.encryption.type!r}, and no identity for it is there"
    for used, uses in server.encryption.uses.items():
        if used not in held:
            yield f"properties.dataEncryption names {used} for {' and '.join(uses)}, which is not assigned"


def _unreadable(properties: dict[str, Any]) -> Iterator[str]:
    """Say which of the values that decide about a write are no texts: read as absent, they would stop nothing."""
    encryption = properties.get("dataEncryption") or {}
    names = ("type", "primaryUserAssignedIdentityId", "geoBackupUserAssignedIdentityId")
    values = {f"properties.dataEncryption.{name}": encryption.get(name) for name in names}
    for name, value in {**values, "properties.state": properties.get("state")}.items():
        if value is not None and not isinstance(value, str):
            yield f"{name} is {value!r}"
