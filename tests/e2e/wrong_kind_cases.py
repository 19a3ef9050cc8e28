# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of another kind than the option's, and how the message says where they belong."""

from __future__ import annotations

import pytest

from e2e.bad_input_cases import NO_SERVER, A
from e2e.world import SERVER_ID, SUBSCRIPTION

RULE = "is not the name of a flexible server: 3 to 63 letters, digits and single hyphens between them."

# As `CASES` in bad_input_cases.
WRONG_KIND_CASES = [
    pytest.param(
        {"identities": [A], "server_name": SERVER_ID},
        f"server_name: {SERVER_ID!r} {RULE} It looks like the resource ID of a server: that belongs in server_id (",
        "server_name",
        id="a resource ID as server_name",
    ),
    pytest.param(
        {"identities": [A], "server_name": "pg-e2e.postgres.database.azure.com"},
        f"server_name: 'pg-e2e.postgres.database.azure.com' {RULE} It looks like the address of a server: only the",
        "server_name",
        id="an address as server_name",
    ),
    pytest.param(
        {**NO_SERVER, "server_id": "pg-e2e", "identities": [A]},
        "server_id: 'pg-e2e' is not a resource ID of the form /subscriptions/<subscription>/resourceGroups/<group>/"
        "providers/Microsoft.DBforPostgreSQL/flexibleServers/<name>. It looks like a name: that belongs in server_name",
        "server_id",
        id="a name as server_id",
    ),
    pytest.param(
        {"identities": [A], "resource_group": f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-e2e"},
        f"resource_group: '/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-e2e' is not the name of a resource group. "
        "It looks like a resource ID: only the part after the last slash belongs here.",
        "resource_group",
        id="the ID of a group as resource_group",
    ),
    pytest.param(
        {"identities": [A], "subscription_id": f"/subscriptions/{SUBSCRIPTION}"},
        f"subscription_id: '/subscriptions/{SUBSCRIPTION}' is not a subscription ID (a GUID). It looks like a resource "
        "ID: only the part after the last slash belongs here.",
        "subscription_id",
        id="a path as subscription_id",
    ),
    *(
        pytest.param(
            {"identities": [A], option: f"{SUBSCRIPTION}{end}"},
            f"{option}: begins or ends with {what}: '{SUBSCRIPTION}{shown}'. Look at {option} (option {option}, ",
            option,
            id=f"{option} with {what} behind",
        )
        for option in ("subscription_id", "client_id", "tenant", "cloud_environment", "ad_user", "profile", "ca_path")
        for end, shown, what in ((" ", " ", "a blank"), ("\n", "\\n", "a line break"))
    ),
    pytest.param(
        {"identities": [A], "secret": "s3cr3t-1\n"},
        "secret: begins or ends with a line break. Look at secret (option secret, or environment variable ",
        "secret",
        id="secret with a line break behind",
    ),
]
