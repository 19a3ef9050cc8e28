# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures: an emulator, and a controller that the collection's own playbook has set up."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from awx.controller import ROOT, TOKEN, Controller, serving
from awx.launches import Place
from awx.places import inventory_of
from awx.public_collections import public_collections, with_modules_in_process
from e2e.emulator_client import Emulator, running_emulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    SetUp = Callable[..., subprocess.CompletedProcess[str]]

#: The credential that setup shall make, besides what the page asks for.
SETTINGS = {"pgflex_awx_credential_inputs": {"subscription": "s", "client": "c", "tenant": "t", "secret": "x"}}


PAGE = ROOT / "docs" / "awx.md"


def page_files() -> dict[str, str]:
    """Return the YAML blocks on the page that begin with the name of a file, by that name."""
    blocks = re.findall(
        r"^```yaml\n# (\S+\.yml)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    return dict(blocks)


def documented(beginning: str) -> list[str]:
    """Return the command on the page that begins so."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    [command] = [line.strip()[2:] for line in lines if line.strip().startswith(f"$ {beginning}")]
    return command.split()


def run_setup(url: str, collections: Path, command: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    """Run the playbook against the controller at `url`, with `env` besides."""
    return subprocess.run(
        command,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join([os.environ["ANSIBLE_COLLECTIONS_PATH"], str(collections)]),
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "CONTROLLER_HOST": url,
            "CONTROLLER_OAUTH_TOKEN": TOKEN,
            **env,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def emulator_process() -> Iterator[Emulator]:
    """Yield one for all tests."""
    with running_emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(emulator_process: Emulator) -> Emulator:
    """Clean and quick at the start."""
    emulator_process.reset()
    emulator_process.settings(throttle=None, operation_seconds=0.05)
    return emulator_process


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home without a credentials file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> SetUp:
    """Run the command of the page against a controller, with these settings besides. Return its output."""
    collections = with_modules_in_process(public_collections(), tmp_path_factory.mktemp("collections"))

    def run(
        controller: Controller, *, fails: bool = False, env: dict[str, str] | None = None, **settings: Any
    ) -> subprocess.CompletedProcess[str]:
        with serving(controller) as url:
            command = documented("ansible-playbook pgflex.azure.awx.setup")
            done = run_setup(url, collections, [*command, "-e", json.dumps({**SETTINGS, **settings})], **env or {})
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def controller(set_up: SetUp) -> Controller:
    """Set up by the playbook, from nothing but an organization."""
    controller = Controller()
    done = set_up(controller)
    assert "WARNING" not in done.stderr, done.stderr
    return controller


@pytest.fixture
def place(emulator: Emulator, controller: Controller, tmp_path: Path) -> Place:
    """Make a place whose jobs sign in to the emulator with a service principal."""
    ready = emulator.ready
    inputs = {
        "subscription": ready["subscription_ids"][0],
        "client": ready["client_id"],
        "tenant": ready["tenant_id"],
        "secret": ready["secret"],
        "cloud_environment": ready["arm"],
    }
    return Place(controller, inventory_of([]), inputs, {"REQUESTS_CA_BUNDLE": ready["ca_file"]}, tmp_path / "jobs")
