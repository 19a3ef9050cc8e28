# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A desired state may count under a condition only: an identity is assigned, or the server is as expected."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import Refused
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState, Expected, Server
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import plan
from ansible_collections.pgflex.azure.plugins.module_utils._server.verification import find_discrepancies
from unit.support import A, B, C, D, server

ROTATE = DesiredState(present=(B,), absent=(A,), only_if_assigned=(A,))
BACK = DesiredState(present=(A,), purge=True, system_assigned=False, expected=Expected((A, B), False))


def test_a_rotation_replaces_the_identity_where_it_is() -> None:
    planned = plan(server(A.upper(), C), ROTATE)
    assert (planned.assign, planned.remove) == ((B,), (A.upper(),))


@pytest.mark.parametrize("before", [server(), server(B), server(C, D), server(C, elastic=True)])
def test_a_rotation_leaves_servers_alone_that_do_not_hold_the_identity(before: Server) -> None:
    assert not plan(before, ROTATE).changes


def test_a_rotation_of_an_identity_that_encrypts_is_refused() -> None:
    with pytest.raises(Refused, match=r"Cannot remove identity .*/id-a because it's used for data encryption."):
        plan(server(A, primary=A), ROTATE)


def test_a_rotation_that_lost_one_and_did_not_assign_the_other_is_not_as_planned() -> None:
    done = plan(server(A, C), ROTATE)
    assert find_discrepancies(done, server(C), ROTATE) == [f"{B} is not assigned"]
    assert find_discrepancies(done, server(B, C), ROTATE) == []


def test_a_server_as_expected_is_changed_whatever_the_casing() -> None:
    assert plan(server(A.upper(), B), BACK).remove == (B,)


def test_a_compliant_server_need_not_be_as_expected() -> None:
    assert not plan(server(A), BACK).changes


@pytest.mark.parametrize(
    ("before", "problem"),
    [
        (server(A, B, C), f"{C} is assigned"),
        (server(B), f"{A} is not assigned"),
        (server(), f"{A} is not assigned; {B} is not assigned"),
        (server(A, B, system=True), "the system-assigned identity is on"),
    ],
)
def test_a_server_that_is_not_as_expected_is_refused(before: Server, problem: str) -> None:
    with pytest.raises(Refused) as caught:
        plan(before, BACK)
    assert caught.value.code == "NotAsExpected"
    assert f"Server pg-orders is not as expected: {problem}." in str(caught.value)


@pytest.mark.parametrize(("before", "refused"), [(server(A), False), (server(A, C), False), (server(A, B), True)])
def test_what_is_possible_may_be_assigned_or_not(before: Server, refused: bool) -> None:
    desired = DesiredState(present=(D,), purge=True, expected=Expected((A,), possible=(C.upper(),)))
    with pytest.raises(Refused) if refused else nullcontext():
        assert plan(before, desired).assign == (D,)


def test_without_a_word_about_it_the_system_assigned_identity_may_be_as_it_is() -> None:
    desired = replace(BACK, system_assigned=None, expected=Expected((A, B)))
    assert plan(server(A, B, system=True), desired).after.system_assigned


@pytest.mark.parametrize(
    ("desired", "removed"),
    [
        pytest.param(DesiredState(purge=True), (), id="a purge alone"),
        pytest.param(DesiredState(purge=True, keep_encryption_identities=True), (), id="a purge with an exception"),
        pytest.param(DesiredState(present=(), purge=True), (A, B), id="an empty list"),
        pytest.param(DesiredState(absent=(A,), purge=True), (A,), id="a removal"),
        pytest.param(DesiredState(system_assigned=True, purge=True), (), id="the system-assigned identity"),
    ],
)
def test_a_purge_needs_a_declaration(desired: DesiredState, removed: tuple[str, ...]) -> None:
    planned = plan(server(A, B), desired)
    assert planned.remove == removed
    assert planned.changes == desired.declared


def test_an_undeclared_server_is_never_refused() -> None:
    assert not plan(replace(server(A, elastic=True), contradictions=("it is so",)), DesiredState(purge=True)).changes


def test_after_the_change_nothing_is_expected_any_more() -> None:
    done = plan(server(A, B), BACK)
    assert find_discrepancies(done, server(A), BACK) == []
    assert find_discrepancies(done, server(A, C), BACK) == [f"{C} is still assigned"]
