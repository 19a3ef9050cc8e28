# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of requests."""

from __future__ import annotations

from typing import Any


def test_the_log_keeps_no_secret(client: Any) -> None:
    client.control("DELETE", "requests")
    client.grant()
    client.patch("pg-plain", {"type": "SystemAssigned"})
    text = str(client.control("GET", "requests"))
    assert client.ready["secret"] not in text
    assert "Bearer" not in text
    (patch,) = client.control("GET", "requests?kind=arm")
    assert (patch["method"], patch["status"], patch["body"]) == ("PATCH", 202, {"identity": {"type": "SystemAssigned"}})
    assert patch["query"] == {"api-version": "2026-10-01"}
    client.control("PATCH", "settings", {"log_bodies": False})
    client.patch("pg-app", {"type": "SystemAssigned"})
    assert client.control("GET", "requests?kind=arm")[-1]["body"] is None


def test_the_log_knows_the_kinds_of_requests(client: Any) -> None:
    client.control("DELETE", "requests")
    client.request("GET", "/robots.txt")
    client.grant()
    client.arm("GET", "/tenants")
    kinds = [each["kind"] for each in client.control("GET", "requests")]
    assert kinds == ["other", "metadata", "token", "arm"]
