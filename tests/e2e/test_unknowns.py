# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Behaviour of the service that nobody knows: with either, the module converges or fails with the truth."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import pytest

from e2e.world import (
    SERVER_PATH,
    held_id,
    identity_id,
    patches,
    seed_identity,
    seed_server,
    true_identity,
    user_assigned,
)
from emulator.control.settings import Settings

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

A, B, C = identity_id("id-a"), identity_id("id-b"), identity_id("id-c")
SYSTEM_AND_A = user_assigned("id-a", system=True)
SYSTEM_OFF = {"system_assigned": False}
REMOVE_A = {"state": "absent", "identities": [A]}
REMOVE_A_B = {"state": "absent", "identities": [A, B]}
MISSING = {"identities": ["id-absent"], "validate_identities": False}
BOTH, PLACES, STATUSES = ("refuse", "accept"), ("request", "operation"), (400, 409, 429, 500, 503)


@dataclass(frozen=True)
class Case:
    """With `setting` the `desired` ends in the type and IDs `after`, or fails with a code and a part of the message."""

    setting: str
    value: Any
    desired: dict[str, Any]
    after: tuple[str, list[str]]
    failure: tuple[str, str] | None = None
    start: dict[str, Any] | None = None
    server: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.setting}={self.value}"


CASES = [
    Case("client_id_in_server", "tenant", {"identities": [A]}, ("UserAssigned", [A])),
    Case("client_id_in_server", "client", {"identities": [A]}, ("UserAssigned", [A])),
    Case("key_casing", "caller", {"identities": [A]}, ("UserAssigned", [A])),
    Case("key_casing", "lower", {"identities": [A]}, ("UserAssigned", [A])),
    Case("stopped_server_patch", "accept", {"identities": [A]}, ("UserAssigned", [A]), server={"state": "Stopped"}),
    Case(
        "stopped_server_patch",
        "refuse",
        {"identities": [A]},
        ("None", []),
        ("ServerStoppedError", "az postgres flexible-server start"),
        server={"state": "Stopped"},
    ),
    # A null for what is not there and an empty map are never sent: neither setting can be noticed.
    *(
        Case("remove_unassigned", each, REMOVE_A_B, ("UserAssigned", [C]), None, user_assigned("id-a", "id-c"))
        for each in ("ignore", "refuse")
    ),
    Case("empty_map", "accept", REMOVE_A, ("None", []), None, user_assigned("id-a")),
    Case("empty_map", "refuse", REMOVE_A, ("None", []), None, user_assigned("id-a")),
    Case("missing_type", "infer", {"identities": [A]}, ("UserAssigned", [A])),
    Case("missing_type", "refuse", {"identities": [A]}, ("UserAssigned", [A])),
    Case("same_id_other_casing", "merge", REMOVE_A, ("UserAssigned", [B]), None, user_assigned("id-a", "id-b")),
    Case("same_id_other_casing", "duplicate", REMOVE_A, ("UserAssigned", [B]), None, user_assigned("id-a", "id-b")),
    Case("user_to_system", "accept", REMOVE_A, ("SystemAssigned", []), None, SYSTEM_AND_A),
    Case(
        "user_to_system",
        "ignore",
        REMOVE_A,
        ("SystemAssigned,UserAssigned", [A]),
        ("NotVerified", f"succeeded, but {held_id('id-a')} is still assigned."),
        SYSTEM_AND_A,
    ),
    Case(
        "user_to_system",
        "refuse",
        REMOVE_A,
        ("SystemAssigned,UserAssigned", [A]),
        ("FailedIdentityOperation", "is not supported."),
        SYSTEM_AND_A,
    ),
    Case("disable_system_with_user", "accept", SYSTEM_OFF, ("UserAssigned", [A]), None, SYSTEM_AND_A),
    Case(
        "disable_system_with_user",
        "refuse",
        SYSTEM_OFF,
        ("SystemAssigned,UserAssigned", [A]),
        ("FailedIdentityOperation", "cannot be disabled as the instance has User Assigned Managed"),
        SYSTEM_AND_A,
    ),
    Case(
        "missing_identity",
        "FailedIdentityOperation",
        MISSING,
        ("None", []),
        ("FailedIdentityOperation", "Check that every identity to assign exists"),
    ),
    Case(
        "missing_identity",
        "LinkedAuthorizationFailed",
        MISSING,
        ("None", []),
        ("LinkedAuthorizationFailed", "and check that the identity exists"),
    ),
    Case(
        "missing_identity_in",
        "request",
        MISSING,
        ("None", []),
        ("FailedIdentityOperation", "Cannot change the identities"),
    ),
    Case(
        "missing_identity_in",
        "operation",
        MISSING,
        ("None", []),
        ("FailedIdentityOperation", "The change was accepted, and its operation "),
    ),
    Case("state_while_running", "Updating", {"identities": [A]}, ("UserAssigned", [A])),
    Case("state_while_running", "Ready", {"identities": [A]}, ("UserAssigned", [A])),
    *(Case("retry_after", each, {"identities": [A]}, ("UserAssigned", [A])) for each in (None, 0, 1)),
    *(
        Case("async_headers", each, {"identities": [A]}, ("UserAssigned", [A]))
        for each in ("both", "location", "operation", "none")
    ),
    *(
        Case("encryption_identity_removal", each, REMOVE_A, ("None", []), None, user_assigned("id-a"))
        for each in ("refuse", "accept")
    ),
]


