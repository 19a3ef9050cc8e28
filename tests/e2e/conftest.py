# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fixtures: an emulator for each worker, clean for each test, and two ways to run the module against it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from azure.identity import ClientSecretCredential

from e2e.audit_runs import Audit, auditor
from e2e.commands import MODULE_PROCESSES
from e2e.emulator_client import Emulator, running_emulator
from e2e.roles import Run, runner
from e2e.runs import FAST, Inventoried, Played, run_in_process, run_inventory, run_playbook
from e2e.world import AUDIENCE, SERVER_OPTIONS
from emulator.arm.policies import SIGN as POLICY_TOKEN_SIGN

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Beginnings of a JSON web token by its first claim, and of the certificate in the signed address of an operation, and
#: what all tokens of policies hold. They
#: are long enough not to occur by chance in the base64 of a record.
SIGNS_OF_SECRETS = ("eyJhbGciOi", "eyJ0eXAiOi", "c=MIIH", POLICY_TOKEN_SIGN)


class RunModule(Protocol):
    """Run the module in this process; `bare` leaves out the server and the connection."""

    def __call__(self, *, check: bool = False, bare: bool = False, **options: Any) -> dict[str, Any]:
        """See the docstring of the class."""


class RunPlaybook(Protocol):
    """Run a play with ansible-playbook, signed in by the environment unless that is given."""

    def __call__(
        self, tasks: list[dict[str, Any]], *arguments: str, env: dict[str, str] | None = None, **play: Any
    ) -> Played:
        """See the docstring of the class."""


class RunInfo(Protocol):
    """Run pgflex_identity_info in this process; it has a connection, and all else by the options."""

    def __call__(self, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """See the docstring of the class."""


class RunInventory(Protocol):
    """List the inventory of these options of the plugin, signed in by the environment unless that is given."""

    def __call__(self, *command: str, env: dict[str, str] | None = None, **options: Any) -> Inventoried:
        """See the docstring of the class."""


@pytest.fixture(scope="session")
def emulator_process() -> Iterator[Emulator]:
    """Yield an emulator, one for each worker of xdist."""
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def outputs() -> list[str]:
    """Collect all that modules and playbooks printed in this test."""
    return []


@pytest.fixture
def emulator(emulator_process: Emulator, outputs: list[str]) -> Iterator[Emulator]:
    """Clean and quick at the start; at the end the rules that hold in every test are checked."""
    emulator_process.reset()
    emulator_process.settings(throttle=None, operation_seconds=0.05, check_schema=True)
    yield emulator_process
    assert emulator_process.violations() == []
    assert [each for each in emulator_process.requests() if each["method"] in ("PUT", "DELETE")] == []
    for secret in secrets_of(emulator_process):
        assert not [output for output in outputs if secret in output]


def secrets_of(emulator: Emulator) -> list[str]:
    """Return what must not be in any output."""
    ready = emulator.ready
    names = ("secret", "password", "client_certificate_password", "identity_header")
    token = Path(ready["federated_token_file"]).read_text(encoding="utf-8")
    return [*(ready[name] for name in names), token, *SIGNS_OF_SECRETS]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a home without a credentials file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def module_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Ansible start a Python for each module, as elsewhere, and not a fork of its own."""
    monkeypatch.setenv(MODULE_PROCESSES, "1")


@pytest.fixture
def module(emulator: Emulator, outputs: list[str]) -> RunModule:
    """Return what runs pgflex_identity in this process."""

    def run(*, check: bool = False, bare: bool = False, **options: Any) -> dict[str, Any]:
        usual = {} if bare else {**emulator.connection, **SERVER_OPTIONS}
        given = {name: value for name, value in {**usual, **FAST, **options}.items() if value is not None}
        result, output = run_in_process(given, check=check)
        outputs.append(output)
        return result

    return run


@pytest.fixture
def playbook(emulator: Emulator, outputs: list[str], tmp_path: Path) -> RunPlaybook:
    """Return what runs pgflex_identity in a play."""

    def run(tasks: list[dict[str, Any]], *arguments: str, env: dict[str, str] | None = None, **play: Any) -> Played:
        played = run_playbook(
            tmp_path, {**play, "tasks": tasks}, arguments, emulator.environment if env is None else env
        )
        outputs.extend([played.output, str(played.results)])
        return played

    return run


@pytest.fixture
def info(emulator: Emulator, outputs: list[str]) -> RunInfo:
    """Return what runs pgflex_identity_info in this process."""

    def run(*, check: bool = False, **options: Any) -> dict[str, Any]:
        usual = {**emulator.connection, "poll_interval": 0.02, "wait_timeout": 300}
        given = {name: value for name, value in {**usual, **options}.items() if value is not None}
        result, output = run_in_process(given, check=check, name="pgflex_identity_info")
        outputs.append(output)
        return result

    return run


@pytest.fixture
def inventory(emulator: Emulator, outputs: list[str], tmp_path: Path) -> RunInventory:
    """Return what runs ansible-inventory --list, or another command, with the plugin."""

    def run(*command: str, env: dict[str, str] | None = None, **options: Any) -> Inventoried:
        given = {"poll_interval": 0.02, "wait_timeout": 300, **options}
        signed_in = emulator.environment if env is None else env
        done = run_inventory(tmp_path, given, command or ("ansible-inventory", "--list"), signed_in)
        outputs.extend([done.stdout, done.stderr])
        return done

    return run


@pytest.fixture
def audit(emulator: Emulator, outputs: list[str], tmp_path: Path) -> Audit:
    """Return what runs the playbook audit, or others, on hosts."""
    return auditor(emulator, outputs, tmp_path)


@pytest.fixture
def run(emulator: Emulator, outputs: list[str], tmp_path: Path) -> Run:
    """Return what runs a playbook of the role on hosts; its records are in the test's folder."""
    return runner(emulator, outputs, tmp_path)


def fetch_token(emulator: Emulator) -> str:
    """Return a token as the login of the Azure CLI has it."""
    ready = emulator.ready
    credential = ClientSecretCredential(
        ready["tenant_id"],
        ready["client_id"],
        ready["secret"],
        authority=ready["arm"],
        disable_instance_discovery=True,
        connection_verify=ready["ca_file"],
    )
    return credential.get_token(f"{AUDIENCE}/.default").token


@pytest.fixture
def az(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an az that is logged in to the emulator, and writes down how it was called; the real one is 730 MB."""
    folder = tmp_path / "bin"
    folder.mkdir()
    token = {
        "accessToken": fetch_token(emulator),
        "expires_on": 4102444800,
        "expiresOn": "2100-01-01 00:00:00.000000",
        "tokenType": "Bearer",
    }
    (folder / "token.json").write_text(json.dumps(token), encoding="utf-8")
    program = folder / "az"
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\nexec cat {folder}/token.json\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path))
    emulator.clear_requests()
    return folder / "calls"
