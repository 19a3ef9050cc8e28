# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret comes out of inventories and rollouts: output at -vvvv, logs, caches, records, reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.audit_runs import run_on
from e2e.canaries import CANARIES, IN_FILES, WRONG, found_in, signed_in_by, spoil
from e2e.conftest import secrets_of
from e2e.estates import CACHE
from e2e.roles import ASSIGN, HOSTS, fleet_inventory, seed_fleet
from e2e.world import seed_server

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunInventory
    from e2e.emulator_client import Emulator

pytestmark = pytest.mark.filterwarnings("ignore:This API has been deprecated for public client flows")

OTHERS = [*CANARIES.values(), *IN_FILES.values()]


def written(folder: Path, *inputs: str) -> dict[str, str]:
    """Return the texts of all files below `folder`, but for those that the test has made."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name not in inputs)
    return {str(path.relative_to(folder)): path.read_text(errors="replace") for path in found}


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
@pytest.mark.parametrize("kind", list(WRONG))
def test_an_inventory_tells_no_secret(
    kind: str, right: bool, emulator: Emulator, inventory: RunInventory, tmp_path: Path
) -> None:
    seed_server(emulator)
    options = signed_in_by(kind, emulator)
    options = options if right else spoil(kind, options, tmp_path)
    given = {name: value for name, value in options.items() if value is not None}
    done = inventory("ansible-inventory", "--list", "-vvvv", env={}, **given, **CACHE)
    assert ("pgflex_server_id" in done.stdout) is right, done.output
    texts = {"stdout": done.stdout, "stderr": done.stderr, **written(tmp_path, "estate.pgflex.yml", *IN_FILES)}
    assert any(name.startswith("cache/") for name in texts) is right
    for name, text in texts.items():
        assert found_in(text, [*secrets_of(emulator), *OTHERS]) == [], name


@pytest.mark.parametrize("right", [True, False], ids=["right", "wrong"])
def test_a_rollout_tells_no_secret_and_its_files_are_for_their_owner(
    right: bool, emulator: Emulator, tmp_path: Path
) -> None:
    seed_fleet(emulator, "id-b", encryption={"primary": "id-b"})
    connection = {} if right else {"secret": "{{ lookup('env', 'CANARY') }}"}
    reports = {f"pgflex_identity_report_{kind}": f"{tmp_path}/report.{kind}" for kind in ("json", "csv", "html")}
    hosts: dict[str, dict[str, Any]] = {
        HOSTS[0]: {"pgflex_identity_present": "id-a"},
        HOSTS[1]: {"pgflex_identity_present": "id-a"},
    }
    # One is refused in the rollout, as its operation fails behind a signed address.
    emulator.fault("GET", "/azureAsyncOperation/", {"status": 403, "code": "AuthorizationFailed", "message": "No."})
    variables = {"pgflex_identity_connection": connection, "pgflex_identity_max_fail_percentage": 100, **reports}
    env = {**emulator.environment, "ANSIBLE_LOG_PATH": str(tmp_path / "ansible.log"), "CANARY": CANARIES["secret"]}
    hosts_file = fleet_inventory(hosts, tmp_path, **variables)
    ran = run_on(tmp_path, hosts_file, ASSIGN, "-vvvv", "--diff", "--forks", "1", env=env)
    assert ran.rc == 2, ran.output
    texts = written(tmp_path, "estate.yml")
    # Also without a token: that nothing was started is what there is to report.
    made = ["report.csv", "report.html", "report.json"]
    assert sorted(name for name in texts if name.startswith("report.")) == made
    assert any(name.startswith("records/") for name in texts) is right
    assert "ansible.log" in texts
    for name, text in {**texts, "output": ran.output}.items():
        assert found_in(text, [*secrets_of(emulator), *OTHERS]) == [], name
    kept = [*tmp_path.glob("report.*"), *tmp_path.glob("records"), *tmp_path.glob("records/*")]
    assert {path.name: path.stat().st_mode & 0o077 for path in kept if path.stat().st_mode & 0o077} == {}
