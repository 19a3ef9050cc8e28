# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables from a file that is encrypted as a whole: since ansible-core 2.22 all of them are secrets to Ansible.

It puts $REDACTED$ in their place wherever it prints, also where a number of them is a part of a name.
"""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ansible import __version__ as core
from ansible.parsing.vault import VaultLib, VaultSecret

from e2e.world import GROUP, SUBSCRIPTION, user_assigned

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.audit_runs import Audit
    from e2e.emulator_client import Emulator

NAMES = [f"pg-{number}" for number in (1, 10, 2)]
REDACTS = tuple(map(int, core.split(".")[:2])) >= (2, 22)


def write_vaulted(folder: Path, variables: dict[str, Any]) -> tuple[str, ...]:
    """Write group_vars of all hosts that are wholly encrypted; return the arguments that open them."""
    (folder / "password").write_text("of the vault\n", encoding="utf-8")
    vault = VaultLib([("default", VaultSecret(b"of the vault"))])
    (folder / "group_vars").mkdir()
    (folder / "group_vars" / "all.yml").write_bytes(vault.encrypt(yaml.safe_dump(variables)))
    return ("--vault-password-file", str(folder / "password"))


@pytest.mark.smoke
def test_reports_are_whole_although_the_output_is_not(emulator: Emulator, audit: Audit, tmp_path: Path) -> None:
    identities = [{"name": "id-1"}, {"name": "id-a"}]
    servers = [{"name": name, "identity": user_assigned("id-a")} for name in NAMES]
    group = {"name": GROUP, "location": "canadacentral", "identities": identities, "servers": servers}
    emulator.seed({"subscriptions": [{"id": SUBSCRIPTION, "resource_groups": [group]}]})
    arguments = write_vaulted(tmp_path, {"pgflex_identity_present": ["id-1", "id-a"], "serial_of_something_else": 1})
    files = [each for kind in ("json", "csv", "html") for each in ("-e", f"pgflex_identity_report_{kind}=audit.{kind}")]
    ran = audit({name: {} for name in NAMES}, *arguments, *files)
    assert ran.rc == 0, ran.output
    assert ("pg-$REDACTED$" in ran.output, "pg-10: " in ran.output) == (REDACTS, not REDACTS), ran.output

    report = json.loads((tmp_path / "audit.json").read_text(encoding="utf-8"))
    assert [each["host"] for each in report["servers"]] == NAMES
    assert {identity["name"] for each in report["servers"] for identity in each["identities"]} == {"id-1", "id-a"}
    with (tmp_path / "audit.csv").open(encoding="utf-8-sig", newline="") as file:
        assert {each["host"] for each in csv.DictReader(file)} == set(NAMES)
    written = {each.name: each.read_text(encoding="utf-8") for each in tmp_path.glob("audit.*")}
    assert len(written) == 3
    assert {name for name, text in written.items() if "REDACTED" in text or "pg-10" not in text} == set()
