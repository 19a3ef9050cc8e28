# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways to carry out wishes, and what each says about every server. A way is a function of C(DRIVERS)."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from chaos.estates import State
from chaos.virtual_time import VirtualTime
from e2e.runs import run_in_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chaos.estates import Wish
    from e2e.emulator_client import Emulator

#: As in production: time passes without sleeping.
PATIENCE = {"poll_interval": 10, "wait_timeout": 1800, "busy_timeout": 600}
#: Seconds over C(wait_timeout) that a run may take: to verify, and for the Azure libraries' own tries to sign in.
GRACE = 200
#: Above so many servers a fleet reads lists; low, so that both ways are gone.
ONE_BY_ONE = "ansible_collections.pgflex.azure.plugins.module_utils._reading.ONE_BY_ONE"


@dataclass
class Told:
    """What a run said about one server."""

    wish: Wish
    facts: dict[str, Any]

    @property
    def failed(self) -> bool:
        return bool(self.facts.get("failed"))

    @property
    def code(self) -> str:
        return str(self.facts["error"]["code"]) if self.failed else ""

    @property
    def state(self) -> State:
        return State.of(self.facts["identity"], "user_assigned_identities")

    def prediction(self) -> tuple[object, ...]:
        """What check mode must say as the real run does."""
        return tuple(self.facts.get(name) for name in ("failed", "changed", "assigned", "removed", "diff"))


@dataclass
class Run:
    """A finished run: what it told of each server, all that it printed, and how many seconds it believes it took."""

    told: list[Told]
    output: str
    seconds: float


@dataclass
class Asked:
    """One run that is to be: C(jump) as in C(VirtualTime), C(one_by_one) and C(waves) as in the fleet."""

    wishes: Sequence[Wish]
    check: bool = False
    jump: float = 0.0
    one_by_one: int = 25
    validate: bool = False
    waves: Sequence[str] = ("100%",)

    @property
    def options(self) -> dict[str, Any]:
        """What every module is told."""
        return {**PATIENCE, "validate_identities": self.validate}


def single(emulator: Emulator, asked: Asked) -> tuple[list[Told], str]:
    """C(pgflex_identity), once for each wish."""
    told, outputs = [], []
    for wish in asked.wishes:
        given = {**emulator.connection, **asked.options, **wish.options()}
        facts, output = run_in_process(given, check=asked.check)
        told.append(Told(wish, facts))
        outputs.append(output)
    return told, "".join(outputs)


def fleet(emulator: Emulator, asked: Asked) -> tuple[list[Told], str]:
    """C(pgflex_identity_fleet), with a row for each wish."""
    rows = [wish.row() for wish in asked.wishes]
    given = {**emulator.connection, **asked.options, "servers": rows, "waves": list(asked.waves)}
    with patch(ONE_BY_ONE, asked.one_by_one):
        result, output = run_in_process(given, check=asked.check, name="pgflex_identity_fleet")
    # A run that fails before it came to any row says the same of all.
    rows_told = result.get("servers") or [result] * len(rows)
    return [Told(wish, facts) for wish, facts in zip(asked.wishes, rows_told, strict=True)], output


DRIVERS: dict[str, Callable[[Emulator, Asked], tuple[list[Told], str]]] = {"single": single, "fleet": fleet}


def carry_out(emulator: Emulator, driver: str, asked: Asked) -> Run:
    """One run, in time that passes by itself."""
    clock = VirtualTime(emulator, asked.jump)
    with ExitStack() as stack:
        stack.enter_context(clock.in_force())
        told, output = DRIVERS[driver](emulator, asked)
    return Run(told, output, clock.passed)
