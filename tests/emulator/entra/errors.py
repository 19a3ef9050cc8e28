# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of Microsoft Entra ID."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

# Error, status and words by the number behind AADSTS, for those that a fault asks for. From public pastes, shortened.
_REFUSALS = {
    50053: ("invalid_grant", 400, "The account is locked, you've tried to sign in too many times."),
    50055: ("invalid_grant", 400, "The password is expired."),
    50057: ("invalid_grant", 400, "The user account is disabled."),
    50076: (
        "invalid_grant",
        400,
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must "
        "use multi-factor authentication to access the resource.",
    ),
    50079: (
        "invalid_grant",
        400,
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must "
        "enroll in multi-factor authentication to access the resource.",
    ),
    53003: (
        "invalid_grant",
        400,
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    ),
    65001: ("invalid_grant", 400, "The user or administrator has not consented to use the application."),
    700016: ("unauthorized_client", 400, "The application was not found in the directory."),
    7000112: ("unauthorized_client", 400, "The application is disabled."),
    7000215: ("invalid_client", 401, "Invalid client secret provided."),
    7000222: (
        "invalid_client",
        401,
        "The provided client secret keys for the application are expired. Visit the Azure portal to create new keys "
        "for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: "
        "https://aka.ms/certCreds.",
    ),
    90033: ("temporarily_unavailable", 503, "A transient error has occurred. Please try again."),
}


class EntraError(Exception):
    """An OAuth error answer of Microsoft Entra ID; `code` is the number behind AADSTS."""

    def __init__(self, error: str, code: int, text: str, status: int = 400) -> None:
        super().__init__(f"AADSTS{code}: {text}")
        self.error = error
        self.code = code
        self.status = status

    @classmethod
    def of(cls, code: int, text: str | None = None) -> EntraError:
        """Return the refusal with a code, in its usual words unless `text` says otherwise."""
        known = _REFUSALS.get(code, ("invalid_grant", 400, "Sign-in is refused."))
        return cls(known[0], code, text or known[2], known[1])

    def body(self) -> dict[str, Any]:
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        return {
            "error": self.error,
            "error_description": f"{self} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
            "error_codes": [self.code],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
        }
