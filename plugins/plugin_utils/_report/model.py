# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""A result of `pgflex_identity_fleet` -> who holds what, what has drifted, and what a rollout did and when. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from ...module_utils._identity.resource_ids import key, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Of an identity on a server.
HELD, MISSING, EXTRA, ADDED, REMOVED = "held", "missing", "extra", "added", "removed"
REPLICA_LACKS = "replica_lacks"
# Of a server.
COMPLIANT, DRIFTED, CHANGED, NOT_STARTED, FAILED = "compliant", "drifted", "changed", "not_started", "failed"
UNDECLARED = "undeclared"
AUDIT, ROLLOUT = "audit", "rollout"
#: Of the JSON: it rises when a property goes, or says something else than before.
VERSION = 1


@dataclass(frozen=True)
class ReportIdentity:
    """A user-assigned identity on a server; `used_for` says what it encrypts.

    In an audit `status` is held, missing or extra, in a rollout held (before it, too), added or removed; and in both
    replica_lacks for one that the primary of this replica holds and that nobody has declared for it.
    """

    id: str
    name: str
    status: str
    used_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportRow:
    """A server: `status` is compliant, drifted (in an audit), changed or not_started (in a rollout), or failed.

    It is undeclared where nobody has said what it shall hold. With failed and not_started the `message` says why, and
    the identities are those that were read first; the server is empty if it could not be read. `system_assigned` is as
    `ReportIdentity.status`, None where the server has no system-assigned identity and shall have none. `busy` is true
    where an operation was at work when it was looked at.
    `notes` say what is to be known of it whatever its status. `replica_lacks` are the IDs of all identities that its
    primary holds and it does not, those that are missing among them.
    """

    host: str
    status: str
    message: str | None = None
    server: Mapping[str, Any] = field(default_factory=dict)
    system_assigned: str | None = None
    identities: tuple[ReportIdentity, ...] = ()
    busy: bool = False
    notes: tuple[str, ...] = ()
    replica_lacks: tuple[str, ...] = ()

    @property
    def was_read(self) -> bool:
        """Tell whether it is known what the server holds."""
        return bool(self.server)

    def label(self, identity: ReportIdentity) -> str:
        """Return the identity's name, or its ID where another one of this server has the same name."""
        same = [each for each in self.identities if each.name.lower() == identity.name.lower()]
        return identity.name if len(same) == 1 else identity.id


@dataclass(frozen=True)
class ReportWave:
    """Servers whose change was started together, how they ended, and when, in UTC; no times without a start.

    `added` and `removed` count the identities that were assigned and removed.
    """

    servers: int
    changed: int
    failed: int
    not_started: int
    added: int
    removed: int
    started: datetime | None
    ended: datetime | None


@dataclass(frozen=True)
class Report:
    """All that a result says. `kind` is rollout if at least one wave was started; else it is an audit, or a plan.

    It is a rollout as well where all of it, or all that was left of it, was refused; `refusal` says why.
    """

    kind: str
    rows: list[ReportRow]
    waves: list[ReportWave]
    left_out: tuple[str, ...] = ()
    change_reference: str = ""
    refusal: str = ""


def read_report(
    entries: Iterable[Mapping[str, Any]],
    waves: Iterable[Mapping[str, Any]],
    left_out: Iterable[str] = (),
    change_reference: str = "",
    refusal: str = "",
) -> Report:
    """Return the report of the `servers`, with all that is known of each, and `waves` of a result, in their order.

    `left_out` are hosts of the inventory that are no servers, `refusal` is why the whole was refused.

    Raise `AttributeError`, `KeyError`, `TypeError` or `ValueError` if they are none.
    """
    read = [_read_wave(each) for each in waves]
    kind = ROLLOUT if refusal or any(each.started for each in read) else AUDIT
    rows = [_read_row(each, kind) for each in entries]
    return Report(kind, rows, read, tuple(map(str, left_out)), change_reference, " ".join(refusal.split()))


def _read_wave(facts: Mapping[str, Any]) -> ReportWave:
    counts = {name: int(facts[name]) for name in ("servers", "changed", "failed", "not_started", "added", "removed")}
    return ReportWave(**counts, started=_read_time(facts["started"]), ended=_read_time(facts["ended"]))


def _read_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(timezone.utc) if text else None


