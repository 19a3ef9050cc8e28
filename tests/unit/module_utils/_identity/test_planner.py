# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan has what has to change on a server, and the exact body of the PATCH that does it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import Refused
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState, Server
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import patch_body, plan
from unit.support import PRINCIPAL, A, B, C, D, mi, server

NONE, SYSTEM, USER, BOTH = "None", "SystemAssigned", "UserAssigned", "SystemAssigned,UserAssigned"
LOWER_A = mi("id-a", segment="resourcegroups")
LOUD_A = mi("ID-A", "RG-IDS").replace("Microsoft.ManagedIdentity", "MICROSOFT.MANAGEDIDENTITY")


def want(*present: str, remove: tuple[str, ...] = (), **rest: Any) -> DesiredState:
    return DesiredState(present=present, absent=remove, **rest)


def body(kind: str, *assign: str, remove: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return an identity to be sent; without any ID it has no map at all."""
    named: dict[str, Any] = {**{each: {} for each in assign}, **dict.fromkeys(remove)}
    return {"identity": {"type": kind, **({"userAssignedIdentities": named} if named else {})}}


CHANGES = [
    # nothing on the server
    ("assign to a server without identity", server(), want(A), [A], [], body(USER, A)),
    ("assign two", server(), want(A, B), [A, B], [], body(USER, A, B)),
    ("system on, on a server without identity", server(), want(system_assigned=True), [], [], body(SYSTEM)),
    ("assign and system on", server(), want(A, system_assigned=True), [A], [], body(BOTH, A)),
    ("assign and purge where nothing was", server(), want(A, purge=True), [A], [], body(USER, A)),
    ("assign, with system off where it is off", server(), want(A, system_assigned=False), [A], [], body(USER, A)),
    # the system-assigned identity only
    ("assign beside a system identity", server(system=True), want(A), [A], [], body(BOTH, A)),
    ("system off, nothing else there", server(system=True), want(system_assigned=False), [], [], body(NONE)),
    ("assign and system off", server(system=True), want(A, system_assigned=False), [A], [], body(USER, A)),
    ("assign and system on where it is on", server(system=True), want(A, system_assigned=True), [A], [],
     body(BOTH, A)),
    # user-assigned identities only
    ("assign a second", server(A), want(B), [B], [], body(USER, B)),
    ("assign one that is there and one that is not", server(A), want(A, B), [B], [], body(USER, B)),
    ("remove one of two", server(A, B), want(remove=(A,)), [], [A], body(USER, remove=(A,))),
    ("remove two of three", server(A, B, C), want(remove=(C, A)), [], [A, C], body(USER, remove=(A, C))),
    ("remove the last", server(A), want(remove=(A,)), [], [A], body(NONE)),
    ("remove all of two", server(A, B), want(remove=(A, B)), [], [A, B], body(NONE)),
    ("remove one that is there and one that is not", server(A, B), want(remove=(A, D)), [], [A],
     body(USER, remove=(A,))),
    ("purge", server(A, B, C), want(A, purge=True), [], [B, C], body(USER, remove=(B, C))),
    ("purge and assign", server(A, B), want(C, purge=True), [C], [A, B], body(USER, C, remove=(A, B))),
    ("purge to nothing", server(A, B), want(purge=True), [], [A, B], body(NONE)),
    ("replace", server(A, B), want(C, remove=(A,)), [C], [A], body(USER, C, remove=(A,))),
    ("replace the only one", server(A), want(B, remove=(A,)), [B], [A], body(USER, B, remove=(A,))),
    ("replace by one that is there", server(A, B), want(B, remove=(A,)), [], [A], body(USER, remove=(A,))),
    ("replace one that is not there", server(A), want(B, remove=(D,)), [B], [], body(USER, B)),
    ("replace and purge", server(A, B), want(C, remove=(A,), purge=True), [C], [A, B], body(USER, C, remove=(A, B))),
    ("system on beside user-assigned ones", server(A), want(system_assigned=True), [], [], body(BOTH)),
    ("remove the last and system on", server(A), want(remove=(A,), system_assigned=True), [], [A], body(SYSTEM)),
    ("assign, remove, system on", server(A), want(B, remove=(A,), system_assigned=True), [B], [A],
     body(BOTH, B, remove=(A,))),
    # both kinds
    ("assign beside both", server(A, system=True), want(B), [B], [], body(BOTH, B)),
    ("remove one of two beside a system identity", server(A, B, system=True), want(remove=(B,)), [], [B],
     body(BOTH, remove=(B,))),
    ("remove the last beside a system identity", server(A, system=True), want(remove=(A,)), [], [A], body(SYSTEM)),
    ("purge to nothing beside a system identity", server(A, B, system=True), want(purge=True), [], [A, B],
     body(SYSTEM)),
    ("system off names all that stay", server(B, A, system=True), want(system_assigned=False), [], [],
     body(USER, A, B)),
    ("system off and assign", server(A, system=True), want(B, system_assigned=False), [B], [], body(USER, A, B)),
    ("system off and remove one", server(A, B, system=True), want(remove=(A,), system_assigned=False), [], [A],
     body(USER, B, remove=(A,))),
    ("system off and remove the last", server(A, system=True), want(remove=(A,), system_assigned=False), [], [A],
     body(NONE)),
    ("system off and replace", server(A, B, system=True), want(C, remove=(A,), system_assigned=False), [C], [A],
     body(USER, B, C, remove=(A,))),
    ("system off and purge to nothing", server(A, system=True), want(purge=True, system_assigned=False), [], [A],
     body(NONE)),
    # spelling
    ("a removal uses the key as the server spells it", server(LOUD_A, B), want(remove=(A,)), [], [LOUD_A],
     body(USER, remove=(LOUD_A,))),
    ("an assignment uses the caller's spelling", server(B), want(LOUD_A), [LOUD_A], [], body(USER, LOUD_A)),
    ("purge keeps what is spelled otherwise", server(LOWER_A, B), want(LOUD_A, purge=True), [], [B],
     body(USER, remove=(B,))),
    ("a key spelled twice goes twice", server(A, LOUD_A, B), want(remove=(LOWER_A,)), [], [A, LOUD_A],
     body(USER, remove=(A, LOUD_A))),
    ("a key spelled twice is the last one", server(A, LOUD_A), want(remove=(A,)), [], [A, LOUD_A], body(NONE)),
    # encryption
    ("purge keeps encryption identities if told so", server(A, B, C, primary=LOUD_A, geo=B),
     want(purge=True, keep_encryption_identities=True), [], [C], body(USER, remove=(C,))),
    ("remove one beside an encryption identity", server(A, B, primary=A), want(remove=(B,)), [], [B],
     body(USER, remove=(B,))),
    ("system on beside a customer-managed key", server(A, primary=A), want(system_assigned=True), [], [], body(BOTH)),
    ("system off without a customer-managed key", server(A, system=True), want(A, system_assigned=False), [], [],
     body(USER, A)),
]  # fmt: skip

NO_CHANGE = [
    ("nothing asked of nothing", server(), want()),
    ("assigned already", server(A, B), want(A)),
    ("assigned already, spelled with a small g", server(LOWER_A), want(A)),
    ("assigned already, in capitals", server(A), want(LOUD_A)),
    ("assigned already, spelled twice by the server", server(A, LOUD_A), want(LOWER_A, purge=True)),
    ("not assigned, so not removed", server(A), want(remove=(B,))),
    ("nothing there to remove", server(), want(remove=(A,))),
    ("nothing there to purge", server(), want(purge=True)),
    ("nothing there to purge but a system identity", server(system=True), want(purge=True)),
    ("exactly what purge leaves", server(A, B), want(B, A, purge=True)),
    ("only encryption identities are left to purge", server(A, primary=A),
     want(purge=True, keep_encryption_identities=True)),
    ("replaced already", server(B), want(B, remove=(A,))),
    ("system on already", server(system=True), want(system_assigned=True)),
    ("system off already", server(A), want(A, system_assigned=False)),
    ("system off already, with a customer-managed key", server(A, primary=A), want(system_assigned=False)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "desired", "assign", "remove", "sent"), [pytest.param(*row[1:], id=row[0]) for row in CHANGES]
)
def test_a_change_is_exactly_the_difference(
    before: Server, desired: DesiredState, assign: list[str], remove: list[str], sent: dict[str, Any]
) -> None:
    found = plan(before, desired)

    assert found.changes
    assert (list(found.assign), list(found.remove)) == (assign, remove)
    assert patch_body(found) == sent
    assert found.after.type == sent["identity"]["type"]
    assert found.before == before.identity


@pytest.mark.parametrize(("before", "desired"), [pytest.param(*row[1:], id=row[0]) for row in NO_CHANGE])
def test_a_compliant_server_is_left_alone(before: Server, desired: DesiredState) -> None:
    found = plan(before, desired)

    assert not found.changes
    assert found.after == found.before


def test_what_will_be_carries_the_facts_of_what_stays() -> None:
    after = plan(server(A, system=True), want(B)).after

    assert after.ids == (A, B)
    assert (after.tenant_id, after.principal_id) == (server(A).identity.tenant_id, PRINCIPAL)


def test_a_system_identity_that_goes_takes_its_principal_along() -> None:
    assert plan(server(A, system=True), want(system_assigned=False)).after.principal_id is None


@pytest.mark.parametrize(
    ("asked", "before", "change"),
    [
        pytest.param(None, True, None, id="nobody asked"),
        pytest.param(True, True, None, id="on already"),
        pytest.param(True, False, True, id="on"),
        pytest.param(False, True, False, id="off"),
        pytest.param(False, False, None, id="off already"),
    ],
)
def test_a_plan_says_what_becomes_of_the_system_identity(asked: bool | None, before: bool, change: bool | None) -> None:
    assert plan(server(system=before), want(system_assigned=asked)).system_assigned is change


@pytest.mark.parametrize("state", [{"present": (A,)}, {"absent": (A,)}, {"only_if_assigned": (B,), "absent": (B,)}])
def test_a_guid_that_is_no_name_of_a_held_identity_is_refused(state: dict[str, Any]) -> None:
    """Also where the state would count for another server only, as in a rotation."""
    guid = "0000000a-0000-4000-8000-00000000000a"
    with pytest.raises(Refused, match="looks like the principal ID") as raised:
        plan(server(C), DesiredState(**state, guids=(guid,)))
    assert raised.value.target == guid
    assert not plan(server(mi(guid)), want(mi(guid), guids=(guid.upper(),))).changes
