# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""A result of C(pgflex_identity_fleet) in check mode -> who holds what, and what drifts. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..module_utils._arm_id import key, split

if TYPE_CHECKING:
    from collections.abc import Mapping

ASSIGNED, MISSING, UNWANTED = "assigned", "missing", "unwanted"
OK, DRIFT, FAILED = "ok", "drift", "failed"


@dataclass(frozen=True)
class Held:
    """A user assigned identity on a server: C(status) is assigned, missing or unwanted; C(used_for) its encryption."""

    id: str
    name: str
    status: str
    used_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A server. With C(status) failed the C(message) says why; then the server is empty if it could not be read.

    C(system_assigned) is as C(Held.status), None where the server has no system assigned identity and shall have none.
    """

    host: str
    status: str
    message: str | None = None
    server: Mapping[str, Any] = field(default_factory=dict)
    system_assigned: str | None = None
    identities: tuple[Held, ...] = ()

    @property
    def was_read(self) -> bool:
        """Whether it is known what the server holds."""
        return bool(self.server)

    def label(self, held: Held) -> str:
        """The identity's name, or its ID where another one of this server has the same name."""
        same = [each for each in self.identities if each.name.lower() == held.name.lower()]
        return held.name if len(same) == 1 else held.id


def read_rows(result: Mapping[str, Any]) -> list[Row]:
    """The rows of a result, in its order. Raises C(KeyError), C(TypeError) if it is none."""
    return [_row(each) for each in result["servers"]]


def _row(entry: Mapping[str, Any]) -> Row:
    after = entry.get("identity")
    # Where nothing changes, one of the two says it all.
    before = entry.get("before", after)
    assigned, removed = entry.get("assigned") or [], entry.get("removed") or []
    system = _system(before, after or before)
    drifts = assigned or removed or system in (MISSING, UNWANTED)
    status = FAILED if entry["failed"] else DRIFT if drifts else OK
    # The text of an error may come in lines.
    message = " ".join(str(entry["msg"]).split()) if entry["failed"] else None
    held = _held(before, assigned, removed)
    return Row(str(entry["name"]), status, message, entry.get("server") or {}, system, held)


def _system(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str | None:
    has, shall = ("SystemAssigned" in (each or {}).get("type", "") for each in (before, after))
    if has:
        return ASSIGNED if shall else UNWANTED
    return MISSING if shall else None


def _held(before: Mapping[str, Any] | None, assigned: list[str], removed: list[str]) -> tuple[Held, ...]:
    unwanted = {key(each) for each in removed}
    found = [
        Held(
            str(each["id"]),
            str(each["name"]),
            UNWANTED if key(each["id"]) in unwanted else ASSIGNED,
            tuple(str(use) for use in each["used_for"]),
        )
        for each in (before or {}).get("user_assigned_identities", [])
    ]
    found += [Held(str(each), split(str(each)).name, MISSING) for each in assigned]
    return tuple(sorted(found, key=lambda each: key(each.id)))


def count(rows: list[Row]) -> dict[str, int]:
    """How many servers there are, how many of each status, and how many identities are missing and unwanted."""
    statuses = Counter(each.status for each in rows)
    kinds = Counter(held.status for each in rows for held in each.identities)
    kinds.update(each.system_assigned for each in rows if each.system_assigned)
    return {
        "servers": len(rows),
        "as_wanted": statuses[OK],
        "drifting": statuses[DRIFT],
        "failed": statuses[FAILED],
        "assigned": kinds[ASSIGNED],
        "missing": kinds[MISSING],
        "unwanted": kinds[UNWANTED],
    }


def summary(rows: list[Row]) -> dict[str, Any]:
    """The counts, and the hosts that are not as wanted."""
    hosts = {status: [each.host for each in rows if each.status == status] for status in (DRIFT, FAILED)}
    return {**count(rows), "drifting_hosts": hosts[DRIFT], "failed_hosts": hosts[FAILED]}


def document(rows: list[Row], title: str, time: str | None) -> dict[str, Any]:
    """The report as plain dictionaries and lists."""
    return {"title": title, "time": time, "totals": count(rows), "servers": [_plain(each) for each in rows]}


def _plain(row: Row) -> dict[str, Any]:
    return {
        "host": row.host,
        "status": row.status,
        "message": row.message,
        "server": dict(row.server) or None,
        "system_assigned": row.system_assigned,
        "identities": [{**asdict(each), "used_for": list(each.used_for)} for each in row.identities],
    }
