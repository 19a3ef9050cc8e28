# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify the changes of a fleet by lists, where these are known to agree, else by a GET for each server."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import (
    OperationFailed,
)
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.bulk_reader import ONE_BY_ONE
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.target import (
    totals,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from unit.fleet_service import FleetService, run, targets
from unit.support import A, B, C

MORE = DesiredState(present=(B,))
FAILED = OperationFailed("Cannot do it", "It is so", code="InternalServerError")


def outcome(asked: list[Any]) -> dict[str, str]:
    """Return how the rows ended that are not simply changed."""
    return {target.name: target.error.code if target.error else "ok" for target in asked if not target.changed}


def test_many_changes_are_verified_from_the_list() -> None:
    service = FleetService()
    service.add_many(ONE_BY_ONE + 1, A)
    run(service, targets(service, MORE))
    assert service.reads().count("list") == 6
    assert sorted(set(service.reads()) - {"list"}) == sorted(service.writes())
    assert len(service.reads()) == 6 + len(service.writes())


@pytest.mark.parametrize(
    ("kind", "in_the_end"),
    [("frozen before", 60), ("never agreed", 0), ("current", 100)],
)
def test_where_lists_do_not_confirm_each_is_read_when_its_operation_has_ended(kind: str, in_the_end: int) -> None:
    service = FleetService()
    for held in service.add_many(100, A):
        if kind == "frozen before":
            held.listed = dict(held.raw)
        elif kind == "never agreed":
            held.listed = {**held.raw, "identity": {"type": "UserAssigned", "userAssignedIdentities": {C: {}}}}
    asked = targets(service, MORE)
    run(service, asked, write_bucket=(1, 1))
    assert totals(asked)["changed"] == 100
    names = [name for method, name in service.calls if method == "GET"]
    last = len(names) - 1 - names[::-1].index("list") if kind == "current" else names.index(f"pg-{99:03}")
    read = Counter(names)
    twice = [name for name, times in read.items() if times == 2 and name != "list"]
    assert len(twice) == (0 if kind == "current" else 100)
    # At one second for each write those are read again meanwhile whose operation has ended.
    meanwhile = Counter(names[:last])
    early = [name for name, times in meanwhile.items() if times == 2 and name != "list"]
    assert 100 - in_the_end - 25 <= len(early) <= 100 - in_the_end


def test_few_changes_are_verified_one_by_one() -> None:
    service = FleetService()
    service.add_many(100, A, B)
    service.add_many(2, A, start=500)
    run(service, targets(service, MORE))
    assert sorted(name for name in service.reads() if name != "list") == ["pg-500", "pg-500", "pg-501", "pg-501"]


def test_what_a_list_that_lags_does_not_confirm_is_read_by_itself() -> None:
    service = FleetService()
    many = service.add_many(ONE_BY_ONE + 1, A)
    for held in many[:3]:
        held.listed = dict(held.raw)
    asked = targets(service, MORE)
    run(service, asked)
    assert outcome(asked) == {}
    read = Counter(name for name in service.reads() if name != "list")
    assert [name for name, times in sorted(read.items()) if times > 1] == ["pg-000", "pg-001", "pg-002"]
    assert [target.reconciled.server.identity.ids for target in asked if target.reconciled] == [(A, B)] * (
        ONE_BY_ONE + 1
    )
