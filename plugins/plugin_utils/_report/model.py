# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""A result of `pgflex_identity_fleet` -> who holds what, and what drifts, or what a rollout did and when. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ...module_utils._identity.resource_ids import key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ASSIGNED, MISSING, UNWANTED, ADDED, REMOVED = "assigned", "missing", "unwanted", "added", "removed"
OK, DRIFT, CHANGED, FAILED = "ok", "drift", "changed", "failed"
AUDIT, ROLLOUT = "audit", "rollout"


@dataclass(frozen=True)
class ReportIdentity:
    """A user-assigned identity on a server; `used_for` says what it encrypts.

    In an audit `status` is assigned, missing or unwanted, in a rollout assigned (before it, too), added or removed.
    """

    id: str
    name: str
    status: str
    used_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportRow:
    """A server: `status` is ok, drift (in an audit), changed (in a rollout) or failed.

    With failed the `message` says why, `begun` whether a change was tried at all, and the identities are those that
    were read first; the server is empty if it could not be read. `system_assigned` is as `Held.status`, None where
    the server has no system-assigned identity and shall have none.
    """

    host: str
    status: str
    message: str | None = None
    begun: bool = True
    server: Mapping[str, Any] = field(default_factory=dict)
    system_assigned: str | None = None
    identities: tuple[ReportIdentity, ...] = ()

    @property
    def was_read(self) -> bool:
        """Whether it is known what the server holds."""
        return bool(self.server)

    def label(self, held: ReportIdentity) -> str:
        """The identity's name, or its ID where another one of this server has the same name."""
        same = [each for each in self.identities if each.name.lower() == held.name.lower()]
        return held.name if len(same) == 1 else held.id


@dataclass(frozen=True)
class ReportWave:
    """Servers whose change was begun together, how they ended, and when, in UTC; no times if the wave was not begun."""

    servers: int
    changed: int
    failed: int
    not_started: int
    started: datetime | None
    ended: datetime | None


@dataclass(frozen=True)
class Report:
    """What a result says. `kind` is rollout if at least one wave was begun; else it is an audit, or a plan."""

    kind: str
    rows: list[ReportRow]
    waves: list[ReportWave]


def read_report(entries: Iterable[Mapping[str, Any]], waves: Iterable[Mapping[str, Any]]) -> Report:
    """The report of the `servers`, with all that is known of each, and `waves` of a result, in their order.

    Raises `AttributeError`, `KeyError`, `TypeError` or `ValueError` if they are none.
    """
    found = [_wave(each) for each in waves]
    kind = ROLLOUT if any(each.started for each in found) else AUDIT
    return Report(kind, [_row(each, kind) for each in entries], found)


def _wave(facts: Mapping[str, Any]) -> ReportWave:
    servers, changed, failed, left = (int(facts[name]) for name in ("servers", "changed", "failed", "not_started"))
    return ReportWave(servers, changed, failed, left, _time(facts["started"]), _time(facts["ended"]))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(timezone.utc) if text else None


def _row(entry: Mapping[str, Any], kind: str) -> ReportRow:
    coming, going = (ADDED, REMOVED) if kind == ROLLOUT else (MISSING, UNWANTED)
    # Where nothing changes, or what came of it is not known, one of the two says it all.
    after = entry.get("identity") or entry.get("before") or {}
    before = entry.get("before") or after
    host = str(entry["name"])
    system = _system(before, after, coming, going)
    sets = {coming: entry.get("assigned") or [], going: entry.get("removed") or []}
    held = _held([after] if before is after else [before, after], sets)
    if entry["failed"]:
        # The text of an error may come in lines. What was not begun has a message, and no error.
        message = " ".join(str(entry["msg"]).split())
        return ReportRow(host, FAILED, message, "error" in entry, entry.get("server") or {}, system, held)
    status = (CHANGED if kind == ROLLOUT else DRIFT) if entry["changed"] else OK
    return ReportRow(host, status, server=entry["server"], system_assigned=system, identities=held)


def _system(before: Mapping[str, Any], after: Mapping[str, Any], coming: str, going: str) -> str | None:
    had, has = ("SystemAssigned" in each.get("type", "") for each in (before, after))
    if had:
        return ASSIGNED if has else going
    return coming if has else None


def _held(states: list[Mapping[str, Any]], sets: Mapping[str, list[str]]) -> tuple[ReportIdentity, ...]:
    """All that the server holds in one of these states; `sets` are the IDs that have another status than assigned."""
    statuses = {key(each): status for status, ids in sets.items() for each in ids}
    found = {key(each["id"]): each for state in states for each in state.get("user_assigned_identities", [])}
    return tuple(
        ReportIdentity(
            str(each["id"]), str(each["name"]), statuses.get(by, ASSIGNED), tuple(map(str, each["used_for"]))
        )
        for by, each in sorted(found.items())
    )


def count(report: Report) -> dict[str, int]:
    """How many servers there are, how many of each status, and how many identities."""
    rows = report.rows
    statuses = Counter(each.status for each in rows)
    kinds = Counter(held.status for each in rows for held in each.identities)
    kinds.update(each.system_assigned for each in rows if each.system_assigned)
    not_started = sum(not each.begun for each in rows)
    totals = {
        "servers": len(rows),
        "as_wanted": statuses[OK],
        "drifting": statuses[DRIFT],
        "failed": statuses[FAILED] - not_started,
        "assigned": kinds[ASSIGNED],
        "missing": kinds[MISSING],
        "unwanted": kinds[UNWANTED],
    }
    if report.kind == ROLLOUT:
        totals.update(changed=statuses[CHANGED], not_started=not_started, added=kinds[ADDED], removed=kinds[REMOVED])
    return totals


def summary(report: Report) -> dict[str, Any]:
    """The counts, and the hosts that are not as wanted, or were changed; nothing about what is as wanted."""
    lists = {"drifting_hosts": DRIFT, "failed_hosts": FAILED}
    if report.kind == ROLLOUT:
        lists["changed_hosts"] = CHANGED
    hosts = {name: [each.host for each in report.rows if each.status == status] for name, status in lists.items()}
    counts = {name: number for name, number in count(report).items() if name != "assigned"}
    return {**counts, **hosts}


def document(report: Report, title: str, time: str | None) -> dict[str, Any]:
    """The report as plain dictionaries and lists."""
    return {
        "title": title,
        "time": time,
        "kind": report.kind,
        "totals": count(report),
        "waves": [_plain_wave(each) for each in report.waves],
        "servers": [_plain(each) for each in report.rows],
    }


def _plain_wave(wave: ReportWave) -> dict[str, Any]:
    times = {name: time and time.isoformat() for name, time in (("started", wave.started), ("ended", wave.ended))}
    return {**vars(wave), **times}


def _plain(row: ReportRow) -> dict[str, Any]:
    return {
        "host": row.host,
        "status": row.status,
        "message": row.message,
        "begun": row.begun,
        "server": dict(row.server) or None,
        "system_assigned": row.system_assigned,
        "identities": [{**vars(each), "used_for": list(each.used_for)} for each in row.identities],
    }
