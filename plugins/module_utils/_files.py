# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Files with facts about an estate: nobody but their owner may read them, and no reader sees half of one."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import sqlite3
import stat
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_ENTRIES = "entries.sqlite"
# Each time somebody else came in between. Nobody is that often.
_TRIES = 10


def expand(path: str) -> Path:
    """Return the path with its `~` replaced. Raise `OSError`."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise OSError(errno.ENOENT, "the home folder that it begins with is not known", path) from None


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


class AppendOnlyFile:
    """A new file, as 0600, that nobody else writes to while this is open; missing folders are made as 0700.

    A regular file of the same name that nobody has locked is moved aside: `backup` is its new name. Several threads may
    append. All methods raise `OSError`.
    """

    def __init__(self, path: Path) -> None:
        # As a link is followed, so is it later, when a look is taken whether the file is still there.
        self.path = Path(os.path.realpath(path))
        self.backup: Path | None = None
        self._end = self._synced = 0
        self._append_lock, self._sync_lock = Lock(), Lock()
        self._error: OSError | None = None
        made = [each for each in self.path.parents if not each.exists()]
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._handle = self._create()
        try:
            for each in (self.path, *made):
                _sync_folder(each.parent)
        except BaseException:
            self.close()
            raise

    def append(self, text: bytes) -> int:
        """Add `text` or nothing. Return where it ends, for `sync`."""
        with self._append_lock:
            if self._error:
                raise self._error
            end = self._end
            try:
                while text:
                    written = os.write(self._handle, text)
                    end, text = end + written, text[written:]
            except OSError as error:
                self._take_back(error)
                raise
            self._end = end
            return end

    def _take_back(self, error: OSError) -> None:
        """Remove a part of a text, after which nothing could be appended."""
        try:
            os.ftruncate(self._handle, self._end)
        except OSError:
            self._error = error

    def sync(self, end: int) -> None:
        """Return when all up to `end` is on the disk, and whoever looks for the file finds it.

        Threads that come together share an fsync: it counts for what was appended before it began.
        """
        with self._sync_lock:
            if self._error:  # a second fsync would report nothing of what the first one lost
                raise self._error
            if self._synced < end:
                reached = self._end
                try:
                    os.fsync(self._handle)
                except OSError as error:
                    self._error = error
                    raise
                self._synced = reached
        self.check()

    def check(self) -> None:
        """Raise `FileNotFoundError` if the file was removed, renamed or replaced."""
        if not _is_at(self._handle, self.path):
            raise FileNotFoundError(errno.ENOENT, "it was removed or replaced during the run", str(self.path))

    def close(self) -> None:
        """Let others have it. Nothing can be appended any more."""
        self._error = OSError(errno.EBADF, "it is closed", str(self.path))
        os.close(self._handle)

    def _create(self) -> int:
        for _try in range(_TRIES):
            try:
                handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                self.backup = _move_aside(self.path) or self.backup
                continue
            try:
                _lock(handle, self.path, new=True)
                # Between the two lines above another run may have taken it for one of a run that was killed.
                if _is_at(handle, self.path):
                    return handle
            except BaseException:
                os.close(handle)
                raise
            os.close(handle)
        raise FileExistsError(errno.EEXIST, "others make it again and again", str(self.path))


def _move_aside(path: Path) -> Path | None:
    """Rename the file at `path` as Ansible names backups, an empty one goes; what is no regular file is refused."""
    try:
        # Before it is opened: that alone can have an effect on a device.
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        _lock(handle, path)
        if not _is_at(handle, path):
            return None
        if os.fstat(handle).st_size:
            return path.rename(_backup(path))
        path.unlink()  # that of a run that begins right now, and that is refused; or nothing to keep
        return None
    finally:
        os.close(handle)


def _backup(path: Path) -> Path:
    """Return a name that is free, as that of `ansible.module_utils.basic.AnsibleModule.backup_local`."""
    moment = time.time()
    while True:
        stamp = time.strftime("%Y-%m-%d@%H:%M:%S~", time.localtime(moment))
        backup = path.with_name(f"{path.name}.{os.getpid()}.{stamp}")
        if not os.path.lexists(backup):
            return backup
        moment += 1


def _lock(handle: int, path: Path, *, new: bool = False) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OSError(errno.EAGAIN, "another run has it open, and has not ended", str(path)) from None
    except OSError:
        if not new:  # on a file system without locks nobody takes what is there
            raise


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that cannot
            raise
    finally:
        os.close(handle)


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
