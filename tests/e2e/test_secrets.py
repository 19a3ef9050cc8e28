# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret comes out, whatever the way to sign in, in success and in failure: output, logs, results and files."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from e2e.canaries import CANARIES, IN_FILES, WRONG, found_in, signed_in_by, spoil
from e2e.conftest import secrets_of
from e2e.world import GROUP, SERVER, SERVER_OPTIONS, SERVER_PATH, identity_id, seed_server

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunInfo, RunModule, RunPlaybook
    from e2e.emulator_client import Emulator

# MSAL says so whenever a user signs in; the documentation of ad_user says so too.
pytestmark = pytest.mark.filterwarnings("ignore:This API has been deprecated for public client flows")

A = identity_id("id-a")
#: What the log file of Ansible takes of the libraries in the controller's process, where inventory plugins run.
LOGGED = logging.INFO


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize("kind", list(WRONG))
@pytest.mark.parametrize("asks", ["pgflex_identity", "pgflex_identity_info"])
def test_no_way_to_sign_in_tells_a_secret(
    asks: str,
    kind: str,
    right: bool,
    emulator: Emulator,
    module: RunModule,
    info: RunInfo,
    outputs: list[str],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    seed_server(emulator)
    options = signed_in_by(kind, emulator)
    options = options if right else spoil(kind, options, tmp_path)
    files = set(tmp_path.rglob("*"))
    with caplog.at_level(LOGGED):
        if asks == "pgflex_identity":
            result = module(bare=True, **{**SERVER_OPTIONS, **options}, identities=[A])
        else:
            result = info(**options)
    assert bool(result.get("failed")) is not right, result.get("msg")
    secrets = [*secrets_of(emulator), *CANARIES.values(), *IN_FILES.values()]
    assert found_in("".join(outputs) + caplog.text, secrets) == []
    assert set(tmp_path.rglob("*")) == files


def test_no_secret_leaves_ansible(emulator: Emulator, playbook: RunPlaybook, tmp_path: Path) -> None:
    seed_server(emulator)
    log = tmp_path / "ansible.log"
    # The address of the operation is signed; a fleet writes files.
    emulator.fault("GET", "/azureAsyncOperation/", {"status": 403, "code": "AuthorizationFailed", "message": "No."})
    named = {name: f"{{{{ lookup('env', 'CANARY_{name}') }}}}" for name in CANARIES}
    one = {"pgflex.azure.pgflex_identity": {**SERVER_OPTIONS, "identities": [A], "poll_interval": 0.05}}
    wrong = {"pgflex.azure.pgflex_identity": {**SERVER_OPTIONS, "identities": [A], **named}}
    row = {"resource_group": GROUP, "server_name": SERVER, "present": ["id-b"]}
    fleet = {"servers": [row], "poll_interval": 0.05, "rollback_file": "before.jsonl"}
    played = playbook(
        [
            {**one, "ignore_errors": True},
            {**wrong, "ignore_errors": True},
            {"pgflex.azure.pgflex_identity_fleet": fleet},
        ],
        "-vvvv",
        "--diff",
        env={
            **emulator.environment,
            **{f"CANARY_{name}": value for name, value in CANARIES.items()},
            "ANSIBLE_LOG_PATH": str(log),
            "ANSIBLE_INJECT_INVOCATION": "true",
        },
    )
    assert played.rc == 0, played.output
    refused, failed, done = played.results
    assert refused["error"]["code"] == "AuthorizationFailed"
    assert failed["failed"]
    assert done["changed"], done
    secrets = [*secrets_of(emulator), *CANARIES.values()]
    written = {path.name: path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()}
    assert {"ansible.log", "before.jsonl"} <= set(written)
    for name, text in {**written, "output": played.output, "results": str(played.results)}.items():
        assert found_in(text, secrets) == [], name
    assert (tmp_path / "before.jsonl").stat().st_mode & 0o077 == 0


def test_the_write_of_a_change_leaves_the_signature_out_of_every_log(
    emulator: Emulator, module: RunModule, outputs: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    seed_server(emulator)
    emulator.fault("PATCH", SERVER_PATH, {"status": 500, "code": "Oops"})
    with caplog.at_level(LOGGED):
        assert module(identities=[A])["changed"]
    assert found_in("".join(outputs) + caplog.text, secrets_of(emulator)) == []
