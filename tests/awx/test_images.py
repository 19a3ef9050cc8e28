# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execution environments: what ansible-builder makes of the collection's archive, and a job in an image made of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import urllib3
import yaml
from packaging.requirements import Requirement
from packaging.version import Version
from urllib3.util import Retry

from awx.base_images import NoBaseError, settings_of_containers, usable_base
from awx.conftest import documented
from awx.controller import ROOT
from awx.places import inventory_of
from awx.public_collections import public_collections
from e2e.fleets import seed_servers, servers
from utils.ansible_test import copy_checkout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from awx.launches import Place
    from e2e.emulator_client import Emulator

DEFINITION = "execution-environment.yml"
HOME = os.environ["HOME"]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a copy of the checkout in which the page's command has built the archive that the definition names."""
    folder = tmp_path_factory.mktemp("context")
    copy_checkout(folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    build = [*documented("make build"), f"PYTHON={ROOT / '.venv' / 'bin' / 'python'}"]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
    return folder


def builder(*arguments: str, folder: Path) -> str:
    """Run ansible-builder and return its output."""
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
    target = tree / "pgflex" / "azure"
    target.mkdir(parents=True)
    # Python's own tarfile has no way to do so without a warning in all of its versions: 3.11.2 knows no filter.
    subprocess.run(["tar", "--extract", "--file", archive, "--directory", target], check=True)
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


@pytest.fixture(scope="module")
def image(context: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the image of the definition by the page's command."""
    folder = tmp_path_factory.mktemp("image")
    definition = yaml.safe_load((context / DEFINITION).read_text(encoding="utf-8"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CONTAINERS_CONF", str(settings_of_containers(folder)))
        try:
            base = usable_base(definition, folder)
        except NoBaseError as error:
            pytest.skip(f"No image was built and no job run in one: {error}.")
        for name, changes in base.changes.items():
            definition[name] |= changes
        (context / DEFINITION).write_text(yaml.safe_dump(definition), encoding="utf-8")
        _builder, build, tag, name = documented("ansible-builder build")
        local = f"localhost/{name.rpartition('/')[2]}"
        # Nothing shall be left of it.
        extra = " ".join(["--network=host", "--layers=false", *base.arguments])
        more = ["--container-runtime", "podman", f"--extra-build-cli-args={extra}"]
        builder(build, tag, local, *more, folder=context)
        yield local
        subprocess.run(["podman", "rmi", "--force", local], check=True, capture_output=True)


@pytest.mark.image
def test_an_image_is_built_and_a_job_runs_in_it(
    image: str, emulator: Emulator, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Images of somebody who is not root are in the home.
    monkeypatch.setenv("HOME", HOME)
    seeded = servers("app", 2, "id-a")
    seed_servers(emulator, seeded)
    names = [each["name"] for each in seeded]
    place.inventory = inventory_of(names, pgflex_identity_present="id-b")
    authority = emulator.ready["ca_file"]
    place.env = {"REQUESTS_CA_BUNDLE": authority}
    place.container = [image, "--network=host", "--user=root", f"--volume={authority}:{authority}:ro"]
    job = place.launch("assign")
    assert job.status == "successful", job.stdout
    assert job.hosts("changed") == names


@pytest.mark.image
def test_navigator_runs_a_playbook_in_the_image(
    image: str, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the settings of the examples, and what they say that the emulator needs."""
    monkeypatch.setenv("HOME", HOME)
    # It wants the folder, as every usual machine has it, though nothing here uses it.
    Path("/dev/mqueue").mkdir(exist_ok=True)
    page = (ROOT / "docs" / "docsite" / "rst" / "getting_started.rst").read_text(encoding="utf-8")
    [command] = re.findall(r"\$ (ansible-navigator run .*)", page)
    seed = yaml.safe_load((ROOT / "tests" / "demo" / "seed.yml").read_text(encoding="utf-8"))
    emulator.seed(seed)
    estate = tmp_path / "examples"
    shutil.copytree(ROOT / "examples", estate)
    settings = yaml.safe_load((estate / "ansible-navigator.yml").read_text(encoding="utf-8"))
    authority = emulator.ready["ca_file"]
    environment = settings["ansible-navigator"]["execution-environment"]
    environment["environment-variables"]["pass"].append("REQUESTS_CA_BUNDLE")
    environment |= {
        "image": image,
        "container-options": ["--network=host", "--user=root"],
        "volume-mounts": [{"src": authority, "dest": authority, "options": "ro"}],
    }
    (estate / "ansible-navigator.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        **emulator.environment,
        "AZURE_SUBSCRIPTION_ID": seed["subscriptions"][0]["id"],
    }
    done = subprocess.run(command.split(), cwd=estate, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 servers, " in done.stdout


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """Yield the address of a registry that is empty."""
    program = shutil.which("docker-registry")
    if not program:
        pytest.skip("No image was pushed: docker-registry is not installed.")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = {
        "version": 0.1,
        "http": {"addr": address},
        "storage": {"filesystem": {"rootdirectory": str(tmp_path)}},
        "log": {"level": "error"},
    }
    (tmp_path / "registry.yml").write_text(json.dumps(settings), encoding="utf-8")
    process = subprocess.Popen([program, "serve", str(tmp_path / "registry.yml")])
    try:
        yield address
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.mark.image
def test_the_image_is_pushed_to_a_registry(image: str, registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", HOME)
    *push, name = documented("podman push")
    there = f"{registry}/{name.partition('/')[2]}"
    retry = Retry(total=20, backoff_factor=0.05)
    with urllib3.PoolManager(retries=retry) as http:
        assert http.request("GET", f"http://{registry}/v2/_catalog").json() == {"repositories": []}
        subprocess.run([*push, "--quiet", "--tls-verify=false", image, there], check=True)
        assert http.request("GET", f"http://{registry}/v2/_catalog").json() == {"repositories": ["pgflex-azure-ee"]}
