# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the role or its playbooks on a fleet, and read what they say about each host and what is true of each server."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from e2e.audit_runs import ELSEWHERE, Ran, run_on
from e2e.fleets import seed_servers, servers
from e2e.world import GROUP

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator

Run = Callable[..., Ran]

ASSIGN, REMOVE, ROTATE, ROLLBACK = (f"pgflex.azure.{each}" for each in ("assign", "remove", "rotate", "rollback"))
ROLE = "pgflex.azure.pgflex_identity"
SIZE = 12
HOSTS = [f"pg-x-{number:03}" for number in range(SIZE)]
_RECAP = re.compile(r"^(\S+) +: ok=(\d+) +changed=(\d+) +unreachable=\d+ +failed=(\d+)", re.MULTILINE)


def seed_fleet(emulator: Emulator, *held: str, **facts: Any) -> None:
    """Seed the servers `HOSTS`, which hold these identities."""
    seed_servers(emulator, servers("x", SIZE, *held, **facts))


def fleet_inventory(hosts: dict[str, dict[str, Any]] | list[str], folder: Path, **variables: Any) -> dict[str, Any]:
    """Write an inventory in whose way to the hosts nothing works, with quick rollouts whose records are in `folder`."""
    named = hosts if isinstance(hosts, dict) else {host: {} for host in hosts}
    quick = {"pgflex_identity_poll_interval": 0.1, "pgflex_identity_rollback_dir": str(folder / "records")}
    return {"all": {"hosts": named, "vars": {"pgflex_resource_group": GROUP, **ELSEWHERE, **quick, **variables}}}


def runner(emulator: Emulator, outputs: list[str], folder: Path) -> Run:
    """Return what runs a playbook, or plays, on hosts with these variables."""

    def run(
        playbook: str | list[dict[str, Any]],
        hosts: dict[str, dict[str, Any]] | list[str],
        *arguments: str,
        **variables: Any,
    ) -> Ran:
        inventory = fleet_inventory(hosts, folder, **variables)
        ran = run_on(folder, inventory, playbook, *arguments, env=emulator.environment)
        outputs.append(ran.output)
        return ran

    return run


def recap(ran: Ran) -> dict[str, str]:
    """Return how each host of the recap ended: changed, failed or ok."""
    return {
        host: "failed" if failed != "0" else "changed" if changed != "0" else "ok"
        for host, _ok, changed, failed in _RECAP.findall(ran.output)
    }


def told(ran: Ran) -> dict[str, Any]:
    """Return the artifact, without the record."""
    found: dict[str, Any] = ran.stats["pgflex_identity_result"]
    return {name: value for name, value in found.items() if name != "rollback"}


def waves(ran: Ran) -> list[list[str]]:
    """Return what was said of each wave, without its times."""
    return [each.split(", ")[:-1] for each in re.findall(r'"wave \d+: (.*?)"', ran.output)]


def unwrapped(ran: Ran) -> str:
    """Return the output with the line breaks of warnings undone."""
    return " ".join(ran.output.split())


def record(folder: Path) -> Path:
    """Return the record of the latest rollout."""
    return max((folder / "records").iterdir())


def truth(emulator: Emulator) -> dict[str, tuple[str, list[str]]]:
    """Return what each server truly holds, by its ID."""
    return emulator.holdings()


def writes(emulator: Emulator) -> list[str]:
    """Return the names of the servers that were written to, in order."""
    return [each["path"].rpartition("/")[2] for each in emulator.requests("arm") if each["method"] == "PATCH"]
