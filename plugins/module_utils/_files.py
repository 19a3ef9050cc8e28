# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Files with facts about an estate: nobody but their owner may read them, and no reader sees half of one."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def write_private(path: Path, text: str) -> None:
    """Write the whole text or nothing, as 0600; missing folders are made. Raises C(OSError)."""
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


def entry_path(folder: str, name: str) -> Path:
    """Where the result of the row C(name) is; a host's name may hold signs that a file's must not."""
    return Path(folder) / f"{hashlib.sha256(name.encode()).hexdigest()}.json"


def write_entries(folder: str, entries: Iterable[Mapping[str, Any]]) -> None:
    """Write each entry of a fleet's result to a file of its own. Raises C(OSError)."""
    for each in entries:
        path = entry_path(folder, each["name"])
        # A Path has no opener.
        with open(path, "w", encoding="utf-8", opener=_private) as file:
            json.dump(each, file, separators=(",", ":"))


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def read_entry(folder: str, name: str) -> dict[str, Any] | None:
    """The entry C(name), None if there is none. Raises C(OSError)."""
    try:
        found: dict[str, Any] = json.loads(entry_path(folder, name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found
