# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value of another kind is taken, or the message says what it looks like and where it belongs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.roles import ASSIGN, HOSTS, REMOVE, ROTATE, seed_fleet, truth, unwrapped, writes
from e2e.world import identity_id, patches, seed_identity, seed_server, true_identity, user_assigned

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator
    from e2e.roles import Run

GUID = "0000000a-0000-4000-8000-00000000000a"
LOOKS = (
    f"{GUID} looks like the principal ID (object ID) or client ID of an identity. What belongs here is its resource ID"
)


@pytest.mark.parametrize(
    "given",
    [
        {"identities": [GUID.upper()]},
        {"identities": [GUID], "state": "absent"},
        {"identities": ["id-a"], "replaces": [GUID]},
    ],
)
def test_a_guid_is_no_identity(given: dict[str, Any], emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-a"))
    result = module(**given)
    assert result["msg"].lower().startswith(LOOKS.lower()), result
    assert f"clientId=='{GUID}'" in result["msg"].replace(GUID.upper(), GUID)
    assert patches(emulator) == []


def test_an_identity_whose_name_is_a_guid_goes_by_its_id(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-a"))
    odd = seed_identity(emulator, GUID)
    assert module(identities=[odd])["changed"]
    # The server says that it is a name.
    assert not module(identities=[GUID])["changed"]
    assert module(identities=[GUID], state="absent")["changed"]
    assert true_identity(emulator)["ids"] == [identity_id("id-a").lower()]


@pytest.mark.parametrize(
    ("playbook", "variables"),
    [
        (ASSIGN, {"pgflex_identity_present": f"id-a,{GUID}"}),
        (REMOVE, {"pgflex_identity_absent": [GUID]}),
        (ROTATE, {"pgflex_identity_rotate_from": GUID, "pgflex_identity_rotate_to": "id-b"}),
        (ROTATE, {"pgflex_identity_rotate_from": "id-a", "pgflex_identity_rotate_to": GUID}),
    ],
)
def test_a_guid_is_no_identity_of_a_fleet(
    playbook: str, variables: dict[str, Any], emulator: Emulator, run: Run
) -> None:
    seed_fleet(emulator, "id-a")
    ran = run(playbook, HOSTS[:2], **variables)
    assert ran.rc == 2
    assert LOOKS in unwrapped(ran)
    assert writes(emulator) == []


@pytest.mark.parametrize("value", ["id-a,id-b", "id-a, id-b", "id-a\nid-b\n", ["id-a, id-b"], ["id-a ", "\nid-b"]])
def test_the_module_takes_a_text_as_the_role_does(value: Any, emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    assert module(identities=value)["changed"]
    assert true_identity(emulator)["ids"] == [identity_id(each).lower() for each in ("id-a", "id-b")]


def test_to_remove_what_nobody_holds_and_what_does_not_exist_is_a_warning(emulator: Emulator, run: Run) -> None:
    seed_fleet(emulator, "id-b")
    before = truth(emulator)
    ran = run(REMOVE, HOSTS[:3], pgflex_identity_absent=["id-a", "id-bakcup"])
    assert ran.rc == 0, ran.output
    warning = f"{identity_id('id-bakcup')} is to be removed, but no server of this run holds an identity of that name"
    assert unwrapped(ran).count(warning) == 1
    # It exists, so that it may have been held.
    assert "id-a is to be removed" not in unwrapped(ran)
    assert truth(emulator) == before
    # Without a look at identities nothing can be said.
    assert (
        "is to be removed"
        not in run(REMOVE, HOSTS[:3], pgflex_identity_absent=["id-bakcup"], pgflex_identity_validate=False).output
    )


def test_what_is_held_in_another_group_is_no_misspelt_name(emulator: Emulator, run: Run) -> None:
    """A bare name is completed with the group of each server."""
    seed_fleet(emulator, "id-a")
    ran = run(REMOVE, HOSTS[:2], pgflex_identity_absent="id-a", pgflex_identity_lookup_resource_group="rg-none")
    assert ran.rc == 0, ran.output
    assert "is to be removed" not in ran.output
