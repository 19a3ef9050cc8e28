# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record is read as it was written, also where it is cut off; one that was edited is not read at all."""

from __future__ import annotations

import base64
import fcntl
import os
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import (
    FORMAT,
    NOT_WRITTEN,
    WRITTEN,
    Entry,
    HeldIdentities,
    Record,
    body,
    in_order,
    pack,
    read_record,
    read_records,
    seal,
)
from unit.support import REF, A, B, C

if TYPE_CHECKING:
    from pathlib import Path

SERVER = REF.id.replace(REF.name, "pg-{}")
STARTED = "2026-11-23T20:00:00+00:00"


def intent(name: str, before: tuple[str, ...] = (A,), after: tuple[str, ...] = (A, B)) -> dict[str, Any]:
    held = {
        name: {"identities": list(ids), "system_assigned": False}
        for name, ids in (("before", before), ("after", after))
    }
    return {"kind": "intent", "host": f"host {name}", "server_id": SERVER.format(name), **held}


def outcome(name: str, what: str = "done") -> dict[str, Any]:
    return {"kind": "outcome", "server_id": SERVER.format(name), "outcome": what}


BEGIN: dict[str, Any] = {"format": FORMAT, "version": "1.0.0", "started": STARTED, "action": "assign"}
END: dict[str, Any] = {"kind": "end"}
LINES = [BEGIN, intent("one"), intent("two"), outcome("one"), intent("three"), outcome("two", "none"), END]


def sealed(*lines: dict[str, Any]) -> list[bytes]:
    """Return the lines of a file."""
    found, checksum = [], ""
    for each in lines:
        line, checksum = seal(body(each), checksum)
        found.append(line.encode())
    return found


def packed(*lines: dict[str, Any]) -> str:
    return pack([body(each) for each in lines])


def entry(name: str, written: str) -> Entry:
    held = HeldIdentities((A,), False), HeldIdentities((A, B), False)
    return Entry(f"host {name}", SERVER.format(name), *held, written, held[0] if written == "unknown" else None)


RECORD = Record(STARTED, "assign", True, False, (entry("one", "yes"), entry("two", "no"), entry("three", "unknown")))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "record"


def test_a_record_is_read_as_it_was_written(file: Path) -> None:
    file.write_bytes(b"".join(sealed(*LINES)))
    assert read_record("rollback", str(file)) == RECORD
    file.write_text(f"\n{packed(*LINES)}\n")
    assert read_record("rollback", f" {file}\n") == RECORD
    assert read_record("rollback", f"\n {packed(*LINES)}\n") == RECORD


def test_cut_off_anywhere_it_says_what_its_whole_lines_say(file: Path) -> None:
    lines = sealed(*LINES)
    raw = b"".join(lines)
    for size in range(len(raw) + 1):
        file.write_bytes(raw[:size])
        found = read_record("rollback", str(file))
        whole = raw[:size].count(b"\n")
        file.write_bytes(b"".join(lines[:whole]))
        less = read_record("rollback", str(file))
        assert found == Record(
            less.started, less.action, less.finished, size > sum(map(len, lines[:whole])), less.entries
        )
        assert found.finished == (whole == len(lines))
    # In the end there were all of them, one after the other.
    assert [len(read(file, lines[:whole]).entries) for whole in range(len(lines))] == [0, 0, 1, 2, 2, 3, 3]
    assert read(file, lines[:3]).entries == (entry("one", "unknown"), entry("two", "unknown"))


def read(file: Path, lines: list[bytes]) -> Record:
    file.write_bytes(b"".join(lines))
    return read_record("rollback", str(file))


def test_an_outcome_is_that_of_the_writes_since_the_one_before(file: Path) -> None:
    again = intent("one", (A, B), (B,))
    for outcomes, written in ((["done", "none"], "yes"), (["none", "done"], "no"), (["new word"], "unknown")):
        lines = [BEGIN, intent("one"), *(outcome("one", each) for each in outcomes)]
        assert [each.written for each in read(file, sealed(*lines)).entries] == [written]
    (found,) = read(file, sealed(BEGIN, intent("one"), outcome("one", "none"), again)).entries
    assert (found.before.identities, found.after.identities, found.written) == ((A, B), (B,), "unknown")
    (found,) = read(file, sealed(BEGIN, intent("one"), outcome("one"), again, outcome("one", "none"))).entries
    assert (found.before.identities, found.after.identities, found.written) == ((A,), (A, B), "yes")


