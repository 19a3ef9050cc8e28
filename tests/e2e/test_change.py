# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every change, four times over: in check mode, for real, again, and read only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.change_cases import ASSIGN_AND_REMOVE, BY_ID, CMK, FAR, HELD_A, HELD_CMK, A, B, Case
from e2e.purge_cases import PURGE_REPLACE_AND_SYSTEM
from e2e.world import (
    GROUP,
    arm_calls,
    held_id,
    patches,
    seed_server,
    seed_subscription,
    true_identity,
    user_assigned,
)

if TYPE_CHECKING:
    from e2e.conftest import RunInfo, RunModule
    from e2e.emulator_client import Emulator

ONE, TWO = (f"0000000{number}-0000-4000-8000-000000000000" for number in (1, 2))
PROMISED = ("changed", "assigned", "removed", "diff")


@pytest.mark.parametrize(
    "case", [pytest.param(each, id=each.title) for each in (*ASSIGN_AND_REMOVE, *PURGE_REPLACE_AND_SYSTEM)]
)
def test_check_mode_promises_what_is_done_and_doing_it_again_changes_nothing(
    case: Case, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator, case.start, **case.server)
    start = true_identity(emulator)

    planned = module(check=True, **case.desired)
    reads = case.reads + ["GET identity"] * len(case.assigned)
    assert arm_calls(emulator) == reads
    assert true_identity(emulator) == start

    emulator.clear_requests()
    done = module(**case.desired)
    assert {name: done.get(name) for name in PROMISED} == {name: planned.get(name) for name in PROMISED}
    check_result(case, done)
    check_result(case, planned)
    # Where something else was read meanwhile, the write follows a look of its own.
    look = ["GET server"] if reads[1:] else []
    writes = [] if case.body is None else [*look, "PATCH server", "GET operation", "GET server"]
    assert arm_calls(emulator) == reads + writes
    assert patches(emulator) == ([] if case.body is None else [{"identity": case.body}])
    assert done["requests"] == len(emulator.requests("arm"))
    assert true_identity(emulator) == {"type": case.after[0], "ids": sorted(each.lower() for each in case.after[1])}

    emulator.clear_requests()
    again = module(**case.desired)
    assert again["changed"] is False
    assert again["diff"]["before"] == again["diff"]["after"] == done["diff"]["after"]
    check_frugal(emulator)
    assert again["identity"] == done["identity"]

    emulator.clear_requests()
    shown = module(state="info", **{name: case.desired[name] for name in (*BY_ID, "server_id") if name in case.desired})
    check_frugal(emulator)
    assert shown["changed"] is False
    assert shown["identity"] == done["identity"]


def check_result(case: Case, result: dict[str, Any]) -> None:
    """Check that the result is that of the case."""
    kind, ids = case.after
    assert result["changed"] is (case.body is not None)
    assert result["assigned"] == case.assigned
    assert result["removed"] == case.removed
    before, after = (result["diff"][name]["user_assigned_identities"] for name in ("before", "after"))
    assert [each.lower() for each in before] == case.before_ids
    assert sorted(each.lower() for each in after) == sorted(each.lower() for each in ids)
    assert result["diff"]["after"]["type"] == result["identity"]["type"] == kind
    assert [each["id"] for each in result["identity"]["user_assigned_identities"]] == after
    assert "warnings" not in result


def check_frugal(emulator: Emulator) -> None:
    """Check that nothing to do costs one ARM request and one token."""
    assert arm_calls(emulator) == ["GET server"]
    assert len(emulator.requests("arm")) == 1
    assert len(emulator.requests("token")) == 1


