# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report of several batches has each host once, as its last batch has left it, and says what was refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.pgflex.azure.plugins.filter.identity_report import identity_report
from ansible_collections.pgflex.azure.plugins.module_utils._files import write_entries
from browser.samples import compared, mi, result, server
from unit.plugin_utils._report.test_schema import problems

if TYPE_CHECKING:
    from pathlib import Path

REFUSAL = "Nothing was changed: it is\nso."


@pytest.fixture
def plan(tmp_path: Path) -> str:
    """Return a folder with the entries of a plan: one that would be changed, a compliant one, and one that failed."""
    rows = (
        compared(server(name, mi("id-a")), present=(mi(wanted),)) for name, wanted in (("a", "id-b"), ("b", "id-a"))
    )
    entries = [*result(*rows)["servers"], {"name": "c", "changed": False, "failed": True, "msg": "It cannot be read."}]
    folder = tmp_path / "plan"
    folder.mkdir()
    write_entries(str(folder), entries)
    return str(folder)


def report(folder: Path, *batches: dict[str, Any], kind: str = "json") -> Any:
    path = folder / "told.json"
    path.write_text(json.dumps({"batches": batches, "waves": [], "left_out": []}), encoding="utf-8")
    return identity_report(str(path), kind)


def test_what_was_refused_is_a_rollout_in_which_nothing_was_done(plan: str, tmp_path: Path) -> None:
    words = {"a": "not_started", "b": "compliant", "c": "failed", "z": "not_started"}
    found = json.loads(report(tmp_path, {"result_dir": plan, "words": words, "why": REFUSAL}))
    assert problems(found) == []
    assert (found["kind"], found["refusal"]) == ("rollout", "Nothing was changed: it is so.")
    assert [(each["host"], each["status"], each["message"]) for each in found["servers"]] == [
        ("a", "not_started", "Not started: it is so."),
        ("b", "compliant", None),
        ("c", "failed", "It cannot be read."),
        ("z", "not_started", "Not started: it is so."),
    ]
    assert [[each["name"] for each in row["identities"]] for row in found["servers"]] == [["id-a"], ["id-a"], [], []]
    assert {each["status"] for row in found["servers"] for each in row["identities"]} == {"held"}
    assert report(tmp_path, {"result_dir": plan, "words": words, "why": REFUSAL}, kind="lines")[0].startswith("a: Not ")


def test_a_host_is_as_its_last_batch_says_and_one_that_waits_was_not_reached(plan: str, tmp_path: Path) -> None:
    first = {"result_dir": plan, "words": {"a": "not_started", "b": "compliant"}, "why": ""}
    found = json.loads(report(tmp_path, first))
    assert [each["message"] for each in found["servers"]] == ["Not started: the rollout has not come to it.", None]
    last = {"result_dir": None, "words": {"b": "failed"}, "why": REFUSAL}
    found = json.loads(report(tmp_path, first, last))
    assert [(each["host"], each["status"]) for each in found["servers"]] == [("a", "not_started"), ("b", "failed")]


@pytest.mark.parametrize("text", ["", "[]", '{"batches": [{}]}'])
def test_a_file_that_is_none_of_these_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "told.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AnsibleFilterError, match="the input is not a result"):
        identity_report(str(path), "json")
