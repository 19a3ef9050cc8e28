# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""One server of a fleet: what is wanted of it, what became of that, and its part of the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._server.results import change_facts, identity_facts, server_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._errors import PgflexError
    from .._identity.models import Server, Wanted
    from .._identity.resource_ids import ServerRef
    from .._server.reconciler import Applied


@dataclass
class Row:
    """One server of a fleet: what is wanted of it, and what became of that.

    C(before) is the server as it was read first. With C(error) the row has failed; C(began) is false if its change was
    not sent because too many others had failed before.
    """

    name: str
    ref: ServerRef
    wanted: Wanted
    before: Server | None = None
    applied: Applied | None = None
    error: PgflexError | None = None
    began: bool = True

    @property
    def changed(self) -> bool:
        """Whether it was changed, or would be in check mode."""
        return self.error is None and self.began and self.applied is not None and self.applied.plan.changes


@dataclass
class Broken:
    """A row that cannot be understood; it has failed before anything was read."""

    name: str
    error: PgflexError
    changed = False
    began = True
    before = None
    applied = None


def row_facts(row: Row | Broken) -> dict[str, Any]:
    """The result of one row, of the same shape as that of a single server; of a failed one as far as it is known.

    An estate is large, and AWX drops results of more than 700,000 characters: a row that changes nothing goes without
    C(before) and C(diff), which would say once more what C(identity) says.
    """
    facts: dict[str, Any] = {"name": row.name, "failed": row.error is not None or not row.began}
    if row.before:
        facts["server"] = server_facts(row.before)
    if row.before and row.applied and not facts["failed"]:
        facts.update(change_facts(row.before, row.applied))
    if row.before and not row.changed:
        facts.pop("diff", None)
    if row.before and (row.changed or facts["failed"]):
        facts["before"] = identity_facts(row.before.identity, row.before.encryption.uses)
    facts["changed"] = row.changed
    if row.error:
        facts.update(msg=str(row.error), error=row.error.as_dict(), assigned=[], removed=[])
    elif not row.began:
        facts.update(msg="Not begun: too many servers had failed before.", assigned=[], removed=[])
    return facts


def totals(rows: Sequence[Row | Broken]) -> dict[str, int]:
    """How many rows ended how."""
    failed = sum(row.error is not None for row in rows)
    not_begun = sum(not row.began for row in rows)
    changed = sum(row.changed for row in rows)
    return {
        "servers": len(rows),
        "ok": len(rows) - failed - not_begun - changed,
        "changed": changed,
        "failed": failed,
        "not_started": not_begun,
    }
