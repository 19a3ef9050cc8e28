# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts that may be a server are found by its group and name, and the inventory is read once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ansible_collections.pgflex.azure.plugins.plugin_utils._server_hosts import hosts_of
from unit.support import SUBSCRIPTION

if TYPE_CHECKING:
    from pathlib import Path

PROVIDER = "providers/Microsoft.DBforPostgreSQL/flexibleServers"


def server_id(group: str, name: str) -> str:
    return f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/{PROVIDER}/{name}"


def test_hosts_are_found_by_group_and_name_without_case(tmp_path: Path) -> None:
    rows = [
        {"name": "a", "resource_group": "rg", "server_name": "pg-a"},
        {"name": "b", "server_id": server_id("RG", "PG-A")},
        {"name": "c", "resource_group": "rg", "server_name": "other"},
    ]
    file = tmp_path / "hosts.json"
    assert hosts_of(server_id("Rg", "pG-a"), file, lambda: rows) == ["a", "b"]
    assert hosts_of(server_id("rg", "other"), file, lambda: pytest.fail("read again")) == ["c"]
    assert hosts_of(server_id("rg", "none"), file, lambda: pytest.fail("read again")) == []
