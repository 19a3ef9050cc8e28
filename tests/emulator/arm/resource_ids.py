# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Resource IDs and locations of Azure Resource Manager."""

from __future__ import annotations

import re
from typing import NamedTuple

IDENTITY_TYPE = "Microsoft.ManagedIdentity/userAssignedIdentities"
SERVER_TYPE = "Microsoft.DBforPostgreSQL/flexibleServers"

_RESOURCE_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/(?P<type>[^/]+/[^/]+)/(?P<name>[^/]+)",
    re.IGNORECASE,
)
# Names that contain more than a capital at the front; others are returned as they were given.
_DISPLAY_NAMES = {
    name.replace(" ", "").lower(): name
    for name in (
        "Australia East", "Brazil South", "Canada Central", "Canada East", "Central India", "Central US", "East Asia",
        "East US", "East US 2", "France Central", "Germany West Central", "Italy North", "Japan East", "Korea Central",
        "North Europe", "Norway East", "Poland Central", "Qatar Central", "South Africa North", "South Central US",
        "Southeast Asia", "Spain Central", "Sweden Central", "Switzerland North", "UAE North", "UK South", "UK West",
        "West Europe", "West US", "West US 2", "West US 3",
    )
}  # fmt: skip


class ResourceId(NamedTuple):
    """A resource of a resource group, as spelled by the caller."""

    subscription: str
    group: str
    type: str
    name: str


def parse(text: str) -> ResourceId | None:
    """Return the parts of a full resource ID, or None if `text` is not one."""
    match = _RESOURCE_ID.fullmatch(text)
    return ResourceId(**match.groupdict()) if match else None


def display_location(location: str) -> str:
    """Turn `canadacentral` into `Canada Central`: servers report the display name."""
    return _DISPLAY_NAMES.get(short_location(location), location)


def short_location(location: str) -> str:
    """Turn `Canada Central` into `canadacentral`: URLs, groups and identities use the short name."""
    return location.replace(" ", "").lower()


def locations() -> dict[str, str]:
    """Return the display name of each short name."""
    return dict(_DISPLAY_NAMES)