@pytest.mark.parametrize("switch", BOTH)
def test_what_encrypts_is_never_left_to_the_service(switch: str, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-cmk"), encryption={"primary": "id-cmk"})
    emulator.settings(encryption_identity_removal=switch)
    result = module(identities=[held_id("id-cmk")], state="absent")
    assert result["msg"] == f"Cannot remove identity {held_id('id-cmk')} because it's used for data encryption."
    assert patches(emulator) == []


@pytest.mark.parametrize("case", [pytest.param(each, id=each.title) for each in CASES])
def test_it_converges_or_tells_the_truth_with(case: Case, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, case.start, **case.server)
    emulator.settings(**{case.setting: case.value})
    result = module(**case.desired)
    kind, ids = case.after
    assert true_identity(emulator) == {"type": kind, "ids": sorted(each.lower() for each in ids)}
    assert len(patches(emulator)) == 1
    if case.failure is None:
        assert result["changed"]
        assert result["identity"]["type"] == kind
        assert module(**case.desired)["changed"] is False
        return
    code, said = case.failure
    assert result["failed"]
    assert result["error"]["code"] == code
    assert said in result["msg"]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("state", ["Updating", "Ready"])
def test_a_busy_server_is_recognised_whatever_its_status(
    status: int, state: str, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    emulator.settings(operation_seconds=0.2, busy_status=status, state_while_running=state)
    module(identities=[B], wait=False)
    assert module(identities=[A])["assigned"] == [A]
    assert true_identity(emulator)["ids"] == sorted([A.lower(), B.lower()])


@pytest.mark.parametrize("where", PLACES)
@pytest.mark.parametrize("state", ["Updating", "Ready"])
def test_a_lost_answer_is_overcome_whatever_a_busy_server_looks_like(
    where: str, state: str, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator, user_assigned("id-b"))
    emulator.settings(operation_seconds=0.2, busy_in=where, state_while_running=state)
    emulator.fault("PATCH", SERVER_PATH, {"disconnect": "after"})
    result = module(identities=[A], purge_identities=True, busy_timeout=0)
    assert result["changed"]
    assert true_identity(emulator) == {"type": "UserAssigned", "ids": [A.lower()]}


@pytest.mark.parametrize("value", BOTH)
@pytest.mark.parametrize("validate", [True, False], ids=["validated", "not validated"])
@pytest.mark.parametrize(
    "facts",
    [{"isolation_scope": "Regional", "location": "westeurope"}, {"assignment_restrictions": ["Microsoft.Compute"]}],
    ids=["isolated", "restricted"],
)
def test_an_identity_with_restrictions_that_the_service_would(
    value: str, validate: bool, facts: dict[str, Any], emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    new = seed_identity(emulator, "id-new", **facts)
    emulator.settings(restricted_identity=value)
    result = module(identities=[new], validate_identities=validate)
    if validate:
        assert result["error"]["code"] == "IdentityUnusable"
    elif value == "refuse":
        assert result["error"]["code"] == "FailedIdentityOperation"
    else:
        assert result["assigned"] == [new]


def test_true_client_ids_that_the_server_reports_are_shown(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-a"))
    emulator.settings(client_id_in_server="client")
    shown = module(state="info")["identity"]
    looked_up = module(state="info", client_ids=True)["identity"]
    assert shown == looked_up
    assert shown["user_assigned_identities"][0]["client_id"]


def test_keys_that_the_service_spells_its_own_way_are_removed(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.settings(key_casing="lower", same_id_other_casing="duplicate")
    module(identities=[A, B])
    assert module(identities=[A, B])["changed"] is False
    result = module(state="absent", identities=[A])
    assert result["removed"] == [A.lower()]
    assert true_identity(emulator) == {"type": "UserAssigned", "ids": [B.lower()]}


def test_polls_come_when_the_service_says(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.settings(retry_after=1, operation_seconds=1.5)
    assert module(identities=[A])["changed"]
    calls = emulator.requests("arm")
    times = [each["time"] for each in calls if each["method"] == "PATCH" or "Operation" in each["path"]]
    assert [round(after - before) for before, after in itertools.pairwise(times)] == [1, 1]


def test_every_value_of_a_setting_that_stands_for_an_unknown_is_tried() -> None:
    tried: dict[str, set[Any]] = {
        "busy_status": set(STATUSES),
        "busy_in": set(PLACES),
        "restricted_identity": set(BOTH),
    }
    for case in CASES:
        tried.setdefault(case.setting, set()).add(case.value)
    # With the refusals, and with the errors of the service.
    tried |= {"elastic_cluster_patch": {"accept", "refuse"}, "busy_code": {"ServerIsBusy", "ServerBusy"}}
    choices = {name: set(get_args(hint)) for name, hint in get_type_hints(Settings).items()}
    # With the policies that ask for a token, the users without multifactor authentication, and the facts of a server.
    tried |= {
        "policy_hash": {"bytes", "lenient"},
        "policy_prefix": {"PoP ", "PT 1.", ""},
        "policy_details_in": {"evaluationDetails", "info"},
        "policy_unneeded": {"token", "none"},
        "policy_reuse": {"refuse", "accept"},
        "user_writes": {"accept", "mfa"},
        "newer_properties": {"omit", "show"},
    }
    no_unknowns = {
        "operation_seconds",
        "page_size",
        "throttle",
        "token_seconds",
        "log_bodies",
        "check_schema",
        "policies",
    }
    assert choices.keys() - tried.keys() == no_unknowns
    assert {name: values for name, values in tried.items() if name != "retry_after"} == {
        name: values for name, values in choices.items() if name not in {*no_unknowns, "retry_after"}
    }
