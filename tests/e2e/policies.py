# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policies with an external evaluation in the emulator, and what was made of writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2e.world import GROUP, SUBSCRIPTION

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

SCOPE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
ASSIGNMENT = f"{SCOPE}/providers/Microsoft.Authorization/policyAssignments/window"
ACQUIRE = "/acquirePolicyToken$"


def assign_policy(emulator: Emulator, **policy: Any) -> None:
    """Assign a policy that asks for a token to the group of the tests, unless it says another scope."""
    usual = {"name": "window", "display_name": "Only in the change window", "scope": SCOPE}
    emulator.settings(policies=[{**usual, **policy}])


def writes(emulator: Emulator) -> list[tuple[str, bool]]:
    """Return with which token each write came, and whether it passed."""
    return [(each["token"], each["passed"]) for each in emulator.evaluations("write")]


def token_requests(emulator: Emulator) -> list[dict[str, Any]]:
    """Return the requests for tokens."""
    return [each for each in emulator.requests("arm") if each["path"].endswith("/acquirePolicyToken")]
