# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sum of a run's writes to a server: of several, of some carried out in part, and of some with an unknown end."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import (
    NOT_WRITTEN,
    OUTCOMES,
    UNKNOWN,
    WRITTEN,
    Entry,
    HeldIdentities,
    merge,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import key


def held(names: str, system: bool = False) -> HeldIdentities:
    return HeldIdentities(tuple(names), system)


def entry(*lines: tuple[HeldIdentities, HeldIdentities] | str) -> Entry:
    """Return the sum of these writes, and of what became of them."""
    entries = [Entry("host", "id", *each, UNKNOWN) for each in lines if not isinstance(each, str)]
    number = done = 0
    for each in lines:
        if isinstance(each, str):
            entries[done:number] = [replace(one, written=OUTCOMES[each]) for one in entries[done:number]]
            done = number
        else:
            number += 1
    return merge(entries)


@pytest.mark.parametrize(
    ("outcomes", "written"),
    [
        ([], UNKNOWN),
        (["done"], WRITTEN),
        (["accepted"], WRITTEN),
        (["unknown"], UNKNOWN),
        (["failed"], UNKNOWN),
        (["none"], NOT_WRITTEN),
        (["done", "none"], WRITTEN),
    ],
)
def test_whether_a_server_was_written_to_is_what_was_said_of_its_writes(outcomes: list[str], written: str) -> None:
    perhaps = held("a") if written == UNKNOWN else None
    assert entry((held("a"), held("b")), *outcomes) == Entry("host", "id", held("a"), held("b"), written, perhaps)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_write_of_which_nothing_is_known_is_not_hidden_by_one_that_is(outcome: str) -> None:
    known = OUTCOMES[outcome]
    found = entry((held("a"), held("ab")), (held("ab"), held("abc")), outcome, (held("abc"), held("bc")))
    assert found.written == (WRITTEN if known == WRITTEN else UNKNOWN)
    before = held("abc") if known == NOT_WRITTEN else held("a")
    assert (found.before, found.after) == (before, held("bc"))


@pytest.mark.parametrize(
    ("writes", "before"),
    [
        pytest.param([("c", "ac"), ("c", "ac")], "c", id="an answer was lost"),
        pytest.param([("c", "a"), ("ax", "abx")], "cx", id="somebody else has assigned x in between"),
        pytest.param([("c", "ac"), ("a", "ab")], "", id="somebody else has removed c in between"),
        pytest.param([("c", ""), ("c", "")], "c", id="somebody else has assigned c again in between"),
        pytest.param([("c", "a"), ("acx", "acx")], "cx", id="somebody else has assigned c again, and it stays"),
        pytest.param([("c", "a"), ("a", "c")], "c", id="rolled back"),
        pytest.param([("c", "a"), ("ax", "cx"), ("cx", "bx")], "cx", id="rolled back, and another change"),
    ],
)
def test_what_others_did_between_two_writes_stays(writes: list[tuple[str, str]], before: str) -> None:
    found = entry(*((held(one), held(other)) for one, other in writes))
    assert (found.before, found.after) == (held(before), held(writes[-1][1]))


@pytest.mark.parametrize(
    ("seen", "before", "perhaps"),
    [
        pytest.param(None, "a", "ab", id="nothing later"),
        pytest.param("ab", "a", None, id="it was not done"),
        pytest.param("abc", "a", None, id="it was done"),
    ],
)
def test_of_an_uncertain_write_in_an_earlier_record_a_later_one_knows(
    seen: str | None, before: str, perhaps: str | None
) -> None:
    first = entry((held("a"), held("ab")), "done", (held("ab"), held("abc")))
    assert (first.before, first.after, first.perhaps) == (held("a"), held("abc"), held("ab"))
    later = [Entry("host", "id", held(seen), held(f"{seen}d"))] if seen else []
    found = merge([first, *later])
    assert (found.before, found.after.identities[-1]) == (held(before), "d" if seen else "c")
    assert found.perhaps == (held(perhaps) if perhaps else None)
    assert found.written == WRITTEN


@pytest.mark.parametrize(
    ("writes", "before"),
    [
        ([(True, False), (False, False)], True),
        ([(False, False), (True, True)], True),
        ([(False, True)], False),
        ([(True, False), (False, True)], True),
    ],
)
def test_the_system_assigned_identity_is_switched_back_only_if_the_run_has_switched_it(
    writes: list[tuple[bool, bool]], before: bool
) -> None:
    found = entry(*((held("a", one), held("a", other)) for one, other in writes))
    assert found.before.system_assigned is before


def test_spellings_of_one_identity_are_one() -> None:
    found = entry((held("c"), held("aC")), (held("Ac"), held("Abc")))
    assert list(map(key, found.before.identities)) == ["c"]


SETS = st.frozensets(st.sampled_from("abcdef"))


@given(SETS, st.booleans(), st.lists(st.tuples(SETS, SETS, SETS, SETS, st.booleans()), min_size=1, max_size=4))
def test_without_the_run_a_server_holds_what_others_left(
    start: frozenset[str], system: bool, rounds: list[tuple[frozenset[str], ...]]
) -> None:
    """Others touch d, e and f, the run a, b and c, each of which it either assigns or removes."""
    ours, theirs = set("abc"), set("def")
    assign = rounds[0][0] & ours
    now, others = set(start), set(start)
    writes = []
    for part, _unused, add, drop, _system in rounds:
        for each in (now, others):
            each |= add & theirs
            each -= drop & theirs
        after = (now | (assign & part)) - ((ours - assign) & part)
        writes.append((HeldIdentities(tuple(sorted(now)), system), HeldIdentities(tuple(sorted(after)), system)))
        now = after
    assert entry(*writes).before == HeldIdentities(tuple(sorted(others)), system)
