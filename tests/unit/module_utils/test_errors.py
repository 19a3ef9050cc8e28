# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A failure says what was tried, what Azure said, and what to do next."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import (
    _HINTS,
    BUSY_CODES,
    TROUBLESHOOTING,
    InvalidInput,
    OperationFailed,
    PgflexError,
    Refused,
    ServiceError,
)
from unit.support import busy, refusal


@pytest.mark.parametrize(
    ("code", "status", "hint"),
    [
        pytest.param("ServerIsBusy", 409, "or raise busy_timeout.", id="busy"),
        pytest.param("ServerBusy", 400, "or raise busy_timeout.", id="busy, by the older code"),
        pytest.param("AuthorizationFailed", 403, "Grant the credential a role", id="no right"),
        pytest.param("LinkedAuthorizationFailed", 403, "'Managed Identity Operator'", id="no right to assign"),
        pytest.param("RESOURCENOTFOUND", 404, "Check the name, the resource group and the", id="a code in capitals"),
        pytest.param("", 429, "Raise wait_timeout, or run fewer clients", id="throttled, without a code"),
        pytest.param("", 401, "Check the credential, its tenant and cloud_environment.", id="401"),
        pytest.param("Strange", 500, "This is a fault of the service", id="500"),
        pytest.param("Strange", 400, "Nothing was changed: mend what Azure names", id="400"),
        pytest.param("Strange", 409, "Nothing was changed: mend what Azure names", id="409"),
        pytest.param("Strange", 403, "Give the credential the right that Azure names", id="403"),
        pytest.param("Strange", 404, "Check the names, the resource group and the subscription.", id="404"),
        pytest.param("Strange", 418, "", id="nothing is known"),
        pytest.param("", None, "", id="no answer"),
    ],
)
def test_an_error_says_what_to_do_next(code: str, status: int | None, hint: str) -> None:
    found = refusal(status, code).hint

    assert hint in found
    assert bool(found) == bool(hint)


@pytest.mark.parametrize("code", sorted(_HINTS))
def test_every_hint_is_found_in_azures_own_spelling(code: str) -> None:
    assert code == code.lower()
    assert refusal(400, code.title()).hint == _HINTS[code]


def test_a_hint_of_ones_own_wins() -> None:
    assert ServiceError("Cannot", "No", code="ScopeLocked", hint="Do this.").hint == "Do this."


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        pytest.param({}, "Cannot do it: It is so.", id="nothing known"),
        pytest.param({"code": "Odd"}, "Cannot do it: It is so (Odd).", id="a code"),
        pytest.param({"status": 418}, "Cannot do it: It is so (HTTP 418).", id="a status"),
        pytest.param({"request_id": "r"}, "Cannot do it: It is so (request id r).", id="a request"),
        pytest.param(
            {"code": "ScopeLocked", "status": 409, "request_id": "r"},
            "Cannot do it: It is so (ScopeLocked, HTTP 409, request id r). "
            "Remove the lock from the scope named above, or exclude this server.",
            id="everything, and a hint",
        ),
    ],
)
def test_an_error_is_one_message(facts: dict[str, Any], text: str) -> None:
    assert str(ServiceError("Cannot do it", "It is so.", **facts)) == text


def test_an_error_is_facts_too() -> None:
    error = ServiceError("Cannot do it", "It is so.", code="Odd", status=400, target="t", request_id="r")

    assert error.as_dict() == {
        "code": "Odd", "message": "It is so.", "status": 400, "target": "t", "request_id": "r",
        "help": TROUBLESHOOTING, "write": "none", "operation": None,
    }  # fmt: skip
    assert InvalidInput("option", "no").as_dict() == {
        "code": "InvalidInput", "message": "option: no", "status": None, "target": "option", "request_id": None,
        "help": f"{TROUBLESHOOTING}#invalidinput", "write": "none", "operation": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "place"),
    [
        pytest.param(Refused("No", code="ElasticCluster"), "#elasticcluster", id="a code of this collection"),
        pytest.param(Refused("No"), "#refused", id="a kind of this collection"),
        pytest.param(refusal(409, "ScopeLocked"), "#scopelocked", id="Azure's, explained"),
        pytest.param(busy(), "#serverisbusy", id="busy"),
        pytest.param(refusal(400, "Odd/../#x"), "", id="Azure's, unknown"),
        pytest.param(refusal(400, "Refused"), "", id="Azure's, with a name of this collection"),
        pytest.param(refusal(502), "#serviceerror", id="no code"),
        pytest.param(OperationFailed("It", "failed", code="ScopeLocked"), "#scopelocked", id="an operation, explained"),
        pytest.param(OperationFailed("It", "failed", code="Canceled"), "#operationfailed", id="an operation, unknown"),
    ],
)
def test_an_error_leads_to_where_it_is_explained(error: PgflexError, place: str) -> None:
    assert error.as_dict()["help"] == f"{TROUBLESHOOTING}{place}"


@pytest.mark.parametrize("code", sorted(BUSY_CODES))
def test_a_busy_server_did_not_act(code: str) -> None:
    error = refusal(503, code.upper())

    assert (error.busy, error.transient, error.maybe_applied) == (True, False, False)


@pytest.mark.parametrize(
    ("error", "transient", "throttled"),
    [
        pytest.param(refusal(None), True, False, id="no answer"),
        pytest.param(refusal(408), True, False, id="408"),
        pytest.param(refusal(504), True, False, id="504"),
        pytest.param(refusal(429), False, True, id="429"),
        pytest.param(refusal(409), False, False, id="409"),
        pytest.param(busy(), False, False, id="busy"),
        pytest.param(OperationFailed("It", "failed", status=503), False, False, id="an operation"),
    ],
)
def test_an_error_knows_whether_it_will_pass(error: ServiceError, transient: bool, throttled: bool) -> None:
    assert (error.transient, error.maybe_applied, error.throttled) == (transient, transient, throttled)
