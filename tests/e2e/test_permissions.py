# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The role of the page `permissions` is enough for everything, and none of its actions is too much."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from e2e.policies import assign_policy
from e2e.world import GROUP, SERVER, seed_server, seed_subscription, user_assigned

if TYPE_CHECKING:
    from e2e.conftest import RunInfo, RunModule
    from e2e.emulator_client import Emulator

PAGE = Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst" / "permissions.rst"
LISTING = ["Microsoft.DBforPostgreSQL/flexibleServers/read"]


def actions() -> list[str]:
    """Return the actions of the role on the page."""
    found = re.search(r"^   (\{\n.*?^   \})$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert found
    named: list[str] = json.loads(found[1])["Actions"]
    return named


def complaints(emulator: Emulator, module: RunModule, info: RunInfo) -> list[str]:
    """Return failures and warnings of all that the collection does, whichever address Azure gives for an operation."""
    results: list[dict[str, Any]] = []
    for headers in ("operation", "location"):
        emulator.settings(async_headers=headers)
        seed_server(emulator, user_assigned("id-b", system=True))
        assign_policy(emulator)
        results += [
            module(identities=["id-a"]),
            module(identities=["id-b"], state="absent"),
            module(system_assigned=False),
            module(state="info", client_ids=True),
            info(client_ids=True),
        ]
    told = [result["msg"] for result in results if result.get("failed")]
    return told + [warning for result in results for warning in result.get("warnings", ())]


def test_with_the_role_everything_works(emulator: Emulator, module: RunModule, info: RunInfo) -> None:
    seed_subscription(emulator, allowed_actions=actions())
    assert complaints(emulator, module, info) == []


@pytest.mark.parametrize("action", actions())
def test_without_one_of_its_actions_something_does_not(
    emulator: Emulator, module: RunModule, info: RunInfo, action: str
) -> None:
    seed_subscription(emulator, allowed_actions=[each for each in actions() if each != action])
    assert [each for each in complaints(emulator, module, info) if action in each] != []


def test_to_list_reading_servers_is_enough(emulator: Emulator, info: RunInfo) -> None:
    seed_server(emulator, user_assigned("id-a"))
    seed_subscription(emulator, allowed_actions=LISTING)
    result = info(resource_group=GROUP)
    assert [each["server"]["name"] for each in result["servers"]] == [SERVER]
    assert "warnings" not in result
