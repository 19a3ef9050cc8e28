# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the pictures of the README: an audit's report and a rollout's output, of a small estate on the emulator."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import Any

import yaml

from browser.conftest import started_chromium
from e2e.emulator_client import Emulator, running_emulator

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
SUBSCRIPTION = "11111111-1111-4111-8111-111111111111"
#: What each server holds. All shall hold id-backup, those of the shop id-app too.
HELD = {
    "rg-shop": {
        "pg-orders": ["id-app", "id-backup"],
        "pg-customers": ["id-app", "id-backup"],
        "pg-payments": ["id-app", "id-keys"],
        "pg-stock": ["id-app", "id-backup", "id-export"],
    },
    "rg-billing": {
        "pg-invoices": ["id-backup"],
        "pg-ledger": ["id-backup", "id-keys"],
        "pg-dunning": [],
    },
}
IDENTITIES = ("id-app", "id-backup", "id-export", "id-keys")
WIDTH, LINE, LETTER = 900, 19, 13
PAGE_WIDTH, SCALE = 1280, 0.7
FONTS = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono, monospace"


def seed() -> dict[str, Any]:
    """Return what the emulator holds."""
    groups = [
        {
            "name": group,
            "location": "westeurope",
            "identities": [{"name": name} for name in IDENTITIES],
            "servers": [
                {
                    "name": name,
                    "tags": {"environment": "prod"},
                    "identity": {"type": "UserAssigned" if held else "None", "user_assigned": held},
                    "encryption": {"primary": "id-keys"} if "id-keys" in held else {},
                }
                for name, held in servers.items()
            ],
        }
        for group, servers in HELD.items()
    ]
    return {"subscriptions": [{"id": SUBSCRIPTION, "resource_groups": groups}], "settings": {"operation_seconds": 0.5}}


def inventory() -> dict[str, Any]:
    """Return what is declared for these servers."""
    groups: dict[str, Any] = {
        group.removeprefix("rg-"): {"hosts": dict.fromkeys(servers), "vars": {"pgflex_resource_group": group}}
        for group, servers in HELD.items()
    }
    groups["shop"]["vars"]["pgflex_identity_present__app"] = "id-app"
    everywhere = {
        "pgflex_identity_present": "id-backup",
        "pgflex_identity_purge": True,
        "pgflex_identity_keep_encryption_identities": True,
    }
    return {"all": {"children": groups, "vars": everywhere}}


def run(azure: Emulator, folder: Path, *arguments: str) -> str:
    """Run a playbook; return its output."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "servers.yml", *arguments],
        cwd=folder,
        env={
            **os.environ,
            **azure.environment,
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "ANSIBLE_HOME": str(folder),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


def told(output: str) -> list[str]:
    """Return the lines of the last message in a playbook's output, without JSON around them, and its recap."""
    lines = output.splitlines()
    start = max(number for number, line in enumerate(lines) if line.strip() == '"msg": [')
    end = next(number for number, line in enumerate(lines) if number > start and line.strip() == "]")
    recap = next(number for number, line in enumerate(lines) if line.startswith("PLAY RECAP"))
    message = [line.strip().removesuffix(",").strip('"') for line in lines[start + 1 : end]]
    # Where the inventory and the record are differs from run to run.
    message = [re.sub(r"-i \S*/(\S+) -e pgflex_identity_rollback=.*", r"-i \1 -e ...", line) for line in message]
    return [*message, "", *(line.rstrip() for line in lines[recap:] if line.strip())]


def drawn(lines: list[str]) -> str:
    """Return lines of a terminal as SVG."""
    height = LINE * len(lines) + 2 * LINE
    texts = [
        f'<text x="{LINE}" y="{LINE * (number + 1) + LETTER}" xml:space="preserve">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" role="img">',
            "<title>The output of a rollout</title>",
            f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#1b1f24"/>',
            f'<g font-family="{FONTS}" font-size="{LETTER}" fill="#e6edf3">',
            *texts,
            "</g>",
            "</svg>",
            "",
        ]
    )


def shot(page: Path) -> bytes:
    """Return a picture of a page, as wide as the README shows it."""
    with tempfile.TemporaryDirectory() as profile:
        browser = started_chromium(Path(profile))
        try:
            size = {"width": PAGE_WIDTH, "height": 800, "deviceScaleFactor": SCALE, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            browser.get(page.as_uri())
            browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            for _time in range(2):  # the matrix is as high as the window lets it be
                size["height"] = browser.execute_script("return document.documentElement.scrollHeight")
                browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            return browser.get_screenshot_as_png()
        finally:
            browser.quit()


def main() -> None:
    """Make both pictures."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, running_emulator() as azure:
        folder = Path(name)
        (folder / "servers.yml").write_text(yaml.safe_dump(inventory()), encoding="utf-8")
        azure.seed(seed())
        run(azure, folder, "pgflex.azure.audit", "-e", "pgflex_identity_report_html=audit.html")
        (PICTURES / "audit.png").write_bytes(shot(folder / "audit.html"))
        command = ["pgflex.azure.assign", "-e", "pgflex_identity_poll_interval=1"]
        output = run(azure, folder, *command)
        shown = "$ ansible-playbook -i servers.yml pgflex.azure.assign"
        (PICTURES / "rollout.svg").write_text(drawn([shown, "", *told(output)]), encoding="utf-8")


if __name__ == "__main__":
    main()
