# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever approves a plan reads how many servers get what, each one that loses an identity, and about the canaries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.pgflex.azure.plugins.filter.plan_review import FilterModule
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.plan_document import PlanDocument, PlannedServer
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import HeldIdentities
from ansible_collections.pgflex.azure.plugins.module_utils._identity.approval import IdentityChange
from unit.support import REF, A, B, C, mi

MADE = "2026-11-29T20:00:00+00:00"
HELD = HeldIdentities((B,), system_assigned=True)
ONE = PlannedServer("one", "assign", REF.id, HELD, IdentityChange((A,)), canary=True)
SERVERS = [
    ONE,
    replace(ONE, host="two", change=IdentityChange((A,), (B, C), False)),
    replace(ONE, host="three", change=IdentityChange((), (C.upper(),)), canary=False),
    replace(ONE, host="four", change=IdentityChange((), (C,)), canary=False),
]


def told(servers: list[PlannedServer], result: Any = None, reference: str = "CHG1") -> list[str]:
    """Return the lines after the first one, which has the time."""
    plan = replace(PlanDocument.make(servers, 9, reference), versions={"pgflex.azure": "1.0.0"}, made=MADE)
    lines: list[str] = FilterModule().filters()["plan_review"](plan.pack(), result)
    shown = f"change reference {reference}" if reference else "no change reference"
    assert lines[0] == f"plan of {MADE} by pgflex.azure 1.0.0; {shown}"
    return lines[1:]


def test_every_server_that_loses_an_identity_is_named_once() -> None:
    assert told(SERVERS) == [
        "4 of 9 servers would change",
        "assigned to 2 servers: id-a",
        "REMOVED from 2 servers: id-c: three, four",
        "REMOVED from 1 server: id-b, id-c, the system-assigned identity: two",
        "canaries: 2 servers, and no job has changed any yet",
        "left for what comes next: 2 servers",
    ]


def test_a_plan_without_removals_and_canaries_says_so() -> None:
    assert told([replace(ONE, canary=False)], reference="")[2:] == [
        "nothing is removed",
        "canaries: none of these servers is one",
        "left for what comes next: 1 server",
    ]


def test_identities_of_one_name_are_told_apart() -> None:
    other = mi("id-a", group="rg-other")
    assert told([replace(ONE, change=IdentityChange((A, other)))])[1] == f"assigned to 1 server: {A}, {other}"


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"check": True, "changed_hosts": ["one"]}, ["canaries: 2 servers, and no job has changed any yet"]),
        ({"changed_hosts": ["one", "two"]}, ["canaries, changed: one, two"]),
        (
            {"changed_hosts": ["four"], "failed_hosts": ["two"]},
            ["canaries, failed: two", "canaries, compliant by then or not in that job: one"],
        ),
        ({"not_started_hosts": ["one", "two"]}, ["canaries, not started: one, two"]),
    ],
)
def test_what_became_of_the_canaries_is_told(result: dict[str, Any], said: list[str]) -> None:
    assert [line for line in told(SERVERS, result) if line.startswith("canaries")] == said


@pytest.mark.parametrize("plan", ["", "no.json", "pgflexplan1:", 7, ["plan.json"]])
def test_what_is_no_plan_is_an_error_of_the_filter(plan: Any) -> None:
    with pytest.raises(AnsibleFilterError, match="plan"):
        FilterModule().filters()["plan_review"](plan)
