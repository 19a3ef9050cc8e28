# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of planning, applying and refusing, each broken on purpose, and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """C(text) of a file in plugins/module_utils, replaced. Every one of C(tests), file::function, must fail then."""

    rule: str
    file: str
    text: str
    replacement: str
    tests: tuple[str, ...]


def _unit(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/unit/{file}.py::{name}" for name in names)


_DIFFERENCE = _unit("test_plan", "test_a_change_is_exactly_the_difference")
_REFUSED = _unit("test_plan_refusals", "test_it_is_refused")
_UNMET = _unit("test_plan_unmet", "test_the_server_is_compared_with_the_plan")
_CROSSED = _unit("test_apply_crossed", "test_in_the_moment_of_our_write_somebody_else")

PLANNING = (
    Mutation(
        "the type keeps the system assigned identity",
        "_plan.py",
        'identity: dict[str, Any] = {"type": plan.after.type}',
        'identity: dict[str, Any] = {"type": "UserAssigned" if plan.after.user_assigned else "None"}',
        _DIFFERENCE,
    ),
    Mutation(
        "the type is always sent",
        "_plan.py",
        'identity: dict[str, Any] = {"type": plan.after.type}',
        "identity: dict[str, Any] = {}",
        _DIFFERENCE,
    ),
    Mutation(
        "what is removed is spelled as the server spells it",
        "_plan.py",
        "remove = tuple(each for each in before.ids if key(each) in unwanted)",
        "remove = tuple(each for each in wanted.absent if key(each) in held)",
        _DIFFERENCE,
    ),
    Mutation(
        "what is not there is not removed",
        "_plan.py",
        "remove = tuple(each for each in before.ids if key(each) in unwanted)",
        "remove = tuple(wanted.absent)",
        _DIFFERENCE,
    ),
    Mutation(
        "IDs are compared without case",
        "_arm_id.py",
        "return resource_id.lower()",
        "return resource_id",
        _unit("test_plan", "test_what_is_as_wanted_is_left_alone"),
    ),
    Mutation(
        "no map goes with a type that has no user assigned identity",
        "_plan.py",
        "if plan.after.user_assigned:",
        "if True:",
        _DIFFERENCE,
    ),
    Mutation(
        "the identity of data encryption is never removed",
        "_plan.py",
        "(encryption.primary_identity, encryption.geo_backup_identity) if each",
        "(encryption.geo_backup_identity,) if each",
        _REFUSED,
    ),
    Mutation(
        "the identity of geo backup encryption is never removed",
        "_plan.py",
        "(encryption.primary_identity, encryption.geo_backup_identity) if each",
        "(encryption.primary_identity,) if each",
        _REFUSED,
    ),
    Mutation(
        "nor by asking for it",
        "_plan.py",
        "    _refuse_encryption(server.encryption, {key(each) for each in wanted.absent})\n",
        "",
        _REFUSED,
    ),
    Mutation(
        "nor by a purge",
        "_plan.py",
        "        _refuse_encryption(server.encryption, purged)\n",
        "",
        _REFUSED,
    ),
    Mutation(
        "a purge keeps the identities of encryption if told to",
        "_plan.py",
        "if wanted.keep_encryption_identities:",
        "if not wanted.keep_encryption_identities:",
        _unit("test_plan_refusals", "test_a_purge_that_keeps_the_encryption_identities_is_not_refused"),
    ),
    Mutation(
        "the system assigned identity stays as it is unless somebody asks",
        "_plan.py",
        "system_assigned = before.system_assigned if wanted.system_assigned is None else wanted.system_assigned",
        "system_assigned = bool(wanted.system_assigned)",
        _DIFFERENCE,
    ),
    Mutation(
        "a customer managed key keeps the system assigned identity",
        "_plan.py",
        'and server.encryption.type == "AzureKeyVault":',
        "and False:",
        _unit("test_plan_refusals", "test_a_geo_key_alone_protects_the_system_identity_too"),
    ),
    Mutation("elastic clusters are refused", "_plan.py", "if server.elastic_cluster:", "if False:", _REFUSED),
    Mutation(
        "a rotation is only for servers that hold the identity",
        "_plan.py",
        "if not_meant or not wanted.asks:",
        "if not wanted.asks:",
        _unit("test_plan_conditions", "test_a_rotation_leaves_servers_alone_that_do_not_hold_the_identity"),
    ),
    Mutation(
        "a server that is not as expected is left alone",
        "_plan.py",
        "if planned.changes and wanted.expected:",
        "if False:",
        _unit("test_plan_conditions", "test_a_server_that_is_not_as_expected_is_refused"),
    ),
    Mutation(
        "an identity that was lost beside the change is told of",
        "_plan.py",
        '    problems += [f"{each}, which was to stay, is gone" for each in lost]\n',
        "",
        _UNMET,
    ),
    Mutation(
        "a system assigned identity that was lost is told of",
        "_plan.py",
        "if after.identity.system_assigned != done.after.system_assigned:",
        "if False:",
        _UNMET,
    ),
    Mutation(
        "a principal is a sign of the system assigned identity",
        "_model.py",
        " or principal_id is not None,",
        ",",
        _unit("test_model", "test_an_identity_is_read"),
    ),
)

APPLYING = (
    Mutation(
        "that the operation succeeded is not believed",
        "_apply.py",
        "    if problems:\n",
        "    if False:\n",
        (
            *_unit("test_apply", "test_it_fails_after_one_patch"),
            *_unit("test_fleet_changes", "test_success_without_effect_is_a_failure_of_its_row"),
        ),
    ),
    Mutation(
        "a write whose answer was lost is not sent again unseen",
        "_apply.py",
        "            server = yield from _looking_again(api, server, waiter, error, failures, maybe_applied)\n",
        "            yield _pause(waiter, error, failures, maybe_applied)\n",
        _unit("test_apply", "test_what_fails_in_passing_is_overcome"),
    ),
    Mutation(
        "where nothing is to do nothing is sent",
        "_apply.py",
        "    while rest.changes:\n",
        "    while True:\n",
        _unit("test_apply", "test_nothing_to_do_sends_nothing"),
    ),
    Mutation(
        "a write after a long time is planned anew",
        "_apply.py",
        "if waiter.clock.now() - seen_at > fresh:",
        "if False:",
        _unit("test_apply", "test_a_write_that_is_sent_long_after_the_look_is_planned_anew"),
    ),
    Mutation(
        "while an operation is at work nothing is sent",
        "_apply.py",
        "while server.updating and (error.busy or maybe_applied):",
        "while False:",
        _unit("test_apply", "test_while_somebody_elses_operation_is_at_work_nothing_is_sent"),
    ),
    Mutation(
        "without waiting, nobody waits",
        "_apply.py",
        "            if not wait:\n",
        "            if False:\n",
        _unit("test_apply", "test_without_waiting_the_operation_is_told"),
    ),
    Mutation(
        "when the operation is forgotten the server tells",
        "_apply.py",
        "if error.status not in (404, 410):",
        "if True:",
        _unit("test_apply", "test_what_fails_in_passing_is_overcome"),
    ),
    Mutation(
        "what is left to do after somebody else's write is done",
        "_apply.py",
        "while may_go_on(applied, after, wanted, waiter):",
        "while False:",
        _CROSSED,
    ),
    Mutation(
        "what we wrote is not written again",
        "_plan.py",
        "and ours.isdisjoint(left) and",
        "and",
        _unit("test_apply_crossed", "test_what_we_wrote_ourselves_is_not_written_twice"),
    ),
    Mutation(
        "a rollback is not gone on with on a server that somebody else writes to",
        "_plan.py",
        "rest = plan(after, replace(wanted, only_if_assigned=()))",
        "rest = plan(after, replace(wanted, only_if_assigned=(), expected=None))",
        _unit("test_apply_crossed", "test_nothing_is_written_once_more_for"),
    ),
    Mutation(
        "two runs against each other come to an end",
        "_apply.py",
        "applied.rounds < ROUNDS and",
        "applied.rounds < 9 and",
        _unit("test_apply_crossed", "test_who_goes_on_against_us_has_the_last_word_and_that_is_told"),
    ),
    Mutation(
        "all writes to a server are told and verified together",
        "_apply.py",
        "Applied(joined(applied.plan, more.plan), ",
        "Applied(more.plan, ",
        (*_CROSSED, *_unit("test_apply_crossed", "test_what_was_lost_beside_it_is_told_all_the_same")),
    ),
    Mutation(
        "a server that others write to is looked at right before our write",
        "_apply.py",
        "fresh = CONTENDED if error.busy else fresh",
        "fresh = FRESH",
        _unit("test_apply_crossed", "test_a_server_that_others_write_to_is_looked_at_right_before_the_next_try"),
    ),
    Mutation(
        "a failed operation is a failure",
        "_api.py",
        'if status.lower() in ("failed", "canceled", "cancelled"):',
        "if False:",
        ("tests/e2e/test_operations.py::test_an_operation_that_ends_as",),
    ),
    Mutation(
        "a token goes to no other host",
        "_api.py",
        "if (given.scheme, given.netloc.lower()) != (wanted.scheme, wanted.netloc.lower()):",
        "if False:",
        ("tests/e2e/test_operations.py::test_an_operation_at_another_host_is_not_asked_for",),
    ),
    Mutation(
        "what is no server is not taken for one without identities",
        "_answers.py",
        'if key(str(raw.get("id"))) != key(resource_id) or not isinstance(raw.get("properties"), dict):',
        "if False:",
        _unit("test_estate", "test_a_malformed_server_is_an_error_and_not_left_out"),
    ),
)

WAITING = (
    Mutation(
        "no pause goes beyond wait_timeout",
        "_waiting.py",
        "if pause >= self.remaining:",
        "if False:",
        _unit("test_waiting", "test_a_pause_beyond_the_deadline_is_not_slept"),
    ),
    Mutation(
        "wait_timeout ends the waiting for an operation",
        "_waiting.py",
        "        if self.remaining <= 0:\n            raise WaitTimeout",
        "        if self.remaining <= -600:\n            raise WaitTimeout",
        _unit("test_waiting", "test_the_last_look_is_at_the_deadline"),
    ),
    Mutation(
        "busy_timeout ends the waiting for a busy server",
        "_waiting.py",
        "if now - self._busy_since >= self.busy_timeout:",
        "if False:",
        _unit("test_waiting", "test_a_busy_server_is_tried_for_busy_timeout"),
    ),
    Mutation(
        "what fails in passing is tried five times",
        "_waiting.py",
        "elif error.transient and failures >= TRIES:",
        "elif error.transient and failures > TRIES:",
        _unit("test_waiting", "test_what_fails_in_passing_is_tried_five_times"),
    ),
    Mutation(
        "what will not get better is not tried again",
        "_waiting.py",
        "elif not error.transient and not error.throttled:",
        "elif False:",
        _unit("test_waiting", "test_what_will_not_get_better_is_not_tried_again"),
    ),
    Mutation(
        "an operation is looked at once a minute at least",
        "_waiting.py",
        "return min(asked, LONGEST_POLL_INTERVAL, self.remaining)",
        "return min(asked, self.remaining)",
        _unit("test_waiting", "test_the_pause_between_two_looks"),
    ),
    Mutation(
        "Retry-After of a moment is no loop",
        "_waiting.py",
        "if error.retry_after is not None and error.retry_after > 0:",
        "if error.retry_after is not None:",
        _unit("test_waiting", "test_a_request_is_tried_again_after_a_pause"),
    ),
)

MANY = (
    Mutation(
        "two rows for one server are refused",
        "_wishes.py",
        "len(names[key(row.ref.id)]) > 1",
        "len(names[key(row.ref.id)]) > 99",
        _unit("test_wishes", "test_two_rows_for_one_server_both_fail_and_name_each_other"),
    ),
    Mutation(
        "the failure budget stops new writes",
        "_rollout.py",
        "return failed * 100 > self.max_fail_percentage * size",
        "return False",
        (
            *_unit("test_fleet_changes", "test_failures_stop_new_writes_once_they_are_too_many"),
            *_unit("test_waves", "test_a_canary_that_fails_stops_all_that_follows"),
        ),
    ),
    Mutation(
        "a later wave is read again before it is planned",
        "_rollout.py",
        "                part = self._read_again(wave)\n",
        "",
        ("tests/chaos/test_found.py::test_what_others_do_while_a_fleet_waits_is_not_undone",),
    ),
    Mutation(
        "every change of a fleet is verified",
        "_rollout.py",
        "            self._verify([(row, applied) for row, applied in done if applied.plan.changes])\n",
        "",
        _unit("test_fleet_changes", "test_success_without_effect_is_a_failure_of_its_row"),
    ),
    Mutation(
        "a fleet goes on where somebody else's write left something to do",
        "_rollout.py",
        "doubtful = self._go_on(wrong)",
        "doubtful = []",
        _unit("test_apply_crossed", "test_a_fleet_does_so_too_for_the_rows_that_need_it"),
    ),
    Mutation(
        "check mode writes nothing to a fleet",
        "_fleet.py",
        "if drifting and not check_mode:",
        "if drifting:",
        _unit("test_fleet", "test_check_mode_writes_nothing_and_says_what_the_real_run_does"),
    ),
    Mutation(
        "check mode writes nothing to a server",
        "_single.py",
        "if not check_mode:",
        "if True:",
        _unit("test_single", "test_check_mode_says_what_the_real_run_does"),
    ),
    Mutation(
        "there is a record before the first write",
        "_fleet.py",
        "                self._keep_record(begun=False)\n",
        "",
        _unit("test_record", "test_a_record_is_there_and_marked_before_the_first_write"),
    ),
    Mutation(
        "mirroring keeps the system assigned identity",
        "_preflight.py",
        "if plan.system_assigned is False and _mirrors(server, api, waiter):",
        "if False:",
        _unit("test_preflight", "test_a_mirroring_server_keeps_its_system_identity"),
    ),
    Mutation(
        "a throttled bucket is left alone as long as Azure said",
        "_limits.py",
        "        if status == 429:\n",
        "        if False:\n",
        _unit("test_limits", "test_only_the_bucket_of_the_request_is_blocked_by_429"),
    ),
    Mutation(
        "requests keep below the published limits",
        "_limits.py",
        "return max(0.0, self.filled_at - now) + max(0.0, -self.tokens / self.refill)",
        "return 0.0",
        _unit("test_limits", "test_a_full_bucket_is_a_burst_and_then_requests_come_as_it_fills"),
    ),
)

MUTATIONS = (*PLANNING, *APPLYING, *WAITING, *MANY)
