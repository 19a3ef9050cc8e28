# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Azure's JSON of subscriptions, resource groups and identities, in the order of the real answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.arm import resource_ids
from emulator.arm.tenant import TENANT_ID

if TYPE_CHECKING:
    from emulator.arm.models import ResourceGroup, Subscription, UserIdentity


def identity(identity: UserIdentity, api_version: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "tenantId": TENANT_ID,
        "principalId": identity.principal_id,
        "clientId": identity.client_id,
    }
    if identity.isolation_scope is not None and api_version >= "2024-11-30":
        properties["isolationScope"] = identity.isolation_scope
    if identity.assignment_restrictions is not None and api_version >= "2025-05-31-preview":
        properties["assignmentRestrictions"] = {"providers": identity.assignment_restrictions}
    return {
        "location": identity.location,
        "tags": {},
        "id": identity.id,
        "name": identity.name,
        "type": resource_ids.IDENTITY_TYPE,
        "properties": properties,
    }


def subscription(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription.id}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.id,
        "tenantId": TENANT_ID,
        "displayName": subscription.name,
        "state": "Disabled" if subscription.disabled else "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def tenant() -> dict[str, Any]:
    return {
        "id": f"/tenants/{TENANT_ID}",
        "tenantId": TENANT_ID,
        "countryCode": "CA",
        "displayName": "Emulator",
        "domains": ["emulator.example"],
        "tenantCategory": "Home",
        "defaultDomain": "emulator.example",
        "tenantType": "AAD",
    }


def resource_group(group: ResourceGroup) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": group.id,
        "name": group.name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": group.location,
    }
    if group.tags:
        body["tags"] = group.tags
    return {**body, "properties": {"provisioningState": "Succeeded"}}


def provider(subscription: Subscription, namespace: str) -> dict[str, Any]:
    registered = subscription.registered or namespace.lower() != "microsoft.dbforpostgresql"
    return {
        "id": f"/subscriptions/{subscription.id}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationRequired",
        "resourceTypes": [],
        "registrationState": "Registered" if registered else "NotRegistered",
    }


def location(subscription_id: str, name: str, display_name: str) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{subscription_id}/locations/{name}",
        "name": name,
        "type": "Region",
        "displayName": display_name,
        "regionalDisplayName": display_name,
        "metadata": {"regionType": "Physical"},
    }
