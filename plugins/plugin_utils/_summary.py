# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Sum up what a rollout did with the hosts of a batch, in lines for people and in counts for a workflow. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from ..module_utils._fleet.target import some_of
from ._report.model import read_report
from ._report.text import counted, lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: What adds up when a play with `serial` has several batches.
COUNTS = (
    "servers",
    "compliant",
    "changed",
    "undeclared",
    "failed",
    "not_started",
    "written",
    "added",
    "removed",
    "left_out",
)
HOSTS = ("changed_hosts", "undeclared_hosts", "failed_hosts", "not_started_hosts", "left_out_hosts")


def sum_up(
    plan: Mapping[str, Any], rollout: Mapping[str, Any], hosts: Sequence[str] = (), own: str = ""
) -> dict[str, Any]:
    """Return the counts `COUNTS`, the names `HOSTS` and the packed record `rollback` of one batch.

    `plan` is the result of `pgflex_identity_fleet` in check mode for all of them, `rollout` the result for those that
    have drifted, empty where there was none: then what was planned has not been started. If the plan as a whole failed,
    so did its task, which is that of the host `own`, and none of the other `hosts` was started. Raise `AttributeError`,
    `KeyError` or `TypeError` if they are no such results.
    """
    if plan.get("failed") and "totals" not in plan:
        return _sum_up_failure(hosts, own)
    planned, last = plan["totals"], rollout or plan
    nothing = {"changed": 0, "not_started": planned["changed"], "written": 0, "added": 0, "removed": 0}
    done = rollout["totals"] if rollout else nothing
    servers, changed = planned["servers"], done["changed"]
    failed, not_started = last["totals"]["failed"], done["not_started"]
    failed_hosts = [each["name"] for each in last["servers"] if each["failed"] and not each.get("not_started")]
    # One that could be read when the plan was made may have failed since.
    lost = set(failed_hosts)
    undeclared_hosts = [each["name"] for each in plan["servers"] if each.get("undeclared") and each["name"] not in lost]
    return {
        "servers": servers,
        "compliant": servers - changed - len(undeclared_hosts) - failed - not_started,
        "changed": changed,
        "undeclared": len(undeclared_hosts),
        "failed": failed,
        "not_started": not_started,
        **{name: done[name] for name in ("written", "added", "removed")},
        "changed_hosts": [
            each["name"] for each in rollout.get("servers", []) if each["changed"] and not each["failed"]
        ],
        "undeclared_hosts": undeclared_hosts,
        "failed_hosts": failed_hosts,
        "not_started_hosts": [
            each["name"] for each in last["servers"] if each.get("not_started" if rollout else "changed")
        ],
        "left_out": len(plan.get("left_out") or ()),
        "left_out_hosts": [*(plan.get("left_out") or ())],
        "rollback": rollout.get("rollback") or "",
    }


def _sum_up_failure(hosts: Sequence[str], own: str) -> dict[str, Any]:
    # Also where an earlier batch, or an earlier play of the run, has told of it.
    failed_hosts, others = [own] if own else [], [each for each in hosts if each != own]
    counts = {"servers": len(failed_hosts) + len(others), "failed": len(failed_hosts), "not_started": len(others)}
    names = {"failed_hosts": failed_hosts, "not_started_hosts": others}
    return {**dict.fromkeys(COUNTS, 0), **{name: [] for name in HOSTS}, **counts, **names, "rollback": ""}


def add(before: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sum of what `sum_up` said of earlier batches, empty for none, and of this one."""
    added = {name: before.get(name, type(batch[name])()) + batch[name] for name in (*COUNTS, *HOSTS)}
    return {**added, "rollback": " ".join(filter(None, (before.get("rollback"), batch["rollback"])))}


def not_reached(hosts: Sequence[str], before: Mapping[str, Any]) -> list[str]:
    """Return the last of the `hosts` of a play, without those that earlier batches were about, or have left out."""
    return [*hosts[before.get("servers", 0) + before.get("left_out", 0) :]]


def tell(
    batch: Mapping[str, Any], plan: Mapping[str, Any], waves: Iterable[Mapping[str, Any]], *, check: bool
) -> list[str]:
    """Return what is to be noted of compliant servers, a line for each of several waves, and the counts of the batch.

    The other servers tell for themselves.
    """
    noted = [
        {**each, "server": {}}
        for each in plan.get("servers") or ()
        if each.get("notes") and not each["changed"] and not each["failed"]
    ]
    doubtful = batch["written"] - batch["changed"]
    written = f" ({doubtful} of these {'was' if doubtful == 1 else 'were'} written to, or may have been)"
    changed, added, removed = ("drifted", "missing", "extra") if check else ("changed", "added", "removed")
    undeclared = batch["undeclared_hosts"]
    counts = [
        f"{batch['compliant']} compliant",
        f"{batch['changed']} {changed} ({batch['added']} {added}, {batch['removed']} {removed})",
        *([f"{len(undeclared)} undeclared"] if undeclared else []),
        f"{batch['failed']} failed{written if doubtful > 0 else ''}",
        f"{batch['not_started']} not started",
    ]
    return [
        *lines(read_report(noted, waves, batch["left_out_hosts"]))[:-1],
        *([f"left alone, since nothing says what they shall hold: {some_of(undeclared)}"] if undeclared else []),
        f"{counted(batch['servers'], 'server')}: {', '.join(counts)}.",
    ]


def undo(inventories: Iterable[str], record: str) -> str:
    """Return how to take back what is in the record, a path."""
    sources = [word for each in inventories for word in ("-i", each)]
    # Ansible takes what -e says apart at blanks again.
    given = ["-e", f"pgflex_identity_rollback={shlex.quote(record)}"]
    command = ["ansible-playbook", "pgflex.azure.rollback", *sources, *given]
    return f"To undo it: {shlex.join(command)}"
