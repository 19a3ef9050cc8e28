# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of the instance metadata service and of App Service: tokens of managed identities."""

from __future__ import annotations

from emulator.arm.exchange import Call, Reply
from emulator.arm.tenant import CLIENT_ID


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
    known = {CLIENT_ID}
    for subscription in call.cloud.world.subscriptions.values():
        known.update(identity.client_id for identity in subscription.identities())
    client_id = call.query.get("client_id", CLIENT_ID)
    if client_id not in known:
        return _refused("Identity not found")
    return Reply(call.cloud.tokens.managed_identity(call.query.get("resource", ""), client_id))


def _refused(text: str) -> Reply:
    return Reply({"error": "invalid_request", "error_description": text}, 400)
