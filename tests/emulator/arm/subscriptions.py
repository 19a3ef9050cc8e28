# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers about subscriptions and what Azure Resource Manager itself keeps in them."""

from __future__ import annotations

from emulator.arm import render, resource_ids
from emulator.arm.access import find_group, find_subscription
from emulator.arm.exchange import Call, Reply


def list_subscriptions(call: Call) -> Reply:
    """List only those in which the caller has a right, as ARM does."""
    visible = [each for each in call.cloud.world.subscriptions.values() if not each.denied]
    return Reply(
        {"value": [render.subscription(each) for each in visible], "count": {"type": "Total", "value": len(visible)}}
    )


def get_subscription(call: Call) -> Reply:
    return Reply(render.subscription(find_subscription(call, "Microsoft.Resources/subscriptions/read")))


def list_tenants(call: Call) -> Reply:
    return Reply({"value": [render.tenant()]})


def list_locations(call: Call) -> Reply:
    subscription = find_subscription(call, "Microsoft.Resources/subscriptions/locations/read")
    return Reply({"value": [render.location(subscription.id, *each) for each in resource_ids.locations().items()]})


def list_groups(call: Call) -> Reply:
    subscription = find_subscription(call, "Microsoft.Resources/subscriptions/resourceGroups/read")
    return Reply({"value": [render.resource_group(each) for each in subscription.groups.values()]})


def get_group(call: Call) -> Reply:
    return Reply(render.resource_group(find_group(call, "Microsoft.Resources/subscriptions/resourceGroups/read")))


def get_provider(call: Call) -> Reply:
    subscription = find_subscription(call, "Microsoft.Resources/subscriptions/providers/read")
    return Reply(render.provider(subscription, call.parts["namespace"]))


def register_provider(call: Call) -> Reply:
    subscription = find_subscription(call, f"{call.parts['namespace']}/register/action")
    if call.parts["namespace"].lower() == "microsoft.dbforpostgresql":
        subscription.registered = True
    return Reply(render.provider(subscription, call.parts["namespace"]))
