# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""One server: read -> plan -> apply -> verify -> tell."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .._identity.planner import plan
from . import preflight as _preflight
from .reconciler import ReconcileResult, reconcile
from .results import change_facts, server_with_identity

if TYPE_CHECKING:
    from .._azure.client import Api
    from .._azure.retry import RetryPolicy
    from .._identity.models import DesiredState, Server
    from .._identity.resource_ids import ServerRef


class SingleServer:
    """The work on one server, through one API and within the patience of one task."""

    def __init__(self, api: Api, ref: ServerRef, retry_policy: RetryPolicy, *, client_ids: bool) -> None:
        self._api = api
        self._ref = ref
        self._waiter = retry_policy
        self._identities = _preflight.Identities(api, retry_policy)
        self._client_ids = client_ids

    @property
    def warnings(self) -> list[str]:
        """What the user should know although it stops nothing."""
        return self._identities.warnings

    def show(self) -> dict[str, Any]:
        """The result of `state=info`. Raises what `Api` raises."""
        server = self._read()
        facts = server_with_identity(server, self._looked_up)
        return self._tell({"changed": False, "assigned": [], "removed": [], **facts})

    def change(self, desired: DesiredState, *, check_mode: bool, validate: bool, wait: bool) -> dict[str, Any]:
        """The result of `state=present` and `absent`. Raises `Refused`, and what `reconcile` raises."""
        server = self._read()
        # What is looked at next may have to wait for minutes.
        read_at = self._waiter.clock.now()
        planned = plan(server, desired)
        reconciled = ReconcileResult(planned, server)
        if planned.changes:
            _preflight.check(server, planned, self._api, self._identities if validate else None, self._waiter)
            if not check_mode:
                reconciled = reconcile(self._api, server, desired, self._waiter, wait=wait, read_at=read_at)
        return self._tell(change_facts(server, reconciled, self._looked_up))

    @property
    def _looked_up(self) -> _preflight.Identities | None:
        return self._identities if self._client_ids else None

    def _read(self) -> Server:
        return self._waiter.read(partial(self._api.get_server, self._ref))

    def _tell(self, facts: dict[str, Any]) -> dict[str, Any]:
        return {**facts, "requests": self._api.requests}
