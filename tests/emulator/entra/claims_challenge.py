# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The challenge of a resource that wants a token with certain claims: those of continuous access evaluation, or MFA."""

from __future__ import annotations

import base64
import json
from typing import Any

# A token that is issued after a moment.
_CLAIMS = {"access_token": {"nbf": {"essential": True, "value": "1604106651"}}}
#: Multifactor authentication, as in Azure/azure-cli#31699.
MULTIFACTOR = {"access_token": {"acrs": {"essential": True, "values": ["p1"]}}}


def header(login: str, claims: dict[str, Any] | None = None) -> dict[str, str]:
    """Return the header that asks for claims, by default those that `is_met` looks for."""
    encoded = base64.b64encode(json.dumps(claims or _CLAIMS).encode()).decode()
    authorize = f"{login}/common/oauth2/authorize"
    return {
        "WWW-Authenticate": f'Bearer realm="", authorization_uri="{authorize}", error="insufficient_claims", '
        f'claims="{encoded}"'
    }


def is_met(claims: str | None) -> bool:
    """Return whether a request for a token passes them on, maybe with others that the client adds."""
    try:
        asked = json.loads(claims or "{}")["access_token"]["nbf"]
    except (ValueError, LookupError, TypeError):
        return False
    return bool(asked == _CLAIMS["access_token"]["nbf"])
