# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tokens and challenges of any form are read for multifactor authentication."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.multifactor import (
    challenge_hint,
    lacks_multifactor,
    takes_a_person,
)


def challenge(claims: Any) -> dict[str, str]:
    """Return the header of a 401."""
    encoded = base64.b64encode(json.dumps(claims).encode()).decode()
    return {"WWW-Authenticate": f'Bearer realm="", error="insufficient_claims", claims="{encoded}"'}


@pytest.mark.parametrize(
    ("claims", "lacks"),
    [
        ({"amr": ["pwd"]}, True),
        ({"amr": []}, True),
        ({"amr": ["pwd", "mfa"]}, False),
        ({"amr": "pwd"}, False),
        ({"appid": "an application"}, False),
    ],
)
def test_a_token_lacks_it_where_it_says_how_its_user_signed_in(claims: dict[str, Any], lacks: bool) -> None:
    assert lacks_multifactor(jwt.encode(claims, "k" * 32)) is lacks


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.W10.c", "a.\u00e9.c", f"a.{'W' * 4000}.c", "a.A.c"])
def test_a_token_that_cannot_be_read_says_nothing(token: str) -> None:
    assert not lacks_multifactor(token)


def test_an_authentication_context_takes_a_person() -> None:
    assert takes_a_person(challenge({"access_token": {"acrs": {"essential": True, "values": ["p1"]}}}))
    assert not takes_a_person(challenge({"access_token": {"nbf": {"essential": True, "value": "1"}}}))
    assert takes_a_person(challenge({"access_token": {}}), '{"error":{"code":"RequestDisallowedByPolicy"}}')


@pytest.mark.parametrize("claims", [None, [], {"access_token": []}, {"id_token": {"acrs": {}}}])
def test_other_claims_do_not(claims: Any) -> None:
    assert not takes_a_person(challenge(claims))
    assert "Microsoft Entra wants a newer sign-in" in challenge_hint(challenge(claims), "InvalidAuthenticationToken")


def test_a_401_without_a_challenge_has_no_hint_here() -> None:
    assert challenge_hint({"WWW-Authenticate": 'Bearer error="invalid_token"'}, "RequestDisallowedByPolicy") == ""
    assert challenge_hint({}, "") == ""
