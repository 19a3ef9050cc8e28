# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists, a page at a time."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"
GROUP_SERVERS = f"/subscriptions/{{}}/resourceGroups/RG-DEMO/providers/{SERVERS.upper()}"


def test_the_pages_of_a_list_hold_every_server_once(client: Any) -> None:
    client.control("PATCH", "settings", {"page_size": 2})
    url: str | None = GROUP_SERVERS.format(client.subscription)
    sizes, names = [], []
    while url:
        page = client.arm("GET", url).body
        sizes.append(len(page["value"]))
        names += [each["name"] for each in page["value"]]
        url = page.get("nextLink")
    assert sizes == [2, 2, 1]
    assert names == [each["name"] for each in client.control("GET", "servers")]


def test_the_last_of_ten_thousand_servers_are_listed_as_quickly_as_the_first(client: Any) -> None:
    subscription = "00000000-0000-4000-8000-000000000002"
    template = {"identity": {"user_assigned": ["id-01", "id-02", "id-03"]}}
    generate = {"servers": 10_000, "resource_groups": 100, "identities": 5, "template": template}
    client.control("PATCH", "settings", {"check_schema": False})
    client.control("POST", "seed", {"subscriptions": [{"id": subscription, "generate": generate}]})
    url: str | None = f"/subscriptions/{subscription}/providers/{SERVERS}"
    names, seconds = set(), []
    while url:
        before = time.monotonic()
        page = client.arm("GET", url).body
        seconds.append(time.monotonic() - before)
        names |= {each["name"] for each in page["value"]}
        url = page.get("nextLink")
    assert len(names) == 10_000
    assert len(seconds) == 100
    assert median(seconds[50:]) < 3 * median(seconds[:50])
