# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Decide on what the server itself says, and tell what became of a write: small inputs that once went wrong."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from e2e.fleets import rows, run_fleet, seed_servers, servers
from e2e.roles import ASSIGN, HOSTS, ROLLBACK, recap, record, truth
from e2e.world import (
    POLL_PATH,
    SERVER_PATH,
    identity_id,
    patches,
    seed_server,
    true_identity,
    user_assigned,
)

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

A, B = identity_id("id-a"), identity_id("id-b")
HAS_A = {"type": "UserAssigned", "ids": [A.lower()]}
NOTHING = {"type": "None", "ids": []}


def change_behind_the_list(module: RunModule) -> None:
    """Assign `id-b` to the first host's server, and enable the system-assigned identity of the second's."""
    module(server_name=HOSTS[0], identities=[B])
    module(server_name=HOSTS[1], identities=[A], system_assigned=True)


def held_by(emulator: Emulator) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return type and names of identities that each server truly holds, by its name."""
    return {
        server.rpartition("/")[2]: (kind, tuple(each.rpartition("/")[2] for each in ids))
        for server, (kind, ids) in truth(emulator).items()
    }


@pytest.fixture
def estate(emulator: Emulator, module: RunModule) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return what 30 servers hold of which the list shows what it did before somebody else came."""
    seed_servers(emulator, [{"name": name, "identity": user_assigned("id-a")} for name in names_of_30()])
    emulator.settings(list_lag="frozen")
    change_behind_the_list(module)
    emulator.clear_requests()
    return held_by(emulator)


def names_of_30() -> list[str]:
    return [*HOSTS, *(f"pg-more-{number:02}" for number in range(30 - len(HOSTS)))]


def test_a_removal_takes_nothing_that_the_list_does_not_show(
    emulator: Emulator, run: Run, tmp_path: Path, estate: dict[str, tuple[str, tuple[str, ...]]]
) -> None:
    ran = run("pgflex.azure.remove", names_of_30(), pgflex_identity_absent="id-a")
    assert ran.rc == 0, ran.output
    after = held_by(emulator)
    assert after[HOSTS[0]] == ("UserAssigned", ("id-b",))
    assert after[HOSTS[1]] == ("SystemAssigned", ())
    assert {after[name] for name in names_of_30()[2:]} == {("None", ())}

    # The list is still as it was when they all held it.
    emulator.clear_requests()
    back = run(ROLLBACK, names_of_30(), pgflex_identity_rollback=str(record(tmp_path)))
    assert back.rc == 0, back.output
    assert held_by(emulator) == estate


