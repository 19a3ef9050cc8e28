# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""A report as text: lines and a table for the terminal, CSV for a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from ...module_utils._fleet.target import counted, some_of
from .model import (
    ADDED,
    COMPLIANT,
    EXTRA,
    FAILED,
    HELD,
    MISSING,
    NOT_STARTED,
    REMOVED,
    REPLICA_LACKS,
    ROLLOUT,
    UNDECLARED,
    count,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from .model import Report, ReportRow, ReportWave

SYSTEM = "system-assigned identity"
# These make a spreadsheet take a cell for a formula, the wide forms too: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Statuses of identities that a server does not hold.
_ABSENT = (MISSING, REMOVED, REPLICA_LACKS)
_HEAD = ("SERVER", "GROUP", "SUBSCRIPTION", "REGION", "STATE", "ROLE", "IDENTITIES")
_COLUMNS = (
    "host",
    "server",
    "resource_group",
    "subscription_id",
    "location",
    "state",
    "server_status",
    "identity",
    "identity_id",
    "identity_status",
    "used_for",
    "message",
    "notes",
    "replication_role",
    "source_server_id",
)


def lines(report: Report) -> list[str]:
    """Return a line for each server that is not compliant or is busy, for each wave of several, and the totals.

    Undeclared servers that hold the same share a line: there may be hundreds, and nothing is to be done to them. So do
    the other ones of which the same is to be noted.
    """
    told = [row for row in report.rows if row.status not in (COMPLIANT, UNDECLARED) or row.busy]
    servers = [
        *(f"{row.host}: {row_text(row)}" for row in told),
        *_undeclared_texts(report),
        *_noted_texts([row for row in report.rows if row.status in (COMPLIANT, UNDECLARED) and not row.busy]),
    ]
    several = report.kind == ROLLOUT and len(report.waves) > 1
    waves = [f"wave {number}: {_wave_text(wave)}" for number, wave in enumerate(report.waves, 1)] if several else []
    total = f"{_totals_text(report)}{reference_text(report.change_reference)}"
    return [*servers, *waves, *left_out_text(report.left_out), total]


def reference_text(change_reference: str) -> str:
    """Return what a line with totals ends with; nothing without a change reference."""
    return f" Change reference: {change_reference}." if change_reference else ""


def left_out_text(hosts: Sequence[str]) -> list[str]:
    """Return a line with the hosts that are no servers; none if there are none."""
    if not hosts:
        return []
    which = "is no server and is" if len(hosts) == 1 else "are no servers and are"
    return [f"{counted(len(hosts), 'host')} {which} left out: {', '.join(hosts)}"]


def _noted_texts(rows: list[ReportRow]) -> Iterator[str]:
    hosts: dict[str, list[str]] = {}
    for row in rows:
        if row.notes:
            hosts.setdefault("; ".join(row.notes), []).append(row.host)
    for note, names in hosts.items():
        yield f"{some_of(names)}{f' ({len(names)} servers)' if len(names) > 1 else ''}: {note}"


def row_text(row: ReportRow) -> str:
    """Return what there is to say of a server: what differs, or the message."""
    if row.status in (FAILED, NOT_STARTED):
        return f"error: {row.message}" if row.status == FAILED else f"{row.message}"
    differences = []
    for status in (MISSING, EXTRA, ADDED, REMOVED):
        names = [row.label(each) for each in row.identities if each.status == status]
        names += [SYSTEM] if row.system_assigned == status else []
        if names:
            differences.append(f"{status} {', '.join(names)}")
    return "; ".join([*differences, *(["busy with an operation"] if row.busy else []), *row.notes])


def _undeclared_texts(report: Report) -> Iterator[str]:
    """Yield what undeclared servers hold, the most frequent first."""
    hosts: dict[str, list[str]] = {}
    for row in report.rows:
        if row.status == UNDECLARED:
            hosts.setdefault(held_text(row), []).append(row.host)
    for held, names in sorted(hosts.items(), key=lambda one: (-len(one[1]), one[0])):
        if len(names) == 1:
            yield f"{names[0]}: undeclared, holds {held}"
        else:
            yield f"{len(names)} undeclared servers hold {held}: {some_of(names)}"


def held_text(row: ReportRow) -> str:
    """Return the names of all that a server holds."""
    names = [SYSTEM] if row.system_assigned else []
    held = [row.label(each) for each in row.identities if each.status not in _ABSENT]
    return ", ".join([*names, *held]) or "no identity"


def _wave_text(wave: ReportWave) -> str:
    servers = counted(wave.servers, "server")
    if not wave.started:
        return f"{servers}, not started"
    counts = [servers, f"{wave.changed} changed", f"{wave.failed} failed"]
    counts += [f"{wave.not_started} not started"] if wave.not_started else []
    return ", ".join([*counts, *([_span(wave.started, wave.ended)] if wave.ended else [])])


def _span(started: datetime, ended: datetime) -> str:
    form = "%H:%M:%S" if started.date() == ended.date() else "%Y-%m-%d %H:%M:%S"
    return f"{started.strftime(form)} to {ended.strftime(form)} UTC"


def _totals_text(report: Report) -> str:
    totals = count(report)
    start = f"{counted(totals['servers'], 'server')}: {totals['compliant']} compliant"
    undeclared = f"{totals['undeclared']} undeclared, " if totals["undeclared"] else ""
    lacking = counted(totals[REPLICA_LACKS], "more identity", "more identities")
    more = f" Replicas lack {lacking} of their primaries." if totals[REPLICA_LACKS] else ""
    if report.kind != ROLLOUT:
        drifted = f"{totals['drifted']} drifted ({totals['missing']} missing, {totals['extra']} extra)"
        return f"{start}, {drifted}, {undeclared}{totals['failed']} failed.{more}"
    changed = f"{totals['changed']} changed ({totals['added']} added, {totals['removed']} removed)"
    not_started = f", {totals['not_started']} not started" if totals["not_started"] else ""
    return f"{start}, {changed}, {undeclared}{totals['failed']} failed{not_started}.{more}"


def table(report: Report) -> list[str]:
    """Return each server with the identities it holds: aligned columns under a head, and the totals.

    Several subscriptions show too, and so do roles where there are replicas.
    """
    rows = report.rows
    cells = [_HEAD, *(_cells(row) for row in rows if row.was_read)]
    if len({row.server["subscription_id"].lower() for row in rows if row.was_read}) < 2:
        cells = [(*line[:2], *line[3:]) for line in cells]
    if not any(row.server.get("source_server_id") for row in rows):
        cells = [(*line[:-2], line[-1]) for line in cells]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]) - 1)]
    shown = ["  ".join([*map(str.ljust, line, widths), line[-1]]) for line in cells]
    unread = [f"{row.host}: not read: {row.message}" for row in rows if not row.was_read]
    assignments = sum(each.status not in _ABSENT for row in rows for each in row.identities)
    total = f"{counted(len(rows), 'server')}, {counted(assignments, 'assignment')}"
    encrypts = any(each.used_for and each.status not in _ABSENT for row in rows for each in row.identities)
    return [
        *shown,
        *unread,
        *left_out_text(report.left_out),
        total + (f", {len(unread)} not read" if unread else "") + ("; * encrypts" if encrypts else ""),
    ]


