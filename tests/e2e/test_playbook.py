# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""With the real ansible-playbook: what a user sees on the terminal, and what never may be there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.runs import FAST
from e2e.world import SERVER_OPTIONS, arm_calls, held_id, identity_id, seed_server, true_identity, user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunPlaybook
    from e2e.emulator_client import Emulator

A = identity_id("id-a")
ASSIGN = {"identities": ["id-a"]}
REMOVE = {"identities": ["id-a"], "state": "absent"}
# What Ansible says when something is amiss.
COMPLAINTS = ("[WARNING]", "[DEPRECATION", "[ERROR]", "Traceback")


def task(options: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {"pgflex.azure.pgflex_identity": {**SERVER_OPTIONS, **FAST, **options}, **keywords}


def check_clean(output: str) -> None:
    assert not [each for each in COMPLAINTS if each in output], output


def test_check_mode_shows_the_difference_and_does_nothing(emulator: Emulator, playbook: RunPlaybook) -> None:
    seed_server(emulator, user_assigned("id-b"))
    played = playbook([task(ASSIGN)], "--check", "--diff")
    assert played.rc == 0, played.output
    check_clean(played.output)
    assert played.results[0]["changed"]
    added = [line.strip() for line in played.output.splitlines() if line.startswith("+ ")]
    assert added == [f'+        "{A}",'] or added == [f'+        "{A}"']
    assert arm_calls(emulator) == ["GET server", "GET identity"]


@pytest.mark.smoke
def test_one_play_can_assign_assign_again_list_and_remove(emulator: Emulator, playbook: RunPlaybook) -> None:
    seed_server(emulator)
    info = {"pgflex.azure.pgflex_identity_info": SERVER_OPTIONS}
    tasks = [task(ASSIGN), task(ASSIGN), task({"state": "info"}), info, task(REMOVE)]
    played = playbook(tasks, env={**emulator.environment, "ANSIBLE_DIFF_ALWAYS": "true"})
    assert played.rc == 0, played.output
    check_clean(played.output)
    assert [each["changed"] for each in played.results] == [True, False, False, False, True]
    assert [each.get("assigned") for each in played.results] == [[A], [], [], None, []]
    listed, read = played.results[2]["identity"], played.results[3]["servers"][0]["identity"]
    assert [each["id"] for each in listed["user_assigned_identities"]] == [A]
    assert read == listed
    assert played.results[4]["removed"] == [A]
    assert f'+        "{A}"' in played.output
    assert true_identity(emulator) == {"type": "None", "ids": []}


def test_module_defaults_set_the_connection_for_the_action_group(emulator: Emulator, playbook: RunPlaybook) -> None:
    seed_server(emulator, user_assigned("id-a"))
    defaults = {"group/pgflex.azure.azure": emulator.connection}
    played = playbook([task({"state": "info"})], env={}, module_defaults=defaults)
    assert played.rc == 0, played.output
    check_clean(played.output)
    assert played.results[0]["identity"]["user_assigned_identities"][0]["id"] == held_id("id-a")


def test_a_failure_ends_the_play_with_the_whole_message(emulator: Emulator, playbook: RunPlaybook) -> None:
    seed_server(emulator, user_assigned("id-cmk"), encryption={"primary": "id-cmk"})
    played = playbook([task({"identities": ["id-cmk"], "state": "absent"})])
    assert played.rc == 2
    assert f"Cannot remove identity {held_id('id-cmk')} because it's used for data encryption." in played.output
    assert "Traceback" not in played.output


def credentials_of(emulator: Emulator, home: Path) -> dict[str, dict[str, Any]]:
    """Return the options of every way to sign in that holds a secret, refused for it; and of one that is not."""
    ready = emulator.ready
    wrong = home / "wrong-token"
    wrong.write_text("wrong-token-1", encoding="utf-8")
    return {
        "secret": {"secret": ready["secret"]},
        "wrong secret": {"secret": "wrong-secret-1"},
        "wrong certificate password": {
            "x509_certificate_path": ready["client_certificate_encrypted"],
            "x509_certificate_password": "wrong-secret-2",
        },
        "wrong token": {"oidc_token": "wrong-token-2"},
        "wrong token file": {"oidc_token_file_path": str(wrong)},
        "wrong password": {"ad_user": ready["ad_user"], "password": "wrong-secret-3", "tenant": "adfs"},
    }


def test_no_secret_is_shown_at_the_highest_verbosity(emulator: Emulator, playbook: RunPlaybook, home: Path) -> None:
    seed_server(emulator, user_assigned("id-a"))
    credentials = credentials_of(emulator, home)
    common = {name: value for name, value in emulator.connection.items() if name != "secret"}
    tasks = [task({**common, **each, "state": "info"}, ignore_errors=True) for each in credentials.values()]
    # A change and a failure after signing in, with the secret in the environment.
    tasks += [task(REMOVE), task({**ASSIGN, "server_name": "pg-absent"}, ignore_errors=True)]
    # Since ansible-core 2.21 the options of a task are shown only on demand.
    played = playbook(tasks, "-vvvv", env={**emulator.environment, "ANSIBLE_INJECT_INVOCATION": "true"})
    assert played.rc == 0, played.output
    failed = dict(zip([*credentials, "change", "absent"], (each.get("failed", False) for each in played.results)))
    assert failed == {name: name.startswith(("wrong", "absent")) for name in failed}
    # The emulator fixture looks for the true ones.
    for secret in ("wrong-secret", "wrong-token-1", "wrong-token-2"):
        assert secret not in played.output
        assert secret not in str(played.results)
    assert emulator.ready["client_id"] in played.output
