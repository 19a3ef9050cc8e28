# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer is read for what it says of an operation, and not for what is no word about it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.responses import (
    accepted_operation,
    same_place,
    status_of,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import identity_from_arm
from unit.support import PRINCIPAL, A


@dataclass
class Answer:
    """The part of an answer of the SDK that is looked at."""

    status_code: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """Return the body."""
        return self.body


@pytest.mark.parametrize(
    ("status", "body", "word"),
    [
        (200, '{"status": "InProgress"}', "InProgress"),
        (200, '{"status": "Succeeded", "error": null}', "Succeeded"),
        (202, "", "InProgress"),
        (202, "<html>", "InProgress"),
        (200, "", "Succeeded"),
        (204, "", "Succeeded"),
        (200, '{"id": "/x", "properties": {}}', "Succeeded"),
    ],
)
def test_an_operation_runs_or_is_done_by_its_word_or_by_the_status(status: int, body: str, word: str) -> None:
    assert status_of(Answer(status, body)) == (word, {})


@pytest.mark.parametrize("body", ["<html>", "[]", "{}", '{"error": {"code": "Oops"}}', '{"status"'])
def test_what_says_nothing_of_an_operation_is_no_success(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        status_of(Answer(200, body))


@pytest.mark.parametrize(
    ("error", "told"), [("Bad", {"message": "Bad"}), (["a"], {"message": "['a']"}), ({"code": "x"}, {"code": "x"})]
)
def test_an_error_of_any_form_is_told(error: object, told: dict[str, str]) -> None:
    assert status_of(Answer(200, json.dumps({"status": "Failed", "error": error}))) == ("Failed", told)


OPERATION = "https://arm.example/operations/op-1"
ADDRESS = {"Azure-AsyncOperation": OPERATION}
ACCEPTED: list[tuple[str, int, str | None, dict[str, str], tuple[str, str | None]]] = [
    ("202 with a body", 202, '{"startTime": "now"}', ADDRESS, ("op-1", OPERATION)),
    ("an empty 202", 202, "", ADDRESS, ("op-1", OPERATION)),
    ("no address", 202, "", {}, ("", None)),
    ("200", 200, "", {}, ("", None)),
    ("201", 201, " ", {"Location": OPERATION}, ("op-1", OPERATION)),
    ("204", 204, "", {}, ("", None)),
    ("a body that broke off", 202, None, ADDRESS, ("op-1", OPERATION)),
    ("another host", 202, "", {"Location": "https://elsewhere.example/op-1"}, ("op-1", None)),
    ("no address between brackets", 202, "", {"Azure-AsyncOperation": "https://[x/y"}, ("", None)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "text", "headers", "known"), [pytest.param(*row[1:], id=row[0]) for row in ACCEPTED]
)
def test_a_write_is_accepted_by(
    status: int, text: str | None, headers: dict[str, str], known: tuple[str, str | None]
) -> None:
    answer = Answer(status, "", {**headers, "Retry-After": "3"})
    operation = accepted_operation(answer, text, "https://arm.example")
    assert operation
    assert (operation.id, operation.url, operation.retry_after) == (*known, 3.0)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (202, "<html>"),
        (202, "[]"),
        (200, '{"cut'),
        (200, "[" * 100_000),
        (200, None),
        (203, ""),
        (302, ""),
        (400, "{}"),
    ],
)
def test_a_write_is_not_known_to_be_accepted_by(status: int, text: str | None) -> None:
    assert accepted_operation(Answer(status, "", {}), text, "https://arm.example") is None


def test_the_port_of_https_need_not_be_named() -> None:
    assert same_place("https://ARM.example:443/x", "https://arm.example")
    assert not same_place("https://arm.example:444", "https://arm.example")


def test_the_tenant_in_the_place_of_a_client_id_is_known_in_any_casing() -> None:
    raw = {
        "type": "UserAssigned",
        "tenantId": PRINCIPAL.upper(),
        "userAssignedIdentities": {A: {"clientId": PRINCIPAL}},
    }
    assert identity_from_arm(raw).user_assigned[0].client_id is None
