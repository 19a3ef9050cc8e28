# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens of managed identities."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("query", "headers", "text"),
    [
        ("", {}, "Required metadata header not specified"),
        ("&client_id=00000000-0000-4000-8000-00000000ffff", {"Metadata": "true"}, "Identity not found"),
    ],
)
def test_the_instance_metadata_refuse_what_they_do_not_know(
    client: Any, query: str, headers: dict[str, str], text: str
) -> None:
    path = f"/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x{query}"
    answer = client.request("GET", path, **headers)
    assert (answer.status, answer.body["error_description"]) == (400, text)


def test_the_app_service_refuses_a_wrong_header(client: Any) -> None:
    assert client.request("GET", "/msi/token?resource=x", X_IDENTITY_HEADER="wrong").status == 400


def test_several_identities_on_a_machine_have_to_be_told_apart(client: Any) -> None:
    def ask(query: str) -> Any:
        path = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x"
        return client.request("GET", path + query, Metadata="true")

    client.control("PATCH", "settings", {"node_identities": "several"})
    answer = ask("")
    assert answer.status == 400
    assert answer.body["error_description"].startswith("Multiple user assigned identities exist, please specify the")
    app = client.request("GET", "/msi/token?resource=x", X_IDENTITY_HEADER=client.ready["identity_header"])
    assert (app.status, app.body) == (400, answer.body)
    resource_id = client.identity_id("id-app")
    facts = client.arm("GET", resource_id, version="2023-01-31").body["properties"]
    for query in (
        f"client_id={facts['clientId']}",
        f"object_id={facts['principalId']}",
        f"msi_res_id={resource_id.upper()}",
        f"mi_res_id={resource_id}",
    ):
        assert ask(f"&{query}").body["client_id"] == facts["clientId"]
    assert ask(f"&msi_res_id={resource_id}x").body["error_description"] == "Identity not found"
    assert ask(f"&client_id={client.ready['client_id']}").status == 200
