# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Files with facts about an estate: nobody but their owner may read them, and no reader sees half of one."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ENTRIES = "entries.sqlite"


def write_private(path: Path, text: str) -> None:
    """Write the whole text or nothing, as 0600; missing folders are made. Raise `OSError`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink()
        raise


def write_entries(folder: str, entries: Iterable[Mapping[str, Any]]) -> None:
    """Keep each entry of a fleet's result in `folder` under its name, in place of an earlier one. Raise `OSError`.

    One database rather than a file each: a file costs a millisecond where the folder is on a slow file system.
    """
    path = Path(folder) / _ENTRIES
    path.touch(mode=0o600)
    texts = ((each["name"], json.dumps(each, separators=(",", ":"))) for each in entries)
    with _opened(path) as database:
        database.execute("PRAGMA synchronous=OFF")  # they live as long as the run
        database.execute("CREATE TABLE IF NOT EXISTS entries (name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID")
        database.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?)", texts)


def read_entries(folder: str, names: Iterable[str]) -> list[dict[str, Any] | None]:
    """Return the entry of each name, None where there is none. Raise `OSError`."""
    path = Path(folder) / _ENTRIES
    if not path.exists():
        raise FileNotFoundError(2, "No such file or directory", str(path))
    with _opened(path) as database:
        found = [database.execute("SELECT text FROM entries WHERE name = ?", (name,)).fetchone() for name in names]
    return [each and json.loads(each[0]) for each in found]


def read_entry(folder: str, name: str) -> dict[str, Any] | None:
    """Read one entry as `read_entries` does."""
    return read_entries(folder, [name])[0]


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(path)) as database:
            yield database
            database.commit()
    except sqlite3.Error as error:
        raise OSError(5, str(error), str(path)) from None
