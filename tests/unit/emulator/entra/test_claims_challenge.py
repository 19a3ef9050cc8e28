# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Continuous access evaluation: a good token is refused until one is asked for with claims, or always."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"


def challenged(client: Any) -> dict[str, Any]:
    """Return the claims that a challenge asks for."""
    answer = client.arm("GET", SERVERS, token=client.grant().body["access_token"])
    assert answer.error == (401, "InvalidAuthenticationToken")
    header = answer.headers["www-authenticate"]
    assert 'error="insufficient_claims"' in header
    found = re.search('claims="([^"]+)"', header)
    assert found is not None
    claims: dict[str, Any] = json.loads(base64.b64decode(found[1]))
    return claims


def status(client: Any, claims: str) -> int:
    token = client.grant(claims=claims).body["access_token"]
    return int(client.arm("GET", SERVERS, token=token).status)


def test_a_token_with_the_claims_ends_the_challenges(client: Any) -> None:
    client.control("PATCH", "settings", {"claims_challenge": "until_claims"})
    claims = challenged(client)
    assert status(client, json.dumps(claims)) == 200
    # As MSAL does for a client that can handle challenges.
    claims["access_token"]["xms_cc"] = {"values": ["CP1"]}
    assert status(client, json.dumps(claims)) == 200
    del claims["access_token"]["nbf"]
    assert status(client, json.dumps(claims)) == 401
    assert status(client, "[") == 401


def test_challenges_may_never_end(client: Any) -> None:
    client.control("PATCH", "settings", {"claims_challenge": "always"})
    claims = challenged(client)
    assert status(client, json.dumps(claims)) == 401


@pytest.mark.parametrize("authorization", ["Bearer x.y.z", ""])
def test_a_bad_token_is_bad_and_not_challenged(client: Any, authorization: str) -> None:
    client.control("PATCH", "settings", {"claims_challenge": "always"})
    url = f"{client.group}/providers/{SERVERS}?api-version=2026-10-01"
    answer = client.request("GET", url, Authorization=authorization)
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
