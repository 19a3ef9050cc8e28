# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No line on the disk, no write: whatever becomes of disk or process, the journal says what was to be written."""

from __future__ import annotations

import fcntl
import os
import resource
import stat
import time
from contextlib import contextmanager, suppress
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput, NotStarted
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.journal import Journal
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import Record, read_record
from unit.journals import end, intend, read, servers, written
from unit.support import A, B

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import Server


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records" / "run.json"


def raw_lines(file: Path) -> int:
    """Count the lines of a file that a journal holds, so that nobody may take it for a record yet."""
    return file.read_bytes().count(b"\n")


def test_each_line_is_there_before_its_write_and_the_end_says_that_it_is_the_end(file: Path) -> None:
    one, two, three = servers(3)
    with Journal.create(str(file), "assign") as journal:
        assert raw_lines(file) == 1
        intend(journal, one)
        assert raw_lines(file) == 2
        end(journal, one)
        intend(journal, two)
        end(journal, two, "none")
        intend(journal, three)
    record = read(file)
    assert (record.action, record.finished, record.torn) == ("assign", True, False)
    assert written(record) == {"pg-000": "yes", "pg-001": "no", "pg-002": "unknown"}
    assert (record.entries[0].before.identities, record.entries[0].after.identities) == ((A,), (B,))
    assert journal.warnings() == []
    assert read_record("rollback", journal.pack()) == record


def test_a_run_that_an_exception_ended_is_not_finished(file: Path) -> None:
    with suppress(KeyboardInterrupt), Journal.create(str(file)) as journal:
        intend(journal, *servers(1))
        raise KeyboardInterrupt
    assert not read(file).finished


def test_without_a_file_it_is_kept_in_memory(tmp_path: Path) -> None:
    with Journal.create(None, "rotate") as journal:
        assert journal.pack() == ""
        intend(journal, *servers(1))
        assert journal.warnings() == []
    record = read_record("rollback", journal.pack())
    assert (record.action, record.finished, written(record)) == ("rotate", True, {"pg-000": "unknown"})
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_may_read_it(file: Path) -> None:
    with Journal.create(str(file)):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_server_that_was_never_to_be_written_to_is_not_in_it(file: Path) -> None:
    with Journal.create(str(file)) as journal:
        end(journal, servers(1)[0], "none")
        assert journal.pack() == ""
    assert read(file).entries == ()


