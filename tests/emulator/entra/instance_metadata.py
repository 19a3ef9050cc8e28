# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the instance metadata service and of App Service: tokens of managed identities."""

from __future__ import annotations

from emulator.arm.exchange import Call, Reply
from emulator.arm.tenant import CLIENT_ID

# How a query names an identity: the resource ID has one name for virtual machines and another for App Service.
_WHICH = {
    "client_id": "client",
    "object_id": "principal",
    "principal_id": "principal",
    "msi_res_id": "resource",
    "mi_res_id": "resource",
}


def virtual_machine(call: Call) -> Reply:
    """Answer a managed identity of a virtual machine."""
    if call.headers.get("Metadata", "").lower() != "true":
        return _refused("Required metadata header not specified")
    return _managed_identity(call)


def app_service(call: Call) -> Reply:
    """Answer a managed identity of an App Service or Functions app."""
    if call.headers.get("X-IDENTITY-HEADER") != call.cloud.principals.identity_header:
        return _refused("Wrong identity header")
    return _managed_identity(call)


def _managed_identity(call: Call) -> Reply:
    if call.cloud.settings.node_identities == "several" and not any(name in call.query for name in _WHICH):
        return _refused(
            "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the "
            "token request"
        )
    client_id = _client_id(call)
    if client_id is None:
        return _refused("Identity not found")
    return Reply(call.cloud.tokens.managed_identity(call.query.get("resource", ""), client_id))


def _client_id(call: Call) -> str | None:
    """Return the client ID of the identity that the query names in one of three ways, None if there is none such."""
    wanted = {kind: call.query[name].lower() for name, kind in _WHICH.items() if name in call.query}
    if not wanted:
        return CLIENT_ID
    if wanted == {"client": CLIENT_ID}:
        return CLIENT_ID
    for subscription in call.cloud.world.subscriptions.values():
        for each in subscription.identities():
            facts = {"client": each.client_id, "principal": each.principal_id, "resource": each.id}
            if all(facts[kind].lower() == value for kind, value in wanted.items()):
                return each.client_id
    return None


def _refused(text: str) -> Reply:
    return Reply({"error": "invalid_request", "error_description": text}, 400)
