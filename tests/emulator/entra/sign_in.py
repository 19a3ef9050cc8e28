# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of Microsoft Entra ID, of instance metadata and of `/metadata/endpoints`, and the token endpoint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from emulator.arm.exchange import Call, Reply
from emulator.entra import instance_metadata, metadata
from emulator.entra.errors import EntraError

if TYPE_CHECKING:
    from collections.abc import Callable


def token(call: Call) -> Reply:
    return Reply(call.cloud.tokens.grant(call.base, call.parts["tenant"], call.form))


_TENANT = "/(?P<tenant>[^/]+)"
# Path, kind in the request log, and who answers.
ROUTES: tuple[tuple[str, re.Pattern[str], str, Callable[[Call], Reply]], ...] = tuple(
    (method, re.compile(path, re.IGNORECASE), kind, handler)
    for method, path, kind, handler in (
        ("GET", "/metadata/endpoints", "metadata", metadata.metadata_endpoints),
        ("GET", "/metadata/identity/oauth2/token", "token", instance_metadata.virtual_machine),
        ("GET", "/msi/token", "token", instance_metadata.app_service),
        ("GET", "/common/discovery/instance", "metadata", metadata.instance_discovery),
        ("GET", f"{_TENANT}/userrealm/(?P<user>[^/]+)", "metadata", metadata.user_realm),
        ("GET", f"{_TENANT}(/v2.0)?/.well-known/openid-configuration", "metadata", metadata.openid_configuration),
        ("POST", f"{_TENANT}/oauth2/v2.0/token", "token", token),
    )
)


def find(call: Call) -> tuple[str, Callable[[Call], Reply]] | None:
    """Return the kind of the request and who answers it, None if it is not about signing in."""
    for method, path, kind, handler in ROUTES:
        match = path.fullmatch(call.path) if method == call.method else None
        if match:
            call.parts = match.groupdict()
            return kind, handler
    return None


def answer(call: Call, handler: Callable[[Call], Reply]) -> Reply:
    try:
        return handler(call)
    except EntraError as error:
        return Reply(error.body(), error.status, {"Cache-Control": "no-store, no-cache"})
