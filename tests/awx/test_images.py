# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execution environments: what ansible-builder makes of the collection's archive, and a job in an image made of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from awx.conftest import documented
from awx.controller import ROOT
from awx.places import inventory_of
from awx.public_collections import public_collections
from e2e.fleets import seed_servers, servers
from utils.ansible_test import copy_checkout

if TYPE_CHECKING:
    from pathlib import Path

    from awx.launches import Place
    from e2e.emulator_client import Emulator

DEFINITION = "execution-environment.yml"
IMAGE = "localhost/pgflex-azure-ee-test"
RUN_ARGUMENTS = os.environ.get("EE_RUN_ARGS", "").split()


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which the page's own command has built the archive that the definition names."""
    folder = tmp_path_factory.mktemp("context")
    copy_checkout(folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    build = [*documented("make build"), f"PYTHON={ROOT / '.venv' / 'bin' / 'python'}"]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
    return folder


def builder(*arguments: str, folder: Path) -> str:
    """What ansible-builder prints."""
    done = subprocess.run(["ansible-builder", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_definition_makes_a_build_that_installs_the_archive(context: Path) -> None:
    builder("create", "--output-filename", "Containerfile", folder=context)
    made = context / "context"
    (archive,) = context.glob("*.tar.gz")
    assert (made / "_build" / "archives" / archive.name).is_file()
    assert "FROM $EE_BASE_IMAGE AS base" in (made / "Containerfile").read_text(encoding="utf-8")
    asked = yaml.safe_load((made / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert asked["collections"] == [{"name": f"archives/{archive.name}", "type": "file"}]


def test_the_archive_tells_its_python_packages_and_fits_beside_azcollection(context: Path, tmp_path: Path) -> None:
    tree = tmp_path / "ansible_collections"
    (archive,) = context.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(tree / "pgflex" / "azure", filter="data")
    (tree / "azure").symlink_to(public_collections() / "ansible_collections" / "azure")
    lines = builder("introspect", str(tmp_path), folder=tmp_path).splitlines()
    asked = [line.strip(" -'") for line in lines if "# from collection" in line]
    ours, theirs = (
        {need.name: need for need in (Requirement(line.split("#")[0]) for line in asked if name in line)}
        for name in ("pgflex.azure", "azure.azcollection")
    )
    assert sorted(ours) == ["azure-identity", "azure-mgmt-postgresqlflexibleservers"]
    for name, need in ours.items():
        (pinned,) = theirs[name].specifier
        assert need.specifier.contains(Version(pinned.version)), f"{need} beside {theirs[name]}"


@pytest.mark.skipif(
    not (shutil.which("podman") and os.environ.get("EE_DEFINITION")),
    reason="needs podman, and EE_DEFINITION: JSON that names an image to build upon; see docs/awx.md",
)
def test_an_image_is_built_and_a_job_runs_in_it(context: Path, emulator: Emulator, place: Place) -> None:
    definition = yaml.safe_load((context / DEFINITION).read_text(encoding="utf-8"))
    for name, changes in json.loads(os.environ["EE_DEFINITION"]).items():
        definition[name] |= changes
    (context / DEFINITION).write_text(yaml.safe_dump(definition), encoding="utf-8")
    extra = f"--extra-build-cli-args={os.environ.get('EE_BUILD_ARGS', '')} --pull=never"
    build = documented("ansible-builder build")[1:2]
    builder(*build, "--tag", IMAGE, "--container-runtime", "podman", extra, folder=context)
    seeded = servers("app", 2, "id-a")
    seed_servers(emulator, seeded)
    names = [each["name"] for each in seeded]
    place.inventory = inventory_of(names, pgflex_identity_present="id-b")
    authority = emulator.ready["ca_file"]
    place.env = {"REQUESTS_CA_BUNDLE": authority}
    place.container = [IMAGE, "--network=host", f"--volume={authority}:{authority}:ro", *RUN_ARGUMENTS]
    job = place.launch("assign")
    assert job.status == "successful", job.stdout
    assert job.hosts("changed") == names
