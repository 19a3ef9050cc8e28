# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API of the emulator, below `/_emulator`: needs no token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulator.arm.exchange import Call, Reply
from emulator.control import seed
from emulator.control.settings import SettingsError
from emulator.schema import InvalidDocumentError

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "/_emulator/"


def get_requests(call: Call) -> Reply:
    return Reply(call.cloud.log.entries(call.query.get("kind")))


def clear_requests(call: Call) -> Reply:
    call.cloud.log.clear()
    return Reply({})


def get_servers(call: Call) -> Reply:
    return Reply([each.true_state() for each in call.cloud.world.servers()])


def get_operations(call: Call) -> Reply:
    return Reply(call.cloud.operations.entries())


def get_history(call: Call) -> Reply:
    return Reply(call.cloud.operations.histories(call.cloud.world.servers()))


def get_evaluations(call: Call) -> Reply:
    return Reply(call.cloud.policies.evaluations)


def advance_clock(call: Call) -> Reply:
    call.cloud.clock.advance(json.loads(call.content)["advance"])
    call.cloud.operations.settle()
    return Reply({"ahead": call.cloud.clock.ahead})


def add_seed(call: Call) -> Reply:
    call.cloud.seed(seed.load(call.content.decode()))
    return Reply({"subscription_ids": [each.id for each in call.cloud.world.subscriptions.values()]})


def reset(call: Call) -> Reply:
    call.cloud.reset()
    return Reply({})


def start_replay(call: Call) -> Reply:
    call.cloud.replay.load(call.content.decode())
    return Reply({})


def get_faults(call: Call) -> Reply:
    return Reply(call.cloud.faults.as_list())


def add_faults(call: Call) -> Reply:
    call.cloud.faults.add(json.loads(call.content))
    return get_faults(call)


def clear_faults(call: Call) -> Reply:
    call.cloud.faults.clear()
    return Reply({})


def get_settings(call: Call) -> Reply:
    return Reply(call.cloud.settings.as_dict())


def change_settings(call: Call) -> Reply:
    call.cloud.change_settings(json.loads(call.content))
    return get_settings(call)


def get_violations(call: Call) -> Reply:
    return Reply(call.cloud.violations)


def clear_violations(call: Call) -> Reply:
    call.cloud.violations.clear()
    return Reply({})


ROUTES: dict[tuple[str, str], Callable[[Call], Reply]] = {
    ("GET", "requests"): get_requests,
    ("DELETE", "requests"): clear_requests,
    ("GET", "servers"): get_servers,
    ("GET", "operations"): get_operations,
    ("GET", "history"): get_history,
    ("GET", "evaluations"): get_evaluations,
    ("POST", "clock"): advance_clock,
    ("POST", "seed"): add_seed,
    ("POST", "reset"): reset,
    ("POST", "replay"): start_replay,
    ("GET", "faults"): get_faults,
    ("POST", "faults"): add_faults,
    ("DELETE", "faults"): clear_faults,
    ("GET", "settings"): get_settings,
    ("PATCH", "settings"): change_settings,
    ("GET", "violations"): get_violations,
    ("DELETE", "violations"): clear_violations,
}


def answer(call: Call) -> Reply:
    """Answer a request, with 400 and `{"error": text}` for what the control API does not understand."""
    handler = ROUTES.get((call.method, call.path.removeprefix(PREFIX)))
    if handler is None:
        known = ", ".join(f"{method} {PREFIX}{name}" for method, name in ROUTES)
        return Reply({"error": f"no such control route; known: {known}"}, 404)
    try:
        return handler(call)
    except (SettingsError, InvalidDocumentError, seed.SeedError, ValueError, LookupError, TypeError) as error:
        return Reply({"error": str(error)}, 400)
