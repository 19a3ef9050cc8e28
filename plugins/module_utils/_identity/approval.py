# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Compare what a server needs now with what was approved for it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .resource_ids import distinct, key, labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .models import Plan


@dataclass(frozen=True)
class IdentityChange:
    """Identities to assign and to remove; `system_assigned` is True or False to enable or disable it, None for none."""

    assign: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    system_assigned: bool | None = None

    @classmethod
    def of(cls, plan: Plan) -> IdentityChange:
        """Return what a plan changes."""
        return cls(plan.assign, plan.remove, plan.system_assigned)

    @property
    def loses(self) -> bool:
        """Whether the server loses an identity."""
        return bool(self.remove) or self.system_assigned is False


def is_approved(plan: Plan, approved: IdentityChange) -> bool:
    """Return whether `plan` may be carried out: it is all of the approved change that is left to do.

    Nothing to do needs no approval. Identities that the server holds and the plan leaves are no difference.
    """
    if not plan.changes:
        return True
    held = _keys(plan.before.ids)
    assign, remove = _keys(plan.assign), _keys(plan.remove)
    may_assign, may_remove = _keys(approved.assign), _keys(approved.remove)
    if not (assign <= may_assign and remove <= may_remove and plan.system_assigned in (None, approved.system_assigned)):
        return False
    done = approved.system_assigned in (None, plan.system_assigned, plan.before.system_assigned)
    return done and may_assign - assign <= held and held.isdisjoint(may_remove - remove)


def _keys(resource_ids: Iterable[str]) -> frozenset[str]:
    return frozenset(map(key, resource_ids))


def in_words(*changes: IdentityChange) -> list[str]:
    """Return each change in words, all with the same names for identities."""
    named = labels(distinct([each for change in changes for each in (*change.assign, *change.remove)]))
    shown = {key(each): label for each, label in named.items()}
    return [", ".join(_words(change, shown)) or "nothing" for change in changes]


def _words(change: IdentityChange, shown: dict[str, str]) -> Iterator[str]:
    for verb, identities in (("assign", change.assign), ("remove", change.remove)):
        if identities:
            yield f"{verb} {' and '.join(shown[key(each)] for each in identities)}"
    if change.system_assigned is not None:
        yield f"{'enable' if change.system_assigned else 'disable'} the system-assigned identity"
