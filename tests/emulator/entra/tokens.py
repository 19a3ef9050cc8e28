# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft Entra ID in small: grants that give tokens, and the check of a token at Azure Resource Manager."""

from __future__ import annotations

import base64
import json
import secrets
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import jwt

from emulator.arm import errors
from emulator.arm.tenant import AD_USER, CLIENT_ID, OBJECT_ID, OTHER_TENANT_ID, TENANT_ID
from emulator.entra import claims_challenge
from emulator.entra.errors import EntraError

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.control.settings import AllSettings
    from emulator.entra.principals import Principals

# Not the one of a known cloud: a client has to take it from /metadata/endpoints.
AUDIENCE = "https://management.emulator.example/"
# The public client with which `az` and azure-identity sign users in.
AZURE_CLI_CLIENT_ID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
# Names that stand for the tenant. `adfs` (Azure Stack with AD FS) is how MSAL signs a user in at a host with a port:
# under any other name it first asks for the user's realm, at the host without its port.
_TENANT_NAMES = {"adfs", "common", "organizations"}
_DATE = "%m/%d/%Y %I:%M:%S %p"


def known_tenant(tenant: str) -> str:
    """Return the ID of a tenant in a sign-in URL.

    :raises EntraError: AADSTS90002 if there is no such tenant.
    """
    if tenant.lower() in _TENANT_NAMES | {TENANT_ID}:
        return TENANT_ID
    if tenant.lower() == OTHER_TENANT_ID:
        return OTHER_TENANT_ID
    raise EntraError(
        "invalid_request", 90002, f"Tenant '{tenant}' not found. Check to make sure you have the correct one."
    )


