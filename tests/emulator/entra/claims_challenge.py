# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Continuous access evaluation: the challenge of a resource that wants a token with certain claims."""

from __future__ import annotations

import base64
import json

# A token that is issued after a moment.
_CLAIMS = {"access_token": {"nbf": {"essential": True, "value": "1604106651"}}}


def header(login: str) -> dict[str, str]:
    """Return the header that asks for them."""
    encoded = base64.b64encode(json.dumps(_CLAIMS).encode()).decode()
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
