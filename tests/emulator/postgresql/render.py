# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure's JSON of flexible servers, in the order and with the peculiarities of the real answers."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from emulator.arm import resource_ids
from emulator.arm.models import stable_guid
from emulator.arm.tenant import TENANT_ID

if TYPE_CHECKING:
    from emulator.arm.models import World
    from emulator.control.settings import Settings
    from emulator.postgresql.models import Server

_SERVER_CONSTANTS: dict[str, Any] = {
    "storage": {"type": "", "iops": 500, "tier": "P10", "storageSizeGB": 128, "autoGrow": "Disabled"},
    "network": {"publicNetworkAccess": "Disabled"},
    "privateEndpointConnections": [],
}
_FEDERATED_CLIENTS = {
    "primary": "primaryFederatedIdentityClientId",
    "geo_backup": "geoBackupFederatedIdentityClientId",
}
_FEDERATED_CLIENTS_SINCE = "2026-10-01"
_MINOR_VERSIONS = {"18": "3", "17": "7", "16": "11", "15": "15", "14": "20", "13": "23", "12": "22", "11": "22"}


class ServerRenderer:
    """Renders servers; the order of the identity map changes with every answer, the same way in every run."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world = world
        self._settings = settings
        # Not for security: the order of a JSON object.
        self._random = random.Random(0)  # noqa: S311

    def server(self, version: str, server: Server) -> dict[str, Any]:
        """Return the JSON of a server in an API version, with what its seed says that it shows instead."""
        return _merged(self._true_server(server, version), server.shown)

    def listed(self, version: str, server: Server) -> dict[str, Any]:
        """Return the JSON of a server in a list."""
        return _merged(self.server(version, server), server.listed)

    def _true_server(self, server: Server, version: str) -> dict[str, Any]:
        body: dict[str, Any] = {"sku": {"name": "Standard_D4ds_v4", "tier": "GeneralPurpose"}}
        identity = self._identity(server)
        if identity:
            body["identity"] = identity
        body["systemData"] = {"createdAt": server.created.strftime("%Y-%m-%dT%H:%M:%S.%f") + "4Z"}
        body["properties"] = self._properties(server)
        if version >= _FEDERATED_CLIENTS_SINCE or self._settings.newer_properties == "show":
            body["properties"]["dataEncryption"].update(
                {_FEDERATED_CLIENTS[use]: client_id for use, client_id in server.federated_clients.items()}
            )
        body["location"] = resource_ids.display_location(server.location)
        if server.tags:
            body["tags"] = server.tags
        return {**body, "id": server.id, "name": server.name, "type": resource_ids.SERVER_TYPE}

    def _identity(self, server: Server) -> dict[str, Any]:
        """Return the identity, empty when the server has none: the key is absent then."""
        if server.identity.type == "None":
            return {}
        body: dict[str, Any] = {}
        if server.identity.user_assigned:
            keys = list(server.identity.user_assigned)
            self._random.shuffle(keys)
            body["userAssignedIdentities"] = {key: self._user_assigned(key) for key in keys}
        if server.identity.system:
            body["principalId"] = stable_guid("system", server.id)
        return {**body, "type": server.identity.type, "tenantId": TENANT_ID}

    def _user_assigned(self, key: str) -> dict[str, str]:
        """Return an entry of the map: the service has reported the tenant in place of the client ID for years."""
        known = self._world.identity(key)
        principal_id = known.principal_id if known else stable_guid("principal", key)
        client_id = known.client_id if known else stable_guid("client", key)
        return {
            "principalId": principal_id,
            "clientId": TENANT_ID if self._settings.client_id_in_server == "tenant" else client_id,
        }

    def _properties(self, server: Server) -> dict[str, Any]:
        role = "AsyncReplica" if server.replica_of else "Primary"
        properties: dict[str, Any] = {
            "dataEncryption": _encryption(server),
            "replica": {"role": role, "capacity": 5},
            **_SERVER_CONSTANTS,
            "authConfig": {"activeDirectoryAuth": "Enabled", "passwordAuth": "Enabled", "tenantId": TENANT_ID},
            "fullyQualifiedDomainName": f"{server.name}.postgres.database.azure.com",
            "version": server.version,
            "minorVersion": _MINOR_VERSIONS.get(server.version, "0"),
            "administratorLogin": "pgadmin",
            "state": self._settings.state_while_running if server.busy else server.state,
            "availabilityZone": "1",
        }
        if server.replica_of:
            properties["sourceServerResourceId"] = server.replica_of
        if server.cluster_size:
            properties["cluster"] = {"clusterSize": server.cluster_size, "defaultDatabaseName": "postgres"}
        geo = "Enabled" if "geo_backup" in server.encryption else "Disabled"
        return {
            **properties,
            "backup": {"backupRetentionDays": 7, "geoRedundantBackup": geo},
            "highAvailability": {"mode": "Disabled", "state": "NotEnabled"},
            "maintenanceWindow": {"customWindow": "Disabled", "dayOfWeek": 0, "startHour": 0, "startMinute": 0},
            "replicationRole": role,
            "replicaCapacity": 5,
        }


def _merged(body: dict[str, Any], overlay: dict[str, Any]) -> dict[str, Any]:
    """Return `body` with an overlay as in RFC 7396: mappings are merged, null takes a key away."""
    merged = dict(body)
    for key, value in overlay.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            under = merged.get(key)
            merged[key] = _merged(under if isinstance(under, dict) else {}, value)
        else:
            merged[key] = value
    return merged


def _encryption(server: Server) -> dict[str, str]:
    if not server.encryption:
        return {"type": "SystemManaged"}
    body = {"type": "AzureKeyVault"}
    for use, prefix in (("primary", "primary"), ("geo_backup", "geoBackup")):
        if use in server.encryption:
            key = stable_guid("key", server.id, use).replace("-", "")
            body[f"{prefix}EncryptionKeyStatus"] = "Valid"
            body[f"{prefix}KeyURI"] = f"https://kv-{prefix.lower()}.vault.azure.net/keys/pgkey/{key}"
            body[f"{prefix}UserAssignedIdentityId"] = server.encryption[use]
    return body


def fabric_mirroring(server: Server) -> dict[str, Any]:
    return {
        "properties": {
            "value": "on" if server.fabric_mirroring else "off",
            "description": "Specifies whether mirroring to Fabric is enabled.",
            "defaultValue": "off",
            "dataType": "Boolean",
            "allowedValues": "on,off",
            "source": "user-override" if server.fabric_mirroring else "system-default",
            "isDynamicConfig": True,
            "isReadOnly": False,
            "isConfigPendingRestart": False,
        },
        "id": f"{server.id}/configurations/azure.fabric_mirror_enabled",
        "name": "azure.fabric_mirror_enabled",
        "type": f"{resource_ids.SERVER_TYPE}/configurations",
    }
