# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Which servers of an estate are meant. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._errors import InvalidInput, quoted
from .._identity.models import Server, region
from .._identity.resource_ids import identity_id, key, split

#: The keys of a filter, as documented in the fragment `filters`.
KEYS = ("identity", "locations", "states", "tags")
# Completes a bare name where only its form is checked.
_NOWHERE = "00000000-0000-0000-0000-000000000000", "none"


@dataclass(frozen=True)
class Filter:
    """A server passes if it meets every part that is set.

    `identity` is a resource ID, or a bare name in any resource group. Locations and states are those the server shows,
    without case and blanks. A tag's name is compared without case, as Azure does, its value with; None takes any value.
    """

    identity: str | None = None
    locations: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    tags: Mapping[str, str | None] = field(default_factory=dict)

    def passes(self, server: Server) -> bool:
        """Tell whether the server is meant."""
        return (
            (self.identity is None or self._holds(server, self.identity))
            and (not self.locations or region(server.location) in self.locations)
            and (not self.states or region(server.state or "") in self.states)
            and self._tagged(server)
        )

    @staticmethod
    def _holds(server: Server, identity: str) -> bool:
        if "/" in identity:
            return key(identity) in {key(each) for each in server.identity.ids}
        return identity.lower() in {split(each).name.lower() for each in server.identity.ids}

    def _tagged(self, server: Server) -> bool:
        found = {name.lower(): value for name, value in server.tags.items()} if self.tags else {}
        return all(name.lower() in found and value in (None, found[name.lower()]) for name, value in self.tags.items())


def read_filter(option: str, raw: Mapping[str, Any]) -> Filter:
    """Read a filter as a user writes it: a dictionary with some of `KEYS`. Raise `InvalidInput`."""
    if not isinstance(raw, Mapping):
        raise InvalidInput(option, f"{quoted(raw)} is not a dictionary with some of {', '.join(KEYS)}.")
    unknown = sorted(set(raw) - set(KEYS))
    if unknown:
        raise InvalidInput(option, f"{', '.join(map(repr, unknown))}: no such filter, but {', '.join(KEYS)}.")
    identity, tags = raw.get("identity"), raw.get("tags") or {}
    if identity is not None:
        identity_id(f"{option}.identity", str(identity), *_NOWHERE)
    if not isinstance(tags, Mapping):
        raise InvalidInput(f"{option}.tags", f"{quoted(tags)} is not a dictionary of tags and values.")
    return Filter(
        identity=None if identity is None else str(identity),
        locations=_words(f"{option}.locations", raw.get("locations")),
        states=_words(f"{option}.states", raw.get("states")),
        tags={str(name): _tag_value(f"{option}.tags", value) for name, value in tags.items()},
    )


def _words(option: str, raw: Any) -> frozenset[str]:
    words = [raw] if isinstance(raw, str) else raw or []
    if not isinstance(words, (list, tuple)):
        raise InvalidInput(option, f"{quoted(raw)} is not a list.")
    return frozenset(region(str(word)) for word in words)


def _tag_value(option: str, raw: Any) -> str | None:
    # YAML has lost how these were written: true may have been yes, 1.1 may have been 1.10. No tag would ever match.
    if isinstance(raw, (bool, float)):
        raise InvalidInput(option, f"{quoted(raw)} is not a text: write the value of a tag in quotes.")
    return None if raw is None else str(raw)
