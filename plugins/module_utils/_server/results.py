# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Model -> what a module returns: plain dictionaries and lists, sorted, the same for every module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._identity.resource_ids import key, labels, split

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._identity.models import AssignedIdentity, Plan, Server, ServerIdentity
    from .preflight import Identities
    from .reconciler import ReconcileResult


def server_facts(server: Server) -> dict[str, Any]:
    """Return the `server` of a result."""
    return {
        "id": server.id,
        "name": server.ref.name,
        "resource_group": server.ref.resource_group,
        "subscription_id": server.ref.subscription_id,
        "location": server.location,
        "state": server.state,
        "version": server.version,
        "tags": dict(server.tags),
        "replication_role": server.replication_role,
        "source_server_id": server.source_server_id,
        "encryption": {
            "type": server.encryption.type,
            "primary_user_assigned_identity_id": server.encryption.primary_identity,
            "geo_backup_user_assigned_identity_id": server.encryption.geo_backup_identity,
            "primary_federated_identity_client_id": server.encryption.primary_client_id,
            "geo_backup_federated_identity_client_id": server.encryption.geo_backup_client_id,
        },
    }


def server_with_identity(server: Server, identities: Identities | None = None) -> dict[str, Any]:
    """Return one of the `servers` of a result."""
    return {
        "server": server_facts(server),
        "identity": identity_facts(server.identity, server.encryption.uses, identities),
    }


def host_variables(server: Server) -> dict[str, Any]:
    """Return the variables of an inventory host: the same facts, each under a name of its own."""
    facts = server_facts(server)
    named = {"pgflex_server_id": facts.pop("id"), "pgflex_server_name": facts.pop("name")}
    named.update({f"pgflex_{name}": value for name, value in facts.items()})
    named["pgflex_current_identity"] = identity_facts(server.identity, server.encryption.uses)
    return named


def identity_facts(
    identity: ServerIdentity, uses: dict[str, tuple[str, ...]], identities: Identities | None = None
) -> dict[str, Any]:
    """Return the `identity` of a result. `identities` looks up what the server does not say truthfully, or is None."""
    by_id = {each.id: each for each in identity.user_assigned}
    return {
        "type": identity.type,
        "tenant_id": identity.tenant_id,
        "principal_id": identity.principal_id,
        "user_assigned_identities": [_assigned_facts(by_id[each], uses, identities) for each in identity.ids],
    }


def _assigned_facts(
    assigned: AssignedIdentity, uses: dict[str, tuple[str, ...]], identities: Identities | None
) -> dict[str, Any]:
    parts = split(assigned.id)
    itself = identities.look_up(assigned.id) if identities else None
    if identities and itself and assigned.principal_id and itself.principal_id not in (None, assigned.principal_id):
        identities.warnings.append(
            f"Identity {assigned.id} was deleted and made again: the server holds its former principal "
            f"{assigned.principal_id}, whose client ID is not known. Remove the identity and assign it again."
        )
        itself = None
    return {
        "id": assigned.id,
        "name": parts.name,
        "resource_group": parts.resource_group,
        "subscription_id": parts.subscription_id,
        "principal_id": assigned.principal_id or (itself.principal_id if itself else None),
        "client_id": itself.client_id if itself else assigned.client_id,
        "used_for": list(uses.get(key(assigned.id), ())),
    }


def change_facts(server: Server, reconciled: ReconcileResult, identities: Identities | None = None) -> dict[str, Any]:
    """Return the result of a change on `server`, as it was before; a part not done or not seen is told as planned."""
    plan = reconciled.plan
    known = reconciled.verified or not plan.changes
    facts: dict[str, Any] = {
        "changed": plan.changes,
        "assigned": list(plan.assign),
        "removed": list(plan.remove),
        "diff": diff(server, plan),
        "identity": identity_facts(
            reconciled.server.identity if known else plan.after, reconciled.server.encryption.uses, identities
        ),
        "server": server_facts(reconciled.server),
    }
    if plan.kept:
        facts["kept"] = [{"id": each, "reason": reason} for each, reason in plan.kept]
        facts["notes"] = [_kept_in_words(plan)]
    if reconciled.operation and reconciled.accepted:
        started = {"id": reconciled.operation.id, "start_time": reconciled.operation.start_time}
        facts["operation"] = {**started, "status": "InProgress"}
    return facts


def _kept_in_words(plan: Plan) -> str:
    shown = labels([each for each, _reason in plan.kept])
    return f"keeps {', '.join(f'{shown[each]} ({reason})' for each, reason in plan.kept)}"


def warn_of_unmatched(patterns: Sequence[str] | None, but: str = "") -> list[str]:
    """Return a warning about patterns of what is protected that fit nothing: they may be misspelt. None if all do."""
    return [f"Protected, but no identity of this run is called so: {', '.join(patterns)}{but}."] if patterns else []


def diff(server: Server, plan: Plan) -> dict[str, Any]:
    """Return the `diff` of a result: what the plan changes, which is known before it is carried out."""
    return {
        "before_header": server.id,
        "after_header": server.id,
        "before": _outline(plan.before),
        "after": _outline(plan.after),
    }


def _outline(identity: ServerIdentity) -> dict[str, Any]:
    return {"type": identity.type, "user_assigned_identities": list(identity.ids)}
