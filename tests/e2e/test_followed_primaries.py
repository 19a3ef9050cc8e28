# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Primaries outside of a run: what is declared for them is looked at as that of a host of the run, and no more is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.fleets import servers
from e2e.roles import ROLE, unwrapped, writes
from e2e.test_replicas import CHAIN, NOTHING_LOST, held, seed_chain

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator
    from e2e.roles import Run


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_a_misspelt_name_of_a_primary_outside_of_the_run_is_found(emulator: Emulator, run: Run, strategy: str) -> None:
    seed_chain(emulator)
    hosts = {
        "pg-main": {"pgflex_identity_present": "id-a", "pgflex_identity_presnt__more": "id-c"},
        "pg-copy": {"pgflex_identity_present": "id-b"},
        # No server: it can be nobody's primary.
        "web-1": {"pgflex_resource_group": "", "pgflex_identity_presnt__more": "id-c"},
    }
    play = [{"hosts": "all", "strategy": strategy, "gather_facts": False, "roles": [ROLE]}]
    follow = {"pgflex_identity_follow_primary": True, "pgflex_identity_purge": True}
    ran = run(play, hosts, "--limit", "pg-copy", **follow, **NOTHING_LOST)
    assert ran.rc == 2
    assert "pgflex_identity_presnt__more: is no variable of this collection; the nearest one is " in unwrapped(ran)
    assert "pg-main has it" in unwrapped(ran)
    assert "web-1 has it" not in unwrapped(ran)
    assert writes(emulator) == []
    alone = run(play, hosts, "--limit", "pg-copy", **NOTHING_LOST)
    assert alone.rc == 0, alone.output


def test_without_waiting_for_each_other_hosts_read_no_more_than_their_primaries(
    emulator: Emulator, run: Run, tmp_path: Path
) -> None:
    seed_chain(emulator, *servers("x", 2, "id-a"))
    log = tmp_path / "log"

    def spied(host: str) -> dict[str, Any]:
        return {"pgflex_identity_present": f"{{{{ lookup('pipe', 'echo {host} >> {log}') or ['id-c'] }}}}"}

    hosts = {each: spied(each) for each in ("pg-main", "pg-x-000", "pg-x-001")}
    hosts |= {"pg-copy": {"pgflex_identity_follow_primary": True}, "pg-far": {**CHAIN["pg-far"], **spied("pg-far")}}
    hosts["pg-far"]["pgflex_identity_follow_primary"] = True
    free = [{"hosts": "all", "strategy": "free", "gather_facts": False, "roles": [ROLE]}]
    ran = run(free, hosts, "--limit", "pg-copy", **NOTHING_LOST)
    assert ran.rc == 0, ran.output
    assert held(emulator, "pg-copy") == {"id-b", "id-c"}
    assert {*log.read_text(encoding="utf-8").split()} == {"pg-main"}