def test_the_end_of_a_running_operation_is_waited_for(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-a"))
    emulator.settings(operation_seconds=1)
    module(state="absent", identities=[A], wait=False)
    result = module(identities=[A])
    assert result["changed"]
    assert true_identity(emulator) == HAS_A


def test_the_role_waits_for_the_end_of_a_running_operation(emulator: Emulator, module: RunModule, run: Run) -> None:
    seed_servers(emulator, servers("x", 2, "id-a"))
    # Longer than a playbook takes to begin.
    emulator.settings(operation_seconds=20)
    module(server_name=HOSTS[0], state="absent", identities=[A], wait=False)
    ran = run(ASSIGN, HOSTS[:2], pgflex_identity_present="id-a")
    assert ran.rc == 0, ran.output
    assert recap(ran)[HOSTS[0]] == "changed"
    assert f"{HOSTS[0]}: busy with an operation" in ran.output
    assert held_by(emulator)[HOSTS[0]] == ("UserAssigned", ("id-a",))


@pytest.mark.parametrize("check", [True, False], ids=["check mode", "for real"])
def test_an_identity_that_does_not_exist_is_refused(check: bool, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    result = module(identities=[identity_id("id-bakcup")], check=check)
    assert result.get("failed"), result
    assert true_identity(emulator) == NOTHING


@pytest.mark.parametrize(
    ("then", "code"),
    [
        ({"status": 403, "code": "AuthorizationFailed", "message": "No."}, "AuthorizationFailed"),
        ({"status": 401, "code": "ExpiredAuthenticationToken", "message": "No."}, "ExpiredAuthenticationToken"),
        ({"body": "<html>Sign in</html>", "headers": {"Content-Type": "text/html"}}, "UnexpectedAnswer"),
    ],
    ids=["403", "401", "a login page"],
)
@pytest.mark.parametrize("where", ["while polling", "while verifying"])
def test_a_failure_after_the_write_says_what_became_of_it(
    where: str, then: dict[str, Any], code: str, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    if where == "while polling":
        emulator.fault("GET", POLL_PATH, then, times=-1)
    else:
        # It is read, and read again once the identity was.
        emulator.fault("GET", SERVER_PATH, then, times=-1, after=2)
    result = module(identities=[A])
    assert result["error"]["code"] == code
    assert result["changed"], result
    write, words = ("accepted", "has accepted") if where == "while polling" else ("done", "was carried out")
    assert result["error"]["write"] == write
    assert result["error"]["operation"]["id"]
    assert words in result["msg"]


def test_a_token_that_cannot_be_renewed_meanwhile_does_not_hide_the_write(
    emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    emulator.settings(token_seconds=3, operation_seconds=5)

    def refuse_tokens_after_the_write() -> None:
        while not patches(emulator):
            time.sleep(0.02)
        emulator.fault("POST", "/oauth2/v2.0/token", {"aadsts": 7000215}, times=-1)

    refusing = threading.Thread(target=refuse_tokens_after_the_write)
    refusing.start()
    result = module(identities=[A])
    refusing.join()
    assert result["changed"], result
    assert result["error"]["write"] == "accepted"


def test_nothing_begins_after_the_deadline(emulator: Emulator, outputs: list[str]) -> None:
    many = servers("late", 40, "id-a")
    seed_servers(emulator, many)
    emulator.settings(operation_seconds=4)
    options: dict[str, Any] = {"waves": [1, 10, "100%"], "max_fail_percentage": 100, "wait_timeout": 5}
    result = run_fleet(emulator, outputs, rows(many, present=["id-b"]), **options)
    not_started = {each["name"] for each in result["servers"] if each.get("not_started")}
    written = [each for each in result["servers"] if each["name"] not in not_started]
    # As many as the machine sends in the second that is left of the five.
    assert 1 <= len(patches(emulator)) == len(written) <= 11
    assert all(each["changed"] and each.get("error", {"write": "accepted"})["write"] == "accepted" for each in written)


def test_a_get_that_is_behind_is_looked_at_again(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.settings(get_lag=1)
    result = module(identities=[A], poll_interval=0.5)
    assert result.get("assigned") == [A], result


def test_the_word_for_a_key_counts_without_case(emulator: Emulator, module: RunModule) -> None:
    emulator.settings(check_schema=False)
    seed_server(
        emulator,
        user_assigned("id-cmk", system=True),
        encryption={"primary": "id-cmk"},
        shown={"properties": {"dataEncryption": {"type": "AZUREKEYVAULT"}}},
    )
    result = module(identities=[identity_id("id-cmk")], system_assigned=False)
    assert result.get("failed"), result
    assert patches(emulator) == []


CONTRADICTIONS: dict[str, dict[str, Any]] = {
    "type UserAssigned and no map": {"identity": {"type": "UserAssigned", "userAssignedIdentities": None}},
    "an unknown word in type": {"identity": {"type": "UserAssigned, Federated"}},
    "an encryption identity that is not in the map": {
        "properties": {"dataEncryption": {"type": "AzureKeyVault", "primaryUserAssignedIdentityId": B}}
    },
    "no dataEncryption": {"properties": {"dataEncryption": None}},
}


@pytest.mark.parametrize("shown", [pytest.param(each, id=name) for name, each in CONTRADICTIONS.items()])
@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_server_that_contradicts_itself_is_shown_and_not_written_to(
    state: str, shown: dict[str, Any], emulator: Emulator, module: RunModule
) -> None:
    emulator.settings(check_schema=False)
    seed_server(emulator, user_assigned("id-a"), shown=shown)
    assert not module(state="info").get("failed")
    result = module(state=state, identities=[identity_id("id-c") if state == "present" else A])
    assert result["error"]["code"] == "UnexpectedAnswer", result
    assert patches(emulator) == []


@pytest.mark.parametrize("kind", ["principalId", "clientId"])
@pytest.mark.parametrize("option", ["absent", "replaces"])
def test_another_id_of_an_assigned_identity_is_refused(
    option: str, kind: str, emulator: Emulator, module: RunModule
) -> None:
    own = "0000000a-0000-4000-8000-00000000000a"
    held = identity_id("id-a", segment="resourcegroups")
    seed_server(emulator, user_assigned("id-a"), shown={"identity": {"userAssignedIdentities": {held: {kind: own}}}})
    given = {"state": "absent", "identities": [own]} if option == "absent" else {"identities": [B], "replaces": [own]}
    result = module(**given)
    assert result.get("failed"), result
    assert held in result["msg"]
    assert patches(emulator) == []


def test_an_identity_that_does_not_answer_is_asked_once(emulator: Emulator, outputs: list[str]) -> None:
    many = servers("same", 20)
    seed_servers(emulator, many)
    emulator.fault("GET", "/userAssignedIdentities/id-a$", {"status": 503, "code": "Oops", "message": "No."}, times=-1)
    result = run_fleet(emulator, outputs, rows(many, present=["id-a"]))
    assert {each["error"]["code"] for each in result["servers"]} == {"Oops"}
    # Once, with the tries that a transient failure gets.
    assert len([each for each in emulator.requests("arm") if "/userAssignedIdentities/" in each["path"]]) == 5


def test_an_identity_that_was_made_again_is_not_paired_with_its_former_principal(
    emulator: Emulator, module: RunModule
) -> None:
    former = "0000000a-0000-4000-8000-00000000000a"
    held = identity_id("id-a", segment="resourcegroups")
    facts = {"principalId": former, "clientId": former}
    seed_server(emulator, user_assigned("id-a"), shown={"identity": {"userAssignedIdentities": {held: facts}}})
    result = module(state="info", client_ids=True)
    (shown,) = result["identity"]["user_assigned_identities"]
    assert (shown["principal_id"], shown["client_id"]) == (former, former)
    assert f"Identity {held} was deleted and made again" in result["warnings"][0]
