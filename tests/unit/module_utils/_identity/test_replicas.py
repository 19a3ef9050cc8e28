# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chains of replicas, what each lacks, and what it takes over of its primary's declaration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import PgflexError, Refused
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState, Server
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import plan
from ansible_collections.pgflex.azure.plugins.module_utils._identity.replicas import (
    find_lacking,
    inherit,
    lacking_in_words,
    source_ids,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef
from unit.support import SUBSCRIPTION, A, B, C, D, mi, server


def named(name: str, *ids: str, source: str | None = None, role: str = "AsyncReplica", primary: str = "") -> Server:
    ref = ServerRef(SUBSCRIPTION, "rg-prod", name)
    found = server(*ids, primary=primary or None)
    role = role if source else "Primary"
    return replace(found, ref=ref, id=ref.id, replication_role=role, source_server_id=source)


MAIN = named("pg-main", A, B, primary=B)
COPY = named("pg-copy", C, source=MAIN.id.upper())
LAST = named("pg-last", source=COPY.id, role="GeoAsyncReplica")


def test_a_chain_is_followed_as_far_as_it_is_known() -> None:
    assert list(source_ids(LAST, {})) == [COPY.id]
    known = {COPY.id.lower(): COPY}
    assert list(source_ids(LAST, known)) == [COPY.id, MAIN.id.upper()]
    assert list(source_ids(LAST, {**known, MAIN.id.lower(): MAIN})) == [COPY.id, MAIN.id.upper()]
    assert list(source_ids(LAST, {COPY.id.lower(): PgflexError("gone")})) == [COPY.id]
    assert list(source_ids(MAIN, {})) == []


def test_a_chain_that_bites_its_tail_ends() -> None:
    one, two = named("pg-1", source=named("pg-2").id), named("pg-2", source=named("pg-1").id.upper())
    assert list(source_ids(one, {one.id.lower(): one, two.id.lower(): two})) == [two.id]


@pytest.mark.parametrize(
    ("role", "replicates"), [("AsyncReplica", True), (None, True), ("PRIMARY", False), ("None", False)]
)
def test_what_replicates_says_its_role_if_it_says_one(role: str | None, replicates: bool) -> None:
    found = replace(COPY, replication_role=role)
    assert (found.primary_id is not None) == replicates


def test_what_a_replica_lacks_is_that_of_its_nearest_primary_without_keys() -> None:
    nearer = replace(COPY, identity=named("x", A.upper(), C).identity)
    assert find_lacking(LAST, [nearer, MAIN]) == [(A.upper(), nearer), (C, nearer)]
    assert find_lacking(COPY, [MAIN]) == [(A, MAIN)]
    assert find_lacking(named("pg-x", A.upper(), source=MAIN.id), [MAIN]) == []


def test_it_is_said_by_primary_and_by_id_where_names_are_equal() -> None:
    other = mi("ID-A", "rg-other")
    assert lacking_in_words([(A, MAIN), (C, COPY), (other, MAIN)]) == [
        f"lacks {A}, {other} of its primary pg-main",
        "lacks id-c of its primary pg-copy",
    ]


def test_a_declaration_is_added_and_ones_own_goes_before() -> None:
    own = DesiredState((C,), (A.upper(),), system_assigned=False, protected=("x",), purge=True)
    of_primary = DesiredState((A, D, B), (C.upper(), mi("id-e")), system_assigned=True, protected=("y",))
    found = inherit(own, of_primary, MAIN, COPY)
    assert found == replace(own, present=(C, D), absent=(A.upper(), mi("id-e")))
    assert inherit(DesiredState(), of_primary, MAIN, COPY).system_assigned is True


def test_a_name_of_the_primary_that_may_be_a_principal_id_is_refused_for_its_replica_too() -> None:
    guid = "0000000a-0000-4000-8000-00000000000a"
    found = inherit(DesiredState(), DesiredState((mi(guid),), guids=(guid,)), MAIN, COPY)
    with pytest.raises(Refused, match=f"{guid} looks like the principal ID"):
        plan(COPY, found)


def test_neither_a_purge_nor_what_goes_with_it_is_taken_over() -> None:
    purging = DesiredState(purge=True, keep_encryption_identities=True, protected=("id-*",))
    assert inherit(DesiredState(), purging, MAIN, COPY) == DesiredState()


def test_what_encrypts_a_replica_is_not_removed_with_its_primarys() -> None:
    keyed = replace(COPY, encryption=named("x", C, primary=C).encryption)
    assert inherit(DesiredState(), DesiredState(absent=(C, D)), MAIN, keyed) == DesiredState(absent=(D,))
