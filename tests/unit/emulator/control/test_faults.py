# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults: which request they hit, and what happens then."""

from __future__ import annotations

import http.client
import time
import urllib.error
from typing import Any

import pytest

from emulator import schema
from emulator.control.faults import Faults

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"
ERROR = {"code": "ServerDifferentSubscription", "message": "Server and server must be in same subscription."}


def test_a_fault_answers_in_place_of_arm_and_runs_out(client: Any) -> None:
    then = {"status": 503, "code": "ServiceUnavailable", "message": "Later.", "headers": {"Retry-After": "7"}}
    client.control("POST", "faults", [{"match": {"path": "PG-plain$", "method": "GET"}, "then": then}])
    answer = client.arm("GET", f"{SERVERS}/pg-plain")
    assert (answer.error, answer.headers["retry-after"]) == ((503, "ServiceUnavailable"), "7")
    assert "x-ms-request-id" in answer.headers
    assert client.arm("GET", f"{SERVERS}/pg-plain").status == 200
    assert client.control("GET", "faults")[0]["times_left"] == 0


def test_a_fault_may_answer_what_is_no_json(client: Any) -> None:
    then = {"body": "<html>", "headers": {"Content-Type": "text/html"}}
    client.control("POST", "faults", [{"match": {"path": "pg-plain"}, "times": -1, "then": then}])
    with pytest.raises(ValueError, match="Expecting value"):
        client.arm("GET", f"{SERVERS}/pg-plain")
    client.control("DELETE", "faults")
    assert client.arm("GET", f"{SERVERS}/pg-plain").status == 200


def test_a_fault_hits_requests_for_tokens_too(client: Any) -> None:
    client.control("POST", "faults", [{"match": {"path": "/token$"}, "then": {"status": 500, "code": "server_error"}}])
    assert client.grant().body["error"] == "server_error"


@pytest.mark.parametrize(
    ("then", "status", "error", "text"),
    [
        ({"aadsts": 50076}, 400, "invalid_grant", "AADSTS50076: Due to a configuration change made by your"),
        ({"aadsts": 7000222}, 401, "invalid_client", "AADSTS7000222: The provided client secret keys"),
        ({"aadsts": 53000, "message": "No.", "status": 403}, 403, "invalid_grant", "AADSTS53000: No."),
    ],
)
def test_a_fault_answers_with_a_code_of_entra_id(
    client: Any, then: dict[str, Any], status: int, error: str, text: str
) -> None:
    client.control("POST", "faults", [{"match": {"path": "/token$"}, "then": then}])
    answer = client.grant()
    assert (answer.status, answer.body["error"], answer.body["error_codes"]) == (status, error, [then["aadsts"]])
    assert answer.body["error_description"].startswith(text)


@pytest.mark.parametrize(("moment", "identity"), [("before", "None"), ("after", "SystemAssigned")])
def test_a_fault_cuts_the_connection_before_or_after_the_work(client: Any, moment: str, identity: str) -> None:
    client.server("pg-plain")
    client.control("POST", "faults", [{"match": {"method": "PATCH"}, "then": {"disconnect": moment}}])
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        client.patch("pg-plain", {"type": "SystemAssigned"})
    time.sleep(0.06)
    states = {each["name"]: each for each in client.control("GET", "servers")}
    assert states["pg-plain"]["identity"]["type"] == identity
    assert client.control("GET", "requests?kind=arm")[-1]["status"] is None


def test_a_fault_delays_an_answer(client: Any) -> None:
    client.control(
        "POST", "faults", [{"match": {"method": "GET"}, "then": {"delay": 0.1, "headers": {"x-late": "yes"}}}]
    )
    before = time.monotonic()
    answer = client.arm("GET", f"{SERVERS}/pg-plain")
    assert (answer.status, answer.headers["x-late"]) == (200, "yes")
    assert time.monotonic() - before >= 0.1


@pytest.mark.parametrize(
    ("then", "status", "error"),
    [
        ({"operation_error": ERROR}, "Failed", ERROR["code"]),
        ({"operation_status": "Failed"}, "Failed", "InternalServerError"),
        ({"operation_status": "Canceled", "operation_error": ERROR}, "Canceled", ERROR["code"]),
        ({"operation_status": "Cancelled"}, "Cancelled", None),
        ({"operation_effect": "none"}, "Succeeded", None),
    ],
)
def test_a_fault_decides_how_the_operation_ends(
    client: Any, then: dict[str, Any], status: str, error: str | None
) -> None:
    client.control("POST", "faults", [{"match": {"method": "PATCH"}, "then": then}])
    answer = client.patch("pg-plain", {"type": "SystemAssigned"})
    done = client.settle(answer)
    assert (done["status"], done.get("error", {}).get("code")) == (status, error)
    assert "identity" not in client.server("pg-plain")
    assert client.arm("GET", answer.headers["location"]).status == (400 if error else 200)


