# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An answer is read for what it says of an operation, and not for what is no word about it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.client import _place
from ansible_collections.pgflex.azure.plugins.module_utils._azure.responses import operation_of, status_of
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


def test_an_address_that_is_none_leaves_nothing_to_follow() -> None:
    operation = operation_of(Answer(202, "", {"Azure-AsyncOperation": "https://[x/y", "Retry-After": "3"}))
    assert (operation.id, operation.url, operation.retry_after) == ("", None, 3.0)


def test_the_port_of_https_need_not_be_named() -> None:
    assert _place(urlsplit("https://ARM.example:443/x")) == _place(urlsplit("https://arm.example"))
    assert _place(urlsplit("https://arm.example:444")) != _place(urlsplit("https://arm.example"))


def test_the_tenant_in_the_place_of_a_client_id_is_known_in_any_casing() -> None:
    raw = {
        "type": "UserAssigned",
        "tenantId": PRINCIPAL.upper(),
        "userAssignedIdentities": {A: {"clientId": PRINCIPAL}},
    }
    assert identity_from_arm(raw).user_assigned[0].client_id is None
