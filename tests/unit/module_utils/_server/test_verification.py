# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way in which a server can differ from the plan after the operation has succeeded."""

from __future__ import annotations

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState, Server
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import plan
from ansible_collections.pgflex.azure.plugins.module_utils._server.verification import find_discrepancies
from unit.support import A, B, C, server

ON, OFF = "the system-assigned identity is on", "the system-assigned identity is off"
SWAP = DesiredState(present=(B,), absent=(A,))
PURGE = DesiredState(present=(B,), purge=True)

CASES = [
    ("all is well", server(A), SWAP, server(B), []),
    ("all is well in another spelling", server(A, C), SWAP, server(B.upper(), C.lower()), []),
    ("all is well, and somebody else added one", server(A), SWAP, server(B, C), []),
    ("the new one is missing", server(A), SWAP, server(), [f"{B} is not assigned"]),
    ("the old one is still there", server(A), SWAP, server(A, B), [f"{A} is still assigned"]),
    ("nothing was done", server(A), SWAP, server(A), [f"{B} is not assigned", f"{A} is still assigned"]),
    ("one that was to stay is gone", server(A, C), SWAP, server(B), [f"{C}, which was to stay, is gone"]),
    ("one that was to be assigned, and was, is gone", server(A), DesiredState(present=(A, B)), server(B),
     [f"{A} is not assigned"]),
    ("somebody added one where only some may be", server(A), PURGE, server(B, C), [f"{C} is still assigned"]),
    ("the system identity went by itself", server(A, system=True), SWAP, server(B), [OFF]),
    ("the system identity came by itself", server(A), SWAP, server(B, system=True), [ON]),
    ("the system identity did not come", server(), DesiredState(system_assigned=True), server(), [OFF]),
    ("the system identity did not go", server(system=True), DesiredState(system_assigned=False), server(system=True),
     [ON]),
    ("the last one left, and the system identity with it", server(A, system=True), DesiredState(absent=(A,)), server(),
     [OFF]),
    ("the one to remove became an encryption identity", server(A, C), SWAP, server(A, B, C, primary=A),
     [f"Cannot remove identity {A} because it's used for data encryption."]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "desired", "after", "problems"), [pytest.param(*row[1:], id=row[0]) for row in CASES]
)
def test_the_server_is_compared_with_the_plan(
    before: Server, desired: DesiredState, after: Server, problems: list[str]
) -> None:
    assert find_discrepancies(plan(before, desired), after, desired) == problems
