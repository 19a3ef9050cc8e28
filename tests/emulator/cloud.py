# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole emulated cloud: its state, its settings and everything the control API looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.arm.models import World
from emulator.arm.operations import Operations
from emulator.arm.policies import Policies
from emulator.arm.tenant import CLIENT_ID, OBJECT_ID
from emulator.arm.throttle import Throttle
from emulator.clock import Clock
from emulator.control import seed
from emulator.control.faults import Faults
from emulator.control.log import RequestLog
from emulator.control.replay import Replay
from emulator.control.settings import AllSettings, SettingsError
from emulator.entra.tokens import Tokens
from emulator.postgresql.lists import ServerLists
from emulator.postgresql.patching import Patcher
from emulator.postgresql.render import ServerRenderer

if TYPE_CHECKING:
    from emulator.entra.principals import Principals


class Cloud:
    """Started from `start_seed`, and with a recording in the place of its own answers if there is one."""

    def __init__(self, principals: Principals, start_seed: dict[str, Any], recording: str = "") -> None:
        self.principals = principals
        self.clock = Clock()
        self.settings = AllSettings()
        self.world = World()
        self.faults = Faults()
        self.lists = ServerLists(self.world, self.settings, self.clock)
        self.violations: list[dict[str, Any]] = []
        self.operations = Operations(self.clock)
        self.log = RequestLog(self.settings, lambda: self.operations.settled_at)
        self.throttle = Throttle(self.settings, self.clock.seconds)
        self.tokens = Tokens(principals, self.settings, self.clock.now)
        self.policies = Policies(self.settings, self.clock.now)
        self.renderer = ServerRenderer(self.world, self.settings)
        self.patcher = Patcher(self.world, self.operations, self.settings, client=CLIENT_ID, actor=OBJECT_ID)
        self.replay = Replay()
        self._start_seed = start_seed
        self._recording = recording
        self.seed(start_seed)
        self.replay.load(recording)

    def seed(self, document: dict[str, Any]) -> None:
        """Add a checked seed.

        :raises seed.SeedError: if it contradicts itself.
        """
        settings = document.get("settings", {})
        try:
            self.change_settings(settings)
        except SettingsError as error:
            raise seed.SeedError(f"seed: $.settings: {error}") from error
        seed.apply(self.world, document)
        if "list_lag" in settings:
            self.lists.freeze()

    def change_settings(self, changes: object) -> None:
        """Change settings, and begin anew with full buckets.

        :raises SettingsError: and changes nothing, if one is wrong.
        """
        self.settings.update(changes)
        self.throttle.clear()
        if isinstance(changes, dict) and "list_lag" in changes:
            self.lists.freeze()

    def reset(self) -> None:
        """Go back to the start: seed, settings, clock, faults, operations and logs. Tokens stay valid."""
        self.clock.ahead = 0.0
        self.settings.update(AllSettings().as_dict())
        self.world.subscriptions.clear()
        self.faults.clear()
        self.log.clear()
        self.violations.clear()
        self.operations.clear()
        self.policies.clear()
        self.seed(self._start_seed)
        self.replay.load(self._recording)
