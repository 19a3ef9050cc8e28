# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Records of rollouts: what each server held before and what it was to hold after, so that it can be rolled back.

A record is JSON, as a file or packed in a line of text: `pgflex1:` and the Base64 of its zlib compression. It carries
its own SHA-256: restoring what was edited or cut off would take identities away from servers that need them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import InvalidInput
from .._identity.resource_ids import check_identity_id, parse_server_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._identity.models import ServerIdentity
    from .target import InvalidTarget, Target

FORMAT = "pgflex.azure/rollback/1"
_PACKED = "pgflex1:"
# 10,000 servers with ten identities each are 40 MB.
_LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True)
class HeldIdentities:
    """The identities of a server: IDs, sorted."""

    identities: tuple[str, ...]
    system_assigned: bool


@dataclass(frozen=True)
class Entry:
    """A server of a record, and the row's name; `after` is what was planned."""

    host: str
    server_id: str
    before: HeldIdentities
    after: HeldIdentities


@dataclass(frozen=True)
class Record:
    """`created` is in UTC, ISO 8601. Where `finished` is false some servers may be as before, some as after."""

    created: str
    finished: bool
    entries: tuple[Entry, ...]


def make_record(targets: Sequence[Target | InvalidTarget], *, finished: bool) -> Record:
    """The record of all rows that are about to be changed; of a finished run, those that may have been."""
    entries = tuple(
        Entry(target.name, target.before.id, _held(target.reconciled.plan.before), _held(target.reconciled.plan.after))
        for target in targets
        if target.before and target.reconciled and target.reconciled.plan.changes and target.started
    )
    return Record(datetime.now(timezone.utc).isoformat(timespec="seconds"), finished, entries)


def _held(identity: ServerIdentity) -> HeldIdentities:
    return HeldIdentities(identity.ids, identity.system_assigned)


def as_json(record: Record) -> str:
    """The record as the text of a file."""
    return json.dumps(_document(record), indent=1) + "\n"


def pack(record: Record) -> str:
    """The record as one line; empty if there is nothing to roll back."""
    if not record.entries:
        return ""
    text = json.dumps(_document(record), separators=(",", ":"))
    return _PACKED + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _document(record: Record) -> dict[str, Any]:
    document = {
        "format": FORMAT,
        "created": record.created,
        "finished": record.finished,
        "servers": [asdict(each) for each in record.entries],
    }
    return {**document, "sha256": _digest(document)}


def _digest(document: dict[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def read_record(option: str, value: str) -> Record:
    """The record that `value` is, packed, as JSON, or as the path of a file. Raises `InvalidInput`."""
    text = value.strip()
    try:
        if text.startswith(_PACKED):
            text = _unpack(text)
        elif not text.startswith("{"):
            text = Path(text).expanduser().read_text(encoding="utf-8")
            text = _unpack(text.strip()) if text.startswith(_PACKED) else text
        document = json.loads(text)
    except OSError as error:
        raise InvalidInput(option, f"the record {value!r} cannot be read: {error.strerror}.") from None
    except (ValueError, RuntimeError, zlib.error, binascii.Error):
        raise InvalidInput(option, "is not a record of a rollout, or a part of it is missing.") from None
    return _check(option, document)


def _unpack(text: str) -> str:
    unpacking = zlib.decompressobj()
    unpacked = unpacking.decompress(base64.b64decode(text[len(_PACKED) :], validate=True), _LARGEST)
    if not unpacking.eof:
        raise ValueError("too large, or cut off")
    return unpacked.decode()


def _check(option: str, document: Any) -> Record:
    if not isinstance(document, dict) or not isinstance(document.get("format"), str):
        raise InvalidInput(option, "is not a record of a rollout.")
    if document["format"] != FORMAT:
        raise InvalidInput(option, f"the record has the format {document['format']!r}, and not {FORMAT!r}.")
    said = document.pop("sha256", None)
    if said != _digest(document):
        raise InvalidInput(option, "the record was changed after it was written, or a part of it is missing.")
    try:
        entries = tuple(_entry(option, each) for each in document["servers"])
        return Record(str(document["created"]), document["finished"] is True, entries)
    except (KeyError, TypeError, AttributeError):
        raise InvalidInput(option, "the record is not complete.") from None


def _entry(option: str, raw: dict[str, Any]) -> Entry:
    before, after = (
        HeldIdentities(
            tuple(check_identity_id(option, each) for each in held["identities"]), held["system_assigned"] is True
        )
        for held in (raw["before"], raw["after"])
    )
    parse_server_id(option, raw["server_id"])
    return Entry(str(raw["host"]), raw["server_id"], before, after)
