# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inventories for jobs."""

from __future__ import annotations

from typing import Any

from e2e.world import GROUP

QUICK = {"pgflex_resource_group": GROUP, "pgflex_identity_poll_interval": "0.1", "pgflex_identity_wait_timeout": "600"}


def inventory_of(hosts: list[str], canaries: list[str] | None = None, **variables: Any) -> dict[str, Any]:
    """Return the output of AWX's inventory script: hosts whose servers have their names."""
    return {
        "all": {"children": ["pgflex_servers", "pgflex_canary"], "vars": {**QUICK, **variables}},
        "pgflex_servers": {"hosts": hosts},
        "pgflex_canary": {"hosts": canaries or []},
        "_meta": {"hostvars": {}},
    }
