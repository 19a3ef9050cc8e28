# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of Azure Resource Manager: their form, and the table of those that are not of a server."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.arm import identities, policies, subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.arm.exchange import Call, Reply

SERVER_VERSIONS = (
    "2022-12-01", "2023-06-01-preview", "2023-12-01-preview", "2024-03-01-preview", "2024-08-01",
    "2024-11-01-preview", "2025-01-01-preview", "2025-06-01-preview", "2025-08-01",
    "2026-01-01-preview", "2026-04-01-preview", "2026-10-01",
)  # fmt: skip
IDENTITY_VERSIONS = ("2023-01-31", "2024-11-30", "2025-05-31-preview")

POLICY_VERSIONS = ("2025-03-01", "2025-11-01", "2025-12-01-preview", "2026-01-01-preview", "2026-06-01")

SUBSCRIPTION = "/subscriptions/(?P<subscription>[^/]+)"
GROUP = f"{SUBSCRIPTION}/resourceGroups/(?P<group>[^/]+)"
_ACQUIRE = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/acquirePolicyToken"
_IDENTITIES = "/providers/Microsoft.ManagedIdentity/userAssignedIdentities"


@dataclass(frozen=True)
class Route:
    """A path in any casing, and who answers; `checks` names the schemas of request and answer."""

    method: str
    path: re.Pattern[str]
    answer: Callable[[Call], Reply]
    versions: tuple[str, ...] = ()
    checks: tuple[str | None, str | None] = (None, None)


def route(
    method: str,
    path: str,
    answer: Callable[[Call], Reply],
    versions: tuple[str, ...] = (),
    checks: tuple[str | None, str | None] = (None, None),
) -> Route:
    return Route(method, re.compile(f"{path}/?", re.IGNORECASE), answer, versions, checks)


ROUTES = (
    route("GET", "/subscriptions", subscriptions.list_subscriptions),
    route("GET", "/tenants", subscriptions.list_tenants),
    route("GET", SUBSCRIPTION, subscriptions.get_subscription),
    route("GET", f"{SUBSCRIPTION}/locations", subscriptions.list_locations),
    route("GET", f"{SUBSCRIPTION}/resourceGroups", subscriptions.list_groups),
    route("GET", GROUP, subscriptions.get_group),
    route("GET", f"{SUBSCRIPTION}/providers/(?P<namespace>[^/]+)", subscriptions.get_provider),
    route("POST", f"{SUBSCRIPTION}/providers/(?P<namespace>[^/]+)/register", subscriptions.register_provider),
    route("GET", f"{SUBSCRIPTION}{_IDENTITIES}", identities.list_subscription_identities, IDENTITY_VERSIONS),
    route("GET", f"{GROUP}{_IDENTITIES}", identities.list_group_identities, IDENTITY_VERSIONS),
    route("GET", f"{GROUP}{_IDENTITIES}/(?P<name>[^/]+)", identities.get_identity, IDENTITY_VERSIONS),
    route("POST", _ACQUIRE, policies.acquire_policy_token, POLICY_VERSIONS),
)
