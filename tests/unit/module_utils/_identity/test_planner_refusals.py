# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals before any write, word for word."""

from __future__ import annotations

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import Refused
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState, Server
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import plan
from unit.support import REF, A, B, C, server

DATA = "Cannot remove identity {} because it's used for data encryption."
GEO = "Cannot remove identity {} because it's used for geo backup data encryption."
ELASTIC = "Elastic cluster does not currently support this operation."
KEY = (
    "On servers for which data encryption is based on customer managed key, "
    "system assigned managed identity cannot be disabled."
)

REFUSED = [
    ("the identity of the data encryption", server(A, B, primary=A), DesiredState(absent=(A,)), DATA.format(A), A),
    ("that of the geo backup", server(A, B, primary=A, geo=B), DesiredState(absent=(B,)), GEO.format(B), B),
    ("one that serves both", server(A, B, primary=A, geo=A.upper()), DesiredState(absent=(A,)), DATA.format(A), A),
    ("both at once", server(A, B, primary=A, geo=B), DesiredState(absent=(B, A)),
     f"{DATA.format(A)} {GEO.format(B)}", A),
    ("in another spelling, quoted as encryption has it", server(A, B, primary=A.lower()),
     DesiredState(absent=(A.upper(),)), DATA.format(A.lower()), A.lower()),
    ("even if it is not assigned", server(B, primary=A), DesiredState(absent=(A,)), DATA.format(A), A),
    ("as one that is replaced", server(A, primary=A), DesiredState(present=(B,), absent=(A,)), DATA.format(A), A),
    ("by a purge", server(A, B, primary=A), DesiredState(present=(B,), purge=True), DATA.format(A), A),
    ("by a purge of everything", server(A, B, geo=B), DesiredState(present=(), purge=True), GEO.format(B), B),
    ("by name, although a purge would keep it", server(A, B, primary=A),
     DesiredState(absent=(A,), purge=True, keep_encryption_identities=True), DATA.format(A), A),
    ("the system identity of a server with a customer-managed key", server(A, system=True, primary=A),
     DesiredState(system_assigned=False), KEY, REF.id),
    ("an elastic cluster", server(elastic=True), DesiredState(present=(A,)), ELASTIC, REF.id),
    ("a compliant elastic cluster", server(A, elastic=True), DesiredState(present=(A,)), ELASTIC, REF.id),
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "desired", "text", "target"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED]
)
def test_it_is_refused(before: Server, desired: DesiredState, text: str, target: str) -> None:
    with pytest.raises(Refused) as caught:
        plan(before, desired)

    assert str(caught.value) == text
    assert caught.value.as_dict()["target"] == target


@pytest.mark.parametrize(
    ("before", "desired", "code"),
    [
        pytest.param(server(A, primary=A), DesiredState(absent=(A,)), "IdentityUsedForEncryption", id="encryption"),
        pytest.param(
            server(A, system=True, primary=A),
            DesiredState(system_assigned=False),
            "SystemAssignedIdentityInUse",
            id="system identity",
        ),
        pytest.param(server(elastic=True), DesiredState(absent=(A,)), "ElasticCluster", id="elastic cluster"),
    ],
)
def test_a_refusal_has_a_code(before: Server, desired: DesiredState, code: str) -> None:
    with pytest.raises(Refused) as caught:
        plan(before, desired)

    assert caught.value.code == code


def test_a_purge_that_keeps_the_encryption_identities_is_not_refused() -> None:
    desired = DesiredState(present=(B,), purge=True, keep_encryption_identities=True)

    assert plan(server(A, B, C, primary=A, geo=A), desired).remove == (C,)


def test_a_geo_key_alone_protects_the_system_identity_too() -> None:
    with pytest.raises(Refused, match=KEY):
        plan(server(A, system=True, geo=A), DesiredState(system_assigned=False))
