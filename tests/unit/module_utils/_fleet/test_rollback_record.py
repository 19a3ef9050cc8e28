# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record says what servers held before, is written before anything else is, and is believed only if it is whole."""

from __future__ import annotations

import base64
import json
import stat
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.rollback_record import (
    FORMAT,
    Entry,
    HeldIdentities,
    Record,
    as_json,
    pack,
    read_record,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from unit.fleet_service import FleetService, run, targets
from unit.support import REF, A, B, C, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.pgflex.azure.plugins.module_utils._fleet.fleet import Fleet

SERVER = REF.id.replace(REF.name, "pg-{}")
ENTRY = Entry("one", SERVER.format("one"), HeldIdentities((A,), False), HeldIdentities((A, B), True))
RECORD = Record("2026-11-23T20:00:00+00:00", True, (ENTRY,))
ROTATE = DesiredState(present=(B,), absent=(A,))


def edited(**changes: Any) -> str:
    """The record as somebody who does not know of its checksum would change it."""
    return json.dumps({**json.loads(as_json(RECORD)), **changes})


def rolled_out(service: FleetService, tmp_path: Path, **options: Any) -> tuple[Fleet, Record]:
    """A rotation, and the record that it leaves."""
    file = tmp_path / "records" / "before.json"
    fleet = run(service, targets(service, ROTATE), rollback_file=str(file), **options)
    return fleet, read_record("rollback", str(file))


@pytest.mark.parametrize("text", [as_json(RECORD), pack(RECORD), f"\n {pack(RECORD)}\n"])
def test_a_record_is_read_as_it_was_written(text: str) -> None:
    assert read_record("rollback", text) == RECORD


@pytest.mark.parametrize("text", [as_json(RECORD), pack(RECORD)])
def test_a_record_is_read_from_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "record").write_text(text)
    assert read_record("rollback", str(tmp_path / "record")) == RECORD


def test_nothing_to_roll_back_is_an_empty_text() -> None:
    assert pack(Record("now", True, ())) == ""


def test_a_packed_record_of_a_rotation_takes_few_bytes_for_a_server() -> None:
    entries = tuple(
        Entry(
            f"pg-{number:04}",
            SERVER.format(f"{number:04}"),
            HeldIdentities((A, C), False),
            HeldIdentities((B, C), False),
        )
        for number in range(1000)
    )
    assert len(pack(Record("now", True, entries))) < 40 * 1000


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("/no/such/file", "cannot be read: No such file", id="no file"),
        pytest.param("/", "cannot be read", id="a folder"),
        pytest.param("", "cannot be read", id="empty"),
        pytest.param("{}", "not a record of a rollout", id="another JSON"),
        pytest.param('{"format": 3}', "not a record of a rollout", id="a number for its format"),
        pytest.param("{", "not a record", id="no JSON"),
        pytest.param("pgflex1:", "not a record", id="packed nothing"),
        pytest.param("pgflex1:%%%", "not a record", id="no Base64"),
        pytest.param(pack(RECORD)[:-8], "not a record", id="cut off"),
        pytest.param("pgflex1:" + base64.b64encode(zlib.compress(b"[]")).decode(), "not a record", id="packed list"),
        pytest.param(edited(format="pgflex.azure/rollback/2"), "has the format 'pgflex.azure/rollback/2'", id="newer"),
        pytest.param(edited(finished=False), "was changed after it was written", id="edited"),
        pytest.param(edited(servers=[]), "was changed after it was written", id="servers taken out"),
        pytest.param(edited(sha256=None), "was changed after it was written", id="without checksum"),
        pytest.param(as_json(RECORD).replace(A, B), "was changed after it was written", id="other identity"),
    ],
)
def test_what_is_not_a_whole_record_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem) as caught:
        read_record("rollback", text)
    assert str(caught.value).startswith("rollback: ")


