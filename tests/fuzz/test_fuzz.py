# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers with random texts, and all modules with random options: understood, or refused in words. Nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from e2e.emulator_client import Emulator, running_emulator
from e2e.fleet_task import MODULE as FLEET
from e2e.runs import FAST, run_in_process
from e2e.world import GROUP, SERVER, SERVER_ID, SUBSCRIPTION, identity_id, seed_server, user_assigned
from fuzz.targets import SEEDS, try_out

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How many are tried; the latter for each module.
TEXTS, OPTIONS = 400, 40
pieces = st.sampled_from([*SEEDS, "/", "//", "..", "%2e%2e", "?", "#", "\x00", "\n", "é", "[" * 300, "9" * 500, "%"])
texts = st.one_of(st.text(max_size=40), st.lists(st.one_of(pieces, st.text(max_size=5)), max_size=4).map("".join))


@settings(max_examples=TEXTS, deadline=None, derandomize=True, database=None)
@given(text=texts)
@example(text="Mon, 01 Jan 2024 00:00:00 +99999999999")
def test_any_text_is_understood_or_refused(text: str) -> None:
    try_out(text)


@pytest.mark.parametrize(
    "text",
    [pytest.param("9" * 5000, id="a wave of 5000 digits"), pytest.param('"a":' + "[" * 100000, id="a deep record")],
)
def test_what_is_far_too_large_is_refused(text: str) -> None:
    try_out(text)


names = st.one_of(
    st.sampled_from(["id-a", "id-b", "ID-A", identity_id("id-c"), identity_id("id-b").upper(), SERVER_ID, ""]), texts
)
servers = st.one_of(st.sampled_from([SERVER, SERVER.upper()]), texts)
groups = st.one_of(st.sampled_from([GROUP, GROUP.upper()]), texts)
ids = st.one_of(st.sampled_from([SERVER_ID, SERVER_ID.lower(), identity_id("id-a")]), texts)
anything = st.one_of(st.none(), st.booleans(), st.integers(), texts, st.lists(texts, max_size=2), st.just({"a": 1}))
DESIRED: dict[str, st.SearchStrategy[Any]] = {
    "system_assigned": st.sampled_from([None, True, False, "maybe"]),
    "identity_resource_group": groups,
    "identity_subscription_id": st.one_of(st.just(SUBSCRIPTION), texts),
    "keep_encryption_identities": st.booleans(),
}
PLACES = st.one_of(
    st.fixed_dictionaries({"server_name": servers, "resource_group": groups}),
    st.fixed_dictionaries({"server_id": ids}),
    st.fixed_dictionaries({}, optional={"server_id": anything, "server_name": anything, "resource_group": anything}),
)
#: Numbers that would make a test wait are left out: how waiting ends is tried elsewhere.
TIMEOUTS: dict[str, st.SearchStrategy[Any]] = {
    "wait_timeout": st.sampled_from([-1, 0, 5, "x", None]),
    "busy_timeout": st.sampled_from([-1, 0, 2, []]),
}


def both(*parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(*parts).map(lambda found: {name: value for part in found for name, value in part.items()})


one_server = both(
    PLACES,
    st.fixed_dictionaries({"identities": st.one_of(st.lists(names, max_size=3), anything)}),
    st.fixed_dictionaries(
        {},
        optional={
            "state": st.one_of(st.sampled_from(["present", "absent", "info"]), texts),
            "replaces": st.lists(names, max_size=2),
            "purge_identities": st.booleans(),
            "subscription_id": st.one_of(st.just(SUBSCRIPTION), texts),
            **DESIRED,
            **TIMEOUTS,
        },
    ),
)
row = both(
    PLACES,
    st.fixed_dictionaries(
        {},
        optional={
            "present": st.lists(names, max_size=3),
            "absent": st.lists(names, max_size=2),
            "purge": st.booleans(),
            "subscription_id": st.one_of(st.just(SUBSCRIPTION), texts),
            "only_if_assigned": st.lists(names, max_size=2),
            "expected_identities": st.lists(names, max_size=2),
            **DESIRED,
        },
    ),
)
fleet = st.fixed_dictionaries(
    {"servers": st.one_of(st.lists(row, max_size=3), anything)},
    optional={
        "waves": st.one_of(st.lists(texts, max_size=2), st.just(["50%"])),
        "max_fail_percentage": st.sampled_from([-1, 0, 100, 101, "nan", "x"]),
        "quota_percentage": st.sampled_from([0, 1, 100, "inf"]),
        "rollback": st.sampled_from([None, "pgflex1:x", "{}", "{" + SEEDS[2]]),
        **TIMEOUTS,
    },
)
info = both(
    PLACES,
    st.fixed_dictionaries(
        {},
        optional={
            "subscriptions": st.lists(st.one_of(st.just(SUBSCRIPTION), texts), max_size=2),
            "resource_groups": st.lists(groups, max_size=2),
            "identities": st.lists(names, max_size=2),
            "tags": st.lists(texts, max_size=2),
        },
    ),
)
MODULES = {"pgflex_identity": one_server, FLEET: fleet, "pgflex_identity_info": info}
#: Every address that may be asked for; a segment is no more than a name.
_ADDRESS = re.compile(
    r"/subscriptions(/[0-9a-f-]{36}(/resourceGroups/[-\w.()]{1,90})?"
    r"/providers/Microsoft\.(DBforPostgreSQL|ManagedIdentity)"
    r"/(flexibleServers|userAssignedIdentities|locations)(/[A-Za-z0-9_-]{1,128})*)?",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with running_emulator() as emulator:
        yield emulator


@pytest.mark.parametrize("name", list(MODULES))
def test_any_option_is_understood_or_refused(name: str, emulator: Emulator) -> None:
    @settings(
        max_examples=OPTIONS, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(options=MODULES[name], check=st.booleans())
    def try_options(options: dict[str, Any], check: bool) -> None:
        seed_server(emulator, user_assigned("id-a"))
        timeouts = {} if name == "pgflex_identity_info" else FAST
        given_ones = {**emulator.connection, **timeouts, **options}
        result, output = run_in_process(given_ones, check=check, name=name)
        assert "Traceback" not in output
        assert "exception" not in result
        assert not result.get("failed") or result["msg"]
        wrong = [each["path"] for each in emulator.requests("arm") if not _ADDRESS.fullmatch(each["path"])]
        assert wrong == []

    emulator.reset()
    emulator.settings(operation_seconds=0, throttle=None)
    try_options()
    assert emulator.requests("other") == []