def test_the_result_tells_names_uses_and_no_client_id_that_is_wrong(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-cmk", system=True), encryption={**CMK, "geo_backup": "id-cmk"})
    result = module(state="info")
    (assigned,) = result["identity"]["user_assigned_identities"]
    assert (assigned["name"], assigned["resource_group"]) == ("id-cmk", GROUP)
    assert assigned["used_for"] == ["data_encryption", "geo_backup_data_encryption"]
    assert assigned["client_id"] is None
    assert assigned["principal_id"]
    assert result["identity"]["principal_id"]
    assert result["identity"]["tenant_id"] == emulator.ready["tenant_id"]
    assert result["server"]["encryption"] == {
        "type": "AzureKeyVault",
        "primary_user_assigned_identity_id": HELD_CMK,
        "geo_backup_user_assigned_identity_id": HELD_CMK,
        "primary_federated_identity_client_id": None,
        "geo_backup_federated_identity_client_id": None,
    }
    assert "diff" not in result


@pytest.mark.parametrize("shown", [True, False])
def test_an_identity_for_keys_of_another_tenant_stays_and_their_application_is_told(
    shown: bool, emulator: Emulator, module: RunModule, info: RunInfo
) -> None:
    emulator.settings(newer_properties="show" if shown else "omit")
    keys = {"encryption": {**CMK, "geo_backup": "id-geo"}, "federated_clients": {"primary": ONE, "geo_backup": TWO}}
    seed_server(emulator, user_assigned("id-cmk", "id-geo", "id-a"), **keys)
    (found,) = info(resource_group=GROUP)["servers"]
    assert found["server"] == module(state="info")["server"]
    told = {name: value for name, value in found["server"]["encryption"].items() if "federated" in name}
    assert told == {
        "primary_federated_identity_client_id": ONE if shown else None,
        "geo_backup_federated_identity_client_id": TWO if shown else None,
    }
    for identity in (HELD_CMK, held_id("id-geo")):
        refused = module(state="absent", identities=[identity])
        assert refused["error"]["code"] == "IdentityUsedForEncryption"
    assert module(state="absent", identities=[HELD_A])["removed"] == [HELD_A]


def test_client_ids_are_looked_up_once_each(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-a", "id-b"))
    result = module(state="info", client_ids=True)
    found = [each["client_id"] for each in result["identity"]["user_assigned_identities"]]
    assert arm_calls(emulator) == ["GET server", "GET identity", "GET identity"]
    assert len(set(found)) == 2
    assert None not in found
    assert emulator.ready["tenant_id"] not in found


def test_client_ids_that_may_not_be_read_are_null_with_a_warning(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-a"))
    seed_subscription(emulator, denied_actions=["Microsoft.ManagedIdentity/userAssignedIdentities/read"])
    result = module(state="info", client_ids=True)
    assert result["identity"]["user_assigned_identities"][0]["client_id"] is None
    (warning,) = result["warnings"]
    assert HELD_A in warning
    assert "AuthorizationFailed" in warning


def test_identities_that_would_be_assigned_are_validated_in_check_mode_and_for_real(
    emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator, user_assigned("id-a"))
    planned = module(check=True, identities=[A, B, FAR])
    assert planned["changed"]
    assert arm_calls(emulator) == ["GET server", "GET identity", "GET identity"]
    emulator.clear_requests()
    assert module(identities=[A, B, FAR])["assigned"] == [B, FAR]
    assert arm_calls(emulator)[:5] == ["GET server", "GET identity", "GET identity", "GET server", "PATCH server"]


@pytest.mark.parametrize("check", [True, False], ids=["check mode", "for real"])
def test_no_identity_is_looked_at_where_that_is_switched_off(
    emulator: Emulator, module: RunModule, check: bool
) -> None:
    seed_server(emulator)
    assert module(check=check, identities=[A], validate_identities=False)["changed"]
    assert "GET identity" not in arm_calls(emulator)


def test_without_the_right_to_read_an_identity_it_is_assigned_with_a_warning(
    emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    seed_subscription(emulator, denied_actions=["Microsoft.ManagedIdentity/userAssignedIdentities/read"])
    for check in (True, False):
        result = module(check=check, identities=[A])
        assert result["assigned"] == [A]
        (warning,) = result["warnings"]
        assert "AuthorizationFailed" in warning


def test_without_waiting_the_operation_is_told_and_goes_on(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    result = module(identities=[A], wait=False)
    assert arm_calls(emulator) == ["GET server", "GET identity", "GET server", "PATCH server"]
    assert result["changed"]
    assert result["identity"]["type"] == "UserAssigned"
    assert result["operation"]["status"] == "InProgress"
    assert len(result["operation"]["id"]) == 36
    assert result["operation"]["start_time"].startswith("20")
    again = module(identities=[A])
    assert again["diff"]["after"]["user_assigned_identities"] == [A]
