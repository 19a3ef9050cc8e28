# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers to a PATCH that is carried out, and where they say that its operation is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest


@pytest.mark.parametrize(
    ("accepted", "status", "content"),
    [(202, 202, "operation"), ("202_empty", 202, None), (200, 200, "server"), (201, 201, "server"), (204, 204, None)],
)
@pytest.mark.parametrize("headers", ["operation", "none"])
def test_the_setting_decides_how_a_patch_is_answered(
    client: Any, accepted: Any, status: int, content: str | None, headers: str
) -> None:
    client.control("PATCH", "settings", {"accepted": accepted, "async_headers": headers, "operation_seconds": 60})
    answer = client.patch("pg-plain", {"type": "SystemAssigned"})
    assert answer.status == status
    shape = {"operation": {"operation", "startTime"}, "server": {"name", "properties"}}
    assert (answer.body or {}).keys() & {"operation", "startTime", "name", "properties"} == shape.get(
        content or "", set()
    )
    assert ("azure-asyncoperation" in answer.headers) == (headers == "operation")
    at_once = headers == "none" and status != 202
    assert ("identity" in client.server("pg-plain")) == at_once
    if content == "server":
        assert ("identity" in answer.body) == at_once
    client.control("POST", "clock", {"advance": 60})
    assert client.server("pg-plain")["identity"]["type"] == "SystemAssigned"


def test_a_refused_patch_is_refused_whatever_the_setting_says(client: Any) -> None:
    client.control("PATCH", "settings", {"accepted": 204})
    assert client.assign("pg-plain", "nobody").error == (400, "FailedIdentityOperation")


@pytest.mark.parametrize(
    ("host", "netloc"),
    [("localhost", "localhost:{port}"), ("arm.example:8443", "arm.example:8443"), (None, "127.0.0.1:{port}")],
)
def test_an_operation_is_at_the_host_of_the_setting(client: Any, host: str | None, netloc: str) -> None:
    client.control("PATCH", "settings", {"operation_host": host})
    answer = client.patch("pg-plain", {"type": "SystemAssigned"})
    expected = netloc.format(port=urlsplit(client.ready["arm"]).port)
    assert {urlsplit(answer.headers[each]).netloc for each in ("azure-asyncoperation", "location")} == {expected}
    if host != "arm.example:8443":
        assert client.settle(answer)["status"] == "Succeeded"
