# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every plan keeps the rules, tried with random servers and states against an independent model of the service."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.pgflex.azure.plugins.module_utils._errors import Refused
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import (
    DesiredState,
    Plan,
    Server,
    server_from_arm,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import patch_body, plan
from ansible_collections.pgflex.azure.plugins.module_utils._server.verification import find_discrepancies
from unit.drawn import NAMES, SPELLINGS, Raw, ids, names, raw_servers, spelled
from unit.service import merge
from unit.support import PRINCIPAL, REF, mi

maybe_system = st.sampled_from((None, True, False))


patterns = st.one_of(
    ids,
    names.map(lambda each: f"ID-{each}"),
    st.sampled_from(("id-*", "*", "*-B", "*c", "nobody-*", f"{mi('*')}", "*/USERASSIGNEDIDENTITIES/id-d", "*/rg-no/*")),
)


def protected_by(states: DesiredState) -> set[str]:
    """Return what is protected of all there can be, by its own reading of patterns."""
    found = set()
    for each in (mi(f"id-{name}").lower() for name in NAMES):
        for pattern in (one.lower() for one in states.protected):
            subject = each if "/" in pattern else each.rpartition("/")[2]
            # Of these patterns none has more than one star, but for the last.
            start, star, end = pattern.partition("*")
            fits = subject == pattern if not star else subject.startswith(start) and subject.endswith(end)
            if fits and "rg-no" not in pattern:
                found.add(each)
    return found


@st.composite
def desired_states(draw: st.DrawFn) -> DesiredState:
    """Draw what the options can ask for: nothing both assigned and removed, and each ID once."""
    roles = draw(st.dictionaries(names, st.booleans()))
    present = tuple(draw(spelled(name)) for name, present in roles.items() if present)
    return DesiredState(
        present=present or draw(st.sampled_from((None, ()))),
        absent=tuple(draw(spelled(name)) for name, present in roles.items() if not present),
        purge=draw(st.booleans()),
        keep_encryption_identities=draw(st.booleans()),
        system_assigned=draw(maybe_system),
        protected=tuple(draw(st.lists(patterns, max_size=2))),
    )


def model(raw: Raw) -> Server:
    return server_from_arm(raw, REF)


def planned(raw: Raw, desired: DesiredState) -> Plan:
    """Return the plan, or give this example up if it is refused."""
    try:
        return plan(model(raw), desired)
    except Refused:
        assume(False)
        raise


def lowered(some: tuple[str, ...] | None) -> set[str]:
    return {each.lower() for each in some or ()}


def carried_out(raw: Raw, found: Plan) -> Raw:
    """Return the server's JSON after its PATCH, if there is one."""
    return {**raw, "identity": merge(raw.get("identity"), patch_body(found))} if found.changes else raw


def outcome(raw: Raw, desired: DesiredState) -> Any:
    """Return what a plan does, or that it is refused, without any spelling."""
    try:
        found = plan(model(raw), desired)
    except Refused as refused:
        return refused.code, str(refused).lower()
    return lowered(found.assign), lowered(found.remove), found.system_assigned, found.after.type


@given(raw_servers(), desired_states())
def test_the_service_takes_the_body_and_does_what_was_planned(raw: Raw, desired: DesiredState) -> None:
    found = planned(raw, desired)
    after = model(carried_out(raw, found)).identity

    assert (after.type, after.ids) == (found.after.type, found.after.ids)
    assert after.principal_id == (PRINCIPAL if found.after.system_assigned else None)


@given(raw_servers(), desired_states())
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(raw: Raw, desired: DesiredState) -> None:
    found = planned(raw, desired)
    after = model(carried_out(raw, found))

    assert not plan(after, desired).changes
    assert find_discrepancies(found, after, desired) == []


@given(raw_servers(), desired_states())
def test_only_what_somebody_asked_to_remove_is_removed_and_never_what_encryption_needs(
    raw: Raw, desired: DesiredState
) -> None:
    server, found = model(raw), planned(raw, desired)
    gone = lowered(server.identity.ids) - lowered(found.after.ids)

    assert gone == lowered(found.remove)
    assert not gone & server.encryption.uses.keys()
    assert not gone & protected_by(desired)
    assert not gone & lowered(desired.present)
    if not desired.purges:
        assert gone <= lowered(desired.absent)


@given(raw_servers(), desired_states())
def test_everything_asked_for_is_there_at_the_end(raw: Raw, desired: DesiredState) -> None:
    after = lowered(planned(raw, desired).after.ids)

    assert after >= lowered(desired.present)
    assert not after & lowered(desired.absent)
    if desired.purges:
        assert after <= lowered(desired.present) | (
            model(raw).encryption.uses.keys() if desired.keep_encryption_identities else set()
        ) | protected_by(desired)


@given(raw_servers(), desired_states())
def test_the_system_identity_changes_only_if_somebody_asked(raw: Raw, desired: DesiredState) -> None:
    found = planned(raw, desired)
    asked = found.before.system_assigned if desired.system_assigned is None else desired.system_assigned

    assert model(carried_out(raw, found)).identity.system_assigned == asked


@given(raw_servers(), desired_states(), st.sampled_from(SPELLINGS), st.sampled_from(SPELLINGS))
def test_the_spelling_of_no_id_matters(raw: Raw, desired: DesiredState, ours: Any, theirs: Any) -> None:
    held: Raw = {theirs(each): {} for each in model(raw).identity.ids}
    found: Raw = raw["properties"]["dataEncryption"]
    encryption = {name: theirs(each) if "Identity" in name else each for name, each in found.items()}
    identity = raw.get("identity") and {**raw["identity"], "userAssignedIdentities": held}
    other = {**raw, "identity": identity, "properties": {"dataEncryption": encryption}}
    present = None if desired.present is None else tuple(map(ours, desired.present))
    respelled = replace(desired, present=present, absent=tuple(map(ours, desired.absent)))

    assert outcome(other, respelled) == outcome(raw, desired)


@given(raw_servers(), desired_states())
def test_a_body_holds_nothing_that_does_not_change(raw: Raw, desired: DesiredState) -> None:
    found = planned(raw, desired)
    assume(found.changes)
    sent = patch_body(found)["identity"]
    named = sent.get("userAssignedIdentities", {})
    kept = {each for each, value in named.items() if value == {}} - set(found.assign)

    assert "UserAssigned" in sent["type"] or "userAssignedIdentities" not in sent
    assert {each for each, value in named.items() if value is None} <= set(found.before.ids)
    assert kept == set() or found.system_assigned is False
    assert set(sent) <= {"type", "userAssignedIdentities"}


@given(raw_servers(), desired_states(), st.randoms(use_true_random=False))
def test_the_order_of_anything_does_not_matter(raw: Raw, desired: DesiredState, random: Any) -> None:
    def shuffled(some: Any) -> Any:
        return tuple(random.sample(list(some), len(some)))

    found = planned(raw, desired)
    server = model(raw)
    mixed = replace(server, identity=replace(server.identity, user_assigned=shuffled(server.identity.user_assigned)))
    present = None if desired.present is None else shuffled(desired.present)
    other = plan(mixed, replace(desired, present=present, absent=shuffled(desired.absent)))

    assert patch_body(other) == patch_body(found)
    assert set(other.remove) == set(found.remove)
    assert (other.after.type, set(other.after.ids)) == (found.after.type, set(found.after.ids))