def test_lines_that_never_reached_a_disk_that_lost_its_power_are_torn(file: Path) -> None:
    found = read(file, [*sealed(*LINES[:2]), b"\0" * 100])
    assert (found.torn, found.finished, found.entries) == (True, False, (entry("one", "unknown"),))


def test_two_lines_that_are_swapped_are_found(file: Path) -> None:
    lines = sealed(*LINES)
    for one in range(len(lines)):
        for other in range(one):
            swapped = [*lines]
            swapped[one], swapped[other] = lines[other], lines[one]
            with pytest.raises(InvalidInput):
                read(file, swapped)


def test_a_line_that_is_missing_or_twice_is_found(file: Path) -> None:
    lines = sealed(*LINES)
    for number in range(1, len(lines) - 1):
        with pytest.raises(InvalidInput, match=rf"line {number + 1} of the record was changed .* or a part of it is"):
            read(file, [*lines[:number], *lines[number + 1 :]])
        with pytest.raises(InvalidInput, match=rf"line {number + 2} of the record was changed"):
            read(file, [*lines[: number + 1], *lines[number:]])


@given(st.data())
def test_whatever_byte_is_edited_is_found(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    file = tmp_path_factory.getbasetemp() / "edited"
    raw = bytearray(b"".join(sealed(*LINES)))
    place = data.draw(st.integers(0, len(raw) - 2))
    raw[place] = data.draw(st.integers(0, 255).filter(lambda each: each != raw[place]))
    file.write_bytes(raw)
    with pytest.raises(InvalidInput):
        read_record("rollback", str(file))


def test_a_line_of_another_run_is_found(file: Path) -> None:
    lines, others = sealed(*LINES), sealed({**BEGIN, "started": "2026-11-24T20:00:00+00:00"}, *LINES[1:])
    with pytest.raises(InvalidInput, match="line 4 of the record was changed"):
        read(file, [*lines[:3], *others[3:]])


def test_a_packed_record_takes_few_bytes_for_a_server() -> None:
    each = [(intent(f"{number:04}", (A, C), (B, C)), outcome(f"{number:04}")) for number in range(1000)]
    assert len(packed(BEGIN, *(line for pair in each for line in pair), END)) < 40 * 1000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("/no/such/file", "'/no/such/file' cannot be read: No such file", id="no file"),
        pytest.param("/", "cannot be read", id="a folder"),
        pytest.param("~nosuchuser/x", "cannot be read: the home folder that it begins with is not known", id="no home"),
        pytest.param("a\0b", "not a record of a rollout", id="no path"),
        pytest.param("pgflex1:", "not a record of a rollout", id="packed nothing"),
        pytest.param("pgflex1:%%%", "not a record of a rollout", id="no Base64"),
        pytest.param(packed(*LINES)[:-8], "not a record of a rollout", id="cut off"),
        pytest.param("pgflex1:" + base64.b64encode(zlib.compress(b"[]")).decode(), "not a record", id="packed list"),
    ],
)
def test_what_is_no_record_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem) as caught:
        read_record("rollback", text)
    assert str(caught.value).startswith("rollback: ")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"no record", "is not a record of a rollout"),
        (b"no record\n", "is not a record of a rollout"),
        (b"[]\n", "is not a record of a rollout"),
        (b"{}\n", "has the format None, and not 'pgflex.azure/journal/1'"),
        (b"[" * 100_000 + b"\n", "is not a record of a rollout"),
        (b"".join(sealed({**BEGIN, "format": "pgflex.azure/journal/2"})), "has the format 'pgflex.azure/journal/2'"),
        (b"".join(sealed({"format": FORMAT})), "the record is not complete"),
        (b"".join(sealed(BEGIN, outcome("one"))), "the record is not complete"),
        (b"".join(sealed(BEGIN, {"kind": "intent", "server_id": SERVER})), "not the name of a flexible server"),
        (b"".join(sealed(BEGIN, intent("one", ("id-a",)))), "'id-a' is not a resource ID"),
        (b"".join(sealed(BEGIN, intent("one", (A,), ("../x",)))), "'../x' is not a resource ID"),
    ],
)
def test_a_file_with_something_else_is_refused(file: Path, content: bytes, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        read(file, [content])


@given(st.text() | st.binary().map(lambda raw: "pgflex1:" + base64.b64encode(raw).decode()))
def test_no_text_is_anything_but_a_record_or_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_record("rollback", text)


def test_a_run_that_has_not_ended_is_not_rolled_back(file: Path) -> None:
    file.write_bytes(b"".join(sealed(*LINES)))
    with file.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(InvalidInput, match="is that of a run that has not ended yet"):
            read_record("rollback", str(file))
    assert read_record("rollback", str(file)) == RECORD


def test_one_file_or_several_or_a_pattern_or_packed_texts(tmp_path: Path) -> None:
    for name in ("a1", "a2", "b, c", "[a]1"):
        (tmp_path / name).write_bytes(b"".join(sealed({**BEGIN, "action": name}, END)))
    one, other, odd, pattern, both = (str(tmp_path / name) for name in ("a1", "a2", "b, c", "[a]1", "a?"))
    text = packed({**BEGIN, "action": "packed"}, END)
    for value, actions in (
        (one, ["a1"]),
        (f" {odd}\n", ["b, c"]),
        (pattern, ["[a]1"]),
        (both, ["a1", "a2"]),
        (str(tmp_path / "[b]*"), ["b, c"]),
        ([other, one, both], ["a2", "a1"]),
        (f"{other}\n{one}\n", ["a2", "a1"]),
        (f"{other}, {one}", ["a2", "a1"]),
        ([odd, text], ["b, c", "packed"]),
        (f"{text} {packed(*LINES)}\n\n{one}", ["packed", "assign", "a1"]),
        ("", []),
    ):
        assert [each.action for each in read_records("rollback", value)] == actions, value
    for value in ("/no/such*", [one, "/no/such"]):
        with pytest.raises(InvalidInput, match=r"'/no/such.?' cannot be read: No such file"):
            read_records("rollback", value)


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="cannot be read: it is not a regular file"):
        read_record("rollback", str(tmp_path / "pipe"))


