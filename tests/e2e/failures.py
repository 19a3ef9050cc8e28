# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check a failure: how its message begins, and what it says to do next."""

from __future__ import annotations

from typing import Any

from e2e.world import (
    GROUP,
    SERVER,
    SERVER_ID,
    identity_id,
)

A, B = identity_id("id-a"), identity_id("id-b")
READING = f"Cannot read server {SERVER} in resource group {GROUP}: "
CHANGING = f"Cannot change the identities of server {SERVER} in resource group {GROUP}: "
REQUEST_ID = {"x-ms-request-id": "req-1"}
HTML = {"body": "<html>Bad gateway</html>", "headers": {"Content-Type": "text/html", **REQUEST_ID}}
SERVER_ERROR_HINT = (
    "This is a fault of the service: run again later, and give Azure support the request id if it stays."
)
PROXY_HINT = "Check cloud_environment, and look for a proxy or gateway that answers in Azure's place."
HAS_A = {"type": "UserAssigned", "ids": [A.lower()]}


def check_failure(
    result: dict[str, Any],
    message: str,
    hint: str,
    *,
    code: str,
    status: int | None,
    target: str = SERVER_ID,
    write: str = "none",
) -> None:
    """Check a failure: `message` is how the whole one begins, `hint` what it says to do next, `write` what became."""
    assert result["failed"]
    assert result["msg"].startswith(message)
    assert hint in result["msg"]
    error = result["error"]
    assert set(error) == {"code", "help", "message", "status", "target", "request_id", "write", "operation"}
    assert (error["code"], error["status"], error["target"].lower()) == (code, status, target.lower())
    assert error["message"]
    assert error["write"] == write
    assert result.get("changed", False) is (write in ("accepted", "done"))
    assert (error["operation"] is not None) is result.get("changed", False)
    if status is not None:
        named = "" if code in ("ServiceError", "UnexpectedAnswer") else f"{code}, "
        facts = f"({named}HTTP {status}, request id {error['request_id']})" if code != "ServiceError" else ""
        assert facts in result["msg"]
