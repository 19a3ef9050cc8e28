# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User-assigned managed identities."""

from __future__ import annotations

from typing import Any

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"


def test_identity_shows_what_its_version_knows(client: Any) -> None:
    entry = {"name": "id-special", "isolation_scope": "Regional", "assignment_restrictions": ["Microsoft.Compute"]}
    client.seed(resource_groups=[{"name": "rg-demo", "identities": [entry]}])
    names = {
        version: set(client.arm("GET", client.identity_id("ID-special"), version=version).body["properties"])
        for version in ("2023-01-31", "2024-11-30", "2025-05-31-preview")
    }
    assert names["2024-11-30"] - names["2023-01-31"] == {"isolationScope"}
    assert names["2025-05-31-preview"] - names["2024-11-30"] == {"assignmentRestrictions"}
