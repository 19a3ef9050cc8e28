# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Plan what has to change on a server, and make the PATCH body that does it. Pure: no I/O, no Ansible, no Azure.

The service merges `identity.userAssignedIdentities`: an ID with `{}` is added, with `null` removed, and one that is
not mentioned stays. `identity.type` is required, and a wrong one silently drops the system-assigned identity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import Refused, UnexpectedAnswer
from .models import (
    DATA_ENCRYPTION,
    ENCRYPTION,
    GEO_BACKUP_ENCRYPTION,
    PROTECTED,
    AssignedIdentity,
    DesiredState,
    Encryption,
    Expected,
    Plan,
    Server,
    ServerIdentity,
)
from .resource_ids import LIKE_A_PRINCIPAL, distinct, key, matches, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The words of az postgres flexible-server identity, so that people find them.
_USE_IN_WORDS = {DATA_ENCRYPTION: "data encryption", GEO_BACKUP_ENCRYPTION: "geo backup data encryption"}
_ELASTIC_CLUSTER = "Elastic cluster does not currently support this operation."
_CUSTOMER_MANAGED_KEY = (
    "On servers for which data encryption is based on customer managed key, "
    "system assigned managed identity cannot be disabled."
)


def plan(server: Server, desired: DesiredState) -> Plan:
    """Return the changes that make `server` as `desired`; none for a server that nothing is declared for.

    Raise `Refused` for what must not be done: an elastic cluster, an identity used for encryption or protected, the
    system-assigned identity of a server with a customer-managed key, a server that is not as expected; and
    `UnexpectedAnswer` for a server whose answer contradicts itself.
    """
    before = server.identity
    _refuse_guids(before, desired.guids)
    held = {key(each.id) for each in before.user_assigned}
    not_meant = desired.only_if_assigned and held.isdisjoint(map(key, desired.only_if_assigned))
    if not_meant or not desired.asks:
        return Plan(before, before)
    if server.elastic_cluster:
        raise Refused(_ELASTIC_CLUSTER, code="ElasticCluster", target=server.id)
    named, removals = desired.present or (), {key(each) for each in desired.absent}
    _refuse_encryption(server.encryption, removals)
    _refuse_contradictions(server)
    _refuse_other_ids(server.identity, (*named, *desired.absent))
    _refuse_protected(desired, [each for each in before.ids if key(each) in removals])

    kept = tuple(_kept(server, desired))
    if desired.purges:
        purged = held - {key(each) for each in (*named, *desired.absent, *dict(kept))}
        _refuse_encryption(server.encryption, purged)
        removals |= purged

    assign = tuple(each for each in named if key(each) not in held)
    remove = tuple(each for each in before.ids if key(each) in removals)
    system_assigned = before.system_assigned if desired.system_assigned is None else desired.system_assigned
    if before.system_assigned and not system_assigned and server.encryption.type.lower() == "azurekeyvault":
        raise Refused(_CUSTOMER_MANAGED_KEY, code="SystemAssignedIdentityInUse", target=server.id)
    planned = Plan(before, _after(before, assign, remove, system_assigned), assign, remove, kept)
    if planned.changes and desired.expected:
        _refuse_unexpected(server, desired.expected)
    return planned


def _kept(server: Server, desired: DesiredState) -> Iterator[tuple[str, str]]:
    """Yield what a purge would take and must leave, and why."""
    named = {key(each) for each in (*(desired.present or ()), *desired.absent)}
    for each in server.identity.ids if desired.purges else ():
        if key(each) in named:
            continue
        if desired.protects(each):
            yield each, PROTECTED
        elif desired.keep_encryption_identities and key(each) in server.encryption.uses:
            yield each, ENCRYPTION


def unmatched(desired: Sequence[DesiredState], servers: Sequence[Server]) -> list[str]:
    """Return the patterns of what is protected that fit no identity of all these, held or desired."""
    there = {key(each) for state in desired for each in state.present or ()}
    there.update(key(each) for server in servers for each in server.identity.ids)
    patterns = distinct([each for state in desired for each in state.protected])
    return [pattern for pattern in patterns if not any(matches(pattern, each) for each in there)]


def _refuse_protected(desired: DesiredState, removals: list[str]) -> None:
    refused = distinct([each for each in removals if desired.protects(each)])
    if refused:
        raise Refused(
            " ".join(f"Cannot remove identity {each} because it is protected." for each in refused),
            code="IdentityProtected",
            target=refused[0],
            hint="If it has to go, take it out of what is protected first.",
        )


