# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers a list shows, and as of when: the setting `list_lag`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from emulator.arm.models import ResourceGroup, Subscription, World
    from emulator.clock import Clock
    from emulator.control.settings import AllSettings
    from emulator.postgresql.models import Server


class ServerLists:
    """The lists by subscription and by group."""

    def __init__(self, world: World, settings: AllSettings, clock: Clock) -> None:
        self._world = world
        self._settings = settings
        self._clock = clock
        self._frozen: list[Server] = []

    def freeze(self) -> None:
        """Keep the servers as they are now, for the lists of `frozen`."""
        self._frozen = [replace(each) for each in self._world.servers()] if self._is_frozen else []

    def of_subscription(self, subscription: Subscription) -> list[Server]:
        if self._is_frozen:
            return [each for each in self._frozen if each.subscription_id == subscription.id]
        return self._delayed(subscription.servers())

    def of_group(self, group: ResourceGroup) -> list[Server]:
        if self._is_frozen:
            place = (group.subscription_id, group.name)
            return [each for each in self._frozen if (each.subscription_id, each.group) == place]
        return self._delayed(group.servers.values())

    @property
    def _is_frozen(self) -> bool:
        return self._settings.list_lag == "frozen"

    def _delayed(self, servers: Iterable[Server]) -> list[Server]:
        lag = self._settings.list_lag
        if not lag or lag == "frozen":
            return list(servers)
        moment = self._clock.seconds() - lag
        return [each.as_of(moment) for each in servers]
