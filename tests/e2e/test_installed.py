# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installed where nothing was before, by a requirements.yml as AWX reads it, the first example of the README works."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from e2e.commands import run_command
from e2e.world import identity_id
from utils.ansible_test import copy_checkout
from utils.archive import build_archive

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

ROOT = Path(__file__).resolve().parents[2]
SHOP = {"name": "rg-shop", "identities": [{"name": "id-backup"}], "servers": [{"name": "pg-orders"}]}


@pytest.fixture
def shop(emulator: Emulator) -> Emulator:
    """Seed the estate for which the README's playbook is written."""
    emulator.seed({"subscriptions": [{"id": emulator.ready["subscription_ids"][0], "resource_groups": [SHOP]}]})
    # Else the first look at the operation would be after the ten seconds that suit the real service.
    emulator.settings(retry_after=1)
    return emulator


@pytest.fixture
def env(shop: Emulator, tmp_path: Path) -> dict[str, str]:
    """Make a home and a collections path in which nothing is."""
    (tmp_path / "home").mkdir()
    return {
        **shop.environment,
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "ANSIBLE_HOME": str(tmp_path / "home" / ".ansible"),
        "HOME": str(tmp_path / "home"),
    }


def install(source: dict[str, str], folder: Path, env: dict[str, str]) -> None:
    """Install the collection from `source`, with no server to ask."""
    requirements = folder / "requirements.yml"
    requirements.write_text(yaml.safe_dump({"collections": [source]}), encoding="utf-8")
    done = run_command(["ansible-galaxy", "collection", "install", "--offline", "-r", str(requirements)], folder, env)
    assert done.rc == 0, done.stdout + done.stderr


def check_quick_example(shop: Emulator, folder: Path, env: dict[str, str]) -> None:
    """Check that the README's first playbook changes a server, and nothing when it runs again."""
    playbook = (ROOT / "README.md").read_text(encoding="utf-8").split("```yaml\n", 1)[1].split("```\n", 1)[0]
    (folder / "home" / "backup.yml").write_text(playbook, encoding="utf-8")
    for changed in (1, 0):
        done = run_command(["ansible-playbook", "backup.yml"], folder / "home", env)
        assert done.rc == 0, done.stdout + done.stderr
        assert re.search(rf"^localhost +: ok=1 +changed={changed} ", done.stdout, re.MULTILINE), done.stdout
        held = [held for server, held in shop.holdings().items() if "/rg-shop/" in server]
        assert held == [("UserAssigned", [identity_id("id-backup", "rg-shop").lower()])]


def test_without_an_installation_the_collection_is_not_found(env: dict[str, str], tmp_path: Path) -> None:
    done = run_command(["ansible-doc", "pgflex.azure.pgflex_identity"], tmp_path, env)
    assert done.stdout == ""
    assert "pgflex.azure.pgflex_identity was not found" in " ".join(done.stderr.split())


@pytest.mark.smoke
def test_the_quick_example_works_from_the_archive(shop: Emulator, tmp_path: Path, env: dict[str, str]) -> None:
    install({"name": str(build_archive(tmp_path)), "type": "file"}, tmp_path, env)
    check_quick_example(shop, tmp_path, env)


def test_the_quick_example_works_from_a_git_repository(shop: Emulator, tmp_path: Path, env: dict[str, str]) -> None:
    repository = tmp_path / "repository"
    copy_checkout(repository)
    author = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *author, "commit", "--quiet", "--message", "All"], cwd=repository, check=True)
    install({"name": f"git+{repository.as_uri()}", "type": "git", "version": "HEAD"}, tmp_path, env)
    check_quick_example(shop, tmp_path, env)
