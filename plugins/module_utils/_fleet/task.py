# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Options of `pgflex_identity_fleet` -> its result: plan all rows together, and carry the plans out together."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING, Any

from .._azure.rate_limits import RateLimiter
from .._azure.retry import Clock, Pace, RetryPolicy
from .._errors import InvalidInput, Refused, quoted
from .._files import write_entries, write_private
from .._identity.resource_ids import key
from .._module.argspec import percentage, policy_tokens_from_options, retry_policy_from_options
from .._module.options import LIST, ROLLBACK
from .approval import approval_from_options, planned_servers
from .fleet import Fleet
from .plan_document import PlanDocument, keep_plan
from .removals import RemovalLimit, read_limit
from .target import target_facts, totals
from .targets import read_declarations, read_targets
from .waves import read_waves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from .._azure.connection import Connection
    from .target import InvalidTarget, Target

#: What an entry of the result has where the whole of it is in `result_dir`.
_SHOWN = ("name", "changed", "failed", "busy", "undeclared", "not_started", "not_approved", "msg", "notes")


def run_fleet(
    options: Mapping[str, Any],
    connection: Connection,
    *,
    check_mode: bool,
    tell: Callable[[str], None] | None = None,
    goes_on: Callable[[], bool] = lambda: True,
) -> dict[str, Any]:
    """Return the result of the task; `tell` gets a line about the progress now and then.

    Once `goes_on` is false nobody waits for it any more, and no further write begins.

    Raise `PgflexError` for what concerns all rows.
    """
    folder = _existing("result_dir", options["result_dir"])
    targets = _targets(options, connection)
    fleet = _fleet(options, connection)
    fleet.tell, fleet.goes_on = tell, goes_on
    fleet.declared = read_declarations(options["primaries"] or [], connection)
    try:
        fleet.run(targets, check_mode=check_mode)
    except Refused:  # the plan as a whole: a report may show what was read
        _servers(targets, folder, [], connection)
        raise
    servers = _servers(targets, folder, fleet.warnings, connection)
    seldom = {
        "planned": _plan_to_approve(targets, fleet, options, servers.get("result_dir")) if check_mode else "",
        "approved_plan": fleet.approval.facts(targets) if fleet.approval else {},
        "busy": [each["name"] for each in servers["servers"] if each.get("busy")],
        "unmatched_patterns": fleet.unmatched,
        "unread": [target.name for target in targets if target.listed is None] if fleet.unmatched else [],
        "backup_file": fleet.journal.backup,
        "change_reference": fleet.policy_tokens.change_reference,
        "warnings": fleet.warnings,
    }
    return {
        "changed": any(each["changed"] for each in servers["servers"]),
        **servers,
        "totals": totals(targets),
        "waves": [wave.facts() for wave in fleet.waves],
        "rollback": fleet.journal.pack(),
        **{name: value for name, value in seldom.items() if value},
        "requests": fleet.api.requests,
    }


def _targets(options: Mapping[str, Any], connection: Connection) -> list[Target | InvalidTarget]:
    """Return the rows, of which those of a play with batches are kept for the later ones."""
    file: Path | None = options.get("earlier")
    if file is None:
        return read_targets(options["servers"] or [], connection)
    earlier = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    targets = read_targets(options["servers"] or [], connection, earlier)
    named = {key(target.ref.id): target.name for target in targets if target.ref and not target.error}
    write_private(file, json.dumps({**named, **earlier}))
    return targets


def _fleet(options: Mapping[str, Any], connection: Connection) -> Fleet:
    """Return the fleet that the options ask for. Raise `InvalidInput` for one that cannot work."""
    retry_policy_from_options(options)
    retry_policy_factory = partial(
        RetryPolicy,
        options["wait_timeout"],
        options["poll_interval"],
        options["busy_timeout"],
        started=Clock().now(),
        pace=Pace(),
    )
    sizes, budget = read_waves("waves", options["waves"]), percentage("max_fail_percentage", options)
    limiter = RateLimiter(percentage("quota_percentage", options) / 100)
    approval = approval_from_options(options)
    rows = approval.document.compared if approval else len(options["servers"] or [])
    removals = RemovalLimit(read_limit("max_removals", options["max_removals"], rows), options["action"])
    return Fleet(
        connection.open(),
        limiter,
        retry_policy_factory,
        options["validate_identities"],
        sizes,
        budget,
        **{name: options[name] for name in ("rollback_file", "read", "action")},
        removals=removals,
        policy_tokens=policy_tokens_from_options(options),
        approval=approval,
    )


def _plan_to_approve(
    targets: list[Target | InvalidTarget], fleet: Fleet, options: Mapping[str, Any], folder: str | None
) -> str:
    """Return the packed plan, empty for what needs none or has one; with `folder` it is kept there."""
    # Of the second task of a role, which has a part of the servers, there are none.
    canaries = options.get("canaries")
    if canaries is None or fleet.approval or fleet.action in (ROLLBACK, LIST):
        return ""
    servers = planned_servers(targets, fleet.action, canaries)
    packed = PlanDocument.make(servers, len(targets), fleet.policy_tokens.change_reference).pack()
    if not folder:
        return packed
    try:
        keep_plan(folder, packed)
    except OSError as error:
        raise InvalidInput("result_dir", f"{folder!r} cannot be written to: {error.strerror}.") from None
    return ""


def _existing(option: str, folder: str | None) -> str | None:
    if folder and not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidInput(option, f"{quoted(folder)} is not a folder that can be written to.")
    return folder or None


def _servers(
    targets: list[Target | InvalidTarget], folder: str | None, warnings: list[str], connection: Connection
) -> dict[str, Any]:
    """Return the entries of the result; with `folder` they are kept there, one by one, and few words of each here."""
    shown: list[dict[str, Any]] = []

    def entries() -> Iterator[dict[str, Any]]:
        for target in targets:
            # The files are read by name.
            entry = {**connection.scrubber.facts(target_facts(target)), "name": target.name}
            shown.append({name: entry[name] for name in _SHOWN if name in entry})
            yield entry

    if not folder:
        return {"servers": list(entries())}
    try:
        write_entries(folder, entries())
    except OSError as error:  # after the changes: their results must not be lost
        problem = f"{quoted(folder)} cannot be written to: {error.strerror}. The results are returned."
        warnings.append(f"result_dir: {problem}")
        return {"servers": list(entries())}
    return {"servers": shown, "result_dir": folder}
