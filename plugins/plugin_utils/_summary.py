# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Sum up what a rollout did with hosts, in lines for people and in counts for a workflow. Pure.

All that is said of a host is kept by its name, not in numbers: a run may have several batches, plays and playbooks, and
may look at a host more than once.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..module_utils._fleet.target import counted, some_of
from ._report.model import CHANGED, COMPLIANT, FAILED, NOT_STARTED, UNDECLARED, read_report
from ._report.text import lines, reference_text
from ._run_scope import FAIL_ON_UNDECLARED, RUN_FAILED, explain_shut_gates

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

_STATUSES = (COMPLIANT, CHANGED, UNDECLARED, FAILED, NOT_STARTED)
_NUMBERS = ("added", "removed")


@dataclass(frozen=True)
class Batch:
    """The hosts of a batch, and of its whole `play`; `own` is the host at which Ansible tells what is done once.

    The play ends with the batch if more than `most_failed` percent of its hosts have failed, or all.
    """

    play: str
    own: str
    hosts: Sequence[str]
    play_hosts: Sequence[str]
    most_failed: float = 100
    is_server: Callable[[str], bool] = lambda _host: True


def add(
    before: Mapping[str, Any], plan: Mapping[str, Any], rollout: Mapping[str, Any], batch: Batch
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return all that was said in a run, with that of one more plan, and that of this plan alone.

    `before` is what this returned for earlier batches, empty for none. `plan` is the result of `pgflex_identity_fleet`
    in check mode for all of a batch, `rollout` the result for those that have drifted, or for a part of them. It is
    empty where there was none, so that what was planned has not been started. A failure of the whole is one of the host
    `own`. Raise `AttributeError`, `KeyError` or `TypeError` if they are no such results.
    """
    plans, reached = _without_begun(before.get("plans", {}), batch), {**before.get("reached", {})}
    earlier = reached.get(batch.play, [])
    name = _name(plan, batch)
    found = dict(plans.get(name) or {"words": {}, "rollouts": {}, "left_out": []})
    found.update(play=batch.play, files=_files(plan), result_dir=plan.get("result_dir"))
    found["why"] = _refusal(plan, rollout) or found.get("why", "")
    found["left_out"] = _distinct(found["left_out"], plan.get("left_out") or ())
    found.update(_reference(plan))
    found["not_approved"] = _distinct(found.get("not_approved", ()), _not_approved(plan), _not_approved(rollout))
    left_out = {host for each in (*plans.values(), found) for host in each["left_out"]}
    has_failed = plan.get("failed") and "totals" not in plan
    if has_failed:
        words = _judge_failure(plan, batch, left_out)
    else:
        words = _judge(plan, rollout, found["words"])
        if rollout.get("failed") and "totals" not in rollout and batch.own:
            words[batch.own] = FAILED
        found["rollouts"] = {**found["rollouts"], **_numbers(rollout)}
    found["words"] = {**found["words"], **words}
    if has_failed or _ends_play(batch, found["words"], plan.get("stopped_by") or ()):
        # Ansible takes the hosts of a batch that has failed from all lists, and none of the rest begins.
        known = {*earlier, *batch.hosts, *found["words"], *left_out}
        rest = [each for each in batch.play_hosts if each not in known]
        found["rest"] = [each for each in rest if batch.is_server(each)]
        found["words"].update(dict.fromkeys(found["rest"], NOT_STARTED))
        found["left_out"] = _distinct(found["left_out"], (each for each in rest if each not in found["words"]))
    plans[name], reached[batch.play] = found, _distinct(earlier, batch.hosts)
    return {"plans": plans, "reached": reached}, found


def _files(plan: Mapping[str, Any]) -> list[str]:
    return [str(each["value"]) for each in plan.get("settings", {}).get("reports") or ()]


def _refusal(plan: Mapping[str, Any], rollout: Mapping[str, Any]) -> str:
    """Return why nothing of the plan, or nothing more of it, may be written; empty if that is not so."""
    if plan.get("stopped_by"):
        return explain_shut_gates(plan["stopped_by"])
    failed = [each for each in (plan, rollout) if each.get("failed") and "totals" not in each]
    return str(failed[0].get("msg")).removeprefix(RUN_FAILED) if failed else ""


def _name(plan: Mapping[str, Any], batch: Batch) -> str:
    """Return what tells a plan from others. The batches of a second play may share that of the first one."""
    if plan.get("result_dir"):
        return str(plan["result_dir"])
    return f"{batch.play} {sha256(json.dumps(plan, sort_keys=True, default=str).encode()).hexdigest()}"


def _not_approved(result: Mapping[str, Any]) -> list[str]:
    return [each["name"] for each in result.get("servers") or () if each.get("not_approved")]


def _numbers(rollout: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the numbers and the record of a rollout by its first host: no other rollout of the plan has that one."""
    if not rollout.get("servers"):
        return {}
    totals = rollout["totals"]
    changed = [str(each["name"]) for each in rollout["servers"] if each["changed"] and not each["failed"]]
    numbers = {each: totals[each] for each in _NUMBERS}
    # By name, since a later rollout may write to the same ones; those of the rest are not known.
    numbers.update(written=changed if totals["written"] else [], doubtful=max(0, totals["written"] - len(changed)))
    more = {"rollback": rollout.get("rollback") or "", "waves": rollout.get("waves") or []}
    return {str(rollout["servers"][0]["name"]): {**numbers, **more}}


def _without_begun(plans: Mapping[str, Mapping[str, Any]], batch: Batch) -> dict[str, dict[str, Any]]:
    """Return what was said, but not that hosts of the batch would not begin: with `ignore_errors` they do."""
    found = {}
    for name, each in plans.items():
        begun = {*each.get("rest", ())} & {*batch.hosts} if each["play"] == batch.play else set()
        found[name] = {**each, "words": {host: word for host, word in each["words"].items() if host not in begun}}
    return found


def _ends_play(batch: Batch, words: Mapping[str, str], shut: Container[str]) -> bool:
    """Return whether Ansible begins no batch after this one; `shut` are the gates, as `find_shut_gates` names them."""
    failing = (FAILED, NOT_STARTED, *([UNDECLARED] if FAIL_ON_UNDECLARED in shut else []))
    failed, hosts = sum(words.get(each) in failing for each in batch.hosts), len(batch.hosts)
    return bool(hosts) and (failed == hosts or failed * 100 > batch.most_failed * hosts)


def _distinct(*lists: Iterable[str]) -> list[str]:
    return [*dict.fromkeys(each for names in lists for each in names)]


def _judge(plan: Mapping[str, Any], rollout: Mapping[str, Any], earlier: Mapping[str, str]) -> dict[str, str]:
    """Return what became of each host of a plan. The word of another batch counts more than the plan."""
    words = {}
    for each in plan["servers"]:
        waits = not each["failed"] and (each["changed"] or each.get("busy"))
        words[each["name"]] = NOT_STARTED if waits else _word(each)
    words.update({host: word for host, word in earlier.items() if host in words})
    words.update({each["name"]: _word(each) for each in rollout.get("servers") or ()})
    return words


def _word(entry: Mapping[str, Any]) -> str:
    if entry["failed"]:
        return NOT_STARTED if entry.get("not_started") else FAILED
    if entry["changed"]:
        return CHANGED
    return UNDECLARED if entry.get("undeclared") else COMPLIANT


def _judge_failure(plan: Mapping[str, Any], batch: Batch, left_out: Container[str]) -> dict[str, str]:
    """Return that one host has failed, and none of the others was started, for a plan that failed as a whole."""
    others = [each for each in plan.get("hosts", batch.hosts) if each not in left_out]
    return {**dict.fromkeys(others, NOT_STARTED), **dict.fromkeys([batch.own] if batch.own else [], FAILED)}


def sum_up(plans: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the counts, the names and the packed records of what `add` has returned of plans.

    The last word on a host counts, but one that was changed stays so unless a later plan fails for it.
    """
    words: dict[str, str] = {}
    told = [*plans]
    for host, word in (each for plan in told for each in plan["words"].items()):
        if words.get(host) != CHANGED or word == FAILED:
            words[host] = word
    hosts = {status: [host for host, word in words.items() if word == status] for status in _STATUSES}
    rollouts = [each for plan in told for each in plan["rollouts"].values()]
    unapproved = {host for plan in told for host in plan["not_approved"]} & {*hosts[FAILED], *hosts[NOT_STARTED]}
    left_out = [each for each in _distinct(*(plan["left_out"] for plan in told)) if each not in words]
    return {
        "servers": len(words),
        **{status: len(names) for status, names in hosts.items()},
        "written": len(_distinct(*(each["written"] for each in rollouts))) + sum(each["doubtful"] for each in rollouts),
        **{name: sum(each[name] for each in rollouts) for name in _NUMBERS},
        **{f"{status}_hosts": names for status, names in hosts.items() if status != COMPLIANT},
        "not_approved": len(unapproved),
        "not_approved_hosts": sorted(unapproved),
        "left_out": len(left_out),
        "left_out_hosts": left_out,
        "rollback": ",".join(each["rollback"] for each in rollouts if each["rollback"]),
        **{name: value for plan in told for name, value in _reference(plan).items()},
    }


def for_report(plans: Iterable[Mapping[str, Any]], told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the filter `identity_report` makes a report of, for all plans of a play with one file for it.

    `told` is one of them. In a play with `serial` each batch would replace what the one before has told.
    """
    same = [each for each in plans if (each["play"], each["files"]) == (told["play"], told["files"])]
    rollouts = [each for plan in same for each in plan["rollouts"].values()]
    left_out = _distinct(*(plan["left_out"] for plan in same))
    return {
        "batches": [{name: each[name] for name in ("result_dir", "words", "why")} for each in same],
        "waves": [wave for each in rollouts for wave in each["waves"]],
        "left_out": [host for host in left_out if not any(host in plan["words"] for plan in same)],
        **{name: value for plan in same for name, value in _reference(plan).items()},
    }


def _reference(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the change reference, nothing where there is none."""
    return {"change_reference": facts["change_reference"]} if facts.get("change_reference") else {}


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
    not_approved = len({*batch["not_approved_hosts"]} & {*batch["failed_hosts"]})
    unapproved = f" ({not_approved} not approved)" if not_approved else ""
    counts = [
        f"{batch['compliant']} compliant",
        f"{batch['changed']} {changed} ({batch['added']} {added}, {batch['removed']} {removed})",
        *([f"{len(undeclared)} undeclared"] if undeclared else []),
        f"{batch['failed']} failed{unapproved}{written if doubtful > 0 else ''}",
        f"{batch['not_started']} not started",
    ]
    reference = reference_text(batch.get("change_reference", ""))
    return [
        *lines(read_report(noted, waves, batch["left_out_hosts"]))[:-1],
        *([f"Nothing was changed: {explain_shut_gates(plan['stopped_by'])}"] if plan.get("stopped_by") else []),
        *([f"left alone, since nothing says what they shall hold: {some_of(undeclared)}"] if undeclared else []),
        *([approved_text(plan["approved_plan"])] if plan.get("approved_plan") else []),
        f"{counted(batch['servers'], 'server')}: {', '.join(counts)}.{reference}",
    ]


def approved_text(facts: Mapping[str, Any]) -> str:
    """Return what became of an approved plan, as the plan of a run has found it."""
    outside = f"; {facts['outside']} not in this run ({some_of(facts['outside_hosts'])})" if facts["outside"] else ""
    return (
        f"approved plan of {facts['made']}, {counted(facts['servers'], 'server')}: {facts['fitting']} as approved, "
        f"{facts['done']} done already, {facts['not_approved']} not approved{outside}."
        f"{reference_text(facts['change_reference'])}"
    )


_PLAIN = re.compile(r"[\w./@:+-]+", re.ASCII)
#: Where servers are named with -e they have to be named for the way back too.
_PLACES = ("pgflex_server_id", "pgflex_server_name", "pgflex_resource_group")


def undo(inventories: Iterable[str], record: str, extra: Mapping[str, Any]) -> str:
    """Return how to take back what is in the record, a path, after a run over `inventories` with `extra` variables."""
    # Without an inventory Ansible names one that is not there.
    sources = [word for each in inventories if "," in each or Path(each).exists() for word in ("-i", each)]
    given = {name: extra[name] for name in _PLACES if name in extra} | {"pgflex_identity_rollback": record}
    command = ["ansible-playbook", "pgflex.azure.rollback", *sources]
    told = " ".join(f"-e {_extra_variable(name, str(value))}" for name, value in given.items())
    return f"To undo it: {shlex.join(command)} {told}"


def _extra_variable(name: str, value: str) -> str:
    """Return the argument of -e for a shell, which both it and Ansible take apart."""
    if _PLAIN.fullmatch(value):
        return f"{name}={value}"
    # No shell needs to be told of an apostrophe that JSON writes as a number.
    return "'" + json.dumps({name: value}).replace("'", "\\u0027") + "'"
