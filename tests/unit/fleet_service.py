# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many servers in memory behind the interface of the API, their lists, and a fleet over them by a clock of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from ansible_collections.pgflex.azure.plugins.module_utils._azure.rate_limits import (
    RateLimiter,
    RequestKind,
    TokenBucket,
)
from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import Clock, Pace, RetryPolicy
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.fleet import Fleet
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.target import Target, totals
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import (
    DesiredState,
    Operation,
    Page,
    Server,
    server_from_arm,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef, key
from unit.service import merge
from unit.support import SUBSCRIPTION, TENANT, Cloud, FakeTime, refusal

if TYPE_CHECKING:
    from ansible_collections.pgflex.azure.plugins.module_utils._errors import PgflexError

OTHER = "00000000-0000-0000-0000-000000000002"
#: Seconds that a change takes.
OPERATION = 20.0


@dataclass
class HeldIdentities:
    """One server. `refusals` are raised by its PATCHes in turn; `gone` by every GET."""

    ref: ServerRef
    raw: dict[str, Any]
    refusals: list[PgflexError] = field(default_factory=list)
    fails: PgflexError | None = None  # how its operation ends
    stuck: bool = False  # its operation never ends
    idle: bool = False  # its operation succeeds, and nothing changes
    gone: PgflexError | None = None
    unlisted: bool = False
    listed: dict[str, Any] | None = None  # what lists say, if that is not what is
    coming: tuple[float, dict[str, Any] | None] | None = None

    @property
    def ids(self) -> list[str]:
        """The identities that it truly holds, sorted."""
        return sorted((self.raw.get("identity") or {}).get("userAssignedIdentities") or {})


class FleetService:
    """The API. `calls` are the requests as (method, name of the server or "list")."""

    def __init__(self, page_size: int = 10) -> None:
        self.time = FakeTime()
        self.cloud = Cloud()
        self.held: dict[str, HeldIdentities] = {}
        self.calls: list[tuple[str, str]] = []
        self.page_size = page_size
        self.list_errors: dict[int, PgflexError] = {}  # by number of the page, in every list
        self.sign_in_errors: list[PgflexError] = []
        self.of_user = ""
        self.observer: Any = None

    def add(self, name: str, *ids: str, subscription: str = SUBSCRIPTION, **facts: Any) -> HeldIdentities:
        """Add a server that holds `ids`; `facts` are fields of `Held`, or its `properties`."""
        ref = ServerRef(subscription, "rg-prod", name)
        properties = {"dataEncryption": {"type": "SystemManaged"}, **facts.pop("properties", {})}
        raw: dict[str, Any] = {"id": ref.id, "location": "Canada Central", "properties": properties}
        if ids:
            held: dict[str, Any] = {each: {} for each in ids}
            raw["identity"] = {"type": "UserAssigned", "tenantId": TENANT, "userAssignedIdentities": held}
        self.held[key(ref.id)] = made = HeldIdentities(ref, raw, **facts)
        return made

    def add_many(self, number: int, *ids: str, start: int = 0, **facts: Any) -> list[HeldIdentities]:
        """Add `number` servers, `pg-000` and so on."""
        return [self.add(f"pg-{each:03}", *ids, **facts) for each in range(start, start + number)]

    def writes(self) -> list[str]:
        """Return the servers that were PATCHed, in order."""
        return [name for method, name in self.calls if method == "PATCH"]

    def reads(self) -> list[str]:
        """Return what was GET besides operations: servers and pages of lists."""
        return [name for method, name in self.calls if method == "GET"]

    def sign_in(self) -> None:
        """See `Api`."""
        for error in self.sign_in_errors:
            raise error

    def user_warning(self) -> str:
        """See `Api`."""
        return self.of_user

    def get_server(self, ref: ServerRef) -> Server:
        """GET."""
        self.calls.append(("GET", ref.name))
        held = self._find(ref)
        if held.gone:
            raise held.gone
        return server_from_arm(held.raw, ref)

    def servers_url(self, subscription_id: str, resource_group: str | None = None) -> str:
        """Return where a list begins."""
        assert resource_group is None
        return f"{subscription_id} 0"

    def get_page(self, url: str, doing: str) -> Page:
        """GET of a page."""
        assert doing
        self.calls.append(("GET", "list"))
        subscription, number = url.split()
        if int(number) in self.list_errors:
            raise self.list_errors[int(number)]
        there = [each for each in self.held.values() if each.ref.subscription_id == subscription]
        items = [
            self._wait_until_settled(each).listed or each.raw for each in there if not each.gone and not each.unlisted
        ]
        end = (int(number) + 1) * self.page_size
        following = f"{subscription} {int(number) + 1}" if end < len(items) else None
        return Page(tuple(items[end - self.page_size : end]), following)

    def update_identity(self, ref: ServerRef, body: dict[str, Any], policy_token: str = "") -> Operation:
        """PATCH."""
        self.calls.append(("PATCH", ref.name))
        held = self._find(ref)
        if held.refusals:
            raise held.refusals.pop(0)
        after = merge(held.raw.get("identity"), body)
        held.coming = (self.time.time + OPERATION, held.raw.get("identity") if held.idle or held.fails else after)
        return Operation(ref.id, "now", "https://arm/op")

    def acquire_policy_token(self, ref: ServerRef, body: dict[str, Any], change_reference: str) -> str:
        """POST, which must not be where no policy asks for a token."""
        raise AssertionError(ref, body, change_reference)

    def poll(self, operation: Operation) -> tuple[bool, float | None]:
        """GET of an operation."""
        held = self._wait_until_settled(self.held[key(operation.id)])
        self.calls.append(("POLL", held.ref.name))
        if held.coming is None and held.fails:
            raise held.fails
        return held.coming is None, None

    def get_identity(self, resource_id: str) -> Any:
        """GET of an identity."""
        return self.cloud.get_identity(resource_id)

    def fabric_mirroring(self, ref: ServerRef) -> bool:
        """GET of a server parameter."""
        return self.cloud.fabric_mirroring(ref)

    def _find(self, ref: ServerRef) -> HeldIdentities:
        if key(ref.id) not in self.held:
            raise refusal(404, "ResourceNotFound")
        return self._wait_until_settled(self.held[key(ref.id)])

    def _wait_until_settled(self, held: HeldIdentities) -> HeldIdentities:
        if held.coming and self.time.time >= held.coming[0] and not held.stuck:
            properties = {**held.raw["properties"], "state": "Ready"}
            held.raw = {**held.raw, "identity": held.coming[1], "properties": properties}
            held.coming = None
        return held


def targets(service: FleetService, desired: DesiredState) -> list[Target]:
    """Return a row for each server, all with one desired state."""
    return [Target(held.ref.name, held.ref, desired) for held in service.held.values()]


def counted(asked: list[Target]) -> dict[str, int]:
    """Return how the rows ended, without how many were written, and how many identities came and went."""
    return {name: number for name, number in totals(asked).items() if name not in ("written", "added", "removed")}


def run(service: FleetService, asked: Any, *, check_mode: bool = False, **options: Any) -> Fleet:
    """Run a fleet over these rows.

    `options` are fields of `Fleet`, and `wait_timeout`, and `write_bucket`, a size and a refill.
    """
    clock = Clock(service.time.now, service.time.sleep)
    retry_policy_factory = partial(
        RetryPolicy, options.pop("wait_timeout", 1800), 10, 600, clock, service.time.time, Pace()
    )
    limiter = RateLimiter()
    if "write_bucket" in options:
        size, refill = options.pop("write_bucket")
        limiter.buckets[SUBSCRIPTION, RequestKind.WRITE] = TokenBucket(size, refill, service.time.time)
    api: Any = service
    fleet = Fleet(api, limiter, retry_policy_factory, clock=clock, **{"validate": False, **options})
    fleet.run(asked, check_mode=check_mode)
    return fleet
