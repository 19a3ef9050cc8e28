# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Python without the Azure SDK is told which packages it lacks, as in an execution environment without them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from e2e.world import SERVER_ID

if TYPE_CHECKING:
    from pathlib import Path

BOTH = "azure-identity and azure-mgmt-postgresqlflexibleservers"


def run_without(missing: str, folder: Path) -> dict[str, Any]:
    """Return the result of the module where importing azure says that `missing` is not there."""
    (folder / "azure.py").write_text(f"raise ModuleNotFoundError('No module', name={missing!r})\n", encoding="utf-8")
    options = {
        "server_id": SERVER_ID,
        "state": "info",
        "tenant": "t",
        "client_id": "c",
        "secret": "what-nobody-may-see",
    }
    (folder / "options.json").write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "ansible_collections.pgflex.azure.plugins.modules.pgflex_identity", "options.json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ["ANSIBLE_COLLECTIONS_PATH"]])},
        capture_output=True,
        text=True,
        check=False,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ("azure", BOTH),
        ("azure.core", BOTH),
        ("azure.identity", "azure-identity"),
        ("azure.mgmt.core", "azure-mgmt-postgresqlflexibleservers"),
    ],
)
def test_a_missing_package_is_named_as_it_is_installed(missing: str, named: str, tmp_path: Path) -> None:
    result = run_without(missing, tmp_path)
    assert result["failed"]
    assert f"required Python library ({named})" in result["msg"]
    assert "execution environment that runs this module (see requirements.txt)" in result["msg"]
    assert result["error"]["code"] == "MissingPackage"
