# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Share IDs, a server in one line, a clock that moves only when somebody sleeps, and errors of ARM."""

from __future__ import annotations

from typing import Any

from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import Clock, RetryPolicy
from ansible_collections.pgflex.azure.plugins.module_utils._errors import ServiceError
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import (
    AssignedIdentity,
    Encryption,
    Server,
    ServerIdentity,
    UserIdentity,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-0000000000aa"
PRINCIPAL = "00000000-0000-0000-0000-0000000000bb"
REF = ServerRef(SUBSCRIPTION, "rg-prod", "pg-orders")


def mi(name: str, group: str = "rg-ids", *, segment: str = "resourceGroups") -> str:
    """Return the ID of a user-assigned identity; both spellings of segment occur in recordings."""
    return (
        f"/subscriptions/{SUBSCRIPTION}/{segment}/{group}"
        f"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    )


A, B, C, D = (mi(f"id-{letter}") for letter in "abcd")


def server(
    *ids: str,
    system: bool = False,
    primary: str | None = None,
    geo: str | None = None,
    elastic: bool = False,
    state: str = "Ready",
) -> Server:
    """Return a server that holds ids; with an identity for encryption it has a customer-managed key."""
    return Server(
        ref=REF,
        id=REF.id,
        location="Canada Central",
        state=state,
        version="17",
        elastic_cluster=elastic,
        identity=ServerIdentity(
            system_assigned=system,
            user_assigned=tuple(AssignedIdentity(each) for each in ids),
            tenant_id=TENANT if ids or system else None,
            principal_id=PRINCIPAL if system else None,
        ),
        encryption=Encryption("AzureKeyVault" if primary or geo else "SystemManaged", primary, geo),
    )


class FakeTime:
    """A clock that stands still until somebody sleeps, and notes for how long."""

    def __init__(self) -> None:
        self.time = 0.0
        self.pauses: list[float] = []

    def now(self) -> float:
        """Return the seconds since the test began."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let seconds pass at once."""
        self.pauses.append(seconds)
        self.time += seconds

    def retry_policy(
        self, *, wait_timeout: float = 1800, poll_interval: float = 10, busy_timeout: float = 600
    ) -> RetryPolicy:
        """Return the retry policy of a task, by this clock; the limits are the module's defaults."""
        return RetryPolicy(wait_timeout, poll_interval, busy_timeout, Clock(self.now, self.sleep))


def refusal(status: int | None, code: str = "", retry_after: float | None = None) -> ServiceError:
    """Return what ARM says with an HTTP status; without one no answer came."""
    return ServiceError(
        "Cannot do it", "It is so", code=code, status=status, retry_after=retry_after, no_answer=status is None
    )


def busy(retry_after: float | None = None) -> ServiceError:
    """Return the refusal of a server that works on another operation."""
    return refusal(409, "ServerIsBusy", retry_after)


class Cloud:
    """The rest of the service: identities by ID, and whether a server mirrors to Fabric. Errors are raised."""

    def __init__(self, *identities: UserIdentity | ServiceError, mirrors: bool | ServiceError = False) -> None:
        self._identities = {each.id if isinstance(each, UserIdentity) else each.target: each for each in identities}
        self._mirrors = mirrors
        self.asked: list[str] = []

    def get_identity(self, resource_id: str) -> UserIdentity:
        """GET of an identity; one that is unknown is not found."""
        self.asked.append(resource_id)
        found = self._identities.get(resource_id, refusal(404, "ResourceNotFound"))
        if isinstance(found, ServiceError):
            raise found
        return found

    def fabric_mirroring(self, ref: ServerRef) -> bool:
        """GET of a server parameter."""
        self.asked.append(ref.id)
        if isinstance(self._mirrors, ServiceError):
            raise self._mirrors
        return self._mirrors


def identity(resource_id: str, **facts: Any) -> UserIdentity:
    """Return a user-assigned identity that every server may use, but for the facts given."""
    usual = {
        "location": "canadacentral",
        "principal_id": f"principal of {resource_id[-4:]}",
        "client_id": f"client of {resource_id[-4:]}",
        "isolation_scope": None,
        "allowed_providers": None,
    }
    return UserIdentity(resource_id, **{**usual, **facts})


def forbidden(resource_id: str) -> ServiceError:
    """Return the refusal to read an identity."""
    return ServiceError("Cannot read", "No right", code="AuthorizationFailed", status=403, target=resource_id)
