# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers by which a client finds its way: `/metadata/endpoints`, OpenID, instance discovery, the realm of a user."""

from __future__ import annotations

import re
from typing import Any

from emulator.arm.exchange import Call, Reply
from emulator.arm.tenant import AD_USER
from emulator.entra.tokens import AUDIENCE, known_tenant

CLOUD_NAME = "PgflexEmulator"


def metadata_endpoints(call: Call) -> Reply:
    """Describe the cloud: old shape until 2015-01-01, a list in 2019 and 2020, one cloud since 2022-09-01."""
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
    """Tell MSAL that it may trust a sign-in host that it does not know."""
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
    """Say that all users are managed in the tenant itself: MSAL then sends the password to the token endpoint."""
    return Reply({"ver": "1.0", "account_type": "Managed", "domain_name": AD_USER.split("@")[1]})
