# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client reads the metadata before it signs in."""

from __future__ import annotations

from typing import Any


def test_the_cloud_describes_itself_in_every_version(client: Any) -> None:
    shapes = {
        version: client.request("GET", f"/metadata/endpoints?api-version={version}").body
        for version in ("2015-01-01", "2019-05-01", "2022-09-01")
    }
    assert shapes["2019-05-01"] == [shapes["2022-09-01"]]
    assert shapes["2022-09-01"]["resourceManager"] == client.ready["arm"]
    for cloud in (shapes["2015-01-01"], shapes["2022-09-01"]):
        assert cloud["authentication"]["loginEndpoint"].rstrip("/") == client.ready["arm"]
        assert cloud["authentication"]["audiences"] == [client.audience()]


def test_instance_and_realm_of_a_user_are_found(client: Any) -> None:
    authority = f"{client.ready['arm']}/{client.ready['tenant_id']}"
    url = f"/common/discovery/instance?api-version=1.1&authorization_endpoint={authority}/oauth2/v2.0/authorize"
    answer = client.request("GET", url)
    assert answer.body["tenant_discovery_endpoint"] == f"{authority}/v2.0/.well-known/openid-configuration"
    assert client.request("GET", f"/common/userrealm/{client.ready['ad_user']}").body["account_type"] == "Managed"
