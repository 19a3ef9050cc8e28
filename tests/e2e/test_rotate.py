# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook rotate, on hosts that the inventory plugin discovers, and how a long rollout tells its progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.audit_runs import Ran
from e2e.fleets import held_by_server, seed_servers
from e2e.roles import HOSTS, ROTATE, recap, told, writes
from e2e.world import GROUP, SUBSCRIPTION, held_id, user_assigned

if TYPE_CHECKING:
    from e2e.conftest import RunInventory
    from e2e.emulator_client import Emulator

KEYS = {"encryption": {"primary": "id-a"}}


def test_an_identity_is_replaced_in_one_write_wherever_it_is_held_and_encrypts_nothing(
    emulator: Emulator, inventory: RunInventory
) -> None:
    held = [("id-a",), ("id-a", "id-c"), ("id-b",), ("id-a", "id-b"), ()]
    seeded = [{"name": name, "identity": user_assigned(*names)} for name, names in zip(HOSTS, held)]
    seed_servers(emulator, [*seeded, {"name": HOSTS[5], "identity": user_assigned("id-a"), **KEYS}])
    # Longer than what comes before the first word of progress.
    emulator.settings(operation_seconds=4)
    given = {
        "pgflex_identity_rotate_from": "id-a",
        "pgflex_identity_rotate_to": "id-b",
        "pgflex_identity_waves": "100%",
        "pgflex_identity_poll_interval": "0.5",
    }
    arguments = [argument for name, value in given.items() for argument in ("-e", f"{name}={value}")]
    done = inventory("ansible-playbook", ROTATE, *arguments, subscriptions=[SUBSCRIPTION], resource_groups=[GROUP])
    ran = Ran(done.rc, done.stdout + done.stderr)
    assert ran.rc == 2
    changed = [HOSTS[0], HOSTS[1], HOSTS[3]]
    assert {host: how for host, how in recap(ran).items() if how != "ok"} == {
        **dict.fromkeys(changed, "changed"),
        HOSTS[5]: "failed",
    }
    refusal = f"Cannot remove identity {held_id('id-a')} because it's used for data encryption."
    assert f"(item={HOSTS[5]}: error: {refusal})" in ran.output
    assert f"(item={HOSTS[3]}: extra id-a)" in ran.output
    assert sorted(writes(emulator)) == changed
    true = held_by_server(emulator)
    assert [names for server, names in sorted(true.items()) if "/pg-x-" in server] == [
        {"id-b"},
        {"id-b", "id-c"},
        {"id-b"},
        {"id-b"},
        set(),
        {"id-a"},
    ]
    assert (told(ran)["compliant"], told(ran)["changed_hosts"], told(ran)["failed_hosts"]) == (2, changed, [HOSTS[5]])
    # It was told while the servers were changed.
    told_at = ran.output.index("0 done, 0 changed, 0 failed, 3 in flight, 0 left")
    assert ran.output.index(" : Change the servers]") < told_at < ran.output.index(" : Show the result]")


def test_a_host_for_which_the_rotation_is_not_whole_fails_alone(emulator: Emulator, inventory: RunInventory) -> None:
    seed_servers(emulator, [{"name": HOSTS[0], "identity": user_assigned("id-a")}])
    for given, problem in (
        ((), "pgflex_identity_rotate_from: is not set: it has to name the identity to replace."),
        (("-e", "pgflex_identity_rotate_from=id-a"), "pgflex_identity_rotate_to: is not set: it has to name the new"),
    ):
        done = inventory("ansible-playbook", ROTATE, *given, subscriptions=[SUBSCRIPTION], resource_groups=[GROUP])
        assert done.rc == 2
        assert problem in done.output
    assert writes(emulator) == []
