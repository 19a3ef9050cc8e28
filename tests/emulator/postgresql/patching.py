# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PATCH of a server: who may, whether it can be now, what it changes, and the operation that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.arm import resource_ids
from emulator.arm.errors import ArmError, FailedIdentityOperation, InvalidRequestContent, ScopeLocked
from emulator.arm.operations import Operation, Operations, Outcome
from emulator.postgresql import merge
from emulator.postgresql.errors import (
    ElasticClusterNotSupported,
    LinkedAuthorizationFailed,
    ServerBusy,
    ServerGroupDropping,
    ServerIsBusy,
    ServerStoppedError,
)
from emulator.postgresql.models import ServerIdentity

if TYPE_CHECKING:
    from emulator.arm.models import ResourceGroup, UserIdentity, World
    from emulator.control.faults import Then
    from emulator.control.settings import AllSettings
    from emulator.postgresql.models import Server

ASSIGN_ACTION = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
_PROVIDER = "Microsoft.DBforPostgreSQL"
_DEFAULT_FAILURE = {
    "code": "InternalServerError",
    "message": "An unexpected error occured while processing the request.",
}


class Patcher:
    """Applies the rules of the service; `client` and `actor` are named in its refusals."""

    def __init__(self, world: World, operations: Operations, settings: AllSettings, client: str, actor: str) -> None:
        self._world = world
        self._operations = operations
        self._settings = settings
        self._client = client
        self._actor = actor

    def patch(self, group: ResourceGroup, server: Server, body: Any, version: str, then: Then | None) -> Operation:
        """Start the operation for `body`; `then` is a fault that decides how it ends.

        :raises ArmError: if the service refuses the request.
        """
        if not isinstance(body, dict):
            raise InvalidRequestContent(reason="the body must be a JSON object")
        self._check_lock(group, server)
        self._check_state(server)
        if server.busy:
            return self._refuse_busy(server, version)
        self._check_held(server)
        wanted = body.get("identity")
        outcome = Outcome() if wanted is None else self._outcome(server, wanted)
        if then is not None and then.decides_operation:
            outcome = _faulted(outcome, then)
        operation = Operation(server=server, outcome=outcome, api_version=version)
        self._operations.start(operation, 0 if self._answers_when_done else self._settings.operation_seconds)
        return operation

    @property
    def _answers_when_done(self) -> bool:
        """Return whether there is nothing to wait for: neither 202 nor the address of an operation."""
        return self._settings.accepted in {200, 201, 204} and self._settings.async_headers == "none"

    def meanwhile(self, write: dict[str, Any]) -> None:
        """Let somebody else change a server: `assign`, `remove`, `system_assigned`, in `seconds`. Not a busy one.

        :raises ArmError: if there is no such server.
        """
        parsed = resource_ids.parse(write["server"])
        assert parsed is not None, write
        server = self._world.subscription(parsed.subscription).group(parsed.group).server(parsed.name)
        if server.busy:
            return
        gone = {each.lower() for each in write.get("remove", [])}
        kept = [each for each in server.identity.user_assigned if each.lower() not in gone]
        new = [each for each in write.get("assign", []) if not server.identity.has(each)]
        identity = ServerIdentity(write.get("system_assigned", server.identity.system), (*kept, *new))
        operation = Operation(server, Outcome(identity=identity), "2025-08-01", by="meanwhile")
        self._operations.start(operation, write.get("seconds", 0))

    def _check_lock(self, group: ResourceGroup, server: Server) -> None:
        locked = [each.id for each in (group, server) if each.lock == "ReadOnly"]
        if locked:
            raise ScopeLocked(scope=server.id, locked=",".join(locked))

    def _check_held(self, server: Server) -> None:
        if self._settings.deleted_identity == "refuse":
            for key in server.identity.user_assigned:
                if self._world.identity(key) is None:
                    raise _not_found(server, key)

    def _check_state(self, server: Server) -> None:
        if server.state == "Dropping":
            raise ServerGroupDropping
        if server.state == "Stopped" and self._settings.stopped_server_patch == "refuse":
            raise ServerStoppedError(name=server.name)
        if server.cluster_size and self._settings.elastic_cluster_patch == "refuse":
            raise ElasticClusterNotSupported

    def _refuse_busy(self, server: Server, version: str) -> Operation:
        error = (ServerIsBusy if self._settings.busy_code == "ServerIsBusy" else ServerBusy)(name=server.name)
        if self._settings.busy_in == "request":
            error.status = self._settings.busy_status
            raise error
        operation = Operation(server=server, outcome=Outcome("Failed", error.detail), api_version=version)
        self._operations.fail_beside(operation)
        return operation

    def _outcome(self, server: Server, wanted: Any) -> Outcome:
        if not isinstance(wanted, dict):
            raise InvalidRequestContent(reason="Path 'identity' must be an object")
        after = merge.merged(server, wanted, self._settings)
        for key in merge.added(server.identity, after):
            identity = self._world.identity(key)
            if identity is None:
                error = self._missing(server, key)
                if self._settings.missing_identity_in == "request":
                    raise error
                return Outcome("Failed", error.detail)
            self._check_assignable(server, key, identity)
        return Outcome(identity=after)

    def _missing(self, server: Server, key: str) -> ArmError:
        if self._settings.missing_identity == "LinkedAuthorizationFailed":
            return LinkedAuthorizationFailed(client=self._client, actor=self._actor, scope=server.id, linked=key)
        return _not_found(server, key)

    def _check_assignable(self, server: Server, key: str, identity: UserIdentity) -> None:
        subscription = self._world.subscription(identity.subscription_id)
        if not subscription.allows(ASSIGN_ACTION):
            raise LinkedAuthorizationFailed(client=self._client, actor=self._actor, scope=server.id, linked=key)
        if self._settings.restricted_identity == "accept":
            return
        elsewhere = resource_ids.short_location(identity.location) != resource_ids.short_location(server.location)
        if identity.isolation_scope == "Regional" and elsewhere:
            raise FailedIdentityOperation(
                scope=server.id, message=f"The identity '{key}' is restricted to the region '{identity.location}'."
            )
        allowed = identity.assignment_restrictions
        if allowed is not None and _PROVIDER.lower() not in {each.lower() for each in allowed}:
            raise FailedIdentityOperation(
                scope=server.id, message=f"The identity '{key}' cannot be assigned to resources of '{_PROVIDER}'."
            )


def _not_found(server: Server, key: str) -> ArmError:
    return FailedIdentityOperation(scope=server.id, message=f"Resource '{key}' was not found.")


def _faulted(outcome: Outcome, then: Then) -> Outcome:
    if then.operation_effect == "none":
        return Outcome()
    status = then.operation_status or ("Failed" if then.operation_error else outcome.status)
    if status.lower() == "succeeded":
        return Outcome(status, None, outcome.identity)
    return Outcome(status, then.operation_error or (_DEFAULT_FAILURE if status == "Failed" else None))