def _read_row(entry: Mapping[str, Any], kind: str) -> ReportRow:
    coming, going = (ADDED, REMOVED) if kind == ROLLOUT else (MISSING, EXTRA)
    # Where nothing changes, or what came of it is not known, one of the two says it all.
    after = entry.get("identity") or entry.get("before") or {}
    before = entry.get("before") or after
    host = str(entry["name"])
    system = _system_status(before, after, coming, going)
    differing = {coming: entry.get("assigned") or [], going: entry.get("removed") or []}
    lacking = tuple(map(str, entry.get("replica_lacks") or ()))
    status = UNDECLARED if entry.get("undeclared") else COMPLIANT
    if entry["changed"]:
        status = CHANGED if kind == ROLLOUT else DRIFTED
    row = ReportRow(
        host,
        status,
        server=entry.get("server") or {},
        system_assigned=system,
        identities=_with_lacking(_read_identities([after] if before is after else [before, after], differing), lacking),
        busy=bool(entry.get("busy")),
        notes=tuple(map(str, entry.get("notes") or ())),
        replica_lacks=lacking,
    )
    if not entry["failed"]:
        return replace(row, server=entry["server"])
    # The text of an error may come in lines.
    message = " ".join(str(entry["msg"]).split())
    return replace(row, status=NOT_STARTED if entry.get("not_started") else FAILED, message=message, busy=False)


def _with_lacking(identities: tuple[ReportIdentity, ...], lacking: tuple[str, ...]) -> tuple[ReportIdentity, ...]:
    known = {key(each.id) for each in identities}
    more = [ReportIdentity(each, split(each).name, REPLICA_LACKS) for each in lacking if key(each) not in known]
    return tuple(sorted((*identities, *more), key=lambda each: key(each.id)))


def _system_status(before: Mapping[str, Any], after: Mapping[str, Any], coming: str, going: str) -> str | None:
    had, has = ("SystemAssigned" in each.get("type", "") for each in (before, after))
    if had:
        return HELD if has else going
    return coming if has else None


def _read_identities(states: list[Mapping[str, Any]], differing: Mapping[str, list[str]]) -> tuple[ReportIdentity, ...]:
    """Return all that the server holds in one of these states; `differing` are the IDs that are not held, by status."""
    statuses = {key(each): status for status, ids in differing.items() for each in ids}
    found = {key(each["id"]): each for state in states for each in state.get("user_assigned_identities", [])}
    return tuple(
        ReportIdentity(str(each["id"]), str(each["name"]), statuses.get(by, HELD), tuple(map(str, each["used_for"])))
        for by, each in sorted(found.items())
    )


def count(report: Report) -> dict[str, int]:
    """Count the servers, and the servers and identities of each status."""
    servers = Counter(each.status for each in report.rows)
    identities = Counter(identity.status for each in report.rows for identity in each.identities)
    identities.update(each.system_assigned for each in report.rows if each.system_assigned)
    of_servers, of_identities = [COMPLIANT, DRIFTED, UNDECLARED, FAILED], [HELD, MISSING, EXTRA, REPLICA_LACKS]
    if report.kind == ROLLOUT:
        of_servers += [CHANGED, NOT_STARTED]
        of_identities += [ADDED, REMOVED]
    return {
        "servers": len(report.rows),
        **{status: servers[status] for status in of_servers},
        **{status: identities[status] for status in of_identities},
    }


def summary(report: Report) -> dict[str, Any]:
    """Return the counts, and the hosts of each status; nothing about what is compliant."""
    statuses = [DRIFTED, UNDECLARED, FAILED, *([CHANGED, NOT_STARTED] if report.kind == ROLLOUT else [])]
    hosts = {f"{status}_hosts": [each.host for each in report.rows if each.status == status] for status in statuses}
    counts = {name: number for name, number in count(report).items() if name != HELD}
    return {**counts, **hosts, "left_out": len(report.left_out), "left_out_hosts": [*report.left_out]}


def document(report: Report, title: str, time: str | None) -> dict[str, Any]:
    """Return the report as plain dictionaries and lists, as docs/identity_report.schema.json describes them."""
    # What starts together is a rollout's matter, or a plan's; all servers at once are no waves.
    waves = report.waves if report.kind == ROLLOUT or len(report.waves) > 1 else []
    return {
        "version": VERSION,
        "title": title,
        "time": time,
        "kind": report.kind,
        "totals": count(report),
        **({"waves": [_plain_wave(each) for each in waves]} if waves else {}),
        "servers": [_plain_row(each) for each in report.rows],
        "left_out": [*report.left_out],
        **{name: value for name in ("change_reference", "refusal") if (value := getattr(report, name))},
    }


def _plain_wave(wave: ReportWave) -> dict[str, Any]:
    times = {name: time and time.isoformat() for name, time in (("started", wave.started), ("ended", wave.ended))}
    return {**vars(wave), **times}


def _plain_row(row: ReportRow) -> dict[str, Any]:
    return {
        "host": row.host,
        "status": row.status,
        "message": row.message,
        "server": dict(row.server) or None,
        "system_assigned": row.system_assigned,
        "notes": list(row.notes),
        "replica_lacks": list(row.replica_lacks),
        "identities": [{**vars(each), "used_for": list(each.used_for)} for each in row.identities],
    }