def test_every_line_is_flushed_before_its_write_and_threads_share_a_flush(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    fsync = os.fsync

    def slow(handle: int) -> None:
        size = os.fstat(handle).st_size
        time.sleep(0.05)
        fsync(handle)
        flushed.append(size)

    many = servers(8)
    together = Barrier(len(many))
    problems: list[str] = []

    def work(one: Server) -> None:
        together.wait()
        intend(journal, one)
        place = file.read_bytes().index(one.ref.id.encode())
        if max(flushed) <= place:
            problems.append(one.ref.name)

    with Journal.create(str(file)) as journal:
        monkeypatch.setattr("os.fsync", slow)
        threads = [Thread(target=work, args=(each,)) for each in many]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert problems == []
        assert 2 <= len(flushed) < len(many)
    assert len(read(file).entries) == len(many)


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size` meanwhile."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@pytest.mark.parametrize("more", [0, 1, 100])
def test_on_a_full_disk_this_server_and_all_later_ones_are_refused(file: Path, more: int) -> None:
    one, two, three = servers(3)
    with Journal.create(str(file)) as journal:
        intend(journal, one)
        with full_after(file.stat().st_size + more):
            with pytest.raises(NotStarted, match=r"the record '.*run\.json' cannot be written: File too large\."):
                intend(journal, two)
            end(journal, one)
        # Room again: what was asked for later must not be written without what was asked for before.
        with pytest.raises(NotStarted, match="File too large"):
            intend(journal, three)
    record = read(file)
    # What nobody could say is not known; what was written before is readable, and so is what was written after.
    assert (written(record), record.torn, record.finished) == ({"pg-000": "unknown"}, False, True)
    assert [each.partition("is not complete: ")[2] for each in journal.warnings()] == [
        "File too large. It does not say what became of 1 of its servers. A rollback looks at each server itself."
    ]
    # What was done is told all the same.
    assert written(read_record("rollback", journal.pack())) == {"pg-000": "yes"}


def test_an_outcome_that_finds_room_again_is_written(file: Path) -> None:
    one, two = servers(2)
    with Journal.create(str(file)) as journal:
        intend(journal, one)
        with full_after(file.stat().st_size + 10), pytest.raises(NotStarted):
            intend(journal, two)
        end(journal, one)
    assert written(read(file)) == {"pg-000": "yes"}
    assert journal.warnings() == []


def test_a_disk_that_is_full_at_once_changes_nothing(file: Path) -> None:
    with full_after(0), pytest.raises(InvalidInput, match=r"rollback_file: .* File too large\. Nothing was changed"):
        Journal.create(str(file))
    assert read(file) == Record()


def test_a_disk_that_cannot_flush_is_not_asked_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = servers(2)

    def broken(handle: int) -> None:
        raise OSError(5, "Input/output error", str(handle))

    with Journal.create(str(file)) as journal:
        with monkeypatch.context() as patched:
            patched.setattr("os.fsync", broken)
            with pytest.raises(NotStarted, match="Input/output error"):
                intend(journal, one)
        # fsync would succeed now, and say nothing of the lines that were lost.
        with pytest.raises(NotStarted, match="Input/output error"):
            intend(journal, two)
        end(journal, one, "none")
    assert len(journal.warnings()) == 1
    assert written(read(file)) == {"pg-000": "unknown"}
    assert not read(file).finished


@pytest.mark.parametrize("what", ["file", "folder", "renamed", "replaced"])
def test_a_journal_that_nobody_would_find_again_stops_the_run(file: Path, what: str) -> None:
    one, two, three = servers(3)
    with Journal.create(str(file)) as journal:
        intend(journal, one)
        if what == "renamed":
            file.parent.rename(file.parent.with_name("elsewhere"))
        else:
            file.unlink()
        if what == "folder":
            file.parent.rmdir()
        if what == "replaced":
            file.touch()
        for each in (two, three):
            with pytest.raises(NotStarted, match="removed or replaced during the run"):
                intend(journal, each)
        end(journal, one)
    assert "It does not say what became of 1 of its servers." in journal.warnings()[0]
    assert written(read_record("rollback", journal.pack())) == {"pg-000": "yes", "pg-001": "unknown"}


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("{}/file/run.json", "File exists"),
        ("{}/file/folder/run.json", "Not a directory"),
        ("{}", "it is not a regular file"),
        ("{}/pipe", "it is not a regular file"),
        ("~nosuchuser/run.json", "the home folder that it begins with is not known"),
        ("{}/" + "x" * 300, "File name too long"),
    ],
)
def test_without_a_place_for_it_nothing_is_changed(tmp_path: Path, path: str, problem: str) -> None:
    (tmp_path / "file").touch()
    # No device: a defect would remove it from the machine.
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match=rf"rollback_file: .* cannot be written: {problem}\. Nothing was changed"):
        Journal.create(path.format(tmp_path))


def test_of_an_empty_file_nothing_is_kept(file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    file.touch()
    with Journal.create(str(file)) as journal:
        assert journal.backup is None
    assert list(file.parent.iterdir()) == [file]


def test_a_file_of_an_earlier_run_is_kept_under_the_name_of_a_backup(file: Path) -> None:
    backups = []
    for action in ("first", "second", "third"):
        with Journal.create(str(file), action) as journal:
            backups.append(journal.backup)
    assert backups[0] is None
    kept = [each for each in backups if each]
    assert sorted(kept) == sorted(str(each) for each in file.parent.iterdir() if each != file)
    assert [read_record("rollback", each).action for each in [*kept, str(file)]] == ["first", "second", "third"]
    for each in kept:
        pid, moment = each.removeprefix(f"{file}.").split(".")
        assert pid == str(os.getpid())
        assert time.strptime(moment, "%Y-%m-%d@%H:%M:%S~")


def test_a_file_that_another_run_holds_is_refused_and_left_alone(file: Path) -> None:
    with Journal.create(str(file), "first") as journal:
        for _each in range(2):
            with pytest.raises(InvalidInput, match="another run has it open, and has not ended"):
                Journal.create(str(file), "second")
        intend(journal, *servers(1))
    assert list(file.parent.iterdir()) == [file]
    assert (read(file).action, len(read(file).entries)) == ("first", 1)


def test_a_link_leads_to_the_journal(file: Path, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(file)
    for _each in range(2):
        with Journal.create(str(tmp_path / "latest")) as journal:
            intend(journal, *servers(1))
    assert len(read(file).entries) == 1
    assert len(list(file.parent.iterdir())) == 2


def test_a_new_file_that_another_run_took_before_it_was_locked_is_not_written_to(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock
    moved = [file.with_name(name) for name in ("one", "two")]

    def late(handle: int, operation: int) -> None:
        if moved:
            file.rename(moved.pop())
        flock(handle, operation)

    monkeypatch.setattr("fcntl.flock", late)
    with Journal.create(str(file)) as journal:
        intend(journal, *servers(1))
    assert len(read(file).entries) == 1
    assert sorted((each.name, each.stat().st_size > 0) for each in file.parent.iterdir()) == [
        ("one", False),
        (file.name, True),
        ("two", False),
    ]


def test_a_backup_is_never_replaced(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_000_000_000.0)
    for _each in range(4):
        with Journal.create(str(file)):
            pass
    assert len(list(file.parent.iterdir())) == 4


def test_without_locks_a_new_file_is_written_and_one_that_is_there_is_left_alone(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(_handle: int, _operation: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("fcntl.flock", none)
    with Journal.create(str(file), "first") as journal:
        intend(journal, *servers(1))
    with pytest.raises(InvalidInput, match="cannot be written: No locks available"):
        Journal.create(str(file), "second")
    assert [read(each).action for each in file.parent.iterdir()] == ["first"]
