# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An estate of two subscriptions, and answers of a list that no service should give."""

from __future__ import annotations

import json
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from e2e.world import OTHER_SUBSCRIPTION, SUBSCRIPTION, identity_id, user_assigned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.emulator_client import Emulator

GROUP_A, GROUP_B = "rg-a", "rg-b"
FAR = "pg-far"
LIST_PATH = "/flexibleServers$"
SHARED = identity_id("id-shared", GROUP_A)
#: The same in another spelling.
SHOUTED = identity_id("ID-SHARED", "RG-A", segment="RESOURCEGROUPS")
#: Options of an inventory that keeps what it has read.
CACHE: dict[str, Any] = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": "cache"}


def server_id(name: str, group: str = GROUP_A, subscription: str = SUBSCRIPTION) -> str:
    """Return the resource ID of a server."""
    return (
        f"/subscriptions/{subscription}/resourceGroups/{group}"
        f"/providers/Microsoft.DBforPostgreSQL/flexibleServers/{name}"
    )


def seed_estate(emulator: Emulator) -> None:
    """Seed four servers in two groups of the first subscription, two differing by case only, and `FAR` elsewhere.

    `id-shared` is held by three servers, one of them far away, in three spellings.
    """
    twin = {"name": "PG-Twin", "tags": {"env": "test"}, "state": "Stopped"}
    group_a = {
        "name": GROUP_A,
        "location": "canadacentral",
        "identities": [{"name": "id-shared"}, {"name": "id-a"}],
        "servers": [
            {"name": "pg-one", "tags": {"Env": "prod", "team": "x"}, "identity": user_assigned("id-shared", "id-a")},
            {**twin, "identity": {"user_assigned": [SHOUTED]}},
        ],
    }
    group_b = {
        "name": GROUP_B,
        "location": "eastus",
        "identities": [{"name": "id-cmk"}],
        "servers": [
            {"name": "pg-twin", "tags": {"env": "prod"}, "identity": user_assigned(system=True)},
            {"name": "pg-cmk", "identity": user_assigned("id-cmk"), "encryption": {"primary": "id-cmk"}},
        ],
    }
    far = {"name": GROUP_A, "servers": [{"name": FAR, "identity": {"user_assigned": [SHARED]}}]}
    emulator.seed(
        {
            "subscriptions": [
                {"id": SUBSCRIPTION, "resource_groups": [{"name": "rg-demo", "servers": []}, group_a, group_b]},
                {"id": OTHER_SUBSCRIPTION, "resource_groups": [far]},
            ]
        }
    )


def seed_many(emulator: Emulator, subscription: str, servers: int) -> None:
    """Seed `servers` servers in ten groups, each with an identity of its group."""
    template = {"identity": {"user_assigned": ["id-01"]}}
    generate = {"servers": servers, "resource_groups": 10, "identities": 1, "template": template}
    emulator.seed({"subscriptions": [{"id": subscription, "generate": generate}]})


def listings(emulator: Emulator) -> list[str]:
    """Return the methods and paths of all ARM requests so far."""
    return [f"{each['method']} {each['path']}" for each in emulator.requests("arm")]


def sign_ins(emulator: Emulator) -> int:
    """Count the tokens that were given."""
    return len([each for each in emulator.requests("token") if each["method"] == "POST"])


def page(items: list[dict[str, Any]], next_link: object = None) -> dict[str, Any]:
    """Return a fault that answers with this page."""
    body = {"value": items} if next_link is None else {"value": items, "nextLink": next_link}
    return {"body": json.dumps(body), "headers": {"Content-Type": "application/json"}}


def item(name: str, **facts: Any) -> dict[str, Any]:
    """Return a server as a list shows it."""
    return {"id": server_id(name), "name": name, "location": "Canada Central", "properties": {}, **facts}


class Listener:
    """Another host: it only notes that somebody connected."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server
        self.url = f"https://localhost:{server.getsockname()[1]}/subscriptions"

    @property
    def connections(self) -> int:
        """0 or 1: whether a connection waits."""
        try:
            self._server.accept()[0].close()
        except BlockingIOError:
            return 0
        return 1


@contextmanager
def listener() -> Iterator[Listener]:
    """Start a host that is not ARM's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield Listener(server)
