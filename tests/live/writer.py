# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One write after the other: each follows its own GET, and is in the journal before it is sent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import RetryPolicy, run_blocking
from ansible_collections.pgflex.azure.plugins.module_utils._errors import OperationFailed, ServiceError
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import (
    AssignedIdentity,
    DesiredState,
    Operation,
    Plan,
    Server,
    ServerIdentity,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import patch_body
from ansible_collections.pgflex.azure.plugins.module_utils._server.polling import poll_operation
from ansible_collections.pgflex.azure.plugins.module_utils._server.reconciler import Change
from ansible_collections.pgflex.azure.plugins.module_utils._server.single_server import reconcile

if TYPE_CHECKING:
    from collections.abc import Callable

    from ansible_collections.pgflex.azure.plugins.module_utils._azure.client import Api
    from ansible_collections.pgflex.azure.plugins.module_utils._fleet.journal import Journal
    from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef

#: How often a server is tried again that is still busy with an operation which has ended.
_TRIES = 5


@dataclass
class Pace:
    """How long is waited: for all, and between two looks. Seconds."""

    wait_timeout: float
    poll_interval: float

    def policy(self) -> RetryPolicy:
        """Return the collection's own policy, whose time begins now."""
        return RetryPolicy(self.wait_timeout, self.poll_interval, busy_timeout=self.wait_timeout)


@dataclass
class Writer:
    """Writes to one server. `open`: PATCHes so far of which it is not known that they have ended, or were refused."""

    api: Api
    ref: ServerRef
    journal: Journal
    pace: Pace
    open: int = 0

    def send(self, make: Callable[[Server], Plan], *, insist: bool = True) -> Operation:
        """PATCH the server with the plan that `make` makes of its own GET, and return at once.

        Raise `PgflexError`; with `insist` a busy server is tried again before.
        """
        policy = self.pace.policy()
        for last in (*[False] * (_TRIES if insist else 0), True):
            server = policy.read(partial(self.api.get_server, self.ref))
            plan = make(server)
            self.journal.write_intent(self.ref.name, server, plan)
            self.open += 1
            try:
                operation = self.api.update_identity(self.ref, patch_body(plan))
            except ServiceError as error:
                self.open -= not error.maybe_applied
                self.journal.write_outcome(self.ref.id, "unknown" if error.maybe_applied else "none")
                if last or not error.busy:
                    raise
            else:
                # Before anything else is sent: an outcome is that of all writes since the last one.
                self.journal.write_outcome(self.ref.id, "accepted")
                return operation
            policy.clock.sleep(self.pace.poll_interval)
        raise AssertionError("the last try returns or raises")

    def follow(self, operation: Operation, desired: DesiredState) -> None:
        """Return when an operation has succeeded. Raise `PgflexError`."""
        policy = self.pace.policy()
        server = policy.read(partial(self.api.get_server, self.ref))
        try:
            run_blocking(poll_operation(self.api, server, operation, desired, policy), policy.clock)
        except OperationFailed:
            self.open -= 1
            raise
        self.open -= 1

    def remove(self, identity_id: str) -> None:
        """Take an identity away, in whatever spelling it is held, as the collection does it, and verify that."""
        reconcile(
            Change(
                self.api,
                self.ref,
                DesiredState(absent=(identity_id,)),
                self.pace.policy(),
                before_write=lambda server, plan: self.journal.write_intent(self.ref.name, server, plan),
                after_write=lambda outcome: self.journal.write_outcome(self.ref.id, outcome),
            )
        )


def assigning(identity_id: str, server: Server) -> Plan:
    """Return the plan that assigns an identity, whether it is held or not."""
    before = server.identity
    kept = tuple(each for each in before.user_assigned if each.id != identity_id)
    after = ServerIdentity(before.system_assigned, (*kept, AssignedIdentity(identity_id)), before.tenant_id)
    return Plan(before, after, assign=(identity_id,))


def removing_what_is_not_there(identity_id: str, server: Server) -> Plan:
    """Return the plan that takes away what is not held; type and all that is held stay."""
    return Plan(server.identity, server.identity, remove=(identity_id,))
