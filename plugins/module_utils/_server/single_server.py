# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""One server: read -> plan -> reconcile -> report."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .._azure.policies import PolicyTokens
from .._azure.retry import run_blocking
from .._identity.planner import plan, unmatched
from .confirmation import look_after, retry_after_conflict, should_retry_conflict, verify
from .preflight import Identities, Preflight
from .reconciler import Change, ReconcileResult
from .results import change_facts, server_with_identity, warn_of_unmatched

if TYPE_CHECKING:
    from .._azure.client import Api
    from .._azure.retry import RetryPolicy
    from .._identity.models import DesiredState, Server
    from .._identity.resource_ids import ServerRef


class SingleServer:
    """The work on one server, through one API and within the retry policy of one task."""

    def __init__(
        self,
        api: Api,
        ref: ServerRef,
        retry_policy: RetryPolicy,
        *,
        client_ids: bool,
        policy_tokens: PolicyTokens | None = None,
    ) -> None:
        self._api = api
        self._ref = ref
        self._retry_policy = retry_policy
        self._identities = Identities(api, retry_policy)
        self._client_ids = client_ids
        self._policy_tokens = policy_tokens or PolicyTokens()

    @property
    def warnings(self) -> list[str]:
        """All that the user should know although it stops nothing."""
        return self._identities.warnings

    def show(self) -> dict[str, Any]:
        """Return the result of `state=info`. Raise what `Api` raises."""
        server = self._read()
        facts = server_with_identity(server, self._looked_up)
        return self._tell({"changed": False, "assigned": [], "removed": [], **facts, **self._busy(server)})

    def change(self, desired: DesiredState, *, check_mode: bool, validate: bool, wait: bool) -> dict[str, Any]:
        """Return the result of `state=present` and `absent`. Raise `Refused`, and what `reconcile` raises."""
        server = self._read()
        self.warnings.extend(warn_of_unmatched(unmatched([desired], [server])))
        asked = self._api.requests
        planned = plan(server, desired)
        reconciled = ReconcileResult(planned, server)
        preflight = Preflight(self._api, self._identities if validate else None, self._retry_policy)
        if planned.changes:
            preflight.check(server, planned)
        if not check_mode and (planned.changes or server.updating):
            # A look counts for the write if nothing else was asked since.
            seen = server if self._api.requests == asked else None
            change = Change(self._api, self._ref, desired, self._retry_policy, wait, preflight, seen=seen)
            reconciled = reconcile(replace(change, policy_tokens=self._policy_tokens))
        elif planned.changes:
            self.warnings.extend(filter(None, [self._policy_tokens.announcement(), self._api.user_warning()]))
        facts = change_facts(reconciled.before or server, reconciled, self._looked_up)
        return self._tell({**facts, **self._busy(server if check_mode else None)})

    def _busy(self, server: Server | None) -> dict[str, Any]:
        """Return what is said of a server that was only looked at while an operation is at work on it."""
        if server is None or not server.updating:
            return {}
        self.warnings.append(f"Server {server.ref.name} is busy with an operation: what it will hold is not known yet.")
        return {"busy": True}

    @property
    def _looked_up(self) -> Identities | None:
        return self._identities if self._client_ids else None

    def _read(self) -> Server:
        return self._retry_policy.read(partial(self._api.get_server, self._ref))

    def _tell(self, facts: dict[str, Any]) -> dict[str, Any]:
        return {**facts, "requests": self._api.requests}


def reconcile(change: Change) -> ReconcileResult:
    """Make a server as desired, and verify it. Raise as `Change.reconcile_steps` and `verify`."""
    policy = change.retry_policy
    reconciled = run_blocking(change.reconcile_steps(), policy.clock)
    if not reconciled.plan.changes or reconciled.accepted:
        return reconciled
    while True:
        after = run_blocking(look_after(change, reconciled), policy.clock)
        if not should_retry_conflict(reconciled, after, change.desired, policy):
            return verify(reconciled, after, change.desired)
        reconciled = run_blocking(retry_after_conflict(change, reconciled), policy.clock)
