# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse callers that may not see what the path of a request names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.arm.errors import AuthorizationFailed, ReadOnlyDisabledSubscription
from emulator.arm.tenant import CLIENT_ID

if TYPE_CHECKING:
    from emulator.arm.exchange import Call
    from emulator.arm.models import ResourceGroup, Subscription


def find_subscription(call: Call, action: str) -> Subscription:
    """Return the subscription of the path.

    :raises ArmError: if there is none, the caller has no right to `action` in it, or it cannot be written to.
    """
    subscription = call.cloud.world.subscription(call.parts["subscription"])
    if not subscription.allows(action):
        raise AuthorizationFailed(client=CLIENT_ID, actor=call.actor, action=action, scope=call.path)
    if subscription.disabled and not action.endswith("/read"):
        raise ReadOnlyDisabledSubscription(subscription=subscription.id)
    return subscription


def find_group(call: Call, action: str) -> ResourceGroup:
    """Return the resource group of the path, as `find_subscription` does."""
    return find_subscription(call, action).group(call.parts["group"])
