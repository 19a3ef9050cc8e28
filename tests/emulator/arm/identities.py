# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers about user-assigned managed identities."""

from __future__ import annotations

from emulator.arm import render, resource_ids
from emulator.arm.access import find_group, find_subscription
from emulator.arm.errors import ResourceNotFound
from emulator.arm.exchange import Call, Reply
from emulator.arm.paging import page

_IDENTITY_READ = f"{resource_ids.IDENTITY_TYPE}/read"


def list_subscription_identities(call: Call) -> Reply:
    subscription = find_subscription(call, _IDENTITY_READ)
    return page(call, list(subscription.identities()), lambda each: render.identity(each, call.version))


def list_group_identities(call: Call) -> Reply:
    group = find_group(call, _IDENTITY_READ)
    return page(call, list(group.identities.values()), lambda each: render.identity(each, call.version))


def get_identity(call: Call) -> Reply:
    group = find_group(call, _IDENTITY_READ)
    identity = group.identities.get(call.parts["name"].lower())
    if identity is None:
        raise ResourceNotFound(kind=resource_ids.IDENTITY_TYPE, name=call.parts["name"], group=group.name)
    return Reply(render.identity(identity, call.version))
