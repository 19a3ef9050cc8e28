# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that waits for its turn plans on what its own GET says when the turn has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ansible_collections.pgflex.azure.plugins.module_utils._azure.rate_limits import RequestKind
from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import run_blocking
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from ansible_collections.pgflex.azure.plugins.module_utils._server.reconciler import (
    Change,
    ReconcileResult,
)
from unit.service import Service
from unit.support import PRINCIPAL, REF, A, B

if TYPE_CHECKING:
    from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import Coroutine

SWAP = DesiredState(present=(B,), absent=(A,))


def waiting(service: Service, desired: DesiredState = SWAP) -> Coroutine[ReconcileResult]:
    """Return the steps of a change that waits for its turn, as in a fleet."""
    steps = Change(service, REF, desired, service.time.retry_policy()).reconcile_steps()
    assert next(steps) is RequestKind.WRITE
    return steps


def test_a_write_follows_its_own_look_when_its_turn_has_come() -> None:
    service = Service(A)
    steps = waiting(service)
    # Somebody else has switched on the system-assigned identity: a type from before would switch it off.
    service.raw["identity"].update(type="SystemAssigned,UserAssigned", principalId=PRINCIPAL)
    reconciled = run_blocking(steps, service.time.retry_policy().clock)

    assert service.get_server(REF).identity.system_assigned
    assert reconciled.plan.before.system_assigned
    assert service.reads == 2  # the look before the write, and the one of this test


def test_a_write_that_somebody_else_has_done_while_it_waited_is_not_sent() -> None:
    service = Service(A)
    steps = waiting(service)
    service.raw["identity"]["userAssignedIdentities"] = {B: {}}
    reconciled = run_blocking(steps, service.time.retry_policy().clock)

    assert (service.sent, reconciled.plan.changes) == ([], False)
