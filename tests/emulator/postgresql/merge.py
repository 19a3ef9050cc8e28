# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge the `identity` of a PATCH into a server's: the rules of the service, without HTTP and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.arm import resource_ids
from emulator.arm.errors import ArmError, FailedIdentityOperation, InvalidRequestContent, LinkedInvalidPropertyId
from emulator.postgresql.errors import EncryptionIdentityInUse
from emulator.postgresql.models import ServerIdentity

if TYPE_CHECKING:
    from emulator.control.settings import Settings
    from emulator.postgresql.models import Server

_TYPES = {
    each.lower(): each for each in ("None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned")
}  # fmt: skip


def merged(server: Server, patch: dict[str, Any], settings: Settings) -> ServerIdentity:
    """Return the identity that `server` has after the PATCH body's `identity` took effect.

    A map entry `{}` adds, `null` removes, and identities that are not mentioned stay; the type decides about the
    system-assigned identity, and drops all user-assigned ones when it does not contain UserAssigned.

    :raises ArmError: if the service refuses the request.
    """
    identity_map = patch.get("userAssignedIdentities")
    wanted_type = _type(server, patch, settings)
    if identity_map is not None and "UserAssigned" not in wanted_type.split(","):
        raise _failed(
            server,
            "The request format was unexpected, a non-UserAssigned identity type should not contain: "
            "userAssignedIdentities",
        )
    keys = _merged_keys(server, _checked_map(identity_map), settings)
    result = _with_type(server, wanted_type, keys, settings)
    _check_encryption(server, result, settings)
    return result


def added(before: ServerIdentity, after: ServerIdentity) -> list[str]:
    """Return the IDs that are assigned only afterwards."""
    return [key for key in after.user_assigned if not before.has(key)]


def _failed(server: Server, message: str) -> ArmError:
    return FailedIdentityOperation(scope=server.id, message=message)


def _type(server: Server, patch: dict[str, Any], settings: Settings) -> str:
    given = patch.get("type")
    if given is None and settings.missing_type == "infer":
        return "SystemAssigned,UserAssigned" if server.identity.system else "UserAssigned"
    if given is None:
        raise InvalidRequestContent(reason="Required property 'type' not found in JSON. Path 'identity'")
    known = _TYPES.get(str(given).replace(" ", "").lower())
    if known is None:
        raise InvalidRequestContent(reason=f"Error converting value \"{given}\" to identity type. Path 'identity.type'")
    return known


def _checked_map(identity_map: Any) -> dict[str, Any]:
    if identity_map is None:
        return {}
    if not isinstance(identity_map, dict):
        raise InvalidRequestContent(reason="Path 'identity.userAssignedIdentities' must be an object")
    for key, value in identity_map.items():
        parsed = resource_ids.parse(key)
        if parsed is None or parsed.type.lower() != resource_ids.IDENTITY_TYPE.lower():
            raise LinkedInvalidPropertyId(linked=key)
        if value is not None and not isinstance(value, dict):
            raise InvalidRequestContent(reason=f"Path 'identity.userAssignedIdentities.{key}' must be an object")
    return identity_map


def _merged_keys(server: Server, changes: dict[str, Any], settings: Settings) -> tuple[str, ...]:
    exact = settings.same_id_other_casing == "duplicate"
    keys = {key if exact else key.lower(): key for key in server.identity.user_assigned}
    for key, value in changes.items():
        comparable = key if exact else key.lower()
        if value is not None:
            keys.setdefault(comparable, key.lower() if settings.key_casing == "lower" else key)
        elif comparable in keys:
            del keys[comparable]
        elif settings.remove_unassigned == "refuse":
            raise _failed(server, f"The identity '{key}' is not assigned to the resource.")
    return tuple(keys.values())


def _with_type(server: Server, wanted: str, keys: tuple[str, ...], settings: Settings) -> ServerIdentity:
    before = server.identity
    if wanted == "None":
        return ServerIdentity()
    if wanted == "SystemAssigned":
        return _system_only(server, settings)
    if not keys and settings.empty_map == "refuse":
        raise _failed(server, f"The identity ids must not be null or empty for '{wanted}' identity type.")
    system = "SystemAssigned" in wanted
    if before.system and not system and keys and settings.disable_system_with_user == "refuse":
        raise _failed(
            server,
            "The system assigned managed identity cannot be disabled as the instance has User Assigned Managed "
            "identities assigned",
        )
    return ServerIdentity(system=system, user_assigned=keys)


def _system_only(server: Server, settings: Settings) -> ServerIdentity:
    if server.identity.user_assigned:
        if settings.user_to_system == "refuse":
            raise _failed(server, f"Changing '{server.identity.type}' to 'SystemAssigned' is not supported.")
        if settings.user_to_system == "ignore":
            return server.identity
    return ServerIdentity(system=True)


def _check_encryption(server: Server, after: ServerIdentity, settings: Settings) -> None:
    if settings.encryption_identity_removal == "accept":
        return
    for key in server.identity.user_assigned:
        if server.encrypts_with(key) and not after.has(key):
            raise EncryptionIdentityInUse(linked=key, name=server.name)