@pytest.mark.parametrize(
    "entry",
    [
        Entry("one", "/subscriptions/1", HeldIdentities((A,), False), HeldIdentities((A,), False)),
        Entry("one", SERVER.format("one"), HeldIdentities(("id-a",), False), HeldIdentities((A,), False)),
        Entry("one", SERVER.format("one"), HeldIdentities((A,), False), HeldIdentities(("../x",), False)),
    ],
)
def test_what_is_no_resource_id_is_refused_even_with_the_right_checksum(entry: Entry) -> None:
    with pytest.raises(InvalidInput):
        read_record("rollback", pack(Record("now", True, (entry,))))


@given(st.text() | st.binary().map(lambda raw: "pgflex1:" + base64.b64encode(raw).decode()))
def test_no_text_is_anything_but_a_record_or_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_record("rollback", text)


def test_a_record_is_there_and_marked_before_the_first_write(tmp_path: Path) -> None:
    service = FleetService()
    service.add_many(3, A, C)
    file = tmp_path / "before.json"
    seen: list[Record] = []
    update = service.update_identity

    def looking(ref: Any, body: dict[str, Any]) -> Any:
        seen.append(read_record("rollback", str(file)))
        return update(ref, body)

    service.update_identity = looking  # type: ignore[method-assign]
    run(service, targets(service, ROTATE), rollback_file=str(file))
    assert [each.finished for each in seen] == [False] * 3
    assert seen[0].entries == read_record("rollback", str(file)).entries


def test_the_record_of_a_finished_run_has_what_may_have_changed(tmp_path: Path) -> None:
    service = FleetService()
    service.add_many(2, A, C)
    service.add("pg-compliant", B)
    service.add("pg-refused", A, refusals=[refusal(403, "LinkedAuthorizationFailed")])
    service.add("pg-late", A)
    fleet, record = rolled_out(service, tmp_path, sizes=["3", "100%"], max_fail_percentage=10)
    assert record.finished
    assert {each.host: (each.before, each.after) for each in record.entries} == {
        "pg-000": (HeldIdentities((A, C), False), HeldIdentities((B, C), False)),
        "pg-001": (HeldIdentities((A, C), False), HeldIdentities((B, C), False)),
        "pg-refused": (HeldIdentities((A,), False), HeldIdentities((B,), False)),
    }
    assert fleet.record == record


def test_nobody_else_may_read_a_record(tmp_path: Path) -> None:
    service = FleetService()
    service.add("pg-one", A)
    rolled_out(service, tmp_path)
    file = tmp_path / "records" / "before.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert list(file.parent.iterdir()) == [file]


def test_without_a_place_for_the_record_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    service = FleetService()
    service.add("pg-one", A)
    with pytest.raises(InvalidInput, match=r"rollback_file: .* cannot be written: .* Nothing was changed"):
        run(service, targets(service, ROTATE), rollback_file=str(tmp_path / "file" / "before.json"))
    assert service.writes() == []


def test_a_full_disk_at_the_end_loses_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FleetService()
    service.add("pg-one", A)
    update = service.update_identity

    def full(handle: int) -> None:
        raise OSError(28, f"No space left {handle}")

    def filling(ref: Any, body: dict[str, Any]) -> Any:
        monkeypatch.setattr("os.fsync", full)
        return update(ref, body)

    service.update_identity = filling  # type: ignore[method-assign]
    wished = targets(service, ROTATE)
    fleet = run(service, wished, rollback_file=str(tmp_path / "before.json"))
    assert wished[0].changed
    assert "No space left" in fleet.warnings[0]
    assert not read_record("rollback", str(tmp_path / "before.json")).finished
    assert list(tmp_path.iterdir()) == [tmp_path / "before.json"]


def test_check_mode_leaves_no_file_and_tells_the_record(tmp_path: Path) -> None:
    service = FleetService()
    service.add("pg-one", A)
    fleet = run(service, targets(service, ROTATE), check_mode=True, rollback_file=str(tmp_path / "before.json"))
    assert list(tmp_path.iterdir()) == []
    assert fleet.record
    assert not fleet.record.finished
    assert [each.host for each in fleet.record.entries] == ["pg-one"]
    assert json.loads(as_json(fleet.record))["format"] == FORMAT
