# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fleet reads as little as it can, plans every row by itself, and asks before it writes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import (
    CredentialError,
    InvalidInput,
    NoConnection,
    PgflexError,
    Refused,
    ServiceError,
)
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.bulk_reader import ONE_BY_ONE
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.target import (
    InvalidTarget,
    Target,
    target_facts,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef
from unit.fleet_service import OTHER, FleetService, counted, run, targets
from unit.support import SUBSCRIPTION, A, B, C, Cloud, forbidden, identity, refusal

HELD = DesiredState(present=(A,))
MORE = DesiredState(present=(B,))
ENCRYPTED = {"dataEncryption": {"type": "AzureKeyVault", "primaryUserAssignedIdentityId": A}}


def errors(asked: list[Any]) -> dict[str, str]:
    return {target.name: target.error.code for target in asked if target.error}


def test_a_few_servers_are_read_one_by_one() -> None:
    service = FleetService()
    service.add_many(ONE_BY_ONE, A)
    run(service, targets(service, HELD))
    assert sorted(service.reads()) == sorted(held.ref.name for held in service.held.values())


def test_one_more_and_they_are_read_from_the_list() -> None:
    service = FleetService()
    service.add_many(ONE_BY_ONE + 1, A)
    asked = targets(service, HELD)
    run(service, asked)
    assert service.reads() == ["list"] * 3
    assert [target.before.identity.ids for target in asked if target.before] == [(A,)] * (ONE_BY_ONE + 1)


def test_subscriptions_are_counted_each_by_itself() -> None:
    service = FleetService()
    service.add_many(ONE_BY_ONE + 1, A)
    service.add_many(ONE_BY_ONE, A, start=500, subscription=OTHER)
    run(service, targets(service, HELD))
    assert service.reads().count("list") == 3
    assert len(service.reads()) == 3 + ONE_BY_ONE


def test_a_list_is_left_where_the_last_one_is_found() -> None:
    service = FleetService()
    service.add_many(ONE_BY_ONE + 100, A)
    run(service, targets(service, HELD)[: ONE_BY_ONE + 1])
    assert service.reads() == ["list"] * 3


def test_casing_does_not_matter_for_the_list() -> None:
    service = FleetService()
    service.add_many(ONE_BY_ONE + 1, A)
    for held in service.held.values():
        held.raw["id"] = held.raw["id"].upper()
    run(service, targets(service, HELD))
    assert service.reads() == ["list"] * 3


@pytest.mark.parametrize("error", [refusal(403, "AuthorizationFailed"), refusal(400, "BadRequest")], ids=["403", "400"])
def test_where_the_list_is_refused_each_is_read_by_itself(error: PgflexError) -> None:
    service = FleetService()
    service.add_many(40, A)
    service.list_errors[0] = error
    asked = targets(service, HELD)
    run(service, asked)
    assert errors(asked) == {}
    assert len(service.reads()) == 41


def test_a_list_that_breaks_off_still_counts_as_far_as_it_came() -> None:
    service = FleetService()
    service.add_many(40, A)
    service.list_errors[3] = refusal(400, "InvalidSkipToken")
    asked = targets(service, HELD)
    run(service, asked)
    assert errors(asked) == {}
    # Ten threads ask, in whatever order.
    assert sorted(set(service.reads()) - {"list"}) == [f"pg-{number:03}" for number in range(30, 40)]


def test_what_is_not_on_the_list_is_asked_for_itself() -> None:
    service = FleetService()
    service.add_many(40, A)
    service.add("pg-hidden", A, unlisted=True)
    service.add("pg-gone", gone=refusal(404, "ResourceNotFound"))
    asked = targets(service, HELD)
    run(service, asked)
    assert errors(asked) == {"pg-gone": "ResourceNotFound"}
    assert sorted(service.reads()[-2:]) == ["pg-gone", "pg-hidden"]


@pytest.mark.parametrize(
    "error",
    [CredentialError("expired"), NoConnection("Cannot sign in", "refused", "ProxyFailed")],
    ids=["no", "no way"],
)
def test_a_sign_in_that_fails_at_the_list_is_not_tried_for_every_server(error: PgflexError) -> None:
    service = FleetService()
    service.add_many(40, A)
    service.list_errors[0] = error
    asked = targets(service, HELD)
    run(service, asked)
    assert set(errors(asked).values()) == {error.code}
    assert service.reads() == ["list"]


def test_a_credential_that_fails_at_the_start_is_the_fault_of_no_row() -> None:
    service = FleetService()
    service.add_many(40, A)
    service.sign_in_errors = [CredentialError("wrong secret")]
    with pytest.raises(CredentialError):
        run(service, targets(service, HELD))
    assert service.calls == []


def test_without_rows_nothing_is_read() -> None:
    service = FleetService()
    run(service, [])
    assert service.calls == []


def test_what_is_refused_for_one_row_stays_with_it() -> None:
    service = FleetService()
    service.add("pg-cmk", A, properties=ENCRYPTED)
    service.add("pg-elastic", A, properties={"cluster": {"clusterSize": 2}})
    service.add("pg-good", A)
    asked: list[Any] = [
        *targets(service, DesiredState(absent=(A,))),
        InvalidTarget("pg-broken", InvalidInput("present", "no")),
    ]
    run(service, asked)
    assert errors(asked) == {
        "pg-cmk": "IdentityUsedForEncryption",
        "pg-elastic": "ElasticCluster",
        "pg-broken": "InvalidInput",
    }
    assert service.writes() == ["pg-good"]
    assert counted(asked) == {
        "servers": 4,
        "compliant": 0,
        "changed": 1,
        "undeclared": 0,
        "failed": 3,
        "not_started": 0,
    }


def test_a_row_that_asks_for_nothing_is_only_read() -> None:
    service = FleetService()
    service.add("pg-one", A)
    asked = targets(service, DesiredState())
    run(service, asked)
    assert service.calls == [("GET", "pg-one")]
    assert [facts["user_assigned_identities"][0]["id"] for facts in [target_facts(asked[0])["identity"]]] == [A]


def some(service: FleetService) -> list[Any]:
    """Return rows of every kind."""
    service.add("pg-drifted", A)
    service.add("pg-compliant", A, B)
    service.add("pg-loses", A, B, C)
    service.add("pg-cmk", A, properties=ENCRYPTED)
    asked: list[Any] = targets(service, MORE)
    asked[2].desired = DesiredState(absent=(C,))
    asked[3].desired = DesiredState(present=(), purge=True)
    return [*asked, InvalidTarget("pg-broken", InvalidInput("present", "no"))]


def test_check_mode_writes_nothing_and_says_what_the_real_run_does() -> None:
    told = []
    for check_mode in (True, False):
        service = FleetService()
        asked = some(service)
        run(service, asked, check_mode=check_mode)
        kept = ("name", "changed", "failed", "msg", "error", "assigned", "removed", "diff", "before")
        told.append([{name: target_facts(target).get(name) for name in kept} for target in asked])
        assert bool(service.writes()) is not check_mode
    assert told[0] == told[1]
    assert [facts["changed"] for facts in told[0]] == [True, False, True, False, False]


def test_identities_are_looked_at_once_before_the_first_write() -> None:
    service = FleetService()
    service.add_many(5, A)
    service.cloud = Cloud(identity(B), identity(C, isolation_scope="Regional", location="eastus"))
    asked = targets(service, MORE)
    asked[0].desired = DesiredState(present=(C,))
    run(service, asked, validate=True)
    assert errors(asked) == {"pg-000": "IdentityUnusable"}
    assert sorted(service.cloud.asked) == [B, C]
    assert "pg-000" not in service.writes()


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_identity_that_does_not_exist_is_told_of_in_check_mode_too(check_mode: bool) -> None:
    service = FleetService()
    service.add("pg-one", A)
    asked = targets(service, MORE)
    run(service, asked, validate=True, check_mode=check_mode)
    assert errors(asked) == {"pg-one": "IdentityUnusable"}
    assert service.writes() == []


def test_without_being_told_to_nobody_looks_at_identities() -> None:
    service = FleetService()
    service.add("pg-one", A)
    run(service, targets(service, MORE))
    assert service.cloud.asked == []


def test_an_identity_that_may_not_be_read_is_a_warning_and_one_only() -> None:
    service = FleetService()
    service.add_many(5, A)
    service.cloud = Cloud(forbidden(B))
    asked = targets(service, MORE)
    fleet = run(service, asked, validate=True)
    assert len(fleet.warnings) == 1
    assert [target.changed for target in asked] == [True] * 5


def test_mirroring_keeps_the_system_assigned_identity_of_its_server() -> None:
    service = FleetService()
    held = service.add("pg-one")
    held.raw["identity"] = {"type": "SystemAssigned", "principalId": "p"}
    service.cloud = Cloud(mirrors=True)
    asked = targets(service, DesiredState(system_assigned=False))
    run(service, asked)
    assert isinstance(asked[0].error, Refused)
    assert service.writes() == []


def test_what_cannot_be_read_beforehand_stays_with_its_row() -> None:
    service = FleetService()
    service.add("pg-one")
    service.add("pg-two")
    service.cloud = Cloud(ServiceError("Cannot read", "no", code="Odd", status=418, target=B), identity(C))
    asked = targets(service, MORE)
    asked[1].desired = DesiredState(present=(C,))
    run(service, asked, validate=True)
    assert errors(asked) == {"pg-one": "Odd"}
    assert service.writes() == ["pg-two"]


def test_a_failed_row_tells_what_is_known_of_it_and_nothing_else() -> None:
    service = FleetService()
    service.add("pg-cmk", A, properties=ENCRYPTED)
    missing = ServerRef(SUBSCRIPTION, "rg-prod", "pg-none")
    asked = [*targets(service, DesiredState(present=(), purge=True)), Target("pg-none", missing, HELD)]
    run(service, asked)
    cmk, none = (target_facts(target) for target in asked)
    assert set(cmk) == set(none) | {"server", "before", "read_by"}
    assert [each["id"] for each in cmk["before"]["user_assigned_identities"]] == [A]
    assert set(none) == {"name", "failed", "changed", "msg", "error", "assigned", "removed"}


def test_check_mode_warns_of_a_user_whose_writes_will_be_refused() -> None:
    service = FleetService()
    service.of_user = "A user"
    service.add("pg-one", A)
    assert "A user" in run(service, targets(service, MORE), check_mode=True).warnings
    assert "A user" not in run(service, targets(service, MORE)).warnings
