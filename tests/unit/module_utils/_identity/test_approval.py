# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change may be carried out that is all of the approved one that is left to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pgflex.azure.plugins.module_utils._identity.approval import (
    IdentityChange,
    in_words,
    is_approved,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import (
    AssignedIdentity,
    Plan,
    ServerIdentity,
)
from unit.drawn import NAMES, spelled
from unit.support import A, B, C, mi


def plan(*held: str, assign: tuple[str, ...] = (), remove: tuple[str, ...] = (), system: bool | None = None) -> Plan:
    """Return the plan of a server that holds these; `system` enables or disables its own identity."""
    before = ServerIdentity(system is False, tuple(map(AssignedIdentity, held)))
    kept = tuple(each for each in before.user_assigned if each.id not in remove)
    after = replace(before, user_assigned=(*kept, *map(AssignedIdentity, assign)))
    return Plan(before, after if system is None else replace(after, system_assigned=system), assign, remove)


@pytest.mark.parametrize(
    ("now", "approved", "fits"),
    [
        # Nothing to do needs no approval, be what was approved done or not.
        (plan(), IdentityChange(), True),
        (plan(), IdentityChange(assign=(A,)), True),
        # As approved, in whatever spelling.
        (plan(assign=(A,)), IdentityChange(assign=(A.upper(),)), True),
        (plan(B, assign=(A,), remove=(B,)), IdentityChange((A,), (B,)), True),
        (plan(system=True), IdentityChange(system_assigned=True), True),
        (plan(system=False), IdentityChange(system_assigned=False), True),
        # The rest is so already.
        (plan(B, assign=(A,)), IdentityChange((A, B)), True),
        (plan(B, remove=(B,)), IdentityChange((), (B, C)), True),
        (plan(A, remove=(B,)), IdentityChange((A,), (B,)), True),
        (plan(assign=(A,)), IdentityChange((A,), (), False), True),
        # Not all that was approved would be done.
        (plan(assign=(A,)), IdentityChange((A, B)), False),
        (plan(B, C, remove=(B,)), IdentityChange((), (B, C)), False),
        (plan(assign=(A,)), IdentityChange((A,), (), True), False),
        # More than was approved.
        (plan(assign=(A,)), IdentityChange(), False),
        (plan(assign=(A, B)), IdentityChange((A,)), False),
        (plan(B, remove=(B,)), IdentityChange((A,)), False),
        (plan(system=True), IdentityChange((A,)), False),
        # The opposite.
        (plan(A, remove=(A,)), IdentityChange((A,)), False),
        (plan(assign=(A,)), IdentityChange((), (A,)), False),
        (plan(system=False), IdentityChange(system_assigned=True), False),
    ],
)
def test_a_change_is_approved_if_it_is_what_is_left(now: Plan, approved: IdentityChange, *, fits: bool) -> None:
    assert is_approved(now, approved) is fits


def test_identities_that_are_not_touched_are_no_difference() -> None:
    assert is_approved(plan(B, C, assign=(A,)), IdentityChange((A,)))


def test_both_changes_are_told_in_the_same_words() -> None:
    other = mi("id-b", group="rg-other")
    now, then = in_words(IdentityChange((A, B), (C.upper(),), False), IdentityChange((other,), (C,), None))
    assert now == f"assign id-a and {B}, remove ID-C, disable the system-assigned identity"
    assert then == f"assign {other}, remove ID-C"
    assert in_words(IdentityChange()) == ["nothing"]


sets = st.frozensets(st.sampled_from(NAMES))
switches = st.sampled_from((None, True, False))


@st.composite
def drawn(draw: st.DrawFn, names: frozenset[str]) -> tuple[str, ...]:
    """Draw a spelling of each."""
    return tuple(draw(spelled(name)) for name in sorted(names))


@given(st.data(), sets, sets, switches, st.booleans(), sets, switches)
def test_what_is_approved_ends_as_the_approval_says_and_nothing_else_is_let_through(
    data: st.DataObject,
    held: frozenset[str],
    wanted: frozenset[str],
    system_wanted: bool | None,
    system: bool,
    touched: frozenset[str],
    system_approved: bool | None,
) -> None:
    assign, remove = wanted - held, (held - wanted) & touched
    approved_assign, approved_remove = data.draw(sets), data.draw(sets)
    approved_remove -= approved_assign
    after = ServerIdentity(system if system_wanted is None else system_wanted)
    given_plan = Plan(
        ServerIdentity(system, tuple(map(AssignedIdentity, data.draw(drawn(held))))),
        after,
        data.draw(drawn(assign)),
        data.draw(drawn(remove)),
    )
    approved = IdentityChange(data.draw(drawn(approved_assign)), data.draw(drawn(approved_remove)), system_approved)
    # By what the server would hold, rather than by parts of changes.
    ends = (held | assign) - remove
    touches_nothing_else = assign <= approved_assign and remove <= approved_remove
    as_approved = approved_assign <= ends and not ends & approved_remove
    system_as_approved = after.system_assigned == (system if system_approved is None else system_approved)
    changes = bool(assign or remove) or after.system_assigned != system
    desired = not changes or (touches_nothing_else and as_approved and system_as_approved)
    assert is_approved(given_plan, approved) is desired
