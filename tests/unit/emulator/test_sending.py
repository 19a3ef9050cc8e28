# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that never come, and answers that come byte by byte, wherever a client asks."""

from __future__ import annotations

import json
import ssl
import time
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest

SERVERS = "Microsoft.DBforPostgreSQL/flexibleServers"
ROUTES = {
    "token": "/{tenant}/oauth2/v2.0/token",
    "metadata": "/metadata/endpoints?api-version=2022-09-01",
    "openid": "/{tenant}/v2.0/.well-known/openid-configuration",
    "instance metadata": "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x",
    "app service": "/msi/token?resource=x",
    "subscriptions": "/subscriptions?api-version=2022-12-01",
    "servers": "/subscriptions/{subscription}/providers/" + SERVERS + "?api-version=2026-10-01",
    "server": "{group}/providers/" + SERVERS + "/pg-plain?api-version=2026-10-01",
}


def opened(client: Any, route: str, fault: dict[str, Any], seconds: float) -> Any:
    """Open a route that a fault hits, and wait no longer than `seconds` for each part of the answer."""
    ready = client.ready
    path = ROUTES[route].format(tenant=ready["tenant_id"], subscription=client.subscription, group=client.group)
    form = {"grant_type": "client_credentials", "client_id": ready["client_id"], "client_secret": ready["secret"]}
    content = urlencode({**form, "scope": "x/.default"}).encode() if route == "token" else None
    headers = {"Metadata": "true", "X-IDENTITY-HEADER": ready["identity_header"]}
    if path.startswith("/subscriptions"):
        headers["Authorization"] = f"Bearer {client.grant().body['access_token']}"
    client.control("POST", "faults", [{"then": fault}])
    request = urllib.request.Request(ready["arm"] + path, data=content, headers=headers)  # noqa: S310
    context = ssl.create_default_context(cafile=ready["ca_file"])
    return urllib.request.urlopen(request, context=context, timeout=seconds)  # noqa: S310


@pytest.mark.parametrize("route", ROUTES)
def test_a_silent_route_says_nothing(client: Any, route: str) -> None:
    with pytest.raises(TimeoutError):
        opened(client, route, {"silent": "before"}, 0.2)
    assert client.control("GET", "requests")[-1]["status"] is None
    assert client.server("pg-plain")["name"] == "pg-plain"


@pytest.mark.parametrize("route", ROUTES)
def test_a_dripping_route_sends_byte_by_byte(client: Any, route: str) -> None:
    with opened(client, route, {"drip": 0.05}, 5) as answer:
        assert answer.status == 200
        begun = time.monotonic()
        assert len(answer.read(4)) == 4
    # The first byte may be on its way before the clock is read.
    assert 0.14 <= time.monotonic() - begun < 4


def test_what_drips_arrives_whole(client: Any) -> None:
    client.control("POST", "faults", [{"match": {"path": "pg-plain$"}, "then": {"drip": 0.0001}}])
    assert client.server("pg-plain")["name"] == "pg-plain"
    client.control("POST", "faults", [{"match": {"path": "pg-no$"}, "then": {"drip": 0, "status": 404, "code": "No"}}])
    assert client.arm("GET", f"{SERVERS}/pg-no").error == (404, "No")


@pytest.mark.parametrize(("moment", "identity"), [("before", "None"), ("after", "SystemAssigned")])
def test_a_request_is_processed_before_the_silence_or_not(client: Any, moment: str, identity: str) -> None:
    token = client.grant().body["access_token"]
    client.control("PATCH", "settings", {"operation_seconds": 0})
    client.control("POST", "faults", [{"match": {"method": "PATCH"}, "then": {"silent": moment}}])
    url = f"{client.ready['arm']}{client.group}/providers/{SERVERS}/pg-plain?api-version=2026-10-01"
    request = urllib.request.Request(  # noqa: S310
        url,
        method="PATCH",
        data=json.dumps({"identity": {"type": "SystemAssigned"}}).encode(),
        headers={"Authorization": f"Bearer {token}"},
    )
    context = ssl.create_default_context(cafile=client.ready["ca_file"])
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(request, context=context, timeout=0.2)  # noqa: S310
    states = {each["name"]: each for each in client.control("GET", "servers")}
    assert states["pg-plain"]["identity"]["type"] == identity
