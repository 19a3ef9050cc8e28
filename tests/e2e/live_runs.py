# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of `make live` as a test sees it, and servers that it may write to."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from e2e.world import patches, seed_server, user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator

WRITABLE = {"tags": {"pgflex-live": "write"}}
_LONG = 60
_ROW = re.compile(r"  +")


@dataclass(frozen=True)
class Asked:
    """A finished run: its exit status, what it printed, and what it found by the name of a question."""

    status: int
    output: str
    problems: str
    folder: Path

    @property
    def answers(self) -> dict[str, str]:
        """The answers, as the table shows them."""
        return {row[0]: row[1] for row in self._rows}

    @property
    def verdicts(self) -> dict[str, str]:
        """Whether they are those of the emulator as it starts, for all that can be compared."""
        return {row[0]: row[3] for row in self._rows if len(row) > 3}

    @property
    def missing(self) -> dict[str, str]:
        """The questions without an answer, and why."""
        text = self.table.split("Not answered:\n")[1].split("\nNever asked:")[0]
        return dict(line.strip().split(": ", 1) for line in text.splitlines() if ": " in line)

    @property
    def table(self) -> str:
        """The whole table."""
        return (self.folder / "table.txt").read_text(encoding="utf-8")

    @property
    def recording(self) -> str:
        """The recording as it would be handed in."""
        return (self.folder / "recording.jsonl").read_text(encoding="utf-8")

    @property
    def exchanges(self) -> list[dict[str, Any]]:
        """The lines of the recording."""
        return [json.loads(line) for line in self.recording.splitlines()]

    @property
    def _rows(self) -> list[list[str]]:
        lines = self.table.split("\n\n")[0].splitlines()[1:]
        return [_ROW.split(line.strip()) for line in lines]


class Ask(Protocol):
    """Run it: read-only, or with `write` an identity of the server's group, or `restore`."""

    def __call__(self, *arguments: str, write: str = "", restore: bool = False) -> Asked:
        """See the docstring of the class."""


def seed_writable(emulator: Emulator, *held: str, seconds: float = 0, **server: Any) -> None:
    """Seed a server that may be written to, with identities.

    An operation takes `seconds`; without them it runs until it is polled, however slow this machine is.
    """
    seed_server(emulator, user_assigned(*held) if held else None, **{**WRITABLE, **server})
    emulator.settings(operation_seconds=seconds or _LONG)
    if not seconds:
        emulator.fault("GET", "/(azureAsyncOperation|operationResults)/", {"advance": _LONG}, times=-1)


def check_patches(emulator: Emulator, identity_id: str, *held: str) -> None:
    """Check that every PATCH was about this identity only, and had the type that fits what then remains."""
    for body in patches(emulator):
        identity = body["identity"]
        named = identity.get("userAssignedIdentities") or {}
        assert body.keys() == {"identity"}
        assert {each.lower() for each in named} <= {identity_id.lower()}
        assert identity["type"] == ("UserAssigned" if held or {} in named.values() else "None")
