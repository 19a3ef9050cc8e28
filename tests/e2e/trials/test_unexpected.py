# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answer every odd input with a sentence: small ones that once ended in a traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.client import Api
from e2e.fleets import rows, run_fleet, seed_servers, servers
from e2e.world import SERVER_ID, SERVER_PATH, identity_id, seed_server, user_assigned

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

A = identity_id("id-a")
NOBODY = "~nosuchuser/x"


def check_sentence(result: dict[str, Any], *words: str) -> None:
    """Check that the task failed with a message of ours that has these words."""
    assert result["failed"]
    result.pop("exception", None)  # Ansible shows it with -vvv
    assert "Traceback" not in json.dumps(result)
    assert result["error"]["help"]
    for word in words:
        assert word in result["msg"]


def test_a_home_folder_that_is_not_known_is_told(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    check_sentence(module(identities=[A], ca_path=NOBODY), "ca_path: ", NOBODY)
    given = {**emulator.connection, "secret": None, "oidc_token_file_path": NOBODY}
    options: dict[str, Any] = {"server_name": "pg-x", "resource_group": "rg-x", "identities": [A]}
    check_sentence(module(bare=True, **given, **options), "oidc_token_file_path: ", NOBODY)


def test_a_record_below_a_home_folder_that_is_not_known_is_told(emulator: Emulator, outputs: list[str]) -> None:
    many = servers("same", 2)
    seed_servers(emulator, many)
    result = run_fleet(emulator, outputs, rows(many, present=["id-a"]), rollback_file=NOBODY)
    check_sentence(result, "rollback_file: ", NOBODY)


def test_without_a_home_a_credential_in_options_is_enough(
    emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "")
    seed_server(emulator)
    assert module(identities=[A])["assigned"] == [A]


@pytest.mark.parametrize("option", ["wait_timeout", "busy_timeout", "poll_interval"])
@pytest.mark.parametrize("value", ["inf", "nan", "-inf"])
def test_a_number_that_is_none_is_refused(option: str, value: str, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    odd: dict[str, Any] = {option: float(value)}
    check_sentence(module(identities=[A], **odd), f"{option}: {value} is too ")
    assert emulator.requests() == []


SHOWN: dict[str, dict[str, Any]] = {
    "tags as a list": {"tags": ["a", "b"]},
    "location as a number": {"location": 3},
    "location as a list": {"location": [3]},
    "state as a list": {"properties": {"state": ["Ready"]}},
    "type as a number": {"identity": {"type": 3}},
    "a map that is a list": {"identity": {"userAssignedIdentities": ["a"]}},
    "encryption as a text": {"properties": {"dataEncryption": "yes"}},
}


@pytest.mark.parametrize("shown", [pytest.param(each, id=name) for name, each in SHOWN.items()])
@pytest.mark.parametrize("state", ["present", "info"])
def test_a_server_with_odd_values(shown: dict[str, Any], state: str, emulator: Emulator, module: RunModule) -> None:
    emulator.settings(check_schema=False)
    seed_server(emulator, user_assigned("id-b"), shown=shown)
    result = module(state=state, identities=[A] if state == "present" else None)
    if result.get("failed"):
        check_sentence(result)
        assert result["error"]["code"] != "UnexpectedError"


def test_json_within_json_without_an_end(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    body = json.dumps({"id": SERVER_ID, "properties": {}, "tags": "X"}).replace('"X"', "[" * 5000 + "]" * 5000)
    emulator.fault("GET", SERVER_PATH, {"body": body}, times=-1)
    check_sentence(module(identities=[A]))


def test_a_fault_of_our_own_is_a_sentence_that_says_what_became_of_the_write(
    emulator: Emulator, module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_server(emulator)

    def broken(*_given: object) -> None:
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(Api, "poll", broken)
    result = module(identities=[A])
    check_sentence(result, "ZeroDivisionError", "by nought")
    assert (result["error"]["code"], result["error"]["write"]) == ("UnexpectedError", "accepted")
    assert result["changed"]


def test_a_fault_of_our_own_at_one_row_leaves_the_others_to_their_end(
    emulator: Emulator, outputs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = servers("same", 3)
    seed_servers(emulator, many)
    update = Api.update_identity

    def broken(self: Api, ref: Any, body: dict[str, Any], policy_token: str) -> Any:
        if ref.name.endswith("001"):
            raise ZeroDivisionError("by nought")
        return update(self, ref, body, policy_token)

    monkeypatch.setattr(Api, "update_identity", broken)
    result = run_fleet(emulator, outputs, rows(many, present=["id-a"]))
    assert [each["changed"] for each in result["servers"]] == [True, False, True]
    error = result["servers"][1]["error"]
    # Whether the request had gone out by then is not known.
    assert (error["code"], error["write"]) == ("UnexpectedError", "unknown")
