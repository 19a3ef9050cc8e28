# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Count the requests that the emulator has seen."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

_KINDS = {
    "/azureasyncoperation/": "operation",
    "/operationresults/": "operation",
    "/configurations/": "configuration",
    "/flexibleservers/": "server",
    "/userassignedidentities/": "identity",
}


def call(request: dict[str, Any]) -> str:
    """Return method and kind of resource, `GET server`; the path where it is none of these kinds; `POST token`."""
    if request["kind"] != "arm":
        return f"{request['method']} {request['kind']}"
    path = request["path"].lower()
    if path.endswith("/flexibleservers"):
        return f"{request['method']} list"
    kind = next((kind for part, kind in _KINDS.items() if part in path), request["path"])
    return f"{request['method']} {kind}"


def calls(emulator: Emulator) -> Counter[str]:
    """Count each call, and of those to ARM all as `arm`, refused ones as `429`."""
    requests = emulator.requests()
    counts = Counter(call(each) for each in requests)
    counts["arm"] = sum(each["kind"] == "arm" for each in requests)
    counts["429"] = sum(each["kind"] == "arm" and each["status"] == 429 for each in requests)
    return counts


def count(emulator: Emulator) -> Counter[str]:
    """Count the requests of a fleet: write, poll, list, read (what is none of these), 429, and token."""
    seen = calls(emulator)
    counts = Counter(
        {"write": seen["PATCH server"], "poll": seen["GET operation"], "list": seen["GET list"], "429": seen["429"]}
    )
    counts["read"] = seen["arm"] - counts["write"] - counts["poll"] - counts["list"]
    counts["token"] = seen["POST token"]
    return counts