def _refuse_contradictions(server: Server) -> None:
    if server.contradictions:
        raise UnexpectedAnswer(
            f"Azure's answer about server {server.ref.name} contradicts itself: {'; '.join(server.contradictions)}.",
            target=server.id,
            hint="Such a server is shown and not written to. Look at it with az postgres flexible-server show.",
        )


def _refuse_other_ids(held: ServerIdentity, named: tuple[str, ...]) -> None:
    """Refuse the principal ID or client ID of an assigned identity as its name: it would be taken for another one."""
    for kind in ("principal_id", "client_id"):
        owners = {str(getattr(each, kind)).lower(): each.id for each in held.user_assigned if getattr(each, kind)}
        for each in named:
            owner = owners.get(key(split(each).name))
            if owner:
                what = f"the {kind.replace('_id', ' ID')} of an identity whose resource ID is {owner}"
                raise Refused(f"{split(each).name} is {what}.", target=owner)


def _refuse_guids(held: ServerIdentity, guids: tuple[str, ...]) -> None:
    """Refuse a GUID as a bare name, unless the server holds an identity of that name."""
    _refuse_other_ids(held, guids)
    names = {key(split(each.id).name) for each in held.user_assigned}
    for each in guids:
        if key(each) not in names:
            raise Refused(
                f"{each} {LIKE_A_PRINCIPAL}",
                target=each,
                hint=f"Find it with az identity list --query \"[?principalId=='{each}' || clientId=='{each}'].id\".",
            )


def _refuse_unexpected(server: Server, expected: Expected) -> None:
    held = {key(each): each for each in server.identity.ids}
    known = {key(each): each for each in expected.identities}
    possible = {*known, *map(key, expected.possible)}
    problems = [f"{held[each]} is assigned" for each in sorted(held.keys() - possible)]
    problems += [f"{known[each]} is not assigned" for each in sorted(known.keys() - held.keys())]
    if expected.system_assigned not in (None, server.identity.system_assigned):
        problems.append(f"the system-assigned identity is {'off' if expected.system_assigned else 'on'}")
    if problems:
        raise Refused(
            f"Server {server.ref.name} is not as expected: {'; '.join(problems)}.",
            code="NotAsExpected",
            target=server.id,
            hint="Somebody else, or a later run, has changed it. Look at it with state=info; for a rollback give the "
            "record of the later run too, or set pgflex_identity_rollback_force.",
        )


def _refuse_encryption(encryption: Encryption, removals: set[str]) -> None:
    refusals = []
    for identity in distinct([each for each in (encryption.primary_identity, encryption.geo_backup_identity) if each]):
        if key(identity) in removals:
            use = _USE_IN_WORDS[encryption.uses[key(identity)][0]]
            refusals.append((identity, f"Cannot remove identity {identity} because it's used for {use}."))
    if refusals:
        raise Refused(
            " ".join(text for _identity, text in refusals), code="IdentityUsedForEncryption", target=refusals[0][0]
        )


def _after(
    before: ServerIdentity, assign: tuple[str, ...], remove: tuple[str, ...], system_assigned: bool
) -> ServerIdentity:
    kept = tuple(each for each in before.user_assigned if each.id not in remove)
    return ServerIdentity(
        system_assigned=system_assigned,
        user_assigned=kept + tuple(AssignedIdentity(each) for each in assign),
        tenant_id=before.tenant_id,
        principal_id=before.principal_id if system_assigned else None,
    )


def patch_body(plan: Plan) -> dict[str, Any]:
    """Return the body of the PATCH that carries out `plan`, with nothing in it that does not change.

    With type `None` or `SystemAssigned` a map is refused by ARM, so the last user-assigned identity goes by type
    alone, as az does it. When the system-assigned identity goes and others stay, those are all named: az sends the
    whole map then, and nothing else is known to work.
    """
    identity: dict[str, Any] = {"type": plan.after.type}
    if plan.after.user_assigned:
        kept = [each.id for each in plan.after.user_assigned if each.id not in plan.assign]
        named: dict[str, Any] = {each: {} for each in sorted(kept, key=key)} if plan.system_assigned is False else {}
        named.update({each: {} for each in plan.assign})
        named.update(dict.fromkeys(plan.remove))
        if named:
            identity["userAssignedIdentities"] = named
    return {"identity": identity}