def _cells(row: ReportRow) -> tuple[str, ...]:
    names = ["(system)"] if row.system_assigned in (HELD, EXTRA, ADDED) else []
    names += [row.label(each) + "*" * bool(each.used_for) for each in row.identities if each.status not in _ABSENT]
    parts = ("name", "resource_group", "subscription_id", "location", "state", "replication_role")
    return (*(str(row.server.get(part) or "-") for part in parts), ", ".join(names) or "-")


def as_csv(report: Report) -> str:
    """Return a record for each server and identity; one for a server without any.

    The byte order mark is how Excel knows that it is UTF-8.
    """
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    writer.writerows([_guarded(cell) for cell in record] for row in report.rows for record in _records(row))
    return out.getvalue()


def _records(row: ReportRow) -> Iterator[tuple[str | None, ...]]:
    place = (row.server.get(part) for part in ("name", "resource_group", "subscription_id", "location", "state"))
    start, end = (
        (row.host, *place, row.status),
        (
            row.message,
            "; ".join(row.notes),
            row.server.get("replication_role"),
            row.server.get("source_server_id"),
        ),
    )
    if row.system_assigned:
        yield (*start, SYSTEM, None, row.system_assigned, None, *end)
    for each in row.identities:
        yield (*start, each.name, each.id, each.status, " ".join(each.used_for), *end)
    if not row.system_assigned and not row.identities:
        yield (*start, None, None, None, None, *end)


def _guarded(cell: str | None) -> str:
    text = cell or ""
    return f"'{text}" if text.startswith(_FORMULA) else text