class Tokens:
    """Issues tokens to `principals` and verifies them; the signing key lives as long as the process.

    `clock` gives seconds since 1970.
    """

    def __init__(self, principals: Principals, settings: AllSettings, clock: Callable[[], float]) -> None:
        self._principals = principals
        self._settings = settings
        self._clock = clock
        self._key = secrets.token_hex(32)

    def grant(self, base: str, tenant: str, form: dict[str, str]) -> dict[str, Any]:
        """Answer a token request.

        :raises EntraError: if the credentials or the grant are not accepted.
        """
        tenant_id = known_tenant(tenant)
        client_id = form.get("client_id", "")
        if client_id not in {CLIENT_ID, AZURE_CLI_CLIENT_ID}:
            text = f"Application with identifier '{client_id}' was not found in the directory '{tenant_id}'."
            raise EntraError("unauthorized_client", 700016, text)
        resource = _resource(form.get("scope", ""))
        kind = form.get("grant_type")
        if kind == "client_credentials":
            self._check_client(f"{base}/{tenant}/oauth2/v2.0/token", form)
            return self._answer(tenant_id, resource, form)
        if kind == "password":
            if form.get("username", "").lower() != AD_USER or form.get("password") != self._principals.password:
                raise EntraError(
                    "invalid_grant", 50126, "Error validating credentials due to invalid username or password."
                )
            return self._user_answer(base, tenant_id, resource, form)
        if kind == "refresh_token":
            self._check_refresh(form.get("refresh_token", ""))
            return self._user_answer(base, tenant_id, resource, form)
        raise EntraError("unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{kind}'.")

    def managed_identity(self, resource: str, client_id: str) -> dict[str, str]:
        """Return the answer of the instance metadata service and of App Service, whose numbers are strings."""
        seconds = int(self._settings.token_seconds)
        now = int(time.time())
        return {
            "access_token": self._access_token(TENANT_ID, resource),
            "client_id": client_id,
            "expires_in": str(seconds),
            "expires_on": str(now + seconds),
            "not_before": str(now),
            "resource": resource,
            "token_type": "Bearer",
        }

    def verify(self, authorization: str | None, login: str, *, writes: bool = False) -> str:
        """Check the Authorization header of an ARM request and return the object ID of the caller.

        :raises ArmError: 401 with WWW-Authenticate.
        """
        try:
            claims = self._verified(authorization)
        except errors.ArmError as error:
            error.headers["WWW-Authenticate"] = (
                f'Bearer authorization_uri="{login}/{TENANT_ID}", error="invalid_token", error_description="{error}"'
            )
            raise
        challenge = self._settings.claims_challenge
        if challenge == "always" or (challenge == "until_claims" and not claims["challenge_met"]):
            raise errors.ClaimsChallenge(headers=claims_challenge.header(login))
        if writes and self._settings.user_writes == "mfa" and "mfa" not in claims.get("amr", ["mfa"]):
            raise errors.MultifactorRequired(headers=claims_challenge.header(login, claims_challenge.MULTIFACTOR))
        return str(claims["oid"])

    def _verified(self, authorization: str | None) -> dict[str, Any]:
        scheme, _blank, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise errors.AuthenticationFailed
        try:
            claims = jwt.decode(token, self._key, ["HS256"], options={"verify_aud": False, "verify_exp": False})
        except jwt.InvalidTokenError as error:
            raise errors.InvalidAuthenticationToken from error
        if claims["exp"] <= self._clock():
            expiry, now = (
                datetime.fromtimestamp(each, timezone.utc).strftime(_DATE) for each in (claims["exp"], self._clock())
            )
            raise errors.ExpiredAuthenticationToken(expiry=expiry, now=now)
        if claims["aud"].rstrip("/") != AUDIENCE.rstrip("/"):
            raise errors.InvalidAuthenticationTokenAudience(audience=claims["aud"], allowed=AUDIENCE)
        if claims["tid"] != TENANT_ID:
            raise errors.InvalidAuthenticationTokenTenant(issuer=claims["iss"], expected=TENANT_ID)
        return claims

    def _check_client(self, token_url: str, form: dict[str, str]) -> None:
        assertion = form.get("client_assertion")
        if assertion is None:
            if form.get("client_secret") != self._principals.secret:
                raise EntraError("invalid_client", 7000215, "Invalid client secret provided.", status=401)
        elif assertion != self._principals.federated_token:
            self._check_assertion(token_url, assertion)

    def _check_assertion(self, token_url: str, assertion: str) -> None:
        try:
            header = jwt.get_unverified_header(assertion)
            if header.get("alg") == "HS256":
                raise EntraError("invalid_client", 70021, "No matching federated identity record found.", 401)
            claims = jwt.decode(assertion, self._principals.public_key, ["RS256", "PS256"], audience=token_url)
        except jwt.InvalidTokenError as error:
            text = f"Client assertion failed signature validation: {error}."
            raise EntraError("invalid_client", 700027, text, status=401) from error
        self._check_thumbprint(header)
        if claims.get("iss") != CLIENT_ID or claims.get("sub") != CLIENT_ID:
            raise EntraError("invalid_client", 700021, "Client assertion application identifier does not match.", 401)

    def _check_thumbprint(self, header: dict[str, Any]) -> None:
        known = self._principals.thumbprints
        given = {name: str(header[name]) for name in known if name in header}
        if not given:
            text = "JWT token is invalid or malformed: its header names no thumbprint of a certificate."
            raise EntraError("invalid_client", 50027, text, 401)
        for name, thumbprint in given.items():
            if thumbprint.rstrip("=") != known[name]:
                text = (
                    "The certificate with identifier used to sign the client assertion is not registered on "
                    "application. [Reason - The key was not found., Thumbprint of key used by client: "
                    f"'{thumbprint}']"
                )
                raise EntraError("invalid_client", 700027, text, 401)

    def _check_refresh(self, token: str) -> None:
        try:
            jwt.decode(token, self._key, ["HS256"], audience="refresh")
        except jwt.InvalidTokenError as error:
            raise EntraError("invalid_grant", 700082, "The refresh token is invalid or has expired.") from error

    def _access_token(self, tenant_id: str, resource: str, *, challenge_met: bool = False, **more: Any) -> str:
        now = time.time()
        claims = {
            "aud": resource,
            "iss": f"https://sts.windows.net/{tenant_id}/",
            "iat": now,
            "nbf": now,
            "exp": self._clock() + self._settings.token_seconds,
            "appid": CLIENT_ID,
            "oid": OBJECT_ID,
            "tid": tenant_id,
            "challenge_met": challenge_met,
            **more,
        }
        return jwt.encode(claims, self._key)

    def _answer(self, tenant_id: str, resource: str, form: dict[str, str], **more: Any) -> dict[str, Any]:
        seconds = int(self._settings.token_seconds)
        met = claims_challenge.is_met(form.get("claims"))
        token = self._access_token(tenant_id, resource, challenge_met=met, **more)
        return {"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}

    def _user_answer(self, base: str, tenant_id: str, resource: str, form: dict[str, str]) -> dict[str, Any]:
        now = int(time.time())
        id_claims = {
            "aud": form["client_id"],
            "iss": f"{base}/{tenant_id}/v2.0",
            "iat": now,
            "exp": now + 3600,
            "oid": OBJECT_ID,
            "sub": OBJECT_ID,
            "tid": tenant_id,
            "preferred_username": AD_USER,
        }
        client_info = json.dumps({"uid": OBJECT_ID, "utid": tenant_id}).encode()
        return {
            **self._answer(tenant_id, resource, form, amr=["pwd"], upn=AD_USER),
            "scope": f"{resource}/.default",
            "refresh_token": jwt.encode({"aud": "refresh", "exp": now + 86400}, self._key),
            "id_token": jwt.encode(id_claims, self._key),
            "client_info": base64.urlsafe_b64encode(client_info).decode().rstrip("="),
        }


def _resource(scope: str) -> str:
    """Return the resource in a list of scopes such as `https://resource//.default openid profile`."""
    first = next((each for each in scope.split() if each.endswith("/.default")), None)
    if first is None:
        raise EntraError(
            "invalid_scope", 70011, f"The provided value for the input parameter 'scope' is not valid: '{scope}'."
        )
    return first.removesuffix("/.default")
