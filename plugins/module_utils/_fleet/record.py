# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Records of rollouts: what each server held before and what it was to hold after, so that it can be rolled back.

A record is what a `Journal` leaves: a line of JSON that begins it, one before each write, one for what became of a
server, one that ends it. Each line carries the SHA-256 of itself and of the lines before it: restoring what was edited
would take identities away from servers that need them. Packed it is one line of text, `pgflex1:` and the Base64 of the
zlib compression of its lines, which then carry the last SHA-256 only.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from glob import glob
from typing import TYPE_CHECKING, Any

from .._errors import InvalidInput, quoted
from .._files import expand
from .._identity.resource_ids import check_identity_id, key, parse_server_id
from .packing import explaining, read_document, squeeze

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

FORMAT = "pgflex.azure/journal/1"
_PACKED = "pgflex1:"
# By this a first line is known even where it is cut off.
_BEGINNING = f'{{"format":"{FORMAT}"'.encode()
_CHANGED = "was changed after it was written, or a part of it is missing."
WRITTEN, NOT_WRITTEN, UNKNOWN = "yes", "no", "unknown"
#: Whether a server was written to, by what became of its writes. An operation that failed may have left a part.
OUTCOMES = {"done": WRITTEN, "accepted": WRITTEN, "none": NOT_WRITTEN, "failed": UNKNOWN, "unknown": UNKNOWN}


@dataclass(frozen=True)
class HeldIdentities:
    """The identities of a server: IDs, sorted."""

    identities: tuple[str, ...]
    system_assigned: bool


@dataclass(frozen=True)
class Entry:
    """A server of a record, and the row's name: what it would hold without the run, and what it was to hold.

    `written` is `WRITTEN`, `NOT_WRITTEN`, or `UNKNOWN` where the run was killed before it knew, or never heard. Where
    that is so of the last of its writes the server may hold `perhaps` instead, or a part of both.
    """

    host: str
    server_id: str
    before: HeldIdentities
    after: HeldIdentities
    written: str = WRITTEN
    perhaps: HeldIdentities | None = None


@dataclass(frozen=True)
class Record:
    """All that a run has written. `started` is in UTC, ISO 8601, and empty if not even the first line is whole.

    Where `finished` is false the run was interrupted, or the end of the record is missing; with `torn` so is a part of
    a line.
    """

    started: str = ""
    action: str = ""
    finished: bool = False
    torn: bool = False
    entries: tuple[Entry, ...] = ()
    change_reference: str = ""


def body(facts: dict[str, Any]) -> str:
    """Return a line of a record without its checksum."""
    return json.dumps(facts, separators=(",", ":"))


def seal(text: str, previous: str) -> tuple[str, str]:
    """Return the line of `body`, which follows on the checksum `previous`, and its own checksum."""
    checksum = hashlib.sha256((previous + text).encode()).hexdigest()
    return f'{text[:-1]},"sha256":"{checksum}"}}\n', checksum


def pack(bodies: Sequence[str]) -> str:
    """Return the record of these lines as a text of one line."""
    checksum = ""
    for each in bodies:
        _line, checksum = seal(each, checksum)
    return squeeze(_PACKED, "\n".join([*bodies, checksum]))


def _lines_of_packed(unpacked: bytes) -> bytes:
    *bodies, last = unpacked.decode("ascii").split("\n")
    lines, checksum = [], ""
    for each in bodies:
        line, checksum = seal(each, checksum)
        lines.append(line)
    if checksum != last:
        raise ValueError("changed")
    return "".join(lines).encode()


def read_records(option: str, value: Any) -> list[Record]:
    """Return the records that `value` names: packed, or paths of files, which may be patterns of a shell.

    It is a list, or a text with several apart by commas or line breaks, packed ones also by blanks. Raise
    `InvalidInput`. They are in the order in which their runs began.
    """
    sources: list[str] = []
    for text in map(str, value if isinstance(value, (list, tuple)) else [value]):
        for each in filter(None, map(str.strip, [text] if _is_file(text) else re.split(r"[,\n]", text))):
            sources += each.split() if each.startswith(_PACKED) else _paths(each)
    records = [read_record(option, each) for each in dict.fromkeys(sources)]
    return sorted(records, key=lambda record: record.started)


def _is_file(text: str) -> bool:
    try:
        return expand(text.strip()).is_file()
    except (OSError, ValueError):
        return False


def _paths(text: str) -> list[str]:
    # What is a file is no pattern, whatever is in its name.
    if _is_file(text):
        return [text]
    try:
        return sorted(glob(str(expand(text)))) or [text]  # noqa: PTH207 - that of `Path` takes no whole path
    except (OSError, ValueError):
        return [text]


def read_record(option: str, value: str) -> Record:
    """Return the record that `value` is, packed or as the path of a file. Raise `InvalidInput`."""
    with explaining(option, "record", value):
        raw, packed = read_document(option, "record", _PACKED, value)
        return _read_lines(option, _lines_of_packed(raw) if packed else raw)


