# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Rows of `pgflex_identity_fleet` as a user writes them -> rows of a fleet. An error in a row stays with it."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._errors import InvalidInput, NoSubscription, PgflexError
from .._identity.resource_ids import ServerRef, key
from .._module.argspec import desired_state_from_row, server_ref
from .target import InvalidTarget, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .._azure.connection import Connection
    from .._identity.models import DesiredState


def read_targets(
    raw: Sequence[Mapping[str, Any]], connection: Connection, earlier: Mapping[str, str] | None = None
) -> list[Target | InvalidTarget]:
    """Return the rows, in the order given; `earlier` are the names of earlier ones, by `key` of their servers' IDs."""
    targets: list[Target | InvalidTarget] = []
    for name, each in zip(_names(raw), raw):
        try:
            targets.append(_read_target(name, each, connection))
        except PgflexError as error:
            targets.append(InvalidTarget(name, error, _find_ref(each, connection)))
    return _refuse_twins(targets, earlier or {})


def read_declarations(
    raw: Sequence[Mapping[str, Any]], connection: Connection
) -> dict[str, DesiredState | PgflexError]:
    """Return what is declared for other servers, by `key` of their IDs, or why that cannot be said."""
    found: dict[str, DesiredState | PgflexError] = {}
    for target in read_targets(raw, connection):
        if target.ref:
            found[key(target.ref.id)] = target.desired if isinstance(target, Target) else target.error
    return found


def _names(raw: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a name for each, that no other one has: results are kept under it."""
    names = [
        str(each.get("name") or each.get("server_name") or each.get("server_id") or f"row {number}")
        for number, each in enumerate(raw, 1)
    ]
    while True:
        often = Counter(names)
        unique = [f"{name} (row {number})" if often[name] > 1 else name for number, name in enumerate(names, 1)]
        if unique == names:
            return names
        names = unique


def _find_ref(raw: Mapping[str, Any], connection: Connection) -> ServerRef | None:
    """Return the server of a row that cannot be understood, if that much can be."""
    try:
        return _read_ref(raw, connection)
    except PgflexError:
        return None


def _read_target(name: str, raw: Mapping[str, Any], connection: Connection) -> Target:
    ref = _read_ref(raw, connection)
    return Target(name, ref, desired_state_from_row(raw, ref), follow_primary=raw.get("follow_primary") is True)


def _read_ref(raw: Mapping[str, Any], connection: Connection) -> ServerRef:
    if not raw.get("server_id") and not (raw.get("resource_group") and raw.get("server_name")):
        raise InvalidInput(
            "server_id", "is missing: name the server by server_id, or by resource_group and server_name."
        )
    subscription = "" if raw.get("server_id") else raw.get("subscription_id") or connection.subscription_id
    ref = server_ref({**raw, "server_id": raw.get("server_id") or None}, subscription)
    if raw.get("server_id"):
        _refuse_two_places(raw, ref, connection)
    return ref


def _refuse_two_places(raw: Mapping[str, Any], ref: ServerRef, connection: Connection) -> None:
    """Raise `InvalidInput` if the server's ID, and its group and name in the subscription of the run, are two."""
    subscription = raw.get("subscription_id")
    if raw.get("server_name") and not subscription:
        with suppress(NoSubscription):  # nothing says another one than the ID
            subscription = connection.subscription_id
    group, name = raw.get("resource_group") or ref.resource_group, raw.get("server_name") or ref.name
    named = ServerRef(subscription or ref.subscription_id, group, name)
    if key(named.id) != key(ref.id):
        raise InvalidInput(
            "server_id",
            f"is {ref.id}, but by subscription, resource group and name the server is {named.id}. Sign in to the "
            "subscription that is meant, or set it for this server.",
        )


def _refuse_twins(targets: list[Target | InvalidTarget], earlier: Mapping[str, str]) -> list[Target | InvalidTarget]:
    """Refuse two desired states for one server: they would undo each other, in whatever order they came."""
    names: dict[str, list[str]] = {}
    for target in targets:
        if isinstance(target, Target):
            names.setdefault(key(target.ref.id), []).append(target.name)
    for server, found in names.items():
        if earlier.get(server, found[0]) not in found:
            found.insert(0, f"{earlier[server]} of an earlier batch")
    return [
        InvalidTarget(
            target.name,
            InvalidInput(
                "servers", f"{' and '.join(names[key(target.ref.id)])} name the same server, {target.ref.id}."
            ),
            target.ref,
        )
        if isinstance(target, Target) and len(names[key(target.ref.id)]) > 1
        else target
        for target in targets
    ]
