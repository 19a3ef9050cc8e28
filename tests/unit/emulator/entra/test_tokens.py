# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens: what gives one, what does not, and what Azure Resource Manager says to a bad one."""

from __future__ import annotations

import base64
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

PATH = "Microsoft.DBforPostgreSQL/flexibleServers"


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_id": "00000000-0000-4000-8000-00000000ffff"}, 400, 700016),
        ({"client_assertion": "not.a.jwt"}, 401, 700027),
        ({"client_assertion": jwt.encode({"sub": "someone"}, "k" * 32)}, 401, 70021),
        ({"scope": "openid"}, 400, 70011),
        ({"grant_type": "device_code"}, 400, 70003),
        ({"grant_type": "password", "username": "engineer@emulator.example", "password": "wrong"}, 400, 50126),
        ({"grant_type": "refresh_token", "refresh_token": "wrong"}, 400, 700082),
    ],
)
def test_a_grant_that_is_wrong_is_refused_with_its_code(
    client: Any, form: dict[str, str], status: int, code: int
) -> None:
    answer = client.grant(**form)
    assert (answer.status, answer.body["error_codes"]) == (status, [code])
    assert answer.body["error_description"].startswith(f"AADSTS{code}: ")


def assertion(
    client: Any,
    path: str,
    claims: dict[str, str],
    names: tuple[str, ...] = ("x5t",),
    wrong: dict[str, str] | None = None,
) -> str:
    """Return an assertion that the client's certificate signs, with the named thumbprints, `wrong` ones over them."""
    me, tenant = client.ready["client_id"], client.ready["tenant_id"]
    pem = Path(client.ready["client_certificate"]).read_bytes()
    key: Any = load_pem_private_key(pem, None)
    leaf = load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERTIFICATE") :])
    prints = {"x5t": leaf.fingerprint(SHA1()), "x5t#S256": leaf.fingerprint(SHA256())}  # noqa: S303
    headers = {name: base64.urlsafe_b64encode(prints[name]).decode() for name in names}
    usual = {"iss": me, "sub": me, "aud": f"{client.ready['arm']}/{tenant}/oauth2/v2.0/{path}"}
    return jwt.encode({**usual, **claims}, key, "PS256", {**headers, **(wrong or {})})


@pytest.mark.parametrize(
    ("claims", "path", "code"),
    [({}, "token", None), ({"iss": "someone"}, "token", 700021), ({}, "authorize", 700027)],
)
def test_an_assertion_signed_by_the_certificate_is_taken_for_this_client_only(
    client: Any, claims: dict[str, str], path: str, code: int | None
) -> None:
    answer = client.grant(client_assertion=assertion(client, path, claims))
    assert answer.body.get("error_codes") == (None if code is None else [code])


@pytest.mark.parametrize(
    ("names", "wrong", "code"),
    [
        (("x5t",), {}, None),
        (("x5t#S256",), {}, None),
        (("x5t", "x5t#S256"), {}, None),
        ((), {}, 50027),
        (("x5t",), {"x5t": "AAAA"}, 700027),
        (("x5t", "x5t#S256"), {"x5t#S256": "AAAA"}, 700027),
    ],
)
def test_an_assertion_names_the_thumbprint_of_the_certificate(
    client: Any, names: tuple[str, ...], wrong: dict[str, str], code: int | None
) -> None:
    answer = client.grant(client_assertion=assertion(client, "token", {}, names, wrong))
    assert answer.body.get("error_codes") == (None if code is None else [code])


def test_an_unknown_tenant_is_refused(client: Any) -> None:
    for answer in (
        client.grant(tenant="nobody.example"),
        client.request("GET", "/nobody.example/v2.0/.well-known/openid-configuration"),
    ):
        assert (answer.status, answer.body["error_codes"]) == (400, [90002])


def test_a_user_gets_a_refresh_token(client: Any) -> None:
    user = {"username": client.ready["ad_user"], "password": client.ready["password"]}
    answer = client.grant(tenant="organizations", grant_type="password", **user)
    again = client.grant(grant_type="refresh_token", refresh_token=answer.body["refresh_token"])
    assert client.arm("GET", PATH, token=again.body["access_token"]).status == 200


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "AuthenticationFailed"),
        ({"Authorization": "Basic eA=="}, "AuthenticationFailed"),
        ({"Authorization": "Bearer x.y.z"}, "InvalidAuthenticationToken"),
    ],
)
def test_a_request_without_a_token_is_refused(client: Any, headers: dict[str, str], code: str) -> None:
    answer = client.request("GET", f"{client.group}/providers/{PATH}?api-version=2026-10-01", **headers)
    assert (answer.status, answer.body["error"]["code"]) == (401, code)
    assert answer.headers["www-authenticate"].startswith("Bearer authorization_uri=")


def test_a_token_for_another_audience_is_refused(client: Any) -> None:
    token = client.grant(scope="https://graph.microsoft.com/.default").body["access_token"]
    answer = client.arm("GET", PATH, token=token)
    assert (answer.status, answer.body["error"]["code"]) == (401, "InvalidAuthenticationTokenAudience")


def test_the_closing_slash_of_the_audience_does_not_matter(client: Any) -> None:
    for scope in (client.audience().rstrip("/"), client.audience().rstrip("/") + "/"):
        token = client.grant(scope=f"{scope}/.default").body["access_token"]
        assert client.arm("GET", PATH, token=token).status == 200


def test_a_token_of_another_tenant_is_refused(client: Any) -> None:
    token = client.grant(tenant=client.ready["other_tenant_id"]).body["access_token"]
    answer = client.arm("GET", PATH, token=token)
    assert (answer.status, answer.body["error"]["code"]) == (401, "InvalidAuthenticationTokenTenant")


def test_an_expired_token_is_refused(client: Any) -> None:
    client.control("PATCH", "settings", {"token_seconds": 0.05})
    token = client.grant().body["access_token"]
    time.sleep(0.06)
    answer = client.arm("GET", PATH, token=token)
    assert (answer.status, answer.body["error"]["code"]) == (401, "ExpiredAuthenticationToken")