def _read_lines(option: str, raw: bytes) -> Record:
    *lines, rest = raw.split(b"\n")
    if not lines:
        if not (_BEGINNING.startswith(rest) or rest.startswith(_BEGINNING)):
            raise ValueError("no record")
        return Record(torn=bool(rest))
    begin, *documents = _check_lines(option, lines)
    try:
        finished = bool(documents) and documents[-1]["kind"] == "end"
        entries = _entries(option, [each for each in documents if each["kind"] != "end"])
        reference = str(begin.get("change_reference") or "")
        return Record(str(begin["started"]), str(begin["action"]), finished, bool(rest), entries, reference)
    except (LookupError, TypeError, AttributeError):
        raise InvalidInput(option, "the record is not complete.") from None


def _check_lines(option: str, lines: list[bytes]) -> Iterator[dict[str, Any]]:
    checksum = ""
    for number, line in enumerate(lines, 1):
        try:
            document = json.loads(line)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            if number == 1:
                raise ValueError("no record")
            raise InvalidInput(option, f"line {number} of the record {_CHANGED}")
        if number == 1 and document.get("format") != FORMAT:
            found = quoted(document.get("format"))
            raise InvalidInput(option, f"the record has the format {found}, and not {FORMAT!r}.")
        document.pop("sha256", None)
        sealed, checksum = seal(body(document), checksum)
        if sealed.encode() != line + b"\n":
            raise InvalidInput(option, f"line {number} of the record {_CHANGED}")
        yield document


def _entries(option: str, lines: Iterable[dict[str, Any]]) -> tuple[Entry, ...]:
    """Return what was done to each server. An outcome is that of all writes to it since the one before."""
    ended: dict[str, list[Entry]] = {}
    pending: dict[str, list[Entry]] = {}
    for line in lines:
        server = key(line["server_id"])
        if line["kind"] == "intent":
            parse_server_id(option, line["server_id"])
            held = _held(option, line["before"]), _held(option, line["after"])
            pending.setdefault(server, []).append(Entry(str(line["host"]), line["server_id"], *held, UNKNOWN))
            ended.setdefault(server, [])
        else:
            written = OUTCOMES.get(line["outcome"], UNKNOWN)
            ended[server] += [replace(each, written=written) for each in pending.pop(server, [])]
    return tuple(merge([*writes, *pending.get(server, [])]) for server, writes in ended.items())


def _held(option: str, raw: dict[str, Any]) -> HeldIdentities:
    identities = tuple(check_identity_id(option, each) for each in raw["identities"])
    return HeldIdentities(identities, raw["system_assigned"] is True)


def merge(entries: Sequence[Entry]) -> Entry:
    """Return the sum of several writes to one server, in their order: what others did between two of them stays."""
    settled = [_settle(each, later) for each, later in zip(entries, [*entries[1:], None])]
    sent = [each for each in settled if each.written != NOT_WRITTEN] or settled
    last = sent[-1]
    held, system_assigned = _by_key(last.after.identities), last.after.system_assigned
    for each in reversed(sent):
        old, new = _by_key(each.before.identities), _by_key(each.after.identities)
        for added in new.keys() - old.keys():
            held.pop(added, None)
        held.update({removed: old[removed] for removed in old.keys() - new.keys()})
        if each.after.system_assigned == system_assigned:
            system_assigned = each.before.system_assigned
    before = HeldIdentities(tuple(held[each] for each in sorted(held)), system_assigned)
    known = [each.written for each in sent]
    return replace(last, before=before, written=WRITTEN if WRITTEN in known else known[-1])


def in_order(entries: Sequence[Entry]) -> list[Entry]:
    """Return writes of several runs to one server, given in the order in which their runs began, in their own order.

    Of two runs at a time the later one may have written first: then the other one has found what that left. Where they
    do not tell, as after a change there and back again, it is the order of the runs.
    """
    found: list[Entry] = []
    waiting = [*entries]
    while waiting:
        last = [each for each in waiting if not any(_follows(other, each) for other in waiting if other is not each)]
        found.append((last or waiting)[-1])
        waiting = [each for each in waiting if each is not found[-1]]
    found.reverse()
    return [*entries] if all(map(_follows, entries[1:], entries)) else found


def _follows(later: Entry, entry: Entry) -> bool:
    return entry.written != NOT_WRITTEN and is_same(entry.after, later.before)


def is_same(one: HeldIdentities, other: HeldIdentities) -> bool:
    """Return whether both are the same identities, in whatever case and order."""
    sets = (_by_key(each.identities).keys() for each in (one, other))
    return one.system_assigned == other.system_assigned and next(sets) == next(sets)


def _settle(entry: Entry, later: Entry | None) -> Entry:
    """Return a write that may not have been done as what the server's GET before a `later` write shows of it."""
    perhaps = entry.before if entry.written == UNKNOWN and entry.perhaps is None else entry.perhaps
    if perhaps is None or later is None:
        return replace(entry, perhaps=perhaps)
    if _shows(later.before, perhaps, entry.after):
        return replace(entry, perhaps=None)
    written = NOT_WRITTEN if entry.written == UNKNOWN else entry.written
    return replace(entry, after=perhaps, perhaps=None, written=written)


def _shows(seen: HeldIdentities, before: HeldIdentities, after: HeldIdentities) -> bool:
    old, new, now = (_by_key(each.identities).keys() for each in (before, after, seen))
    if new - old:
        return new - old <= now
    if old - new:
        return not (old - new) & now
    return seen.system_assigned == after.system_assigned


def _by_key(identities: Iterable[str]) -> dict[str, str]:
    return {key(each): each for each in identities}
