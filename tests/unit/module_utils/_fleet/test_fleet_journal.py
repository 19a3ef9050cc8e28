# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rollout and its journal: what each server held right before its PATCH is in a file before the PATCH is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput, OperationFailed
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import HeldIdentities, Record, read_record
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from unit.fleet_service import FleetService, counted, run, targets
from unit.journals import written
from unit.support import A, B, C, refusal

if TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.pgflex.azure.plugins.module_utils._fleet.fleet import Fleet

ROTATE = DesiredState(present=(B,), absent=(A,))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records" / "before.jsonl"


def rolled_out(service: FleetService, file: Path, **options: Any) -> tuple[Fleet, Record]:
    """Carry out a rotation, and return the record that it leaves."""
    fleet = run(service, targets(service, ROTATE), rollback_file=str(file), **options)
    return fleet, read_record("rollback", str(file))


def before_each_write(service: FleetService, look: Any) -> None:
    """Call `look` with the server's name when its PATCH comes."""
    update = service.update_identity

    def looking(ref: Any, body: dict[str, Any], policy_token: str = "") -> Any:
        look(ref.name)
        return update(ref, body, policy_token)

    service.update_identity = looking  # type: ignore[method-assign]


def full(*_arguments: Any) -> int:
    raise OSError(28, "No space left on device")


def test_the_last_line_before_a_write_is_that_of_the_server(file: Path) -> None:
    service = FleetService()
    service.add_many(3, A, C)
    seen: list[tuple[str, dict[str, Any]]] = []

    def look(name: str) -> None:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        seen.append((name, next(line for line in lines if line.get("host") == name)))

    before_each_write(service, look)
    _fleet, record = rolled_out(service, file)
    assert [name for name, _line in seen] == service.writes()
    for _name, line in seen:
        assert (line["kind"], line["before"]["identities"], line["after"]["identities"]) == ("intent", [A, C], [B, C])
    assert written(record) == dict.fromkeys(service.writes(), "yes")
    assert record.finished


def test_what_counts_is_what_the_server_held_right_before_and_not_what_a_list_said(file: Path) -> None:
    service = FleetService()
    stale = service.add("pg-one", A).raw
    service.add_many(10, A)
    service.add("pg-one", A, C, listed=stale)
    _fleet, record = rolled_out(service, file)
    (entry,) = (each for each in record.entries if each.host == "pg-one")
    assert (entry.before, entry.after) == (HeldIdentities((A, C), False), HeldIdentities((B, C), False))


def test_what_became_of_each_is_in_the_file_and_in_the_text(file: Path) -> None:
    service = FleetService()
    service.add_many(2, A, C)
    service.add("pg-compliant", B)
    service.add("pg-refused", A, refusals=[refusal(403, "LinkedAuthorizationFailed")])
    service.add("pg-late", A)
    fleet, record = rolled_out(service, file, sizes=["3", "100%"], max_fail_percentage=10)
    assert record.finished
    assert written(record) == {"pg-000": "yes", "pg-001": "yes", "pg-refused": "no"}
    assert read_record("rollback", fleet.journal.pack()) == record


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"refusals": [refusal(503, "ServiceUnavailable")]}, "yes"),
        ({"fails": OperationFailed("Cannot do it", "It is so", code="InternalServerError")}, "unknown"),
        ({"stuck": True}, "yes"),
        ({"idle": True}, "yes"),
    ],
    ids=["sent twice", "operation failed", "accepted", "not verified"],
)
def test_an_outcome_is_what_is_known(file: Path, facts: dict[str, Any], outcome: str) -> None:
    service = FleetService()
    service.add("pg-one", A, **facts)
    _fleet, record = rolled_out(service, file)
    assert written(record) == {"pg-one": outcome}


def test_without_a_place_for_it_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    service = FleetService()
    service.add("pg-one", A)
    with pytest.raises(InvalidInput, match=r"rollback_file: .* cannot be written: .* Nothing was changed"):
        run(service, targets(service, ROTATE), rollback_file=str(tmp_path / "file" / "before.jsonl"))
    assert service.writes() == []


def test_once_a_line_cannot_be_written_nothing_more_is_changed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = FleetService()
    service.add_many(5, A)
    before_each_write(service, lambda name: monkeypatch.setattr("os.fsync", full) if name == "pg-001" else None)
    asked = targets(service, ROTATE)
    fleet = run(service, asked, rollback_file=str(file), sizes=["1", "1", "1", "100%"])
    assert service.writes() == ["pg-000", "pg-001"]
    assert counted(asked) == {
        "servers": 5,
        "compliant": 0,
        "changed": 2,
        "undeclared": 0,
        "failed": 0,
        "not_started": 3,
    }
    reason = f"Not started: the record '{file}' cannot be written: No space left on device."
    assert [each.reason for each in asked] == ["", "", *[reason] * 3]
    assert service.calls.count(("GET", "pg-003")) == 1  # the plan's: later ones are not even looked at
    # The line of the third may be on the disk or not.
    assert "No space left on device. It does not say what became of 1 of its servers." in fleet.warnings[0]
    known = {"pg-000": "yes", "pg-001": "yes"}
    assert written(read_record("rollback", str(file))) == {**known, "pg-002": "unknown"}
    assert written(read_record("rollback", fleet.journal.pack())) == {**known, "pg-002": "no"}


def test_an_outcome_that_cannot_be_written_is_a_warning_and_the_write_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = FleetService()
    service.add("pg-one", A)
    before_each_write(service, lambda _name: monkeypatch.setattr("os.write", full))
    asked = targets(service, ROTATE)
    fleet = run(service, asked, rollback_file=str(file))
    assert asked[0].changed
    assert asked[0].error is None
    assert len(fleet.warnings) == 1
    assert "No space left on device. It does not say what became of 1 of its servers." in fleet.warnings[0]
    record = read_record("rollback", str(file))
    assert (written(record), record.finished) == ({"pg-one": "unknown"}, False)
    assert written(read_record("rollback", fleet.journal.pack())) == {"pg-one": "yes"}


def test_check_mode_leaves_no_file_and_no_record(tmp_path: Path) -> None:
    service = FleetService()
    service.add("pg-one", A)
    fleet = run(service, targets(service, ROTATE), check_mode=True, rollback_file=str(tmp_path / "before.jsonl"))
    assert list(tmp_path.iterdir()) == []
    assert fleet.journal.pack() == ""
