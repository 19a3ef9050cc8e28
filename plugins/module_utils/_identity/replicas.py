# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Replicas and what they replicate: chains, what a replica lacks, what it takes over. Pure.

A replica has identities of its own, and none of its primary's. When it is promoted, the application has the access
only that it was given before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .resource_ids import key, labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .._errors import PgflexError
    from .models import DesiredState, Server


def source_ids(server: Server, known: Mapping[str, Server | PgflexError]) -> Iterator[str]:
    """Yield the IDs of what a server replicates, directly and through others, as far as that is `known`.

    The last one is that of a primary, or of a server that is not known yet. `known` is by `key` of the ID.
    """
    seen = {key(server.id)}
    there: Server | PgflexError | None = server
    while (source := getattr(there, "primary_id", None)) and key(source) not in seen:
        seen.add(key(source))
        yield source
        there = known.get(key(source))


def find_lacking(replica: Server, primaries: list[Server]) -> list[tuple[str, Server]]:
    """Return what one of its primaries holds and the replica does not, sorted, each with the nearest such primary.

    Identities that encrypt a primary's data are left out: a replica reads its key with one of its own.
    """
    held = {key(each) for each in replica.identity.ids}
    found: dict[str, tuple[str, Server]] = {}
    for primary in primaries:
        for each in primary.identity.ids:
            if key(each) not in held and key(each) not in primary.encryption.uses:
                found.setdefault(key(each), (each, primary))
    return [found[each] for each in sorted(found)]


def lacking_in_words(lacking: list[tuple[str, Server]]) -> list[str]:
    """Return a sentence's part for each primary."""
    shown = labels([each for each, _primary in lacking])
    named: dict[str, list[str]] = {}
    for each, primary in lacking:
        named.setdefault(primary.ref.name, []).append(shown[each])
    return [f"lacks {', '.join(names)} of its primary {primary}" for primary, names in named.items()]


def inherit(own: DesiredState, of_primary: DesiredState, primary: Server, replica: Server) -> DesiredState:
    """Return a replica's own declaration with that of its primary added; where they contradict, its own counts.

    How removals go, by a purge and what it keeps, stays its own. Identities that encrypt on either are left alone.
    """
    left_alone = {key(each) for each in (*(own.present or ()), *own.absent)}
    # Those that are there already are named, or a purge would take them.
    held = {key(each) for each in replica.identity.ids}
    encrypting = primary.encryption.uses.keys() | replica.encryption.uses.keys()
    left_alone |= encrypting - held
    more = tuple(each for each in of_primary.present or () if key(each) not in left_alone)
    less = tuple(each for each in of_primary.absent if key(each) not in left_alone | encrypting)
    return replace(
        own,
        # An undeclared primary leaves its replica undeclared.
        present=own.present if of_primary.present is None else (*(own.present or ()), *more),
        absent=(*own.absent, *less),
        system_assigned=of_primary.system_assigned if own.system_assigned is None else own.system_assigned,
        guids=(*own.guids, *of_primary.guids),
    )
