# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""One server: read -> plan -> apply -> verify -> tell."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from . import _preflight
from ._apply import Applied, apply
from ._plan import plan
from ._result import diff, identity_facts, server_facts

if TYPE_CHECKING:
    from ._api import Api
    from ._arm_id import ServerRef
    from ._model import Server, ServerIdentity, Wanted
    from ._waiting import Waiter


class Single:
    """The work on one server, through one API and within the patience of one task."""

    def __init__(self, api: Api, ref: ServerRef, waiter: Waiter, *, client_ids: bool) -> None:
        self._api = api
        self._ref = ref
        self._waiter = waiter
        self._identities = _preflight.Identities(api, waiter)
        self._client_ids = client_ids

    @property
    def warnings(self) -> list[str]:
        """What the user should know although it stops nothing."""
        return self._identities.warnings

    def show(self) -> dict[str, Any]:
        """The result of C(state=info). Raises what C(Api) raises."""
        server = self._read()
        return self._tell(server, server.identity)

    def change(self, wanted: Wanted, *, check_mode: bool, validate: bool, wait: bool) -> dict[str, Any]:
        """The result of C(state=present) and C(absent). Raises C(Refused), and what C(apply) raises."""
        server = self._read()
        planned = plan(server, wanted)
        applied = Applied(planned, server)
        if planned.changes:
            _preflight.check(server, planned, self._api, self._identities if validate else None, self._waiter)
            if not check_mode:
                applied = apply(self._api, server, wanted, self._waiter, wait=wait)
        seen = not applied.plan.changes or (applied.operation is None and not check_mode)
        result = self._tell(applied.server, applied.server.identity if seen else applied.plan.after)
        result.update(
            changed=applied.plan.changes,
            assigned=list(applied.plan.assign),
            removed=list(applied.plan.remove),
            diff=diff(server, applied.plan),
        )
        if applied.operation:
            result["operation"] = {
                "id": applied.operation.id,
                "start_time": applied.operation.start_time,
                "status": "InProgress",
            }
        return result

    def _read(self) -> Server:
        return self._waiter.read(partial(self._api.get_server, self._ref))

    def _tell(self, server: Server, identity: ServerIdentity) -> dict[str, Any]:
        facts = identity_facts(identity, server.encryption.uses, self._identities if self._client_ids else None)
        return {
            "changed": False,
            "assigned": [],
            "removed": [],
            "identity": facts,
            "server": server_facts(server),
            "requests": self._api.requests,
        }
