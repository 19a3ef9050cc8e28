# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""All that has to be read besides the server before a plan is carried out. Same in check mode and for real."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Protocol

from .._errors import PgflexError, Refused, ServiceError
from .._identity.models import region
from .._identity.resource_ids import ServerRef, distinct, key, split

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._azure.retry import RetryPolicy
    from .._identity.models import DesiredState, Plan, Server, UserIdentity

_PROVIDER = "microsoft.dbforpostgresql"
_MISSING = "it does not exist."
_FABRIC_MIRRORING = (
    "On servers for which Fabric mirroring is enabled, system assigned managed identity cannot be disabled."
)


class IdentityReader(Protocol):
    """The part of `client.Api` that is needed here."""

    def get_identity(self, resource_id: str) -> UserIdentity:
        """See `Api`."""

    def fabric_mirroring(self, ref: ServerRef) -> bool:
        """See `Api`."""


class Identities:
    """Identities themselves, each read once in a run, whatever came of it. Several threads may use it.

    Those that may not be read are None, with a warning.
    """

    def __init__(self, api: IdentityReader, retry_policy: RetryPolicy) -> None:
        self._api = api
        self._retry_policy = retry_policy
        self._known: dict[str, UserIdentity | None] = {}
        self._failed: dict[str, PgflexError] = {}
        self._lock = threading.Lock()
        self.warnings: list[str] = []

    @property
    def known(self) -> list[UserIdentity]:
        """Those that were read, sorted by ID."""
        return sorted((each for each in self._known.values() if each), key=lambda each: key(each.id))

    def has(self, resource_id: str) -> bool:
        """Return whether the identity was asked for already."""
        return key(resource_id) in self._known or key(resource_id) in self._failed

    def get(self, resource_id: str) -> UserIdentity | None:
        """Return the identity; None without the right to read it. Raise `ServiceError` (404 if there is none)."""
        name = key(resource_id)
        with self._lock:
            if not self.has(resource_id):
                self._read(name, resource_id)
        if name in self._failed:
            raise self._failed[name]
        return self._known[name]

    def _read(self, name: str, resource_id: str) -> None:
        try:
            self._known[name] = self._retry_policy.read(partial(self._api.get_identity, resource_id))
        except PgflexError as error:
            if error.status == 403:
                self.warnings.append(str(error))
                self._known[name] = None
            else:
                self._failed[name] = error

    def may_exist(self, resource_id: str) -> bool:
        """Return whether the identity exists, or it cannot be told."""
        try:
            self.get(resource_id)
        except PgflexError as error:
            return error.status != 404
        return True

    def look_up(self, resource_id: str) -> UserIdentity | None:
        """Return the same as `get`, but None for an identity that was deleted while assigned, with one warning."""
        known_to_be_gone = key(resource_id) in self._failed
        try:
            return self.get(resource_id)
        except ServiceError as error:
            if error.status != 404:
                raise
            if not known_to_be_gone:
                self.warnings.append(str(error))
            return None


def warn_of_removals(desired: Iterable[DesiredState], servers: Iterable[Server], identities: Identities) -> list[str]:
    """Return a warning for each identity to remove that no server holds, by whatever ID, and that does not exist.

    A bare name stands for another ID in each resource group: one of them that exists is enough.
    """
    held = {key(split(each).name) for server in servers for each in server.identity.ids}
    named: dict[str, list[str]] = {}
    for state in desired:
        # What a rollback removes is in a record.
        for each in () if state.expected else state.absent:
            named.setdefault(key(split(each).name), []).append(each)
    return [
        f"{distinct(ids)[0]} is to be removed, but no server of this run holds an identity of that name, and it does "
        "not exist. Check its name, its resource group and its subscription."
        for name, ids in named.items()
        if name not in held and not any(map(identities.may_exist, distinct(ids)))
    ]


class Preflight:
    """All that is read besides one server before its change; `identities` is None to leave out the look at those."""

    def __init__(self, api: IdentityReader, identities: Identities | None, retry_policy: RetryPolicy) -> None:
        self._api = api
        self._identities = identities
        self._retry_policy = retry_policy
        self._mirrors: bool | None = None

    def check(self, server: Server, plan: Plan) -> bool:
        """Return whether something had to be asked. Raise `Refused` if `plan` would fail or do harm."""
        asked = False
        if plan.system_assigned is False:
            asked = self._mirrors is None
            if self._is_mirrored(server):
                raise Refused(_FABRIC_MIRRORING, code="SystemAssignedIdentityInUse", target=server.id)
        if self._identities is None:
            return asked
        for resource_id in plan.assign:
            asked = asked or not self._identities.has(resource_id)
            problem = _unusable(server, resource_id, self._identities)
            if problem:
                raise Refused(
                    f"Cannot assign identity {resource_id}: {problem}",
                    code="IdentityUnusable",
                    target=resource_id,
                    hint="Check its name, its resource group and its subscription." if problem == _MISSING else "",
                )
        return asked

    def _is_mirrored(self, server: Server) -> bool:
        if self._mirrors is None:
            try:
                self._mirrors = self._retry_policy.read(partial(self._api.fabric_mirroring, server.ref))
            except ServiceError as error:
                if error.status != 404:  # versions of PostgreSQL without mirroring do not have the parameter
                    raise
                self._mirrors = False
        return self._mirrors


def _unusable(server: Server, resource_id: str, identities: Identities) -> str | None:
    try:
        identity = identities.get(resource_id)
    except ServiceError as error:
        if error.status == 404:
            return _MISSING
        raise
    if identity is None:
        return None
    elsewhere = region(identity.location) != region(server.location)
    if (identity.isolation_scope or "").lower() == "regional" and elsewhere:
        return f"it is isolated to its region {identity.location}, and the server is in {server.location}."
    allowed = identity.allowed_providers
    if allowed is not None and not {each.lower() for each in allowed} & {_PROVIDER, f"{_PROVIDER}/flexibleservers"}:
        return f"its assignment restrictions allow only {', '.join(allowed)}."
    return None
