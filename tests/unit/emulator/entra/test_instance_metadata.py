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
