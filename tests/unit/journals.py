# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Journals for tests: servers that hold one identity and are to hold another one, and what a record says of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import Record, read_record
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import plan
from unit.support import REF, A, B, server

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.pgflex.azure.plugins.module_utils._fleet.journal import Journal
    from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import Server

DESIRED = DesiredState(present=(B,), absent=(A,))


def servers(number: int) -> list[Server]:
    """Return `number` servers, `pg-000` and so on."""
    refs = [replace(REF, name=f"pg-{each:03}") for each in range(number)]
    return [replace(server(A), ref=ref, id=ref.id) for ref in refs]


def intend(journal: Journal, one: Server) -> None:
    """Write down what is to be done to a server."""
    journal.write_intent(one.ref.name, one, plan(one, DESIRED))


def end(journal: Journal, one: Server, outcome: str = "done") -> None:
    """Write down what became of it."""
    journal.write_outcome(one.ref.id, outcome)


def written(record: Record) -> dict[str, str]:
    """Return whether each server was."""
    return {each.host: each.written for each in record.entries}


def read(file: Path) -> Record:
    """Return the record in a file."""
    return read_record("rollback", str(file))
