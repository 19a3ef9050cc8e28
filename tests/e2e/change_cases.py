# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every change: what a server has, what it shall have, and what has to be sent for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from e2e.world import (
    NAMES,
    OTHER_GROUP,
    OTHER_SUBSCRIPTION,
    SERVER_ID,
    held_id,
    identity_id,
    user_assigned,
)

A, B, C = (identity_id(name) for name in NAMES[:3])
HELD_A, HELD_B, HELD_C, HELD_CMK = (held_id(name) for name in NAMES[:4])
FAR = identity_id("id-a", OTHER_GROUP, OTHER_SUBSCRIPTION)
NEAR = identity_id("id-b", OTHER_GROUP)
BY_ID = {"resource_group": None, "server_name": None}
SYSTEM = {"type": "SystemAssigned"}
CMK = {"primary": "id-cmk"}


@dataclass(frozen=True)
class Case:
    """From `start` with `desired` by the PATCH `body` (None: none is sent) to `after`, a type and IDs.

    `assigned` and `removed` are those of the result, in its spelling.
    """

    title: str
    start: dict[str, Any] | None
    desired: dict[str, Any]
    body: dict[str, Any] | None
    after: tuple[str, list[str]]
    assigned: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    server: dict[str, Any] = field(default_factory=dict)

    @property
    def before_ids(self) -> list[str]:
        """IDs of the seeded server, lower case."""
        return sorted(held_id(name).lower() for name in (self.start or {}).get("user_assigned", []))

    @property
    def reads(self) -> list[str]:
        """The reads before a write: Fabric mirroring only where the system-assigned identity goes."""
        goes = self.desired.get("system_assigned") is False and self.body is not None
        return ["GET server", "GET configuration"] if goes else ["GET server"]


def added(*ids: str, kind: str = "UserAssigned", removed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the identity of a PATCH."""
    return {"type": kind, "userAssignedIdentities": {**{each: {} for each in ids}, **dict.fromkeys(removed)}}


BOTH = "SystemAssigned,UserAssigned"
USER = "UserAssigned"
ASSIGN_AND_REMOVE = [
    Case("assign to none", None, {"identities": [A]}, added(A), (USER, [A]), [A]),
    Case("assign several to none", None, {"identities": [B, A]}, added(B, A), (USER, [A, B]), [B, A]),
    Case("assign to others", user_assigned("id-a"), {"identities": [B]}, added(B), (USER, [A, B]), [B]),
    Case("assign to system only", SYSTEM, {"identities": [A]}, added(A, kind=BOTH), (BOTH, [A]), [A]),
    Case(
        "assign to both",
        user_assigned("id-a", system=True),
        {"identities": [B]},
        added(B, kind=BOTH),
        (BOTH, [A, B]),
        [B],
    ),
    Case("assign what is held", user_assigned("id-a"), {"identities": [A]}, None, (USER, [A])),
    Case("assign what is held by name", user_assigned("id-a"), {"identities": ["id-a"]}, None, (USER, [A])),
    Case("assign what is held in capitals", user_assigned("id-a"), {"identities": [A.upper()]}, None, (USER, [A])),
    Case(
        "assign one that is held and one that is not",
        user_assigned("id-a"),
        {"identities": [A, B]},
        added(B),
        (USER, [A, B]),
        [B],
    ),
    Case("assign duplicates in other casing", None, {"identities": [A, A.upper()]}, added(A), (USER, [A]), [A]),
    Case("assign by name", None, {"identities": ["id-a"]}, added(A), (USER, [A]), [A]),
    Case(
        "assign by name from another group",
        None,
        {"identities": ["id-b"], "identity_resource_group": OTHER_GROUP},
        added(NEAR),
        (USER, [NEAR]),
        [NEAR],
    ),
    Case(
        "assign by name from another subscription",
        None,
        {
            "identities": ["id-a"],
            "identity_resource_group": OTHER_GROUP,
            "identity_subscription_id": OTHER_SUBSCRIPTION,
        },
        added(FAR),
        (USER, [FAR]),
        [FAR],
    ),
    Case(
        "assign from everywhere by ID",
        user_assigned("id-a"),
        {"identities": [NEAR, FAR]},
        added(NEAR, FAR),
        (USER, [A, NEAR, FAR]),
        [NEAR, FAR],
    ),
    Case("assign by server_id", None, {**BY_ID, "server_id": SERVER_ID, "identities": [A]}, added(A), (USER, [A]), [A]),
    Case(
        "assign by server_id in capitals, name in the group of the server",
        user_assigned("id-a"),
        {**BY_ID, "server_id": SERVER_ID.upper(), "identities": ["id-a"]},
        None,
        (USER, [A]),
    ),
    Case("a server in other casing", None, {"server_name": "PG-E2E", "identities": [A]}, added(A), (USER, [A]), [A]),
    Case(
        "remove one of many",
        user_assigned("id-a", "id-b", "id-c"),
        {"state": "absent", "identities": [B]},
        added(removed=(HELD_B,)),
        (USER, [A, C]),
        [],
        [HELD_B],
    ),
    Case(
        "remove several of many, in capitals",
        user_assigned("id-a", "id-b", "id-c"),
        {"state": "absent", "identities": [C.upper(), A.upper()]},
        added(removed=(HELD_A, HELD_C)),
        (USER, [B]),
        [],
        [HELD_A, HELD_C],
    ),
    Case(
        "remove one of many with system",
        user_assigned("id-a", "id-b", system=True),
        {"state": "absent", "identities": [B]},
        added(kind=BOTH, removed=(HELD_B,)),
        (BOTH, [A]),
        [],
        [HELD_B],
    ),
    Case(
        "remove the last",
        user_assigned("id-a"),
        {"state": "absent", "identities": [A]},
        {"type": "None"},
        ("None", []),
        [],
        [HELD_A],
    ),
    Case(
        "remove the last with system",
        user_assigned("id-a", system=True),
        {"state": "absent", "identities": [A]},
        SYSTEM,
        ("SystemAssigned", []),
        [],
        [HELD_A],
    ),
    Case("remove what is not held", user_assigned("id-a"), {"state": "absent", "identities": [B]}, None, (USER, [A])),
    Case("remove from none", None, {"state": "absent", "identities": [B]}, None, ("None", [])),
    Case(
        "remove one that is held and one that is not",
        user_assigned("id-a", "id-b"),
        {"state": "absent", "identities": [A, C]},
        added(removed=(HELD_A,)),
        (USER, [B]),
        [],
        [HELD_A],
    ),
]
