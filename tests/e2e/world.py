# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and seeds that the tests share: one server, and identities near and far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2e.calls import call

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
OTHER_SUBSCRIPTION = "00000000-0000-4000-8000-000000000002"
GROUP = "rg-e2e"
OTHER_GROUP = "rg-ids"
SERVER = "pg-e2e"
SERVER_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.DBforPostgreSQL/flexibleServers/{SERVER}"
)
SERVER_OPTIONS = {"resource_group": GROUP, "server_name": SERVER}
#: Patterns of ARM paths, for faults.
SERVER_PATH = f"/flexibleServers/{SERVER}$"
POLL_PATH = "/azureAsyncOperation/"
#: What /metadata/endpoints of the emulator says.
AUDIENCE = "https://management.emulator.example/"
NAMES = ("id-a", "id-b", "id-c", "id-cmk", "id-geo")


def identity_id(
    name: str, group: str = GROUP, subscription: str = SUBSCRIPTION, segment: str = "resourceGroups"
) -> str:
    """Return the resource ID as `az` makes it of a bare name."""
    return (
        f"/subscriptions/{subscription}/{segment}/{group}"
        f"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    )


def held_id(name: str) -> str:
    """Return the resource ID as the seeded server holds it: `resourcegroups`, as the identity service spells it."""
    return identity_id(name, segment="resourcegroups")


def seed_server(emulator: Emulator, identity: dict[str, Any] | None = None, **server: Any) -> None:
    """Seed all identities, and the server with `identity`, none by default, and further keys of a seed's server."""
    named = [{"name": name} for name in NAMES]
    emulator.seed(
        {
            "subscriptions": [
                {
                    "id": SUBSCRIPTION,
                    "resource_groups": [
                        {
                            "name": GROUP,
                            "location": "canadacentral",
                            "identities": named,
                            "servers": [{"name": SERVER, "identity": identity, **server}],
                        },
                        {"name": OTHER_GROUP, "identities": named},
                    ],
                },
                {"id": OTHER_SUBSCRIPTION, "resource_groups": [{"name": OTHER_GROUP, "identities": named}]},
            ]
        }
    )


def user_assigned(*names: str, system: bool = False) -> dict[str, Any]:
    """Return the identity of a seeded server with these user-assigned identities, in the spelling of `held_id`."""
    kinds = ["SystemAssigned"] * system + ["UserAssigned"] * bool(names)
    return {"type": ",".join(kinds) or "None", "user_assigned": list(names)}


def true_identity(emulator: Emulator) -> dict[str, Any]:
    """Return type and lower case IDs that the server truly has."""
    kind, held = emulator.holdings()[SERVER_ID.lower()]
    return {"type": kind, "ids": held}


def arm_calls(emulator: Emulator) -> list[str]:
    """Return the ARM requests so far as method and kind of resource, with polls in a row as one."""
    calls: list[str] = []
    for each in map(call, emulator.requests("arm")):
        if each != "GET operation" or calls[-1:] != [each]:
            calls.append(each)
    return calls


def patches(emulator: Emulator) -> list[dict[str, Any]]:
    """Return the bodies of all PATCHes so far."""
    return [each["body"] for each in emulator.requests("arm") if each["method"] == "PATCH"]


def seed_subscription(emulator: Emulator, subscription: str = SUBSCRIPTION, **facts: Any) -> None:
    """Change a subscription: `denied_actions`, `registered`."""
    emulator.seed({"subscriptions": [{"id": subscription, **facts}]})


def seed_identity(emulator: Emulator, name: str, **facts: Any) -> str:
    """Seed an identity in the group of the server, with further keys of a seed's identity; return its ID."""
    group = {"name": GROUP, "identities": [{"name": name, **facts}]}
    seed_subscription(emulator, resource_groups=[group])
    return identity_id(name)
