# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each answer of the table is the emulator's setting, whatever that is, and the server is as before."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pytest

from e2e.live_runs import Ask, check_patches, seed_writable
from e2e.world import (
    GROUP,
    OTHER_GROUP,
    OTHER_SUBSCRIPTION,
    SERVER,
    SERVER_ID,
    identity_id,
    seed_identity,
    seed_server,
    true_identity,
)
from emulator.control.settings import AllSettings
from live.questions import NOT_ASKED, QUESTIONS, READ, emulated

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator

A = identity_id("id-a")
OTHER_PLACES = ("other_subscription", "several_groups")
#: Settings that are no behaviour of the service.
NO_BEHAVIOUR = {"check_schema", "log_bodies", "policies"}


@dataclass(frozen=True)
class Case:
    """With `settings` a run gives `answers`; the server holds `held` before and after. `seconds` as `seed_writable`."""

    settings: dict[str, Any]
    answers: dict[str, str]
    held: tuple[str, ...] = ("id-b",)
    seconds: float = 0

    @property
    def title(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.settings.items())


def same(name: str, *values: Any, **more: Any) -> list[Case]:
    """Return a case for each value of a setting; the answer is that value."""
    return [Case({name: each}, {name: "none" if each is None else str(each)}, **more) for each in values]


READING = [
    *same("client_id_in_server", "tenant", "client"),
    *same("remaining_counts", "recorded", "all", "none"),
    *same("claims_challenge", "never", "until_claims"),
    *same("page_size", 1, 2),
]
BUSY = [{"busy_status": each, "busy_code": code} for each in (409, 400, 429, 500, 503) for code in ("ServerIsBusy",)]
WRITING = [
    *same("client_id_in_server", "tenant", "client", held=()),
    *same("key_casing", "caller", "lower", held=()),
    *same("accepted", 202, "202_empty", 200, 201, 204),
    *same("async_headers", "both", "location", "operation"),
    *same("async_headers", "none", seconds=0.5),
    *same("operation_host", None),
    *same("operation_host", "localhost", seconds=0.5),
    *same("retry_after", None, 0, 1),
    *same("state_while_running", "Updating", "Ready"),
    *(Case(each, {name: str(value) for name, value in each.items()}) for each in BUSY),
    *same("busy_code", "ServerBusy"),
    Case({"busy_in": "request"}, {"busy_in": "request", "busy_status": "409"}),
    Case({"busy_in": "operation"}, {"busy_in": "operation", "busy_code": "ServerIsBusy"}, seconds=0.5),
    *same("get_lag", 0),
    Case({"get_lag": 0.5}, {"get_lag": "1"}, seconds=0.3),
    *same("list_lag", 0),
    Case({"list_lag": 0.5}, {"list_lag": "1"}, seconds=0.3),
    Case({"list_lag": "frozen"}, {"list_lag": "more than 2"}),
    *same("remove_unassigned", "ignore", "refuse"),
    *same("same_id_other_casing", "merge", "duplicate"),
    *same("deleted_identity", "accept", "refuse", held=(identity_id("id-gone"),)),
    Case({"accepted": 200, "async_headers": "none"}, {"accepted": "200", "async_headers": "none"}, seconds=0.3),
]


@pytest.mark.parametrize("case", [pytest.param(each, id=each.title) for each in READING])
def test_reading_finds(case: Case, emulator: Emulator, ask: Ask) -> None:
    seed_server(emulator, {"type": "UserAssigned", "user_assigned": list(case.held)})
    emulator.settings(**case.settings)
    asked = ask()
    assert asked.status == 0, asked.problems
    assert {name: asked.answers.get(name) for name in case.answers} == case.answers
    assert {each["method"] for each in emulator.requests("arm")} == {"GET"}


@pytest.mark.parametrize("case", [pytest.param(each, id=each.title) for each in WRITING])
def test_writing_finds(case: Case, emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator, *case.held, seconds=case.seconds)
    before = true_identity(emulator)
    # The schema knows no other answer than that of a 202.
    emulator.settings(**case.settings, check_schema="accepted" not in case.settings)
    # What a GET that is behind shows is looked at five times.
    slowly = ("--poll-interval", "0.2") if case.settings.get("get_lag") else ()
    asked = ask(*slowly, write="id-a")
    assert {name: asked.answers.get(name) for name in case.answers} == case.answers
    assert asked.status == 0, asked.problems
    assert true_identity(emulator) == before
    check_patches(emulator, A, *case.held)


@pytest.mark.parametrize("value", ["refuse", "accept"])
@pytest.mark.parametrize("facts", [{"isolation_scope": "Regional"}, {"assignment_restrictions": ["Microsoft.Compute"]}])
def test_an_identity_that_is_restricted_tells_what_becomes_of_it(
    value: str, facts: dict[str, Any], emulator: Emulator, ask: Ask
) -> None:
    seed_writable(emulator)
    seed_identity(emulator, "id-new", location="westeurope", **facts)
    emulator.settings(restricted_identity=value)
    asked = ask(write="id-new")
    assert (asked.status, asked.answers["restricted_identity"]) == (0, value), asked.problems
    assert true_identity(emulator)["ids"] == []


