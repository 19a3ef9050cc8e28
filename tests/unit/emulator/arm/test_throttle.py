# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Token buckets."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.arm.errors import SubscriptionRequestsThrottled
from emulator.arm.throttle import Throttle
from emulator.control.settings import AllSettings

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


def _counts(answer: Any) -> dict[str, str]:
    """Return the counts of an answer by the ends of their names."""
    start = "x-ms-ratelimit-remaining-subscription-"
    return {name.removeprefix(start): value for name, value in answer.headers.items() if name.startswith(start)}


@pytest.mark.parametrize(
    "throttle", [None, {"reads": {"bucket": 1100, "refill": 25}, "writes": {"bucket": 800, "refill": 10}}]
)
def test_the_counts_are_as_recorded(client: Any, throttle: Any) -> None:
    client.control("PATCH", "settings", {"throttle": throttle})
    assert _counts(client.arm("GET", f"{SERVERS}/pg-plain")) == {"global-reads": "16499"}
    write = client.patch("pg-plain", {"type": "None"})
    assert _counts(write) == {"global-writes": "11999", "writes": "799"}


@pytest.mark.parametrize(("setting", "names"), [("all", {"reads", "global-reads"}), ("none", set())])
def test_reads_may_count_as_writes_do_and_nothing_may_count(client: Any, setting: str, names: set[str]) -> None:
    client.control("PATCH", "settings", {"remaining_counts": setting})
    assert _counts(client.arm("GET", f"{SERVERS}/pg-plain")).keys() == names
    client.control("PATCH", "settings", {"remaining_counts": "recorded"})


def test_a_second_client_takes_of_the_same_bucket() -> None:
    now = 0.0
    settings = AllSettings()
    settings.update({"throttle": {"writes": {"bucket": 100, "refill": 10, "others": 30}}})
    throttle = Throttle(settings, lambda: now)

    def left() -> int:
        return int(throttle.take("writes", "S", "actor")["x-ms-ratelimit-remaining-subscription-writes"])

    assert left() == 99
    now = 2.0
    assert left() == 99 - 2 * (30 - 10) - 1
    now = 60.0
    with pytest.raises(SubscriptionRequestsThrottled):
        left()
