# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook list: what every server holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.audit_runs import run_on
from e2e.estates import FAR, GROUP_A, GROUP_B, listings, seed_estate, server_id
from e2e.roles import recap
from e2e.world import OTHER_SUBSCRIPTION, patches

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator

LIST = "pgflex.azure.list"


@pytest.mark.smoke
def test_a_line_for_each_server(emulator: Emulator, outputs: list[str], tmp_path: Path) -> None:
    seed_estate(emulator)
    hosts = {
        "pg-one": {"pgflex_resource_group": GROUP_A},
        "a-twin": {"pgflex_resource_group": GROUP_B, "pgflex_server_name": "pg-twin"},
        # What the inventory wants of it is refused, or no text at all, and does not matter here.
        "pg-cmk": {
            "pgflex_resource_group": GROUP_B,
            "pgflex_identity_absent": "id-cmk",
            "pgflex_identity_purge": "perhaps",
        },
    }
    ran = run_on(tmp_path, {"all": {"hosts": hosts}}, LIST, "--become", env=emulator.environment)
    outputs.append(ran.output)
    assert ran.rc == 0, ran.output
    assert "[WARNING]" not in ran.output
    assert ran.shown == [
        "SERVER   GROUP  REGION          STATE  IDENTITIES",
        "pg-one   rg-a   Canada Central  Ready  id-a, id-shared",
        "pg-twin  rg-b   East US         Ready  (system)",
        "pg-cmk   rg-b   East US         Ready  id-cmk*",
        "3 servers, 3 assignments; * encrypts",
    ]
    assert patches(emulator) == []


def test_several_subscriptions_and_a_server_that_is_gone(
    emulator: Emulator, outputs: list[str], tmp_path: Path
) -> None:
    seed_estate(emulator)
    hosts = {
        "pg-one": {"pgflex_resource_group": GROUP_A},
        "far": {"pgflex_server_id": server_id(FAR, GROUP_A, OTHER_SUBSCRIPTION)},
        "pg-gone": {"pgflex_resource_group": GROUP_A},
    }
    ran = run_on(tmp_path, {"all": {"hosts": hosts}}, LIST, env=emulator.environment)
    outputs.append(ran.output)
    assert ran.rc == 2
    head, one, far, gone, total = ran.shown
    assert head.split() == ["SERVER", "GROUP", "SUBSCRIPTION", "REGION", "STATE", "IDENTITIES"]
    assert one.startswith("pg-one  rg-a")
    assert OTHER_SUBSCRIPTION in far
    assert gone.startswith("pg-gone: not read: Cannot read server pg-gone in resource group rg-a")
    assert total == "3 servers, 3 assignments, 1 not read"
    assert recap(ran) == {"pg-one": "ok", "pg-gone": "failed"}


def test_one_server_without_an_inventory(emulator: Emulator, outputs: list[str], tmp_path: Path) -> None:
    seed_estate(emulator)
    where = ("-e", "pgflex_server_name=pg-one", "-e", f"pgflex_resource_group={GROUP_A}")
    ran = run_on(tmp_path, {"all": {"hosts": {}}}, LIST, *where, env=emulator.environment)
    outputs.append(ran.output)
    assert ran.rc == 0, ran.output
    assert ran.shown[1] == "pg-one  rg-a   Canada Central  Ready  id-a, id-shared"
    assert len(listings(emulator)) == 1
