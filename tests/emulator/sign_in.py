# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of Microsoft Entra ID, of the instance metadata service, and of /metadata/endpoints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.exchange import Call, Reply
from emulator.identities import AD_USER, CLIENT_ID
from emulator.tokens import AUDIENCE, EntraError, known_tenant

if TYPE_CHECKING:
    from collections.abc import Callable

CLOUD_NAME = "PgflexEmulator"


def openid_configuration(call: Call) -> Reply:
    tenant = call.parts["tenant"]
    known_tenant(tenant)
    base = f"{call.base}/{tenant}"
    return Reply(
        {
            "issuer": f"{base}/v2.0",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token"],
            "subject_types_supported": ["pairwise"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        }
    )


def instance_discovery(call: Call) -> Reply:
    """MSAL asks here whether it may trust a sign-in host that it does not know."""
    host = call.base.removeprefix("https://")
    endpoint = re.sub(r"/oauth2/v2\.0/authorize$", "", call.query.get("authorization_endpoint", ""))
    return Reply(
        {
            "tenant_discovery_endpoint": f"{endpoint}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        }
    )


def user_realm(call: Call) -> Reply:
    """All users are managed in the tenant itself: MSAL then sends the password to the token endpoint."""
    return Reply({"ver": "1.0", "account_type": "Managed", "domain_name": AD_USER.split("@")[1]})


def token(call: Call) -> Reply:
    return Reply(call.cloud.tokens.grant(call.base, call.parts["tenant"], call.form))


def instance_metadata(call: Call) -> Reply:
    """Managed identity of a virtual machine."""
    if call.headers.get("Metadata", "").lower() != "true":
        return _refused("Required metadata header not specified")
    return _managed_identity(call)


def app_service(call: Call) -> Reply:
    """Managed identity of an App Service or Functions app."""
    if call.headers.get("X-IDENTITY-HEADER") != call.cloud.principals.identity_header:
        return _refused("Wrong identity header")
    return _managed_identity(call)


def _managed_identity(call: Call) -> Reply:
    known = {CLIENT_ID}
    for subscription in call.cloud.world.subscriptions.values():
        known.update(identity.client_id for identity in subscription.identities())
    client_id = call.query.get("client_id", CLIENT_ID)
    if client_id not in known:
        return _refused("Identity not found")
    return Reply(call.cloud.tokens.managed_identity(call.query.get("resource", ""), client_id))


def _refused(text: str) -> Reply:
    return Reply({"error": "invalid_request", "error_description": text}, 400)


def metadata_endpoints(call: Call) -> Reply:
    """Until 2015-01-01 the old shape, a list of clouds in 2019 and 2020, one cloud since 2022-09-01."""
    version = call.version
    authentication = {"loginEndpoint": f"{call.base}/", "audiences": [AUDIENCE]}
    if version < "2019":
        old = {"galleryEndpoint": "", "graphEndpoint": f"{call.base}/graph/", "portalEndpoint": f"{call.base}/portal/"}
        return Reply({**old, "authentication": authentication})
    # Without the closing slash: az and MSAL put a path behind it.
    authentication["loginEndpoint"] = call.base
    cloud: dict[str, Any] = {
        "portal": f"{call.base}/portal",
        "authentication": {**authentication, "tenant": "common", "identityProvider": "AAD"},
        "media": f"{call.base}/media",
        "graph": f"{call.base}/graph",
        "graphAudience": f"{call.base}/graph",
        "microsoftGraphResourceId": f"{call.base}/graph",
        "name": CLOUD_NAME,
        "suffixes": {
            "storage": "storage.emulator.example",
            "keyVaultDns": "vault.emulator.example",
            "sqlServerHostname": "database.emulator.example",
        },
        "batch": f"{call.base}/batch",
        "resourceManager": call.base,
        "vmImageAliasDoc": f"{call.base}/aliases.json",
        "sqlManagement": f"{call.base}/sql",
        "gallery": f"{call.base}/gallery",
        "ossrdbmsResourceId": "https://ossrdbms-aad.emulator.example",
    }
    return Reply([cloud] if version < "2022" else cloud)


_TENANT = "/(?P<tenant>[^/]+)"
# Path, kind in the request log, and who answers.
ROUTES: tuple[tuple[str, re.Pattern[str], str, Callable[[Call], Reply]], ...] = tuple(
    (method, re.compile(path, re.IGNORECASE), kind, handler)
    for method, path, kind, handler in (
        ("GET", "/metadata/endpoints", "metadata", metadata_endpoints),
        ("GET", "/metadata/identity/oauth2/token", "token", instance_metadata),
        ("GET", "/msi/token", "token", app_service),
        ("GET", "/common/discovery/instance", "metadata", instance_discovery),
        ("GET", f"{_TENANT}/userrealm/(?P<user>[^/]+)", "metadata", user_realm),
        ("GET", f"{_TENANT}(/v2.0)?/.well-known/openid-configuration", "metadata", openid_configuration),
        ("POST", f"{_TENANT}/oauth2/v2.0/token", "token", token),
    )
)


def find(call: Call) -> tuple[str, Callable[[Call], Reply]] | None:
    """Kind of the request and who answers it, None if it is not about signing in."""
    for method, path, kind, handler in ROUTES:
        match = path.fullmatch(call.path) if method == call.method else None
        if match:
            call.parts = match.groupdict()
            return kind, handler
    return None


def answer(call: Call, handler: Callable[[Call], Reply]) -> Reply:
    try:
        return handler(call)
    except EntraError as error:
        return Reply(error.body(), error.status, {"Cache-Control": "no-store, no-cache"})
