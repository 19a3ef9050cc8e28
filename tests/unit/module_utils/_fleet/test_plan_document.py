# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan is read as it was made, from a file or from one line of text; one that was changed is not read at all."""

from __future__ import annotations

import json
import re
import string
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._fleet import plan_document
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.plan_document import (
    PlanDocument,
    PlannedServer,
    join_plans,
    read_plan,
)
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import HeldIdentities, body, pack
from ansible_collections.pgflex.azure.plugins.module_utils._identity.approval import IdentityChange
from ansible_collections.pgflex.azure.plugins.module_utils._version import VERSION
from unit.support import REF, A, B, C

ONE = PlannedServer(
    "orders", "assign", REF.id, HeldIdentities((A, B), system_assigned=True), IdentityChange((C,), (A,))
)
TWO = replace(ONE, host="ärger", change=IdentityChange(system_assigned=False), canary=True, empties=True)
PLAN = PlanDocument.make([ONE, TWO], 12, "CHG1")


@pytest.mark.parametrize("form", ["packed", "file", "packed file"])
def test_a_plan_is_read_as_it_was_made(tmp_path: Path, form: str) -> None:
    place = tmp_path / "plan.json"
    place.write_text(PLAN.text() if form == "file" else f"{PLAN.pack()}\n", encoding="utf-8")
    assert read_plan("approved_plan", PLAN.pack() if form == "packed" else str(place)) == PLAN
    assert (PLAN.versions["pgflex.azure"], PLAN.compared, PLAN.change_reference) == (VERSION, 12, "CHG1")
    assert 0 <= PLAN.age < 1


def changed(**changes: Any) -> str:
    """Return a plan with a checksum that fits what was changed."""
    facts = {**PLAN.facts(), **changes}
    facts.pop("sha256")
    return json.dumps({**facts, "sha256": plan_document._checksum(facts)})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (PLAN.text().replace("id-c", "id-d"), "was changed after it was made, or a part of it is missing"),
        (PLAN.text().replace('"compared": 12', '"compared": 13'), "was changed after it was made"),
        (PLAN.text()[:-20], "is not a plan of a rollout, or a part of it is missing"),
        (PLAN.pack()[:-20], "is not a plan of a rollout, or a part of it is missing"),
        ("[]", "is not a plan of a rollout"),
        ("[" * 100_000, "is not a plan of a rollout"),
        ("{}", "is not a plan of a rollout"),
        (pack([body({"format": "pgflex.azure/journal/1"})]), "is not a plan of a rollout"),
        (changed(format="pgflex.azure/plan/2"), "the plan has the format 'pgflex.azure/plan/2', and not"),
        (changed(servers=[{}]), "the plan is not complete"),
        (changed(servers=[{**PLAN.facts()["servers"][0], "assign": ["id-a"]}]), "approved_plan: 'id-a' is"),
        (changed(servers=[{**PLAN.facts()["servers"][0], "system_assigned": "no"}]), "the plan is not complete"),
        (changed(servers=[{**PLAN.facts()["servers"][0], "server_id": "pg"}]), "approved_plan: 'pg' is"),
        (changed(made="yesterday"), "the plan is not complete"),
        (changed(made="2026-11-29T20:00:00"), "the plan is not complete"),
    ],
)
def test_what_is_no_whole_plan_is_refused(tmp_path: Path, text: str, said: str) -> None:
    place = tmp_path / "plan.json"
    place.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        read_plan("approved_plan", str(place))
    assert said in str(caught.value)


def test_the_plans_of_one_run_are_one() -> None:
    later = replace(PLAN, made="2099-01-01T00:00:00+00:00", servers=(TWO,), compared=3)
    assert join_plans([PLAN, later]) == replace(PLAN, servers=(ONE, TWO, TWO), compared=15)
    assert join_plans([replace(PLAN, change_reference=""), later]).change_reference == "CHG1"


PAGE = Path(__file__).parents[4] / "docs" / "docsite" / "rst" / "approved_plans.rst"


def characters_for_each(names: list[str]) -> float:
    """Return how many characters a packed plan has for each server, where all of them are to get the same."""
    held = HeldIdentities((B,), system_assigned=False)
    change = IdentityChange((A,), (B,))
    there = [PlannedServer(each, "assign", REF.id.replace(REF.name, each), held, change) for each in names]
    return len(PlanDocument.make(there, len(there), "CHG1").pack()) / len(there)


def test_a_plan_of_ten_thousand_servers_is_as_long_as_the_page_says() -> None:
    drawn = Random(1)  # noqa: S311
    regular = characters_for_each([f"pg-production-canadacentral-orders-{each:05}" for each in range(10_000)])
    random = characters_for_each(
        ["".join(drawn.choices(string.ascii_lowercase + string.digits, k=40)) for _each in range(10_000)]
    )
    [said] = re.findall(r"(\d+) characters for each server .*?(\d+) where", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert [regular, random] == [pytest.approx(int(each), abs=2) for each in said]
    # AWX keeps nothing of a result that is longer.
    assert random * 10_000 < 700_000
