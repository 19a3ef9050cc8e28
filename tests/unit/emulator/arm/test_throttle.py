# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Token buckets."""

from __future__ import annotations

from typing import Any

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"


def test_what_exceeds_a_bucket_is_throttled(client: Any) -> None:
    buckets = {"reads": {"bucket": 2, "refill": 0.5}, "writes": {"bucket": 1, "refill": 0.01}}
    client.control("PATCH", "settings", {"throttle": buckets})
    reads = [client.arm("GET", f"{SERVERS}/pg-plain") for _read in range(3)]
    assert [each.status for each in reads] == [200, 200, 429]
    assert reads[2].error[1] == "SubscriptionRequestsThrottled"
    assert reads[2].headers["retry-after"] == "2"
    write = client.patch("pg-plain", {"type": "None"})
    assert write.headers["x-ms-ratelimit-remaining-subscription-writes"] == "0"
    assert client.patch("pg-app", {"type": "None"}).headers["retry-after"] == "100"
    client.control("PATCH", "settings", {"throttle": None})
    assert client.server("pg-plain")["name"] == "pg-plain"
