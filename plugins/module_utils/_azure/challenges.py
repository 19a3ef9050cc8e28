# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Answer the challenges of Azure Resource Manager."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .multifactor import takes_a_person

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


def challenge_policy(credential: TokenCredential, scope: str) -> Any:
    """Return a policy of azure-core that signs requests, and sends one once more with a new token if that may help."""
    from azure.core.exceptions import AzureError
    from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy

    def body(answer: Any) -> str:
        try:
            if hasattr(answer, "read"):  # a PATCH is answered as a stream
                answer.read()
            return str(answer.text())
        except (AzureError, ValueError):
            return ""

    class Policy(ARMChallengeAuthenticationPolicy):
        def on_challenge(self, request: Any, response: Any) -> bool:
            answer = response.http_response
            return not takes_a_person(answer.headers, body(answer)) and bool(super().on_challenge(request, response))

    return Policy(credential, scope)