@pytest.mark.parametrize(
    ("writes", "order"),
    [
        pytest.param("b>d d>c", "b>d d>c", id="as they began"),
        pytest.param("d>c b>d", "b>d d>c", id="the one that began later wrote first"),
        pytest.param("c>e d>c b>d", "b>d d>c c>e", id="three the other way round"),
        pytest.param("d>c x>y b>d", "b>d d>c x>y", id="one that has to do with neither"),
        pytest.param("b>c d>e", "b>c d>e", id="no chain"),
        pytest.param("b>c c>b b>c", "b>c c>b b>c", id="there and back again"),
        pytest.param("b>c c>b b>d d>b", "b>c c>b b>d d>b", id="back where it began"),
        pytest.param("d>c b>d c>b", "b>d d>c c>b", id="a circle ends with the one that began last"),
        pytest.param("D>c b>d", "b>d D>c", id="in whatever case"),
        pytest.param("d>c b/d", "d>c b/d", id="what was not written leads to nothing"),
    ],
)
def test_of_writes_to_one_server_those_come_first_that_others_found(writes: str, order: str) -> None:
    def state(name: str) -> HeldIdentities:
        return HeldIdentities((f"{A[:-1]}{name}",), system_assigned=False)

    def entries(text: str) -> list[Entry]:
        how = {">": WRITTEN, "/": NOT_WRITTEN}
        return [Entry(each, "id", state(each[0]), state(each[2]), how[each[1]]) for each in text.split()]

    assert [each.host for each in in_order(entries(writes))] == order.split()


def test_the_identity_of_the_system_tells_states_apart() -> None:
    off, on = HeldIdentities((A,), system_assigned=False), HeldIdentities((A,), system_assigned=True)
    first, then = Entry("one", "id", off, on), Entry("two", "id", on, HeldIdentities((B,), system_assigned=False))
    assert in_order([then, first]) == [first, then]
    other = Entry("three", "id", off, HeldIdentities((C,), system_assigned=False))
    assert in_order([other, first]) == [other, first]
