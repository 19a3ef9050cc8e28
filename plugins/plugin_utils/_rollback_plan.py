# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""A record of an earlier rollout -> rows that restore what the servers held before it. Pure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._azure.policies import NEVER
from ..module_utils._errors import InvalidInput
from ..module_utils._fleet.record import NOT_WRITTEN, UNKNOWN, in_order, is_same, merge, read_records
from ..module_utils._fleet.target import some_of
from ..module_utils._identity.resource_ids import key, parse_server_id, split
from ..module_utils._module.options import POLICY_ENVIRONMENT

if TYPE_CHECKING:
    from ..module_utils._fleet.record import Entry, Record

_OPTION = "rollback"
# In place of a record: that of the job before is not to be used.
_NOTHING = object()
# The host's own say: the module compares its place, as it knows the subscription of the run.
_KEPT = ("name", "subscription_id", "resource_group", "server_name", "protected")


class RollbackPlan:
    """The servers of one or more records, and which of them were asked for. `force`: whatever they hold by now.

    The records are in the order in which their runs began: what several have written to goes back to what was before
    the first of their writes.
    """

    def __init__(self, records: list[Record], *, force: bool) -> None:
        self._force = force
        self._records = records
        writes: dict[str, list[Entry]] = {}
        for entry in (entry for record in records for entry in record.entries):
            writes.setdefault(key(entry.server_id), []).append(entry)
        self._writes = {server_id: in_order(entries) for server_id, entries in writes.items()}
        self._entries = {server_id: merge(entries) for server_id, entries in self._writes.items()}
        self._by_name: dict[tuple[str, str], list[Entry]] = {}
        for entry in self._entries.values():
            ref = parse_server_id(_OPTION, entry.server_id)
            self._by_name.setdefault((key(ref.resource_group), key(ref.name)), []).append(entry)
        self._left = dict(self._entries)
        self._restoring: dict[str, Mapping[str, Any]] = {}

    def row(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return the row that restores a host's server, None if no run wrote to it, or another row does.

        Raise `InvalidInput`.
        """
        entry = self._find(row)
        if entry is None:
            return None
        self._left.pop(key(entry.server_id), None)
        if entry.written == NOT_WRITTEN or self._is_restored(entry, row):
            return None
        restoring: dict[str, Any] = {
            **{name: row[name] for name in _KEPT if name in row},
            "server_id": entry.server_id,
            "present": list(entry.before.identities),
            "purge": True,
            "system_assigned": entry.before.system_assigned,
        }
        if not self._force:
            restoring.update(_expected(entry))
        return restoring

    def _is_restored(self, entry: Entry, row: Mapping[str, Any]) -> bool:
        """Return whether the row of another host restores the same, with what is protected."""
        first = self._restoring.setdefault(key(entry.server_id), row)
        return first is not row and first.get("protected") == row.get("protected")

    def _find(self, place: Mapping[str, Any]) -> Entry | None:
        if "server_id" in place:
            return self._entries.get(key(place["server_id"]))
        found = self._by_name.get((key(place["resource_group"]), key(place["server_name"])), [])
        if "subscription_id" in place:
            desired = key(place["subscription_id"])
            found = [each for each in found if key(split(each.server_id).subscription_id) == desired]
        if len(found) > 1:
            raise InvalidInput(
                "pgflex_subscription_id",
                f"is not set, and the record has {len(found)} servers {place['server_name']} in groups "
                f"{place['resource_group']}.",
            )
        return found[0] if found else None

    @property
    def change_reference(self) -> str:
        """The change reference of the last run that had one, empty if none had."""
        return next((each.change_reference for each in reversed(self._records) if each.change_reference), "")

    @property
    def matched(self) -> bool:
        """Whether any server was asked for, or none was to be."""
        return len(self._left) < len(self._entries) or not self._records

    def warnings(self) -> list[str]:
        """Return what the user should know once all hosts have been asked for."""
        if not self._records:
            return ["Nothing is put back: the job before this one has failed only where a change was not approved."]
        found = []
        if not all(record.finished for record in self._records):
            torn = " Its last line is torn." if any(record.torn for record in self._records) else ""
            found.append(f"The record is of a rollout that was interrupted.{torn}")
        unknown, untouched = (self._names(written) for written in (UNKNOWN, NOT_WRITTEN))
        if unknown:
            found.append(
                f"It is not known whether the rollout changed {some_of(unknown)} ({len(unknown)} of the record): what "
                "holds what it held before is left alone."
            )
        if untouched:
            found.append(f"Left alone, since the rollout did not change them: {some_of(untouched)}.")
        if self._force and (changed := self._not_found_by_the_first()):
            found.append(
                "What is put back is not what the first of several runs found, since the runs do not follow on one "
                f"another there: {some_of(changed)}; {len(changed)} of the record."
            )
        if self._left:
            names = [split(each.server_id).name for each in self._left.values()]
            found.append(
                f"Not rolled back, since they are not in this play: {some_of(names)}; {len(names)} of the record."
            )
        return found

    def _not_found_by_the_first(self) -> list[str]:
        asked = self._entries.keys() - self._left.keys()
        sent = {each: [write for write in self._writes[each] if write.written != NOT_WRITTEN] for each in asked}
        return sorted(
            split(self._entries[each].server_id).name
            for each, writes in sent.items()
            if writes and not is_same(self._entries[each].before, writes[0].before)
        )

    def _names(self, written: str) -> list[str]:
        entries = [entry for server_id, entry in self._entries.items() if server_id not in self._left]
        return [split(each.server_id).name for each in entries if written in (each.written, each.perhaps and UNKNOWN)]


def _expected(entry: Entry) -> dict[str, Any]:
    """Return what the server must hold; of what an uncertain last write has to do with either is possible."""
    after, perhaps = entry.after, entry.perhaps
    if perhaps is None:
        return {"expected_identities": list(after.identities), "expected_system_assigned": after.system_assigned}
    held, other = ({key(each): each for each in state.identities} for state in (after, perhaps))
    return {
        "expected_identities": [held[each] for each in held if each in other],
        "possible_identities": [each for by, each in {**other, **held}.items() if not (by in held and by in other)],
        "expected_system_assigned": after.system_assigned if after.system_assigned == perhaps.system_assigned else None,
    }


def plan_rollback(arguments: Mapping[str, Any], handed_on: Any) -> RollbackPlan:
    """Plan from one record or several: each batch of a play with `serial` makes its own. Raise `InvalidInput`.

    `handed_on` is what an earlier job of a workflow in AWX tells of itself, if there was one.
    """
    nothing = arguments.get(_OPTION) is _NOTHING
    records = [] if nothing else read_records(_OPTION, arguments.get(_OPTION) or "")
    if not (records or nothing):
        raise InvalidInput(_OPTION, f"is not set. {explain_missing(handed_on)}")
    return RollbackPlan(records, force=boolean(arguments.get("rollback_force") or False))


def handed_on_record(handed_on: Any) -> dict[str, Any]:
    """Return the option with the record of the job before in a workflow, if there was one.

    Where that has failed only because changes were not approved, those that it has made stay: they were.
    """
    if not isinstance(handed_on, Mapping):
        return {}
    stopped = {*handed_on.get("failed_hosts", ()), *handed_on.get("not_started_hosts", ())}
    spares = stopped and stopped <= {*handed_on.get("not_approved_hosts", ())}
    return {_OPTION: _NOTHING if spares else handed_on.get(_OPTION)}


def with_reference(
    arguments: Mapping[str, Any], environment: Mapping[str, str], rollback_plan: RollbackPlan | None
) -> dict[str, Any]:
    """Return the options with the change reference of the record, unless they or the `environment` say another one."""
    said = {
        option: arguments.get(option) or {**os.environ, **environment}.get(variable)
        for option, variable in POLICY_ENVIRONMENT.items()
    }
    if rollback_plan is None or said["change_reference"] or said["acquire_policy_token"] == NEVER:
        return dict(arguments)
    return {**arguments, "change_reference": rollback_plan.change_reference}


def explain_missing(handed_on: Any) -> str:
    """Say what to do where no record is named. `handed_on` is what an earlier job of a workflow tells of itself."""
    why = "Set pgflex_identity_rollback, or this option, to the record of an earlier run, as a file or as a text."
    if isinstance(handed_on, Mapping):
        kind = "a check job, which changes nothing" if handed_on.get("check") else "a job that changed nothing"
        why = f"The artifact pgflex_identity_result is of {kind}; a job that was killed hands on none. {why}"
    return why


def explain_no_match(rollback: Any, handed_on: Any) -> str:
    """Say why a rollback finds no server. A job of a workflow without an artifact leaves that of an earlier one."""
    problem = "rollback: The record names none of the servers of this play."
    if not isinstance(handed_on, Mapping) or handed_on.get("rollback") != rollback:
        return problem
    hosts = [str(each) for each in handed_on.get("changed_hosts") or []]
    return (
        f"{problem} It is that of an earlier job of this workflow ({handed_on.get('action')}), which changed "
        f"{some_of(hosts)}: the job before this one has handed on none, so it was cancelled, timed out, or never "
        "began. Run it again, or look at its servers with pgflex.azure.list."
    )
