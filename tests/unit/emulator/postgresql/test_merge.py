# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PATCH is merged into an identity: a table of the service's rules."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.arm.errors import ArmError
from emulator.control.settings import Settings
from emulator.postgresql import merge
from emulator.postgresql.models import Server, ServerIdentity

BASE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
A, B, C = (f"{BASE}/{name}" for name in "abc")
NONE, SYSTEM = ServerIdentity(), ServerIdentity(system=True)
UA, BOTH = ServerIdentity(False, (A,)), ServerIdentity(True, (A,))


def merged(before: ServerIdentity, patch: dict[str, Any], encrypted_by: str | None = None, **settings: Any) -> Any:
    encryption = {"primary": encrypted_by} if encrypted_by else {}
    server = Server("s", "g", "pg", "canadacentral", identity=before, encryption=encryption)
    return merge.merged(server, patch, Settings(**settings))


def patch(kind: str | None, *add: str, remove: tuple[str, ...] = ()) -> dict[str, Any]:
    body: dict[str, Any] = {} if kind is None else {"type": kind}
    if add or remove:
        body["userAssignedIdentities"] = {**{key: {} for key in add}, **dict.fromkeys(remove)}
    return body


@pytest.mark.parametrize(
    ("before", "body", "settings", "after"),
    [
        pytest.param(NONE, patch("UserAssigned", A), {}, UA, id="adding the first"),
        pytest.param(UA, patch("UserAssigned", B), {}, ServerIdentity(False, (A, B)), id="adding keeps the others"),
        pytest.param(UA, patch("userassigned", A), {}, UA, id="adding again changes nothing"),
        pytest.param(
            ServerIdentity(False, (A, B, C)),
            patch("UserAssigned", remove=(A, B)),
            {},
            ServerIdentity(False, (C,)),
            id="removing two of three",
        ),
        pytest.param(UA, patch("UserAssigned", B, remove=(A,)), {}, ServerIdentity(False, (B,)), id="swapping in one"),
        pytest.param(BOTH, patch("None"), {}, NONE, id="None removes everything"),
        pytest.param(NONE, patch("SystemAssigned"), {}, SYSTEM, id="enabling the system identity"),
        pytest.param(UA, patch("SystemAssigned,UserAssigned"), {}, BOTH, id="both without a map keeps the map"),
        pytest.param(UA, patch("SystemAssigned, UserAssigned"), {}, BOTH, id="a space in the type is understood"),
        pytest.param(BOTH, patch("UserAssigned"), {}, UA, id="UserAssigned disables the system identity"),
        pytest.param(SYSTEM, patch("UserAssigned", A), {}, UA, id="UserAssigned drops a system identity"),
        pytest.param(UA, patch("SystemAssigned"), {}, SYSTEM, id="user to system is taken"),
        pytest.param(UA, patch("SystemAssigned"), {"user_to_system": "ignore"}, UA, id="user to system is ignored"),
        pytest.param(UA, patch("UserAssigned", remove=(B,)), {}, UA, id="removing what is not there is ignored"),
        pytest.param(
            UA, patch("UserAssigned", remove=(A.upper(),)), {"empty_map": "accept"}, NONE, id="emptying the map"
        ),
        pytest.param(UA, patch("UserAssigned", A.upper()), {}, UA, id="the same ID in capitals is merged"),
        pytest.param(
            UA,
            patch("UserAssigned", A.upper()),
            {"same_id_other_casing": "duplicate"},
            ServerIdentity(False, (A, A.upper())),
            id="the same ID in capitals is a second key",
        ),
        pytest.param(
            NONE,
            patch("UserAssigned", A),
            {"key_casing": "lower"},
            ServerIdentity(False, (A.lower(),)),
            id="keys are stored in lower case",
        ),
        pytest.param(BOTH, patch(None, B), {"missing_type": "infer"}, ServerIdentity(True, (A, B)), id="type inferred"),
    ],
)
def test_a_body_is_merged_with_what_the_server_holds(
    before: ServerIdentity, body: dict[str, Any], settings: dict[str, Any], after: ServerIdentity
) -> None:
    assert merged(before, body, **settings) == after


@pytest.mark.parametrize(
    ("before", "body", "settings", "code", "text"),
    [
        pytest.param(UA, patch("None", A), {}, "FailedIdentityOperation", "non-UserAssigned", id="map with None"),
        pytest.param(
            UA,
            patch("SystemAssigned", A),
            {},
            "FailedIdentityOperation",
            "non-UserAssigned",
            id="map with SystemAssigned",
        ),
        pytest.param(
            UA,
            patch("UserAssigned", remove=(A,)),
            {},
            "FailedIdentityOperation",
            "The identity ids must not be null or empty for 'UserAssigned' identity type.",
            id="removing the last and keeping the type",
        ),
        pytest.param(
            NONE, patch("UserAssigned"), {}, "FailedIdentityOperation", "must not be null", id="no map at all"
        ),
        pytest.param(UA, patch(None, B), {}, "InvalidRequestContent", "'type' not found", id="no type"),
        pytest.param(UA, patch("Some"), {}, "InvalidRequestContent", '"Some"', id="unknown type"),
        pytest.param(
            UA,
            {"type": "UserAssigned", "userAssignedIdentities": []},
            {},
            "InvalidRequestContent",
            "must be an object",
            id="map is a list",
        ),
        pytest.param(
            UA,
            {"type": "UserAssigned", "userAssignedIdentities": {B: "yes"}},
            {},
            "InvalidRequestContent",
            "must be an object",
            id="entry is a string",
        ),
        pytest.param(UA, patch("UserAssigned", "id-b"), {}, "LinkedInvalidPropertyId", "'id-b'", id="bare name"),
        pytest.param(
            UA,
            patch("UserAssigned", A.replace("userAssignedIdentities", "vaults")),
            {},
            "LinkedInvalidPropertyId",
            "vaults",
            id="other resource type",
        ),
        pytest.param(
            UA,
            patch("UserAssigned", remove=(B,)),
            {"remove_unassigned": "refuse"},
            "FailedIdentityOperation",
            "is not assigned",
            id="removing what is not there",
        ),
        pytest.param(
            UA,
            patch("SystemAssigned"),
            {"user_to_system": "refuse"},
            "FailedIdentityOperation",
            "not supported",
            id="user to system",
        ),
        pytest.param(
            BOTH,
            patch("UserAssigned"),
            {"disable_system_with_user": "refuse"},
            "FailedIdentityOperation",
            "cannot be disabled",
            id="disabling the system identity",
        ),
    ],
)
def test_a_body_that_the_service_does_not_take_is_refused(
    before: ServerIdentity, body: dict[str, Any], settings: dict[str, Any], code: str, text: str
) -> None:
    with pytest.raises(ArmError) as error:
        merged(before, body, **settings)
    assert error.value.status == 400
    assert error.value.code == code
    assert text in str(error.value)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(patch("UserAssigned", remove=(A,)), id="by null"),
        pytest.param(patch("None"), id="by type None"),
        pytest.param(patch("SystemAssigned"), id="by type SystemAssigned"),
    ],
)
def test_an_encryption_identity_stays_unless_the_setting_accepts_its_removal(body: dict[str, Any]) -> None:
    before = ServerIdentity(False, (A, B))
    with pytest.raises(ArmError, match="is used for data encryption"):
        merged(before, body, encrypted_by=A.upper())
    accepted = merged(before, body, encrypted_by=A.upper(), encryption_identity_removal="accept")
    assert not accepted.has(A)
