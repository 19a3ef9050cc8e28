# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of changing one server, and of waiting."""

from __future__ import annotations

from mutations.mutation import Mutation, unit

_CROSSED = unit("test_apply_crossed", "test_in_the_moment_of_our_write_somebody_else")

APPLYING = (
    Mutation(
        "that the operation succeeded is not believed",
        "_apply.py",
        "    if problems:\n",
        "    if False:\n",
        (
            *unit("test_apply", "test_it_fails_after_one_patch"),
            *unit("test_fleet_changes", "test_success_without_effect_is_a_failure_of_its_row"),
        ),
    ),
    Mutation(
        "a write whose answer was lost is not sent again unseen",
        "_apply.py",
        "            server = yield from _looking_again(api, server, waiter, error, failures, maybe_applied)\n",
        "            yield _pause(waiter, error, failures, maybe_applied)\n",
        unit("test_apply", "test_what_fails_in_passing_is_overcome"),
    ),
    Mutation(
        "where nothing is to do nothing is sent",
        "_apply.py",
        "    while rest.changes:\n",
        "    while True:\n",
        unit("test_apply", "test_nothing_to_do_sends_nothing"),
    ),
    Mutation(
        "a write after a long time is planned anew",
        "_apply.py",
        "if waiter.clock.now() - seen_at > fresh:",
        "if False:",
        unit("test_apply", "test_a_write_that_is_sent_long_after_the_look_is_planned_anew"),
    ),
    Mutation(
        "while an operation is at work nothing is sent",
        "_apply.py",
        "while server.updating and (error.busy or maybe_applied):",
        "while False:",
        unit("test_apply", "test_while_somebody_elses_operation_is_at_work_nothing_is_sent"),
    ),
    Mutation(
        "without waiting, nobody waits",
        "_apply.py",
        "            if not wait:\n",
        "            if False:\n",
        unit("test_apply", "test_without_waiting_the_operation_is_told"),
    ),
    Mutation(
        "when the operation is forgotten the server tells",
        "_apply.py",
        "if error.status not in (404, 410):",
        "if True:",
        unit("test_apply", "test_what_fails_in_passing_is_overcome"),
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
        unit("test_apply_crossed", "test_what_we_wrote_ourselves_is_not_written_twice"),
    ),
    Mutation(
        "a rollback is not gone on with on a server that somebody else writes to",
        "_plan.py",
        "rest = plan(after, replace(wanted, only_if_assigned=()))",
        "rest = plan(after, replace(wanted, only_if_assigned=(), expected=None))",
        unit("test_apply_crossed", "test_nothing_is_written_once_more_for"),
    ),
    Mutation(
        "two runs against each other come to an end",
        "_apply.py",
        "applied.rounds < ROUNDS and",
        "applied.rounds < 9 and",
        unit("test_apply_crossed", "test_who_goes_on_against_us_has_the_last_word_and_that_is_told"),
    ),
    Mutation(
        "all writes to a server are told and verified together",
        "_apply.py",
        "Applied(joined(applied.plan, more.plan), ",
        "Applied(more.plan, ",
        (*_CROSSED, *unit("test_apply_crossed", "test_what_was_lost_beside_it_is_told_all_the_same")),
    ),
    Mutation(
        "a server that others write to is looked at right before our write",
        "_apply.py",
        "fresh = CONTENDED if error.busy else fresh",
        "fresh = FRESH",
        unit("test_apply_crossed", "test_a_server_that_others_write_to_is_looked_at_right_before_the_next_try"),
    ),
    Mutation(
        "a failed operation is a failure",
        "_api.py",
        'if status.lower() in ("failed", "canceled", "cancelled"):',
        'if status.lower() in ("failed", "canceled", "cancelled"):\n            return True, None\n        if False:',
        ("tests/e2e/test_operations.py::test_an_operation_that_ends_as",),
    ),
    Mutation(
        "what says nothing of an operation is no success",
        "_answers.py",
        'raise ValueError("not an operation")',
        "pass",
        unit("test_answers", "test_what_says_nothing_of_an_operation_is_no_success"),
    ),
    Mutation(
        "a token goes to no other host",
        "_api.py",
        "if _place(given) != _place(wanted):",
        "if False:",
        ("tests/e2e/test_operations.py::test_an_operation_at_another_host_is_not_asked_for",),
    ),
    Mutation(
        "what is no server is not taken for one without identities",
        "_answers.py",
        'if key(str(raw.get("id"))) != key(resource_id) or not isinstance(raw.get("properties"), dict):',
        "if False:",
        unit("test_estate", "test_a_malformed_server_is_an_error_and_not_left_out"),
    ),
)

WAITING = (
    Mutation(
        "no pause goes beyond wait_timeout",
        "_waiting.py",
        "if pause >= self.remaining:",
        "if False:",
        unit("test_waiting", "test_a_pause_beyond_the_deadline_is_not_slept"),
    ),
    Mutation(
        "wait_timeout ends the waiting for an operation",
        "_waiting.py",
        "        if self.remaining <= 0:\n            raise WaitTimeout",
        "        if self.remaining <= -600:\n            raise WaitTimeout",
        unit("test_waiting", "test_the_last_look_is_at_the_deadline"),
    ),
    Mutation(
        "busy_timeout ends the waiting for a busy server",
        "_waiting.py",
        "if now - self._busy_since >= self.busy_timeout:",
        "if False:",
        unit("test_waiting", "test_a_busy_server_is_tried_for_busy_timeout"),
    ),
    Mutation(
        "what fails in passing is tried five times",
        "_waiting.py",
        "elif error.transient and failures >= TRIES:",
        "elif error.transient and failures > TRIES:",
        unit("test_waiting", "test_what_fails_in_passing_is_tried_five_times"),
    ),
    Mutation(
        "what will not get better is not tried again",
        "_waiting.py",
        "elif not error.transient and not error.throttled:",
        "elif False:",
        unit("test_waiting", "test_what_will_not_get_better_is_not_tried_again"),
    ),
    Mutation(
        "an operation is looked at once a minute at least",
        "_waiting.py",
        "return min(asked, LONGEST_POLL_INTERVAL, self.remaining)",
        "return min(asked, self.remaining)",
        unit("test_waiting", "test_the_pause_between_two_looks_is_never_too_long"),
    ),
    Mutation(
        "Retry-After of a moment is no loop",
        "_waiting.py",
        "if error.retry_after is not None and error.retry_after > 0:",
        "if error.retry_after is not None:",
        unit("test_waiting", "test_a_request_is_tried_again_after_a_pause"),
    ),
)
