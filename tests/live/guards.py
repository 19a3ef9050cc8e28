# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All that keeps a server from being written to: it is looked at right before, and named at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import Server

TAG, VALUE = "pgflex-live", "write"


def find_refusals(server: Server, listed: list[dict[str, Any]] | None, identity_id: str) -> Iterator[str]:
    """Yield why nothing is written to a server, as its own GET shows it; `listed` are all of its subscription."""
    tags = {key(name): value for name, value in server.tags.items()}
    if tags.get(TAG) != VALUE:
        yield f"it has no tag {TAG}: {VALUE}"
    if (server.state or "") != "Ready":
        yield f"its state is {server.state}, not Ready"
    if server.encryption.type != "SystemManaged" or server.encryption.uses:
        yield f"its data is encrypted with a customer-managed key ({server.encryption.type})"
    if server.identity.system_assigned:
        yield "it has a system-assigned identity"
    if server.elastic_cluster:
        yield "it is an elastic cluster"
    if server.contradictions:
        yield f"Azure's answer contradicts itself: {'; '.join(server.contradictions)}"
    if key(identity_id) in {key(each) for each in server.identity.ids}:
        yield f"it holds {identity_id} already"
    yield from _replication(server, listed)


def _replication(server: Server, listed: list[dict[str, Any]] | None) -> Iterator[str]:
    # A server that was a replica once may still name its source.
    if server.primary_id or (server.replication_role or "") not in ("Primary", "None"):
        yield f"it is a replica (its role is {server.replication_role})"
    if listed is None:
        yield "the servers of its subscription cannot be listed: one of them may be its replica"
        return
    sources = (str((each.get("properties") or {}).get("sourceServerResourceId")) for each in listed)
    if key(server.id) in map(key, sources):
        yield "it has replicas"
