# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of pgflex_identity_fleet without an Azure: the module's own plan and its own facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible_collections.pgflex.azure.plugins.module_utils._errors import PgflexError
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.rollout import Wave
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.target import (
    InvalidTarget,
    Target,
    target_facts,
    totals,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import (
    AssignedIdentity,
    DesiredState,
    Encryption,
    Server,
    ServerIdentity,
)
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import plan
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef
from ansible_collections.pgflex.azure.plugins.module_utils._server.reconciler import ReconcileResult

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"


def mi(name: str, group: str = "rg-ids", subscription: str = SUBSCRIPTION) -> str:
    """Return the ID of a user-assigned identity."""
    return (
        f"/subscriptions/{subscription}/resourcegroups/{group}"
        f"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    )


def server(
    name: str,
    *held: str,
    group: str = "rg-shop",
    subscription: str = SUBSCRIPTION,
    system: bool = False,
    **facts: Any,
) -> Server:
    """Return a server that holds these identities."""
    ref = ServerRef(subscription, group, name)
    identity = ServerIdentity(system, tuple(AssignedIdentity(each) for each in held), None, "p" if system else None)
    usual = {"location": "Canada Central", "state": "Ready", "version": "17"}
    return Server(ref, ref.id, identity=identity, **{**usual, **facts})


def compared(found: Server, host: str = "", **desired: Any) -> Target:
    """Return the row of a server, with its desired state; refused where the plan refuses."""
    row = Target(host or found.ref.name, found.ref, DesiredState(**desired), before=found)
    try:
        row.reconciled = ReconcileResult(plan(found, row.desired), found)
    except PgflexError as error:
        row.error = error
    return row


def changed(found: Server, host: str = "", **desired: Any) -> Target:
    """Return the row of a server that was brought into its desired state."""
    row = compared(found, host, **desired)
    assert row.reconciled
    row.reconciled = ReconcileResult(
        row.reconciled.plan, replace(found, identity=row.reconciled.plan.after), verified=True
    )
    return row


def broken(found: Server, message: str, **desired: Any) -> Target:
    """Return the row of a server whose change has failed."""
    row = compared(found, **desired)
    row.error = PgflexError(message)
    return row


def not_started(found: Server, **desired: Any) -> Target:
    """Return the row of a server whose change was not sent, since too many others had failed."""
    row = compared(found, **desired)
    row.stop("too many servers had failed before.")
    return row


def unread(host: str, message: str) -> InvalidTarget:
    """Return the row of a host whose server could not be read."""
    return InvalidTarget(host, PgflexError(message))


def result(*rows: Target | InvalidTarget, waves: tuple[Wave, ...] = ()) -> dict[str, Any]:
    """Return the result of the module."""
    return {
        "changed": True,
        "requests": 1,
        "servers": [target_facts(each) for each in rows],
        "totals": totals(rows),
        "waves": [each.facts() for each in waves],
    }


def shop() -> dict[str, Any]:
    """Return one server of each kind: compliant, drifted in both directions, encrypting, refused, not read."""
    a, b, keys = mi("id-a"), mi("id-b"), mi("id-keys")
    encryption = Encryption("AzureKeyVault", keys)
    return result(
        compared(server("pg-good", a), present=(a,)),
        compared(
            server("pg-drift", b, system=True, tags={"env": "prod"}), present=(a,), absent=(b,), system_assigned=False
        ),
        compared(server("pg-keys", a, keys, encryption=encryption, group="rg-pay", location="East US"), present=(a,)),
        compared(server("pg-refused", keys, encryption=encryption, group="rg-pay"), absent=(keys,)),
        compared(server("pg-system"), system_assigned=True),
        unread("pg-gone", "Cannot read server pg-gone:\nnot found."),
    )


def shop_changed(day_of_end: int = 23) -> dict[str, Any]:
    """Return a rollout in three waves that is stopped in the second one: each way in which a server can end."""
    a, b, keys = mi("id-a"), mi("id-b"), mi("id-keys")
    first = changed(server("pg-first", b, system=True), present=(a,), absent=(b,), system_assigned=False)
    second = [
        changed(server("pg-second", group="rg-pay"), present=(a,), system_assigned=True),
        broken(server("pg-broken", b), "Cannot change it:\nit is so.", present=(a,), absent=(b,)),
        not_started(server("pg-second-late", b), absent=(b,)),
    ]
    late = not_started(server("pg-late", group="rg-pay", location="East US"), present=(a,))
    good = server("pg-good", a, keys, encryption=Encryption("AzureKeyVault", keys))
    end = f"2026-11-{day_of_end}T20:06:15+00:00"
    return result(
        compared(good, present=(a,)),
        first,
        *second,
        late,
        unread("pg-gone", "Cannot read server pg-gone: not found."),
        waves=(
            Wave([first], "2026-11-23T20:00:00+00:00", "2026-11-23T20:02:05+00:00"),
            Wave(second, "2026-11-23T20:02:05+00:00", end),
            Wave([late]),
        ),
    )


def large(servers: int, identities: int) -> dict[str, Any]:
    """Return an estate where every server has to do with every identity, and every tenth has drifted."""
    ids = tuple(mi(f"id-{number:02}") for number in range(identities))
    return result(
        *(
            compared(
                server(f"pg-{number:05}", *ids[number % 10 == 0 :], group=f"rg-{number % 40:02}", tags={"app": "shop"}),
                present=ids,
            )
            for number in range(servers)
        )
    )


def many_identities(servers: int = 12, identities: int = 44) -> dict[str, Any]:
    """Return servers that all hold the same, with names shared by several groups, of which every fourth has drifted."""
    ids = tuple(mi(f"id-{number // 2:02}-of-a-team", f"rg-{number:02}-ids") for number in range(identities))
    return result(
        *(compared(server(f"pg-{number:02}", *ids[number % 4 == 0 :]), present=ids) for number in range(servers))
    )


def with_a_replica() -> dict[str, Any]:
    """Return a primary, and a replica that lacks what it holds."""
    source = server("pg-main", mi("id-a"))
    copy = compared(server("pg-copy", source_server_id=source.id, replication_role="AsyncReplica"), present=())
    copy.lacking = [(mi("id-a"), source)]
    return result(compared(source, present=(mi("id-a"),)), copy)


def failing_wave(failed: int = 4, of: int = 31) -> dict[str, Any]:
    """Return a rollout in one wave in which some fail, each with a message that is long."""
    a, b = mi("id-a"), mi("id-b")
    message = "Cannot change it: " + "the scope of the server is locked, so remove the lock. " * 8
    rows = [broken(server(f"pg-{number:02}", b), message, present=(a,)) for number in range(failed)]
    rows += [changed(server(f"pg-{number:02}", b), present=(a,), absent=(b,)) for number in range(failed, of)]
    return result(*rows, waves=(Wave(rows, "2026-11-23T20:00:00+00:00", "2026-11-23T20:02:05+00:00"),))
