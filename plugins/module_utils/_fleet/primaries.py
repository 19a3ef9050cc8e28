# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Read what the replicas of a run replicate, compare them with it, and have them take its declaration over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._errors import InvalidInput, PgflexError, Refused
from .._identity.models import Server
from .._identity.replicas import find_lacking, inherit, lacking_in_words, source_ids
from .._identity.resource_ids import key, parse_server_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._identity.models import DesiredState
    from .._identity.resource_ids import ServerRef
    from .target import Target


@dataclass
class Primaries:
    """Servers that others replicate, by `key` of their IDs: those that are `known`, and what is `declared` for them."""

    known: dict[str, Server | PgflexError]
    declared: Mapping[str, DesiredState | PgflexError]
    read: Callable[[list[ServerRef]], list[Server | PgflexError]]

    def look_up(self, replicas: Sequence[Server]) -> None:
        """Read all that these replicate, directly and through others, each once and those of a level together."""
        while True:
            unknown: dict[str, ServerRef] = {}
            for source in (each for replica in replicas for each in source_ids(replica, self.known)):
                if key(source) not in self.known:
                    try:
                        unknown[key(source)] = parse_server_id("sourceServerResourceId", source)
                    except InvalidInput as error:
                        self.known[key(source)] = error
            if not unknown:
                return
            self.known.update(zip(unknown, self.read(list(unknown.values()))))

    def follow(self, target: Target, replica: Server) -> None:
        """Add to what is desired of a target what is declared for all that it replicates, the nearest first."""
        try:
            for source in source_ids(replica, self.known):
                declared, primary = self.declared.get(key(source)), self.known[key(source)]
                if declared is None:
                    raise Refused(
                        f"Server {replica.ref.name} replicates {source}, which no host of the inventory is.",
                        code="PrimaryNotInInventory",
                        target=source,
                        hint="Add it to the inventory, or set pgflex_identity_follow_primary to false for this host.",
                    )
                if isinstance(declared, PgflexError):
                    raise declared
                if isinstance(primary, PgflexError):
                    raise primary
                target.desired = inherit(target.desired, declared, primary, replica)
        except PgflexError as error:
            target.error = error

    def compare(self, target: Target, replica: Server) -> None:
        """Note what a target lacks that one of the servers holds that it replicates."""
        primaries = []
        for source in source_ids(replica, self.known):
            primary = self.known[key(source)]
            if isinstance(primary, Server):
                primaries.append(primary)
            else:
                target.remarks.append(f"its primary {source} was not read: {primary.message}")
        target.lacking = find_lacking(replica, primaries)
        target.remarks[:0] = lacking_in_words(target.lacking)
