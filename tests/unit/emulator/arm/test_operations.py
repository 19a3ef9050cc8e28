# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Operations: their addresses, their answers, and how long they take."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize("header", ["azure-asyncoperation", "location"])
def test_the_address_of_an_operation_must_come_back_unchanged(client: Any, header: str) -> None:
    url = client.patch("pg-plain", {"type": "SystemAssigned"}).headers[header]
    assert client.arm("GET", url).status in {200, 202}
    for changed in (url + "A", url.replace("&h=", "&x="), url.replace("2026-10-01", "2025-08-01")):
        assert client.arm("GET", changed).error == (403, "InvalidOperationSignature")
    other = client.patch("pg-app", {"type": "SystemAssigned,UserAssigned"}).headers[header]
    assert other.split("&c=")[1] != url.split("&c=")[1]


def test_the_location_gives_202_and_then_the_server(client: Any) -> None:
    client.control("PATCH", "settings", {"operation_seconds": 60})
    url = client.patch("pg-plain", {"type": "SystemAssigned"}).headers["location"]
    assert client.arm("GET", url).status == 202
    client.control("POST", "clock", {"advance": 60})
    assert client.arm("GET", url).body["identity"]["type"] == "SystemAssigned"


def test_an_operation_may_take_no_time(client: Any) -> None:
    client.control("PATCH", "settings", {"operation_seconds": 0})
    client.patch("pg-plain", {"type": "SystemAssigned"})
    assert client.server("pg-plain")["identity"]["type"] == "SystemAssigned"


@pytest.mark.parametrize(
    ("setting", "present"),
    [
        ("both", {"azure-asyncoperation", "location"}),
        ("operation", {"azure-asyncoperation"}),
        ("location", {"location"}),
        ("none", set()),
    ],
)
def test_the_setting_decides_which_addresses_of_an_operation_are_sent(
    client: Any, setting: str, present: set[str]
) -> None:
    client.control("PATCH", "settings", {"async_headers": setting, "retry_after": 3})
    headers = client.patch("pg-plain", {"type": "SystemAssigned"}).headers
    assert headers.keys() & {"azure-asyncoperation", "location"} == present
    assert headers["retry-after"] == "3"
