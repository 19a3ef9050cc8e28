# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that count for a whole run are the same for every host, or the run does not begin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._module.options import ACTIONS, CONNECTION
from ansible_collections.pgflex.azure.plugins.plugin_utils._host_variables import is_relevant
from ansible_collections.pgflex.azure.plugins.plugin_utils._run_scope import (
    RUN_VARIABLES,
    TASK_VARIABLES,
    RunScope,
    name_variable,
    refuse_unwritable_files,
)

ROOT = Path(__file__).resolve().parents[3]
WAVES = "pgflex_identity_waves"


def compare(*hosts: dict[str, Any], names: tuple[str, ...] = RUN_VARIABLES) -> None:
    run_scope = RunScope(names)
    for number, variables in enumerate(hosts):
        run_scope.add(f"pg-{number}", variables)


@pytest.mark.parametrize("empty", [{WAVES: ""}, {WAVES: None}, {}, {"pgflex_identity_present": ["id-a"]}])
def test_what_is_not_set_and_what_is_of_a_host_may_differ(empty: dict[str, Any]) -> None:
    compare({}, empty, {})
    compare({**empty, WAVES: [1]}, {WAVES: [1]})


def test_what_a_survey_gives_as_a_text_is_the_same_value() -> None:
    compare(
        {"pgflex_identity_max_fail_percentage": 10, "pgflex_identity_strict": True},
        {"pgflex_identity_max_fail_percentage": "10", "pgflex_identity_strict": "true"},
    )


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ({WAVES: [1]}, {WAVES: ["100%"]}, "is [1] for pg-0 and ['100%'] for pg-2, but counts for all hosts"),
        ({}, {WAVES: "1"}, "is not set for pg-0 and '1' for pg-2"),
        ({WAVES: "1"}, {WAVES: ""}, "is '1' for pg-0 and not set for pg-2"),
        ({"pgflex_identity_strict": False}, {"pgflex_identity_strict": True}, "is False for pg-0 and True for pg-2"),
    ],
)
def test_the_first_difference_is_told_with_both_hosts(
    first: dict[str, Any], second: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        compare(first, first, second)
    assert problem in str(caught.value)


@pytest.mark.parametrize("name", ["pgflex_identity_fail_on_drift", "pgflex_identity_fail_on_undeclared"])
def test_when_an_audit_fails_is_the_same_for_all_hosts(name: str) -> None:
    with pytest.raises(InvalidInput, match=f"{name}: is not set for pg-0 and True for pg-1"):
        compare({}, {name: True}, names=TASK_VARIABLES)


def test_no_connection_is_shown() -> None:
    with pytest.raises(InvalidInput) as caught:
        compare({CONNECTION: {"secret": "abc"}}, {CONNECTION: {"secret": "def"}})
    assert "is one for pg-0 and one for pg-1" in str(caught.value)


def test_every_variable_of_the_role_is_of_a_host_or_of_the_run() -> None:
    document = yaml.safe_load((ROOT / "roles/pgflex_identity/meta/argument_specs.yml").read_text(encoding="utf-8"))
    names = document["argument_specs"]["main"]["options"]
    for name in names:
        assert any(is_relevant(name, action) for action in ACTIONS) != (name in RUN_VARIABLES), name
    assert set(RUN_VARIABLES) <= names.keys()


@pytest.mark.parametrize(
    ("msg", "named"),
    [
        ("argument 'busy_timeout' is of type str", "argument 'pgflex_identity_busy_timeout' is of type str"),
        ("value of read must be one of: auto, each", "value of pgflex_identity_read must be one of: auto, each"),
        ("argument 'secret' is of type list", "argument 'secret' is of type list"),
        ("Module failed", "Module failed"),
    ],
)
def test_what_ansible_says_of_an_option_names_the_variable(msg: str, named: str) -> None:
    assert name_variable({"failed": True, "msg": msg})["msg"] == named


def test_what_the_module_says_of_an_option_names_the_variable() -> None:
    error = {"target": "waves", "message": "waves: 'many' is no number."}
    found = name_variable({"failed": True, "msg": f"{error['message']} Do.", "error": error})
    assert found["msg"] == "pgflex_identity_waves: 'many' is no number. Do."
    assert found["error"] == {"target": WAVES, "message": "pgflex_identity_waves: 'many' is no number."}


@pytest.mark.parametrize("records", ["", False, None, "~/records", "new/folder"])
def test_a_folder_for_records_may_be_there_or_be_made(records: object, tmp_path: Path) -> None:
    refuse_unwritable_files([], str(tmp_path / str(records)) if records else records)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("records", [5, {"a": 1}, ["x"], True])
def test_what_is_no_path_is_no_folder_for_records(records: object) -> None:
    with pytest.raises(InvalidInput, match=r"pgflex_identity_rollback_dir: .* is not the path of a folder"):
        refuse_unwritable_files([], records)


@pytest.mark.parametrize("below", ["", "/deeper/still"])
def test_a_file_is_no_folder_for_records(below: str, tmp_path: Path) -> None:
    file = tmp_path / "records"
    file.write_text("kept", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"pgflex_identity_rollback_dir: .*records is a file on the controller"):
        refuse_unwritable_files([], f"{file}{below}")
    assert file.read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("value", [5, True, [1], {"a": 1}])
def test_what_is_no_path_is_no_report(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"pgflex_identity_report_csv: .* is not a path"):
        refuse_unwritable_files([{"key": "csv", "value": value}], "")
