# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions that reading answers: GETs only, of the server, its list, its identities, and of what is not there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ansible_collections.pgflex.azure.plugins.module_utils._azure.client import API_VERSION, IDENTITY_API_VERSIONS
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import key
from live import allowlist

if TYPE_CHECKING:
    from ansible_collections.pgflex.azure.plugins.module_utils._azure.client import Api
    from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef
    from live.exchange import Exchange, Listener
    from live.questions import Answers

#: The newest version that the SDK names by itself; no recording has it.
NEWEST_VERSION = "2026-10-01"
# Before flexible servers were there.
_UNKNOWN_VERSION = "2015-01-01"
_COUNTS = "x-ms-ratelimit-remaining-subscription-"


@dataclass
class Reader:
    """Asks by reading. `servers` are all of the subscription, None if their list could not be read."""

    api: Api
    listener: Listener
    ref: ServerRef
    answers: Answers
    identity_id: str | None = None
    servers: list[dict[str, Any]] | None = None

    def ask(self) -> None:
        """Ask all of them. Raise `PgflexError` if not even the server can be read."""
        self.api.get_server(self.ref)
        shown = self.listener.exchanges[-1]
        server = shown.body
        self._counts(shown)
        self._held(server)
        self.list_servers()
        self._compare_list(server)
        newest = self.listener.get(self.ref.id, NEWEST_VERSION)
        same = "same" if _parts(newest.body) == _parts(server) else "another"
        self.answers.give("newest_api_version", same if newest.status == 200 else newest.outcome)
        self.answers.give("unknown_api_version", self.listener.get(self.ref.id, _UNKNOWN_VERSION).outcome)
        parameter = self.listener.get(f"{self.ref.id}/configurations/{allowlist.PARAMETER}", API_VERSION)
        self.answers.give("server_parameter", parameter.outcome)
        self._absent()
        challenged = [each for each in self.listener.exchanges if each.status == 401]
        self.answers.give("claims_challenge", "until_claims" if challenged else "never")

    def list_servers(self) -> list[dict[str, Any]] | None:
        """Return all servers of the subscription as their list shows them, None if it cannot be read."""
        url: str | None = self.api.servers_url(self.ref.subscription_id)
        self.servers = []
        while url:
            page = self.listener.get_url(url)
            if page.status != 200:
                self.answers.leave(f"the list of servers was answered with {page.outcome}", "page_size", "list_items")
                self.servers = None
                return None
            self.servers += page.body["value"]
            url = page.body.get("nextLink") or None
            if url and "page_size" not in self.answers.found:
                self.answers.give("page_size", len(page.body["value"]))
        self.answers.leave(f"all {len(self.servers)} servers were on one page", "page_size")
        return self.servers

    def find_listed(self) -> dict[str, Any] | None:
        """Return the server as the last list shows it, None if it does not."""
        return next((each for each in self.servers or () if key(str(each.get("id"))) == key(self.ref.id)), None)

    def _counts(self, shown: Exchange) -> None:
        kinds = sorted(name.removeprefix(_COUNTS) for name in shown.headers if name.startswith(_COUNTS))
        known = {"": "none", "global-reads": "recorded", "global-reads, reads": "all"}
        self.answers.give("remaining_counts", known.get(", ".join(kinds), ", ".join(kinds)))
        self.answers.give("request_id", "present" if shown.headers.get("x-ms-request-id") else "absent")

    def _held(self, server: dict[str, Any]) -> None:
        """Answer what the identities show that the server holds by now."""
        identity = server.get("identity") or {}
        held = identity.get("userAssignedIdentities") or {}
        if any(each != each.lower() for each in held):
            self.answers.give("key_casing", "caller")
        self.answers.leave("no ID with a capital letter is held: WRITE=1 assigns one", "key_casing")
        self.answers.leave("the server holds no user-assigned identity: WRITE=1 assigns one", "client_id_in_server")
        for each, facts in held.items():
            self.answer_client_id(each, facts, identity.get("tenantId"))
        known = [*held, *([self.identity_id] if self.identity_id else [])]
        self.answers.leave("no identity is known: give IDENTITY", "identity_api_versions")
        if known:
            there = [each for each in IDENTITY_API_VERSIONS if self.listener.get(known[0], each).status == 200]
            self.answers.give("identity_api_versions", ", ".join(there) or "none")

    def answer_client_id(self, resource_id: str, facts: dict[str, Any], tenant_id: str | None) -> None:
        """Answer whose ID is `clientId` in what the server tells of an identity."""
        shown = str(facts.get("clientId")).lower()
        if shown == str(tenant_id).lower():
            self.answers.give("client_id_in_server", "tenant")
            return
        itself = self.listener.get(resource_id, IDENTITY_API_VERSIONS[-1])
        if itself.status == 200:
            own = str((itself.body.get("properties") or {}).get("clientId")).lower()
            self.answers.give("client_id_in_server", "client" if shown == own else "neither")

    def _compare_list(self, server: dict[str, Any]) -> None:
        if self.servers is None:
            return
        listed = self.find_listed()
        if listed:
            self.answers.give("list_items", "same" if _parts(listed) == _parts(server) else "another")
        self.answers.leave("the list does not show the server", "list_items")

    def _absent(self) -> None:
        subscription, group = self.ref.subscription_id, self.ref.resource_group
        servers = "providers/Microsoft.DBforPostgreSQL/flexibleServers"
        identities = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"
        for name, in_group, path, version in (
            ("server_absent", group, f"{servers}/{allowlist.ABSENT_SERVER}", API_VERSION),
            ("group_absent", allowlist.ABSENT_GROUP, f"{servers}/{allowlist.ABSENT_SERVER}", API_VERSION),
            ("identity_absent", group, f"{identities}/{allowlist.ABSENT_IDENTITY}", IDENTITY_API_VERSIONS[-1]),
        ):
            path = f"/subscriptions/{subscription}/resourceGroups/{in_group}/{path}"
            self.answers.give(name, self.listener.get(path, version).outcome)


def _parts(server: Any) -> tuple[Any, Any]:
    """Return what the collection decides by."""
    found = server if isinstance(server, dict) else {}
    return found.get("identity"), (found.get("properties") or {}).get("dataEncryption")
