# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An earlier build to measure beside this one, and what is to be known of both to compare with other runs."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
_PACKAGES = ("ansible-core", "azure-identity", "azure-mgmt-postgresqlflexibleservers")


@contextmanager
def checked_out(revision: str | None) -> Iterator[Path | None]:
    """Yield a path for collections in which `revision` of this repository is pgflex.azure; None for no revision."""
    if not revision:
        yield None
        return
    archive = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        sys.exit(f"AGAINST={revision}: {archive.stderr.decode().strip()}")
    with tempfile.TemporaryDirectory() as name:
        tree = Path(name) / "ansible_collections" / "pgflex" / "azure"
        tree.mkdir(parents=True)
        subprocess.run(["tar", "-x", "-C", tree], input=archive.stdout, check=True)
        yield Path(name)


def surroundings(revision: str | None) -> str:
    """Return a line with date, commits, versions and the machine."""
    commit = _git("describe", "--always", "--dirty", "--exclude=*")
    builds = f"{commit} against {_git('rev-parse', '--short', revision)}" if revision else commit
    packages = [f"{name} {version(name)}" for name in _PACKAGES]
    return ", ".join(
        [
            datetime.now(timezone.utc).strftime("%Y-%m-%d"),
            builds,
            f"Python {platform.python_version()}",
            *packages,
            f"{platform.system()} {platform.machine()} with {os.cpu_count()} CPUs, which the emulator shares",
        ]
    )


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "no git"
