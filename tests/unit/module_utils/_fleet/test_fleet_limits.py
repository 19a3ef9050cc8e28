# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole rollouts against Azure's buckets: as fast as these let, with hardly a refusal, however many controllers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from unit.fleet_service import OPERATION
from unit.simulation import Azure
from unit.support import A, B

if TYPE_CHECKING:
    from unit.simulation import Bucket

PUBLISHED: tuple[Bucket, Bucket] = (250, 25), (200, 10)
#: The writes as recorded in 2026; the reads as the count over all regions has it, which is fifteen times as many.
RECORDED: tuple[Bucket, Bucket] = (1100, 25), (800, 10)


def roll_out(azure: Azure, servers: int = 1000, **options: Any) -> float:
    """Change servers that all drift, and return how long it took beside the floor that the writes set."""
    azure.service.add_many(servers, A)
    size, refill = azure.writes
    return azure.roll_out(DesiredState(present=(B,)), **options) / ((servers - size) / refill + OPERATION)


@pytest.mark.parametrize(("counts", "servers"), [("recorded", 1000), ("none", 400)])
def test_the_published_buckets_are_used_up_and_not_more(counts: Any, servers: int) -> None:
    azure = Azure(*PUBLISHED, counts=counts)
    assert roll_out(azure, servers) <= 1.1
    assert azure.refused == 0


def test_writes_that_no_list_confirms_take_little_longer() -> None:
    azure = Azure(*PUBLISHED, frozen=True)
    assert roll_out(azure) <= 1.25
    assert azure.refused == 0
    # Own GET, one poll and GET to confirm, and now and then a poll more.
    assert azure.answers["GET", 200] <= 3.2 * 1000


def test_larger_buckets_that_answers_count_are_believed() -> None:
    azure = Azure(*RECORDED, counts="all")
    assert roll_out(azure) <= 1.15
    assert azure.refused == 0


def test_reads_that_only_all_regions_count_stay_as_published() -> None:
    azure = Azure(*RECORDED)
    azure.service.add_many(400, A)
    azure.roll_out(DesiredState(present=(B,)))
    reads = azure.times["GET"]
    assert max(number - 25 * at for number, at in enumerate(reads)) <= 250
    assert azure.refused == 0


def test_larger_buckets_that_nobody_counts_are_not_believed() -> None:
    azure = Azure(*RECORDED, counts="none")
    azure.service.add_many(300, A)
    azure.roll_out(DesiredState(present=(B,)))
    assert max(number - 10 * at for number, at in enumerate(azure.times["PATCH"])) <= 200


@pytest.mark.parametrize(("counts", "refused"), [("recorded", 0.01), ("all", 0)])
def test_two_controllers_share_what_is_left(counts: Any, refused: float) -> None:
    azure = Azure(*RECORDED, counts=counts)
    assert roll_out(azure, controllers=2) <= 1.2
    assert azure.refused <= refused * sum(azure.answers.values())


def test_many_controllers_end_too() -> None:
    azure = Azure(reads=(1100, 25), writes=(300, 10), counts="all")
    assert roll_out(azure, 500, controllers=4) <= 1.2
    assert azure.refused <= 0.02 * sum(azure.answers.values())


def test_a_second_client_that_takes_half_of_the_refill_is_left_it() -> None:
    azure = Azure(reads=(1100, 25), writes=(100, 10), counts="all", others=5)
    azure.service.add_many(250, A)
    ended = azure.roll_out(DesiredState(present=(B,)))
    assert ended <= 1.1 * ((250 - 100) / 5 + OPERATION)
    assert azure.refused == 0


def test_a_share_of_what_is_believed_is_taken() -> None:
    azure = Azure(*RECORDED, counts="all")
    azure.service.add_many(500, A)
    azure.roll_out(DesiredState(present=(B,)), share=0.5)
    writes = azure.times["PATCH"]
    assert 0.5 * (800 - 10) - 20 <= max(number - 5 * at for number, at in enumerate(writes)) <= 0.5 * 800
    assert azure.refused == 0


@pytest.mark.parametrize(
    ("writes", "servers"),
    [
        pytest.param((40, 10), 300, id="smaller than published"),
        pytest.param((200, 3), 300, id="slower than published"),
        pytest.param((200, 20), 600, id="faster than published"),
    ],
)
def test_buckets_of_another_kind_are_learned(writes: Bucket, servers: int) -> None:
    azure = Azure(reads=(1000, 100), writes=writes, counts="all")
    assert roll_out(azure, servers) <= 1.2
    assert azure.refused <= 0.01 * sum(azure.answers.values())
