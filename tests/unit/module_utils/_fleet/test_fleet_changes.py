# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet changes all drifted servers at once, believes only what it reads afterwards, and knows when to stop."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.rate_limits import RequestKind
from ansible_collections.pgflex.azure.plugins.module_utils._errors import (
    InvalidInput,
    NotVerified,
    OperationFailed,
)
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.bulk_reader import ONE_BY_ONE
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.target import (
    InvalidTarget,
    Target,
    target_facts,
    totals,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from unit.fleet_service import OPERATION, FleetService, counted, run, targets
from unit.support import SUBSCRIPTION, A, B, C, busy, refusal

MORE = DesiredState(present=(B,))
FAILED = OperationFailed("Cannot do it", "It is so", code="InternalServerError")


def outcome(asked: list[Any]) -> dict[str, str]:
    """Return how the rows ended that are not simply changed."""
    return {target.name: target.error.code if target.error else "ok" for target in asked if not target.changed}


def test_all_changes_are_waited_for_together() -> None:
    service = FleetService()
    service.add_many(100, A)
    asked = targets(service, MORE)
    run(service, asked)
    assert outcome(asked) == {}
    assert all(held.ids == [A, B] for held in service.held.values())
    assert len(service.writes()) == 100
    assert OPERATION <= service.time.time < 2 * OPERATION


@pytest.mark.parametrize("bucket", [(1, 1), (100, 1)], ids=["one after the other", "all at once"])
def test_what_the_first_operations_took_is_not_asked_for_sooner_of_others(bucket: tuple[int, int]) -> None:
    service = FleetService()
    service.add_many(100, A)
    run(service, targets(service, MORE), write_bucket=bucket)
    polls = Counter(name for method, name in service.calls if method == "POLL")
    assert {name: looks for name, looks in polls.items() if looks > 1} == {f"pg-{each:03}": 2 for each in range(3)}
    assert len(polls) == 100
    latest = 99 if bucket == (1, 1) else 0
    assert OPERATION <= service.time.time - latest <= OPERATION + 10


def test_while_none_succeeds_operations_are_looked_at_after_a_minute() -> None:
    service = FleetService()
    for number in range(20):
        service.add(f"pg-{number:03}", A, stuck=number < 5)
    asked = targets(service, MORE)
    run(service, asked, wait_timeout=300)
    assert sorted(outcome(asked)) == [f"pg-{number:03}" for number in range(5)]
    looks = Counter(name for method, name in service.calls if method == "POLL")
    assert sum(looks[f"pg-{number:03}"] for number in range(5, 20)) == 15


def test_only_drifted_servers_are_written() -> None:
    service = FleetService()
    service.add_many(30, A, B)
    service.add_many(3, A, start=500)
    run(service, targets(service, MORE))
    assert sorted(service.writes()) == ["pg-500", "pg-501", "pg-502"]


def test_success_without_effect_is_a_failure_of_its_row() -> None:
    service = FleetService()
    service.add_many(ONE_BY_ONE, A)
    service.add("pg-idle", A, idle=True)
    asked = targets(service, MORE)
    run(service, asked)
    assert outcome(asked) == {"pg-idle": "NotVerified"}
    facts = target_facts(asked[-1])
    assert (facts["failed"], facts["changed"], facts["assigned"], facts["removed"]) == (True, True, [], [])
    assert "is not assigned" in facts["msg"]
    assert "identity" not in facts


def test_an_identity_that_is_lost_beside_the_change_is_found_out() -> None:
    service = FleetService()
    held = service.add("pg-one", A, C)
    asked = targets(service, MORE)
    after = {"type": "UserAssigned", "userAssignedIdentities": {A: {}, B: {}}}
    update = service.update_identity

    def losing(ref: Any, body: dict[str, Any], policy_token: str = "") -> Any:
        operation = update(ref, body, policy_token)
        held.coming = (service.time.time + OPERATION, after)
        return operation

    service.update_identity = losing  # type: ignore[method-assign]
    run(service, asked)
    assert isinstance(asked[0].error, NotVerified)
    assert f"{C}, which was to stay, is gone" in str(asked[0].error)


def test_a_failed_operation_and_a_refused_write_are_those_of_their_rows() -> None:
    service = FleetService()
    service.add("pg-failed", A, fails=FAILED)
    service.add("pg-refused", A, refusals=[refusal(409, "ScopeLocked")])
    service.add_many(30, A)
    asked = targets(service, MORE)
    run(service, asked)
    assert outcome(asked) == {"pg-failed": "InternalServerError", "pg-refused": "ScopeLocked"}
    assert counted(asked) == {
        "servers": 32,
        "compliant": 0,
        "changed": 30,
        "undeclared": 0,
        "failed": 2,
        "not_started": 0,
    }


def test_a_busy_server_is_tried_again_and_holds_nobody_up() -> None:
    service = FleetService()
    service.add("pg-busy", A, refusals=[busy(), busy(), busy()])
    service.add_many(30, A)
    asked = targets(service, MORE)
    run(service, asked)
    assert outcome(asked) == {}
    assert service.writes().count("pg-busy") == 4
    last = [name for method, name in service.calls if method == "POLL"]
    assert last[-1] == "pg-busy"


def test_what_somebody_else_has_done_meanwhile_is_no_change_of_ours() -> None:
    service = FleetService()
    held = service.add("pg-one", A, refusals=[busy()])
    held.coming = (5, {"type": "UserAssigned", "userAssignedIdentities": {A: {}, B: {}}})
    asked = targets(service, MORE)
    run(service, asked)
    assert counted(asked) == {
        "servers": 1,
        "compliant": 1,
        "changed": 0,
        "undeclared": 0,
        "failed": 0,
        "not_started": 0,
    }
    assert target_facts(asked[0])["assigned"] == []
    assert service.calls == [("GET", "pg-one"), ("GET", "pg-one"), ("PATCH", "pg-one"), ("GET", "pg-one")]


def test_the_limits_learn_from_every_answer() -> None:
    service = FleetService()
    held = service.add("pg-one", A)
    fleet = run(service, targets(service, MORE))
    service.observer("PATCH", f"https://arm{held.ref.id}")(429, {"Retry-After": "60"})
    assert fleet.limiter.bucket(SUBSCRIPTION, RequestKind.WRITE, service.time.time).wait(service.time.time) == 60


@pytest.mark.parametrize(("percentage", "failures"), [(0, 1), (10, 5), (100, 40)])
def test_failures_stop_new_writes_once_they_are_too_many(percentage: float, failures: int) -> None:
    service = FleetService()
    for held in service.add_many(40, A):
        held.refusals = [refusal(403, "LinkedAuthorizationFailed")]
    asked = targets(service, MORE)
    # A turn in ten minutes: how each write ended is known before the next one. Of 40 rows, 4 are 10 %.
    run(service, asked, max_fail_percentage=percentage, write_bucket=(1, 1 / 600), wait_timeout=10**6)
    assert len(service.writes()) == failures
    told = totals(asked)
    assert (told["failed"], told["not_started"]) == (failures, 40 - failures)


def test_rows_that_failed_before_any_write_do_not_count() -> None:
    service = FleetService()
    service.add_many(9, A)
    asked: list[Any] = [*targets(service, MORE), InvalidTarget("broken", InvalidInput("present", "no"))]
    run(service, asked, max_fail_percentage=0)
    assert counted(asked) == {
        "servers": 10,
        "compliant": 0,
        "changed": 9,
        "undeclared": 0,
        "failed": 1,
        "not_started": 0,
    }


def test_a_share_that_is_just_reached_is_not_too_many() -> None:
    service = FleetService()
    service.add("pg-bad", A, refusals=[refusal(403, "LinkedAuthorizationFailed")])
    service.add_many(9, A)
    asked = targets(service, MORE)
    run(service, asked, max_fail_percentage=10, write_bucket=(1, 1 / 600), wait_timeout=10**6)
    assert totals(asked)["changed"] == 9


def test_what_had_started_when_it_was_stopped_is_verified_and_told() -> None:
    service = FleetService()
    service.add("pg-bad", A, fails=FAILED)
    service.add_many(20, A)
    asked = targets(service, MORE)
    run(service, asked, max_fail_percentage=0, write_bucket=(15, 1 / 600), wait_timeout=10**6)
    told = totals(asked)
    assert (told["changed"], told["failed"], told["not_started"]) == (14, 1, 6)
    assert [target.reconciled.verified for target in asked if target.changed and target.reconciled] == [True] * 14


def test_one_deadline_counts_for_all() -> None:
    service = FleetService()
    service.add("pg-stuck", A, stuck=True)
    service.add_many(40, A)
    asked = targets(service, MORE)
    run(service, asked, wait_timeout=100)
    assert outcome(asked) == {"pg-stuck": "WaitTimeout"}
    assert "goes on in Azure" in str(asked[0].error)
    # A tenth of it is for verification.
    assert service.time.time == 90
    assert totals(asked)["changed"] == 40


def test_when_time_is_up_the_rest_is_still_verified_from_the_list() -> None:
    service = FleetService()
    service.add("pg-stuck", A, stuck=True)
    service.add_many(40, A)
    run(service, targets(service, MORE), wait_timeout=100)
    assert service.reads().count("list") == 10


def test_no_write_is_sent_after_the_deadline() -> None:
    service = FleetService()
    service.add_many(20, A)
    asked = targets(service, MORE)
    # The last of them right before verification begins.
    run(service, asked, wait_timeout=102, write_bucket=(5, 1 / 30))
    assert len(service.writes()) == 8
    assert {target.error.write for target in asked if target.error} == {"accepted"}
    assert {target.reason for target in asked if not target.started} == {"Not started: wait_timeout had passed."}
    assert service.time.time <= 102
    assert [held.ids for held in service.held.values()].count([A, B]) == totals(asked)["changed"]


@pytest.mark.parametrize("listing", [0, 1], ids=["at the start", "at the end"])
def test_a_fault_of_ours_is_raised(listing: int) -> None:
    service = FleetService()
    service.add_many(30, A)
    service.list_errors[listing] = ZeroDivisionError()  # type: ignore[assignment]
    with pytest.raises(ZeroDivisionError):
        run(service, targets(service, MORE))


def test_the_rows_keep_their_order() -> None:
    service = FleetService()
    many = service.add_many(60, A)
    asked: list[Any] = [Target(held.ref.name, held.ref, MORE) for held in reversed(many)]
    run(service, asked)
    told = [target_facts(target) for target in asked]
    assert [facts["name"] for facts in told] == [facts["server"]["name"] for facts in told]
