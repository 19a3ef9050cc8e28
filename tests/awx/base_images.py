# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image to build an execution environment upon: one that is named, that of the definition, or one of Debian."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DEBIAN = "localhost/pgflex-azure-base:latest"
_PYTHON = "/opt/python"
_PACKAGES = "ca-certificates,python3,python3-venv"
_LIMITS = ["nofile=1024:1024", "nproc=4096:4096"]
_CERTIFICATES = "/etc/ssl/certs"


class NoBaseError(Exception):
    """There is none; the message says why, and what to do."""


@dataclass(frozen=True)
class Base:
    """A base image. `changes` replace keys of the definition, `arguments` go to `podman build`."""

    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()


def usable_base(definition: Mapping[str, Any], folder: Path) -> Base:
    """Return what `EE_DEFINITION` names; else the definition's own, if it can be pulled; else one made of Debian."""
    if not shutil.which("podman"):
        raise NoBaseError("podman is not installed")
    if named := os.environ.get("EE_DEFINITION"):
        return Base(json.loads(named), tuple(os.environ.get("EE_BUILD_ARGS", "").split()))
    own = definition["images"]["base_image"]["name"]
    pulled = _podman("pull", "--quiet", own)
    if pulled.returncode == 0:
        return Base()
    why = f"{own} cannot be pulled ({pulled.stderr.strip().splitlines()[-1]})"
    if not shutil.which("mmdebstrap") or os.getuid() != 0:
        raise NoBaseError(f"{why}, and making one of Debian's packages takes mmdebstrap and root; see docs/awx.md")
    if _podman("image", "exists", DEBIAN).returncode != 0:
        _make_debian(folder)
    return Base(
        {
            "images": {"base_image": {"name": DEBIAN}},
            "options": {"package_manager_path": "/usr/bin/apt-get"},
            "dependencies": {"python_interpreter": {"python_path": f"{_PYTHON}/bin/python3"}},
        },
        # Whom this machine trusts: there may be a proxy between it and the package index.
        (f"--volume={_CERTIFICATES}:{_CERTIFICATES}:ro",),
    )


def _make_debian(folder: Path) -> None:
    """Make it with a Python that is not Debian's own, into which no other installer may write."""
    (folder / "pip.conf").write_text(f"[global]\ncert = {_CERTIFICATES}/ca-certificates.crt\n", encoding="utf-8")
    hooks = (f'chroot "$1" python3 -m venv {_PYTHON}', f"copy-in {folder}/pip.conf /etc")
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
    make = ["mmdebstrap", "--variant=apt", f"--include={_PACKAGES}", *(f"--customize-hook={each}" for each in hooks)]
    made = subprocess.run([*make, suite, f"{folder}/base.tar"], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise NoBaseError(f"mmdebstrap made no image: {made.stderr.strip().splitlines()[-1]}")
    path = f"PATH={_PYTHON}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    _podman("import", "--quiet", f"--change=ENV {path}", f"{folder}/base.tar", DEBIAN).check_returncode()
    (folder / "base.tar").unlink()


def _podman(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False)


def settings_of_containers(folder: Path) -> Path:
    """Write a `containers.conf` with limits that any process may set: not every sandbox lets podman raise them."""
    path = folder / "containers.conf"
    path.write_text(f"[containers]\ndefault_ulimits = {json.dumps(_LIMITS)}\n", encoding="utf-8")
    return path