def test_an_identity_of_another_group_is_removed_from_among_others(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator, "id-b")
    asked = ask(write=identity_id("id-a", OTHER_GROUP))
    assert asked.answers["several_groups"] == "accept"


def test_an_identity_of_another_subscription_is_an_answer_too(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator, "id-b")
    asked = ask(write=identity_id("id-a", OTHER_GROUP, OTHER_SUBSCRIPTION))
    assert (asked.answers["other_subscription"], asked.answers["several_groups"]) == ("accept", "accept")


def test_a_missing_right_is_no_answer(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator, "id-b")
    emulator.fault("PATCH", f"/flexibleServers/{SERVER}$", {"status": 403, "code": "AuthorizationFailed"}, times=-1)
    asked = ask(write=identity_id("id-a", OTHER_GROUP, OTHER_SUBSCRIPTION))
    assert asked.status == 1
    assert asked.missing.keys() >= {"remove_unassigned", "other_subscription"}


def test_a_removal_that_fails_is_told_and_left_to_live_restore(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator, "id-b")
    error = {"code": "ServerDifferentSubscription", "message": "Server and server must be in same subscription."}
    # The fifth: before it that of what is not there, the assignment, a second one, and one in another casing.
    emulator.fault("PATCH", f"/flexibleServers/{SERVER}$", {"operation_error": error}, after=4)
    asked = ask(write=identity_id("id-a", OTHER_GROUP))
    assert (asked.status, asked.answers["several_groups"]) == (1, "ServerDifferentSubscription")
    assert len(true_identity(emulator)["ids"]) == 2
    assert "make live-restore first" in ask(write="id-a").problems
    assert ask(restore=True).status == 0
    assert len(true_identity(emulator)["ids"]) == 1


def test_a_second_change_may_be_accepted_while_the_first_one_runs(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator, seconds=0.5)
    emulator.fault("PATCH", f"/flexibleServers/{SERVER}$", {"status": 202, "body": ""}, after=1)
    asked = ask(write="id-a")
    assert (asked.status, asked.answers["busy_in"]) == (0, "accepted"), asked.problems
    assert asked.missing["busy_code"] == "a second change was accepted while the first one ran"


def test_as_it_starts_the_emulator_differs_in_nothing(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator, "id-b")
    asked = ask(write="id-a")
    assert {*asked.verdicts.values()} == {"same"}
    assert asked.missing.keys() == {"page_size", "restricted_identity", "deleted_identity", *OTHER_PLACES}


def test_what_differs_is_shown(emulator: Emulator, ask: Ask) -> None:
    seed_server(emulator)
    emulator.settings(remaining_counts="all")
    emulator.fault("GET", f"/{SERVER}$", {"status": 400, "code": "NoRegisteredProviderFound"}, after=2)
    verdicts = ask().verdicts
    assert [name for name, verdict in verdicts.items() if verdict != "same"] == [
        "remaining_counts",
        "unknown_api_version",
    ]


def test_reading_says_what_only_a_write_would_answer(emulator: Emulator, ask: Ask) -> None:
    seed_server(emulator)
    asked = ask()
    assert {name for name, why in asked.missing.items() if why == "it takes WRITE=1"} == {
        each.name for each in QUESTIONS if each.mode != READ
    }
    assert asked.missing["key_casing"].endswith("WRITE=1 assigns one")


def test_a_list_that_may_not_be_read_is_no_answer(emulator: Emulator, ask: Ask) -> None:
    seed_server(emulator)
    emulator.fault("GET", "/flexibleServers$", {"status": 403, "code": "AuthorizationFailed"}, times=-1)
    asked = ask()
    assert asked.status == 0
    assert asked.missing["list_items"] == "the list of servers was answered with 403 AuthorizationFailed"


def test_a_server_that_is_not_there_is_told(emulator: Emulator, ask: Ask) -> None:
    emulator.fault("GET", f"/{SERVER}$", {"status": 404, "code": "ResourceNotFound"}, times=-1)
    asked = ask()
    assert asked.status == 1
    assert "ResourceNotFound" in asked.problems


def test_every_setting_is_asked_for_or_said_why_not() -> None:
    asked = {each.name for each in QUESTIONS}
    settings = {each.name for each in fields(AllSettings)}
    assert settings - NO_BEHAVIOUR <= asked | NOT_ASKED.keys()
    assert not asked & NOT_ASKED.keys()
    assert [each.name for each in QUESTIONS if emulated(each.name) is ...] == []
    tried = {name for case in (*READING, *WRITING) for name in case.settings} | {"restricted_identity"}
    assert tried == (settings & asked) - {"operation_seconds"}


def test_it_signs_in_with_what_there_is(
    emulator: Emulator, ask: Ask, az: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_SECRET", "AZURE_TENANT"):
        monkeypatch.delenv(name)
    seed_server(emulator)
    assert ask().status == 0
    assert "get-access-token" in az.read_text(encoding="utf-8")


def test_the_place_of_the_server_is_checked(emulator: Emulator, ask: Ask) -> None:
    asked = ask("--server", SERVER_ID, "--resource-group", GROUP)
    assert (asked.status, "SERVER" in asked.problems) == (1, True)
    assert emulator.requests("arm") == []
