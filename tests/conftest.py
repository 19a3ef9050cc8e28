# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make this checkout importable as ansible_collections.pgflex.azure, wherever it was cloned to, and shut the tests in.

ansible-playbook and the emulator inherit the environment made here: nothing of the developer's Azure sign-in, no proxy
between a test and the emulator, no file outside a temporary folder.
"""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[1]
FOREIGN_PREFIXES = ("ANSIBLE_", "ARM_", "AZURE_", "IDENTITY_", "IMDS_", "MSI_")
FOREIGN_NAMES = ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
REPORTED = ("ansible-core", "azure-mgmt-postgresqlflexibleservers", "azure-identity", "azure-core")


def drop_foreign_settings() -> None:
    """Forget every variable that could lead a test to a real Azure or to a developer's own Ansible settings."""
    for name in list(os.environ):
        if name.startswith(FOREIGN_PREFIXES) or name in FOREIGN_NAMES:
            del os.environ[name]


def make_tree(base: Path) -> Path:
    """Return a collection path below base in which this checkout is pgflex.azure."""
    link = base / "collections" / "ansible_collections" / "pgflex" / "azure"
    link.parent.mkdir(parents=True)
    link.symlink_to(ROOT, target_is_directory=True)
    return base / "collections"


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the process and all it starts; every worker of xdist gets a tree of its own."""
    scratch = tempfile.TemporaryDirectory(prefix="pgflex-")
    config.add_cleanup(scratch.cleanup)
    base = Path(scratch.name)
    tree = str(make_tree(base))
    sys.path.insert(0, tree)
    drop_foreign_settings()
    os.environ |= {
        "ANSIBLE_COLLECTIONS_PATH": tree,
        "ANSIBLE_HOME": str(base / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(base / "local"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_REMOTE_TEMP": str(base / "remote"),
        "ANSIBLE_SHOW_CUSTOM_STATS": "1",
        "AZURE_CONFIG_DIR": str(base / "azure"),
        "NO_PROXY": "127.0.0.1,localhost,::1",
        "no_proxy": "127.0.0.1,localhost,::1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }


def pytest_report_header() -> str:
    """Say which versions the run is about: the matrix differs in nothing else."""
    found = []
    for name in REPORTED:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)
