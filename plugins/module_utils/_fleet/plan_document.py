# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""A plan as a document that somebody approves: what a check run found to be done, on the servers that would change.

It is one JSON object, with the SHA-256 of the rest of it, which finds accidents and is no signature. Packed it is one
line of text, `pgflexplan1:` and the Base64 of its zlib compression.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.ansible_release import __version__ as core_version

from .._errors import InvalidInput
from .._files import write_private
from .._identity.approval import IdentityChange
from .._identity.resource_ids import check_identity_id, parse_server_id
from .._version import VERSION
from .packing import explaining, read_document, squeeze
from .record import HeldIdentities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORMAT = "pgflex.azure/plan/1"
_PACKED = "pgflexplan1:"
_KEPT = "plan"


@dataclass(frozen=True)
class PlannedServer:
    """Its change by an action, and what it held before that. `empties`: a purge takes all that it held."""

    host: str
    action: str
    server_id: str
    held: HeldIdentities
    change: IdentityChange
    canary: bool = False
    empties: bool = False


@dataclass(frozen=True)
class PlanDocument:
    """The servers that would change of all that were `compared`, by whom (`versions`), and when (UTC, ISO 8601)."""

    made: str
    versions: Mapping[str, str]
    change_reference: str
    compared: int
    servers: tuple[PlannedServer, ...]

    @classmethod
    def make(cls, servers: Sequence[PlannedServer], compared: int, change_reference: str) -> PlanDocument:
        """Return the plan that is made right now."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        versions = {"pgflex.azure": VERSION, "ansible-core": core_version}
        return cls(now, versions, change_reference, compared, tuple(servers))

    @property
    def age(self) -> float:
        """Hours since it was made."""
        return (datetime.now(timezone.utc) - datetime.fromisoformat(self.made)).total_seconds() / 3600

    def facts(self) -> dict[str, Any]:
        """Return it as plain dictionaries and lists, with its checksum."""
        facts = {
            "format": FORMAT,
            "made": self.made,
            "versions": {**self.versions},
            "change_reference": self.change_reference,
            "compared": self.compared,
            "servers": [_facts(each) for each in self.servers],
        }
        return {**facts, "sha256": _checksum(facts)}

    def text(self) -> str:
        """Return it for a file."""
        return json.dumps(self.facts(), indent=2) + "\n"

    def pack(self) -> str:
        """Return it as one line of text."""
        return squeeze(_PACKED, json.dumps(self.facts(), separators=(",", ":")))


def join_plans(plans: Sequence[PlanDocument]) -> PlanDocument:
    """Return the plans of the batches and playbooks of one run as one, as old as the first of them."""
    reference = next((each.change_reference for each in plans if each.change_reference), "")
    servers = tuple(server for each in plans for server in each.servers)
    compared = sum(each.compared for each in plans)
    return replace(plans[0], change_reference=reference, compared=compared, servers=servers)


def keep_plan(folder: str, packed: str) -> None:
    """Keep a packed plan beside the entries of its run. Raise `OSError`."""
    write_private(Path(folder) / _KEPT, packed)


def kept_plan(folder: str) -> PlanDocument | None:
    """Return the plan that is kept in `folder`, None if there is none. Raise `OSError` and `InvalidInput`."""
    path = Path(folder) / _KEPT
    return read_plan("result_dir", str(path)) if path.exists() else None


def is_packed(value: str) -> bool:
    """Return whether it is the text of a plan, rather than a file's path."""
    return value.strip().startswith(_PACKED)


def read_plan(option: str, value: str) -> PlanDocument:
    """Return the plan that `value` is, packed or as the path of a file. Raise `InvalidInput`."""
    with explaining(option, "plan", value):
        raw, _packed = read_document(option, "plan", _PACKED, value)
        try:
            facts = json.loads(raw)
        except RecursionError:
            raise ValueError("no plan") from None
        if not isinstance(facts, dict) or "format" not in facts:
            raise ValueError("no plan")
    if facts["format"] != FORMAT:
        raise InvalidInput(option, f"the plan has the format {facts['format']!r}, and not {FORMAT!r}.")
    if facts.pop("sha256", None) != _checksum(facts):
        raise InvalidInput(option, "the plan was changed after it was made, or a part of it is missing.")
    try:
        return _read(option, facts)
    except (LookupError, TypeError, AttributeError, ValueError):
        raise InvalidInput(option, "the plan is not complete.") from None


def _read(option: str, facts: Mapping[str, Any]) -> PlanDocument:
    if datetime.fromisoformat(facts["made"]).tzinfo is None:
        raise ValueError("no time zone")
    servers = tuple(_server(option, each) for each in facts["servers"])
    reference = str(facts["change_reference"])
    return PlanDocument(facts["made"], dict(facts["versions"]), reference, int(facts["compared"]), servers)


def _server(option: str, facts: Mapping[str, Any]) -> PlannedServer:
    parse_server_id(option, facts["server_id"])

    def ids(values: Sequence[Any]) -> tuple[str, ...]:
        return tuple(check_identity_id(option, each) for each in values)

    enabled = facts["system_assigned"]
    if enabled not in (None, True, False):
        raise TypeError("system_assigned")
    return PlannedServer(
        str(facts["host"]),
        str(facts["action"]),
        facts["server_id"],
        HeldIdentities(ids(facts["held"]["identities"]), facts["held"]["system_assigned"] is True),
        IdentityChange(ids(facts["assign"]), ids(facts["remove"]), enabled),
        facts["canary"] is True,
        facts["empties"] is True,
    )


def _facts(server: PlannedServer) -> dict[str, Any]:
    held, change = server.held, server.change
    return {
        "host": server.host,
        "server_id": server.server_id,
        "action": server.action,
        "held": {"identities": [*held.identities], "system_assigned": held.system_assigned},
        "assign": [*change.assign],
        "remove": [*change.remove],
        "system_assigned": change.system_assigned,
        "canary": server.canary,
        "empties": server.empties,
    }


def _checksum(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, separators=(",", ":"), sort_keys=True).encode()).hexdigest()
