# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to bring desired states about, and what each says about every server. A way is a function of `DRIVERS`."""

from __future__ import annotations

import io
import shutil
from contextlib import ExitStack, redirect_stderr
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from chaos.estates import State
from chaos.role import Inventory
from e2e.runs import run_in_process
from e2e.virtual_time import VirtualTime

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chaos.estates import DesiredServer
    from e2e.emulator_client import Emulator

#: As in production: time passes without sleeping.
TIMEOUTS = {"poll_interval": 10, "wait_timeout": 1800, "busy_timeout": 600}
#: Seconds over `wait_timeout` that a run may take: to verify, and for the Azure libraries' own tries to sign in.
GRACE = 200
#: Above so many servers a fleet reads lists; low, so that both ways are gone.
ONE_BY_ONE = [
    f"ansible_collections.pgflex.azure.plugins.module_utils._fleet.{module}.ONE_BY_ONE"
    for module in ("bulk_reader", "rollout")
]


@dataclass
class Told:
    """The report of a run about one server."""

    desired: DesiredServer
    facts: dict[str, Any]

    @property
    def failed(self) -> bool:
        return bool(self.facts.get("failed"))

    @property
    def code(self) -> str:
        if self.facts.get("not_started"):
            return "NotStarted"
        return str(self.facts["error"]["code"]) if self.failed else ""

    @property
    def write(self) -> str:
        """Return what became of the write of what has failed."""
        return "none" if self.facts.get("not_started") else str(self.facts["error"]["write"])

    @property
    def read_by(self) -> str:
        return str(self.facts.get("read_by", "get"))

    @property
    def state(self) -> State:
        return State.of(self.facts["identity"], "user_assigned_identities")

    def prediction(self) -> tuple[object, ...]:
        """Return what check mode must say as the real run does."""
        return tuple(self.facts.get(name) for name in ("failed", "changed", "assigned", "removed", "diff"))


@dataclass
class Run:
    """A finished run: what it told of each server, and what each of its modules printed.

    `warned` is what went to the terminal beside that, `seconds` how long it took.
    """

    told: list[Told]
    outputs: list[str]
    warned: str
    seconds: float


@dataclass
class Asked:
    """One run that is to be: `jump` as in `VirtualTime`, `one_by_one` and `waves` as in the fleet."""

    desired_states: Sequence[DesiredServer]
    check: bool = False
    jump: float = 0.0
    one_by_one: int = 25
    validate: bool = False
    read: str = "auto"
    waves: Sequence[str] = ("100%",)

    @property
    def options(self) -> dict[str, Any]:
        """The options of every module."""
        return {**TIMEOUTS, "validate_identities": self.validate}

    @property
    def fleet_options(self) -> dict[str, Any]:
        """The options of the module for many servers."""
        return {"waves": list(self.waves), "read": self.read, "max_removals": "100%"}


def single(emulator: Emulator, asked: Asked) -> tuple[list[Told], list[str]]:
    """Run `pgflex_identity` once for each desired state."""
    told, outputs = [], []
    for desired in asked.desired_states:
        given = {**emulator.connection, **asked.options, **desired.options()}
        facts, output = run_in_process(given, check=asked.check)
        told.append(Told(desired, facts))
        outputs.append(output)
    return told, outputs


def fleet(emulator: Emulator, asked: Asked) -> tuple[list[Told], list[str]]:
    """Run `pgflex_identity_fleet` with a row for each desired state."""
    rows = [desired.row() for desired in asked.desired_states]
    given = {**emulator.connection, **asked.options, **asked.fleet_options, "servers": rows}
    result, output = run_in_process(given, check=asked.check, name="pgflex_identity_fleet")
    # A run that fails before it came to any row says the same of all.
    rows_told = result.get("servers") or [result] * len(rows)
    return [Told(desired, facts) for desired, facts in zip(asked.desired_states, rows_told, strict=True)], [output]


def role(emulator: Emulator, asked: Asked) -> tuple[list[Told], list[str]]:
    """Run the playbook `assign`: plan for all hosts, roll out to those that have drifted, then give each its result."""
    common = {"pgflex_identity_connection": emulator.connection}
    inventory = Inventory({desired.server: {**common, **desired.variables()} for desired in asked.desired_states})
    options = {**asked.options, **asked.fleet_options}
    hosts = list(inventory.variables)
    plan = inventory.fleet(hosts, check=True, result_dir="auto", **options)
    if "totals" not in plan:
        return [Told(desired, plan) for desired in asked.desired_states], inventory.outputs
    folder = plan["result_dir"]
    drifted = [each["name"] for each in plan["servers"] if any(map(each.get, ("changed", "failed", "busy")))]
    done = inventory.fleet(drifted, check=asked.check, result_dir=folder, **options) if drifted else plan
    told = [
        Told(
            desired,
            done if "totals" not in done and desired.server in drifted else inventory.outcome(desired.server, folder),
        )
        for desired in asked.desired_states
    ]
    shutil.rmtree(folder)
    return told, inventory.outputs


DRIVERS: dict[str, Callable[[Emulator, Asked], tuple[list[Told], list[str]]]] = {
    "single": single,
    "fleet": fleet,
    "role": role,
}


def carry_out(emulator: Emulator, driver: str, asked: Asked) -> Run:
    """Carry out one run, in time that passes by itself."""
    clock = VirtualTime(emulator, asked.jump)
    with ExitStack() as stack:
        stack.enter_context(clock.in_force())
        for place in ONE_BY_ONE:
            stack.enter_context(patch(place, asked.one_by_one))
        warned = stack.enter_context(redirect_stderr(io.StringIO()))
        told, outputs = DRIVERS[driver](emulator, asked)
    return Run(told, outputs, warned.getvalue(), clock.passed)