def test_a_fault_replaces_the_answer_to_what_is_processed(client: Any) -> None:
    then = {"status": 504, "code": "GatewayTimeout", "processed": True}
    client.control("POST", "faults", [{"match": {"method": "PATCH"}, "then": then}])
    assert client.patch("pg-plain", {"type": "SystemAssigned"}).error == (504, "GatewayTimeout")
    client.control("POST", "clock", {"advance": 1})
    assert client.server("pg-plain")["identity"]["type"] == "SystemAssigned"


def test_a_fault_changes_settings_before_the_request_is_looked_at(client: Any) -> None:
    then = {"settings": {"policies": [{"name": "window", "scope": client.group}]}}
    client.control("POST", "faults", [{"match": {"method": "PATCH"}, "then": then}])
    assert client.patch("pg-plain", {"type": "SystemAssigned"}).error == (403, "RequestDisallowedByPolicy")


def test_a_fault_cuts_an_answer_off(client: Any) -> None:
    client.control("POST", "faults", [{"match": {"path": "pg-plain$"}, "then": {"disconnect": "during"}}])
    with pytest.raises(http.client.IncompleteRead):
        client.server("pg-plain")
    assert client.server("pg-plain")["name"] == "pg-plain"


def test_somebody_else_writes_meanwhile_and_every_change_is_known(client: Any) -> None:
    client.add_server(name="pg-one", identity={"type": "UserAssigned", "user_assigned": ["id-app"]})
    server = f"{client.group}/providers/{SERVERS}/pg-one"
    write = {"server": server, "assign": [client.identity_id("id-b")], "remove": [], "system_assigned": True}
    client.control("POST", "faults", [{"match": {"method": "PATCH"}, "then": {"meanwhile": write}}])
    body = {"type": "UserAssigned", "userAssignedIdentities": {client.identity_id("id-app"): None}}
    client.settle(client.patch("pg-one", body))
    theirs, ours = client.control("GET", "operations")
    assert (theirs["by"], theirs["before"]["type"], theirs["after"]["type"]) == (
        "meanwhile",
        "UserAssigned",
        "SystemAssigned,UserAssigned",
    )
    assert (ours["by"], ours["status"], ours["refused"], ours["error"]) == ("client", "Succeeded", False, None)
    assert (ours["before"], ours["after"]["type"]) == (theirs["after"], "UserAssigned")
    assert theirs["started"] <= theirs["ended"] <= ours["started"] <= ours["ended"]


def test_somebody_else_is_kept_out_of_a_busy_server(client: Any) -> None:
    write = {"server": f"{client.group}/providers/{SERVERS}/pg-plain", "system_assigned": True, "seconds": 60}
    client.control("POST", "faults", [{"match": {"method": "GET"}, "then": {"meanwhile": write}, "times": 2}])
    client.server("pg-plain")
    assert client.patch("pg-plain", {"type": "SystemAssigned"}).error == (409, "ServerIsBusy")
    client.server("pg-plain")
    assert len(client.control("GET", "operations")) == 1


def test_a_fault_keeps_an_operation_from_ending(client: Any) -> None:
    then = {"operation_status": "InProgress"}
    client.control("POST", "faults", [{"match": {"method": "PATCH"}, "then": then}])
    answer = client.patch("pg-plain", {"type": "SystemAssigned"})
    time.sleep(0.1)
    assert client.arm("GET", answer.headers["azure-asyncoperation"]).body["status"] == "InProgress"
    assert client.server("pg-plain")["properties"]["state"] == "Updating"


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ([{"match": {}}], r"\$\[0\]: 'then' is a required property"),
        ([{"then": {"statsu": 500}}], r"\$\[0\]\.then.*'statsu'"),
        ([{"match": {"path": "("}, "then": {"status": 500}}], r"\$\[0\]\.match\.path"),
        ({"then": {"status": 500}}, "is not of type 'array'"),
    ],
)
def test_the_error_about_a_bad_fault_names_the_place(document: Any, place: str) -> None:
    with pytest.raises(schema.InvalidDocumentError, match=place):
        Faults().add(document)


def test_a_fault_skips_its_first_hits_and_ends() -> None:
    faults = Faults()
    faults.add([{"match": {"method": "get", "path": "/SERVERS/"}, "after": 1, "times": 2, "then": {"status": 500}}])
    assert faults.take("PATCH", "/servers/a") is None
    hits = [faults.take("GET", "/servers/a") is not None for _request in range(4)]
    assert hits == [False, True, True, False]
