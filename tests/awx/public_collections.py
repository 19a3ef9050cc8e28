# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection awx.awx, and what azure.azcollection asks for. They are in PyPI's package ansible, up to 13."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

#: The last one for every Python that the tests run on, with awx.awx 24.6.1 and azure.azcollection 3.12.0.
PACKAGE = "ansible==12.3.0"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "awx"
_AZURE = "ansible_collections/azure/azcollection/"
_PARTS = ("ansible_collections/awx/", *(f"{_AZURE}{name}" for name in ("MANIFEST.json", "meta/", "requirements.txt")))


def public_collections() -> Path:
    """Return the folder that has both in ansible_collections; skip the test where PyPI cannot be reached."""
    target = CACHE / PACKAGE
    if not target.is_dir():
        with tempfile.TemporaryDirectory(prefix="pgflex-") as folder:
            download = ["pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", folder, PACKAGE]
            done = subprocess.run([sys.executable, "-m", *download], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"There is no awx.awx: pip download {PACKAGE} failed: {done.stderr.strip()[-300:]}")
            _unpack(next(Path(folder).glob("*.whl")), target)
    return target


def display_of_runner(version: str) -> str:
    """Return the folder with the callback plugin of a version of ansible-runner; skip as above."""
    target = CACHE / f"ansible-runner=={version}"
    if not target.is_dir():
        with tempfile.TemporaryDirectory(prefix="pgflex-") as folder:
            download = ["pip", "download", "--quiet", "--no-deps", "--dest", folder, target.name]
            done = subprocess.run([sys.executable, "-m", *download], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"pip download {target.name} failed: {done.stderr.strip()[-300:]}")
            _unpack(next(Path(folder).glob("*.whl")), target, ("ansible_runner/display_callback/",))
    return str(target / "ansible_runner" / "display_callback" / "callback")


def with_modules_in_process(collections: Path, folder: Path) -> Path:
    """Copy the collection below `folder`, with an action plugin for each module that spares it a process."""
    real = collections / "ansible_collections" / "awx" / "awx"
    copy = folder / "ansible_collections" / "awx" / "awx"
    actions = copy / "plugins" / "action"
    actions.mkdir(parents=True)
    for source in (*real.iterdir(), *(real / "plugins").iterdir()):
        target = copy / source.relative_to(real)
        if not target.exists():
            target.symlink_to(source)
    for module in (real / "plugins" / "modules").glob("[a-z]*.py"):
        (actions / module.name).symlink_to(Path(__file__).with_name("in_process_action.py"))
    return folder


def _unpack(wheel: Path, target: Path, parts: tuple[str, ...] = _PARTS) -> None:
    """Unpack to another name first: a run that is interrupted leaves nothing that looks whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as folder, zipfile.ZipFile(wheel) as archive:
        whole = Path(folder, "whole")
        archive.extractall(whole, [name for name in archive.namelist() if name.startswith(parts)])
        try:
            whole.rename(target)
        except OSError:
            # Another worker that was quicker has made the same.
            if not target.is_dir():
                raise
