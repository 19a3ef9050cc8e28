# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An identity that is protected, or that encrypts, is never removed, whatever the options say."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput, Refused
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import Entry, HeldIdentities, Record
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState, Server
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import patch_body, plan, unmatched
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import (
    check_identity_pattern,
    matches,
    parse_server_id,
)
from ansible_collections.pgflex.azure.plugins.module_utils._module.argspec import (
    desired_state_from_module,
    desired_state_from_row,
)
from ansible_collections.pgflex.azure.plugins.module_utils._module.options import ACTIONS, LIST, ROLLBACK
from ansible_collections.pgflex.azure.plugins.plugin_utils._host_variables import HostRows
from ansible_collections.pgflex.azure.plugins.plugin_utils._rollback_plan import RollbackPlan
from unit.service import merge
from unit.support import REF, A, B, C, mi, server

EVERY = tuple(mi(f"id-{letter}") for letter in "abcd")


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("id-a", [A, mi("ID-A", "rg-other")]),
        ("ID-*", [A, B, mi("ID-A", "rg-other")]),
        ("*-b", [B]),
        ("id", []),
        (A.upper(), [A]),
        (mi("*", "RG-Other"), [mi("ID-A", "rg-other")]),
        ("*/id-a", [A, mi("ID-A", "rg-other")]),
        ("*ids*", []),
    ],
)
def test_a_pattern_fits_a_name_in_any_group_or_a_whole_id(pattern: str, fits: list[str]) -> None:
    some = [A, B, mi("ID-A", "rg-other")]
    assert [each for each in some if matches(check_identity_pattern("protected", pattern), each)] == fits


@pytest.mark.parametrize("text", ["", " id-a", "id-[ab]", "id-?", "rg/id-*", "/subscriptions/x", "id a*", "*\n"])
def test_what_could_fit_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="protected"):
        check_identity_pattern("protected", text)


def test_a_purge_keeps_what_is_protected_or_encrypts_and_says_which() -> None:
    desired = DesiredState((A,), purge=True, keep_encryption_identities=True, protected=("id-b",))
    found = plan(server(A, B, C, EVERY[3], primary=C), desired)
    assert found.remove == (EVERY[3],)
    assert found.kept == ((B, "protected"), (C, "encryption"))
    assert not plan(server(A, B, C, primary=C), desired).changes


@pytest.mark.parametrize("only", [(), (A,)], ids=["absent or replaces", "rotate_from"])
def test_what_is_protected_and_to_be_removed_is_refused(only: tuple[str, ...]) -> None:
    desired = DesiredState((B,), (A,), only_if_assigned=only, protected=("ID-*",))
    with pytest.raises(Refused, match="because it is protected") as caught:
        plan(server(A), desired)
    assert (caught.value.code, caught.value.target) == ("IdentityProtected", A)
    assert plan(server(), desired).assign == (() if only else (B,))


def test_patterns_that_fit_nothing_held_or_desired_are_known() -> None:
    desired = [DesiredState((C,), protected=("id-a", "id-c", "ID-no*")), DesiredState(protected=("id-NO*", "id-b"))]
    assert unmatched(desired, [server(A)]) == ["ID-no*", "id-b"]


some_ids = st.lists(st.sampled_from([*EVERY, *map(str.upper, EVERY), "id-a", "ID-B"]), max_size=3)
lookups = st.sampled_from([{}, {"identity_resource_group": "rg-ids"}])
patterns = st.lists(st.sampled_from(["id-a", "ID-*", "*", "*-B", mi("*"), EVERY[2].upper(), "nobody"]), max_size=2)
servers = st.builds(
    lambda held, primary, system: server(*held, *([primary] if primary else []), primary=primary, system=system),
    st.lists(st.sampled_from(EVERY[:3]), unique=True),
    st.sampled_from([None, EVERY[3]]),
    st.booleans(),
)


def check(there: Server, desired: DesiredState, protected: list[str]) -> None:
    """Carry the plan out by the model of the service, and look whether all that has to stay has stayed."""
    try:
        found = plan(there, desired)
    except Refused:
        return
    raw = {"type": there.identity.type, "userAssignedIdentities": {each: {} for each in there.identity.ids}}
    if not there.identity.ids:
        del raw["userAssignedIdentities"]
    after = merge(raw, patch_body(found)) if found.changes else raw
    left = {each.lower() for each in (after or {}).get("userAssignedIdentities") or {}}
    for each in (one.lower() for one in there.identity.ids):
        name = each.rpartition("/")[2]
        is_protected = any(fnmatch(each if "/" in one else name, one.lower()) for one in protected)
        assert each in left or not (is_protected or each in there.encryption.uses)


OPTIONS: dict[str, Any] = {
    "protected": patterns,
    "system_assigned": st.sampled_from([None, True, False]),
    "keep_encryption_identities": st.booleans(),
}


@given(servers, st.data(), lookups)
def test_no_options_of_a_row_remove_it(there: Server, data: st.DataObject, lookup: dict[str, str]) -> None:
    kinds = {
        **OPTIONS,
        "present": some_ids,
        "absent": some_ids,
        "purge": st.booleans(),
        "only_if_assigned": some_ids,
        "expected_identities": st.none() | some_ids,
    }
    row = {**lookup, **{name: data.draw(kind) for name, kind in kinds.items()}}
    try:
        desired = desired_state_from_row(row, REF)
    except InvalidInput:
        return
    check(there, desired, row["protected"])


@given(servers, st.data(), lookups)
def test_no_options_of_the_module_remove_it(there: Server, data: st.DataObject, lookup: dict[str, str]) -> None:
    kinds = {
        **OPTIONS,
        "state": st.sampled_from(["present", "absent"]),
        "identities": some_ids,
        "replaces": some_ids,
        "purge_identities": st.booleans(),
    }
    options = {**lookup, **{name: data.draw(kind) for name, kind in kinds.items()}}
    try:
        desired = desired_state_from_module(options, REF)
    except InvalidInput:
        return
    check(there, desired, options["protected"])


@given(servers, st.data(), st.sampled_from([each for each in ACTIONS if each != LIST]), st.booleans())
def test_no_variables_of_a_host_and_no_record_remove_it(
    there: Server,
    data: st.DataObject,
    action: str,
    force: bool,
) -> None:
    held = [
        HeldIdentities(tuple(data.draw(st.lists(st.sampled_from(EVERY), unique=True))), False) for _each in range(2)
    ]
    record = Record("now", "assign", True, False, (Entry("pg-orders", REF.id, held[0], held[1]),))
    rows = HostRows(action, RollbackPlan([record], force=force) if action == ROLLBACK else None)
    protected = data.draw(patterns)
    variables = {
        "pgflex_server_id": REF.id,
        "pgflex_identity_protected": protected[:1],
        "pgflex_identity_protected__more": ",".join(protected[1:]),
        "pgflex_identity_present": data.draw(some_ids),
        "pgflex_identity_absent": data.draw(some_ids),
        "pgflex_identity_purge": data.draw(st.booleans()),
        "pgflex_identity_keep_encryption_identities": data.draw(st.booleans()),
        "pgflex_identity_rotate_from": data.draw(st.sampled_from(EVERY)),
        "pgflex_identity_rotate_to": data.draw(st.sampled_from(EVERY)),
    }
    rows.add("pg-orders", lambda: variables)
    for row in rows.asked:
        try:
            desired = desired_state_from_row(row, parse_server_id("server_id", row["server_id"]))
        except InvalidInput:
            return
        assert set(desired.protected) == set(protected)
        check(there, desired, protected)
