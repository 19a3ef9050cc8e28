# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive has what it shall, and the places that must say the same do."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from ansible_collections.pgflex.azure.plugins.module_utils._version import VERSION
from utils.ansible_test import checkout_files, copy_checkout
from utils.archive import build_archive

ROOT = Path(__file__).resolve().parents[2]
SHIPPED_FILES = {
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "requirements.txt",
    "tests/config.yml",
}
SHIPPED_FOLDERS = {"LICENSES", "changelogs", "docs", "meta", "playbooks", "plugins", "roles"}
# Pictures of the README, how the documentation is built, and what AWX takes from the repository.
KEPT_BACK = ("docs/pictures/", "docs/site/", "playbooks/awx/project/")
# By make build, ansible-builder, the importer of Galaxy, antsibull-changelog, and ansible-test.
LEFT_BEHIND = (
    "changelogs/.plugin-cache.yaml",
    "context/Containerfile",
    "context/_build/requirements.yml",
    "importer_result.json",
    "pgflex-azure-0.9.0.tar.gz",
    "plugins/modules/__pycache__/pgflex_identity.cpython-312.pyc",
    "tests/output/junit.xml",
)
MADE_BY_BUILD = {"FILES.json", "MANIFEST.json"}


def load(name: str) -> Any:
    """Return the content of a YAML file of the project."""
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def requirements() -> list[Requirement]:
    """Return what the collection needs at run time."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def names_in(archive: Path) -> set[str]:
    """Return the names of the files and folders in an archive."""
    with tarfile.open(archive) as tar:
        return set(tar.getnames())


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the names in the archive."""
    return names_in(build_archive(tmp_path_factory.mktemp("archive")))


def test_the_archive_holds_what_a_user_needs_and_nothing_else(archive: set[str]) -> None:
    desired = {name for name in checkout_files() if name in SHIPPED_FILES or name.split("/")[0] in SHIPPED_FOLDERS}
    desired = {name for name in desired if not name.startswith(KEPT_BACK)}
    folders = {str(parent) for name in desired for parent in Path(name).parents} - {"."}
    assert archive == desired | folders | MADE_BY_BUILD
    assert archive >= SHIPPED_FILES


def test_what_the_commands_of_the_documentation_leave_behind_neither_ships_nor_is_committed(
    archive: set[str], tmp_path: Path
) -> None:
    copy_checkout(tmp_path / "azure")
    for name in LEFT_BEHIND:
        (tmp_path / "azure" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "azure" / name).touch()
    assert names_in(build_archive(tmp_path, tmp_path / "azure")) == archive
    status = ["git", "status", "--porcelain", "--untracked-files=all"]
    told = subprocess.run(status, cwd=tmp_path / "azure", check=True, capture_output=True, text=True).stdout
    assert [line for line in told.splitlines() if line.startswith("??")] == []


def test_what_is_kept_back_by_name_is_there() -> None:
    """Only what a checkout collects is not: it is made by commands."""
    made = {"*.tar.gz", "*/__pycache__", *LEFT_BEHIND}
    ignored = {name for name in load("galaxy.yml")["build_ignore"] if not any(each.startswith(name) for each in made)}
    assert {name for name in ignored if not list(ROOT.glob(name))} == set()


def test_the_execution_environment_names_the_archive_of_this_version() -> None:
    definition = load("execution-environment.yml")
    name = f"pgflex-azure-{load('galaxy.yml')['version']}.tar.gz"
    assert [each["src"] for each in definition["additional_build_files"]] == [name]
    assert [each["name"] for each in definition["dependencies"]["galaxy"]["collections"]] == [f"archives/{name}"]


@pytest.mark.parametrize("requirement", requirements(), ids=lambda requirement: requirement.name)
def test_a_requirement_has_a_lower_bound_and_no_upper_one(requirement: Requirement) -> None:
    assert [bound.operator for bound in requirement.specifier] == [">="]


def test_the_user_agent_names_the_version_of_the_collection() -> None:
    assert load("galaxy.yml")["version"] == VERSION


def test_the_changelog_describes_the_version_of_the_collection() -> None:
    assert VERSION in load("changelogs/changelog.yaml")["releases"]


def test_module_defaults_of_the_group_reach_every_module() -> None:
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    # These speak to no Azure.
    without_connection = {"pgflex_identity_outcome", "pgflex_identity_planned", "pgflex_identity_summary"}
    assert set(load("meta/runtime.yml")["action_groups"]["azure"]) == modules - without_connection
