# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ships, what it asks for, and the places that must say the same."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from ansible_collections.pgflex.azure.plugins.module_utils._version import VERSION

ROOT = Path(__file__).resolve().parents[2]
SHIPPED_FILES = {
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "requirements.txt",
    "tests/config.yml",
}
SHIPPED_FOLDERS = {"LICENSES", "changelogs", "docs", "meta", "playbooks", "plugins", "roles"}
# How the documentation is built, and what AWX takes from the repository.
KEPT_BACK = ("docs/site/", "playbooks/awx/project/")
MADE_BY_BUILD = {"FILES.json", "MANIFEST.json"}


def load(name: str) -> Any:
    """Return the content of a YAML file of the project."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def requirements() -> list[Requirement]:
    """Return what the collection needs at run time."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the archive for Galaxy from this checkout as it is, environments and caches included; return its names."""
    output = tmp_path_factory.mktemp("archive")
    build = ["ansible-galaxy", "collection", "build", "--output-path", str(output)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    with tarfile.open(output / f"pgflex-azure-{VERSION}.tar.gz") as tar:
        return set(tar.getnames())


def test_the_archive_holds_what_a_user_needs_and_nothing_else(archive: set[str]) -> None:
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    present = {name for name in names if name and (ROOT / name).exists()}
    wanted = {name for name in present if name in SHIPPED_FILES or name.split("/")[0] in SHIPPED_FOLDERS}
    wanted = {name for name in wanted if not name.startswith(KEPT_BACK)}
    folders = {str(parent) for name in wanted for parent in Path(name).parents} - {"."}
    assert archive == wanted | folders | MADE_BY_BUILD
    assert archive >= SHIPPED_FILES


@pytest.mark.parametrize("requirement", requirements(), ids=lambda requirement: requirement.name)
def test_a_requirement_has_a_lower_bound_and_no_upper_one(requirement: Requirement) -> None:
    assert [bound.operator for bound in requirement.specifier] == [">="]


def test_the_user_agent_names_the_version_of_the_collection() -> None:
    assert load("galaxy.yml")["version"] == VERSION


def test_the_changelog_describes_the_version_of_the_collection() -> None:
    assert VERSION in load("changelogs/changelog.yaml")["releases"]


def test_module_defaults_of_the_group_reach_every_module() -> None:
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    # That one speaks to no Azure.
    without_connection = {"pgflex_identity_outcome", "pgflex_identity_summary"}
    assert set(load("meta/runtime.yml")["action_groups"]["azure"]) == modules - without_connection
