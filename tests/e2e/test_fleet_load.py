# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hundreds of servers at once: few requests, within the limits of Azure, and an end when too much fails."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from e2e.calls import count
from e2e.fleets import held_by_server, rows, run_fleet, seed_servers, servers, totals_of
from e2e.virtual_time import VirtualTime
from e2e.world import OTHER_SUBSCRIPTION
from emulator.control.settings import default_throttle

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

PUBLISHED = default_throttle()
LARGE = {"reads": {"bucket": 2000, "refill": 25}, "writes": {"bucket": 800, "refill": 10}}
SMALL = {"reads": {"bucket": 50, "refill": 25}, "writes": {"bucket": 20, "refill": 10}}


def test_a_compliant_fleet_costs_a_page_for_every_hundred(emulator: Emulator, outputs: list[str]) -> None:
    many = servers("same", 300, "id-a")
    seed_servers(emulator, many, OTHER_SUBSCRIPTION)
    emulator.settings(throttle=PUBLISHED)
    result = run_fleet(emulator, outputs, rows(many, OTHER_SUBSCRIPTION, present=["id-a"]))
    assert result["totals"] == totals_of(servers=300, compliant=300)
    assert count(emulator) == Counter({"list": 3, "token": 1})
    assert result["requests"] == 3


@pytest.mark.parametrize(
    ("throttle", "number", "refused"), [(PUBLISHED, 300, 0), (SMALL, 120, 30)], ids=["published", "learned from 429"]
)
def test_a_drifted_fleet_is_changed_within_the_limits(
    emulator: Emulator, outputs: list[str], throttle: dict[str, Any], number: int, refused: int
) -> None:
    many = servers("drift", number, "id-a", "id-c")
    seed_servers(emulator, many, OTHER_SUBSCRIPTION)
    emulator.settings(throttle=throttle, operation_seconds=60)
    asked = rows(many, OTHER_SUBSCRIPTION, present=["id-b"], absent=["id-c"])
    with VirtualTime(emulator).in_force():
        result = run_fleet(emulator, outputs, asked, poll_interval=30, wait_timeout=1800)
    gone = {"added": number, "removed": number}
    assert result["totals"] == totals_of(servers=number, changed=number, written=number, **gone)
    assert list(held_by_server(emulator).values()).count({"id-a", "id-b"}) == number
    calls = count(emulator)
    assert calls["429"] <= refused
    assert calls["token"] == 1
    assert calls["list"] - calls["429"] <= 2 * -(-number // 100)
    assert calls["write"] <= number + refused
    # A GET, the PATCH, one look at its operation, and a share of the lists; but for a few nobody could know how long.
    assert sum(each for kind, each in calls.items() if kind not in ("token", "429")) <= 3.2 * number, calls


@pytest.mark.parametrize(("counts", "waits"), [("all", False), ("none", True)])
def test_a_larger_bucket_is_believed_when_answers_count_it(
    emulator: Emulator, outputs: list[str], counts: str, waits: bool
) -> None:
    many = servers("drift", 60, "id-a")
    seed_servers(emulator, many, OTHER_SUBSCRIPTION)
    emulator.settings(throttle=LARGE, remaining_counts=counts, operation_seconds=60)
    asked = rows(many, OTHER_SUBSCRIPTION, present=["id-b"])
    time = VirtualTime(emulator)
    with time.in_force():
        result = run_fleet(emulator, outputs, asked, poll_interval=30, quota_percentage=10)
    assert result["totals"] == totals_of(servers=60, changed=60, written=60, added=60)
    assert count(emulator)["429"] == 0
    # A minute for the operations; a tenth of the published bucket would let the last one begin forty seconds later.
    assert (time.passed > 80) == waits


def test_first_failures_stop_new_writes_and_what_was_started_is_told(emulator: Emulator, outputs: list[str]) -> None:
    bad, good = servers("bad", 8, "id-a"), servers("good", 52, "id-a")
    seed_servers(emulator, bad + good)
    emulator.settings(operation_seconds=0, throttle=PUBLISHED)
    fails = {"operation_error": {"code": "NoLuck", "message": "No luck."}}
    emulator.fault("PATCH", "/pg-bad-", fails, times=-1)
    asked = rows(bad + good, present=["id-b"])
    # A tenth of the bucket: 19 writes at once, and then about one a second.
    with VirtualTime(emulator).in_force():
        result = run_fleet(emulator, outputs, asked, max_fail_percentage=10, quota_percentage=10)
    sent = count(emulator)["write"]
    assert 19 <= sent <= 28
    totals = result["totals"]
    assert totals == totals_of(
        servers=60, changed=sent - 8, failed=8, not_started=60 - sent, written=sent, added=sent - 8
    )
    true = held_by_server(emulator)
    for facts in result["servers"]:
        held = true[facts["server"]["id"].lower()]
        assert held == ({"id-a", "id-b"} if not facts["failed"] else {"id-a"})
    not_started = [each for each in result["servers"] if each.get("not_started")]
    assert {each["msg"].partition(":")[0] for each in not_started} == {"Not started"}
    assert len(not_started) == totals["not_started"]


def test_a_canary_that_fails_keeps_the_fleet_as_it_was(emulator: Emulator, outputs: list[str]) -> None:
    many = servers("good", 30, "id-a")
    seed_servers(emulator, many)
    emulator.fault("PATCH", "/pg-good-000", {"status": 403, "code": "LinkedAuthorizationFailed", "message": "No."})
    asked = rows([*many, *servers("missing", 1)], present=["id-b"])
    result = run_fleet(emulator, outputs, asked, max_fail_percentage=10, waves=[1, "10%", "100%"])
    assert result["totals"] == totals_of(servers=31, failed=2, not_started=29)
    assert [(wave["servers"], wave["failed"], wave["not_started"]) for wave in result["waves"]] == [
        (1, 1, 0),
        (3, 0, 3),
        (26, 0, 26),
    ]
    assert count(emulator)["write"] == 1
    assert not result["changed"]
