# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of check mode, fleets and limits."""

from __future__ import annotations

from mutations.mutation import Mutation, unit

MANY = (
    Mutation(
        "two rows for one server are refused",
        "_wishes.py",
        "len(names[key(row.ref.id)]) > 1",
        "len(names[key(row.ref.id)]) > 99",
        unit("test_wishes", "test_two_rows_for_one_server_both_fail_and_name_each_other"),
    ),
    Mutation(
        "the failure budget stops new writes",
        "_rollout.py",
        "return failed * 100 > self.max_fail_percentage * size",
        "return False",
        (
            *unit("test_fleet_changes", "test_failures_stop_new_writes_once_they_are_too_many"),
            *unit("test_waves", "test_a_canary_that_fails_stops_all_that_follows"),
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
        unit("test_fleet_changes", "test_success_without_effect_is_a_failure_of_its_row"),
    ),
    Mutation(
        "a fleet goes on where somebody else's write left something to do",
        "_rollout.py",
        "doubtful = self._go_on(wrong)",
        "doubtful = []",
        unit("test_apply_crossed", "test_a_fleet_does_so_too_for_the_rows_that_need_it"),
    ),
    Mutation(
        "check mode writes nothing to a fleet",
        "_fleet.py",
        "if drifted and not check_mode:",
        "if drifted:",
        unit("test_fleet", "test_check_mode_writes_nothing_and_says_what_the_real_run_does"),
    ),
    Mutation(
        "check mode writes nothing to a server",
        "_single.py",
        "if not check_mode:",
        "if True:",
        unit("test_single", "test_check_mode_says_what_the_real_run_does"),
    ),
    Mutation(
        "a look grows old while identities are read",
        "_single.py",
        "wait=wait, read_at=read_at)",
        "wait=wait)",
        unit("test_single", "test_a_look_that_has_grown_old_before_the_write_is_taken_again"),
    ),
    Mutation(
        "there is a record before the first write",
        "_fleet.py",
        "                self._keep_record(started=False)\n",
        "",
        unit("test_record", "test_a_record_is_there_and_marked_before_the_first_write"),
    ),
    Mutation(
        "mirroring keeps the system assigned identity",
        "_preflight.py",
        "if plan.system_assigned is False and _mirrors(server, api, waiter):",
        "if False:",
        unit("test_preflight", "test_a_mirroring_server_keeps_its_system_identity"),
    ),
    Mutation(
        "a throttled bucket is left alone as long as Azure said",
        "_limits.py",
        "        if status == 429:\n",
        "        if False:\n",
        unit("test_limits", "test_only_the_bucket_of_the_request_is_blocked_by_429"),
    ),
    Mutation(
        "requests keep below the published limits",
        "_limits.py",
        "return max(0.0, self.filled_at - now) + max(0.0, -self.tokens / self.refill)",
        "return 0.0",
        unit("test_limits", "test_a_full_bucket_is_a_burst_and_then_requests_come_as_it_fills"),
    ),
)
