# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the reports of 10,000 servers with 50 identities: `.venv/bin/python tests/browser`. `make` comes first."""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / ".cache" / "collections"), str(ROOT / "tests")]

from ansible_collections.pgflex.azure.plugins.filter.identity_report import identity_report
from benchmark.table import print_table
from browser.conftest import started_chromium
from browser.samples import compared, mi, result, server

SERVERS, IDENTITIES, OPENED = 10_000, 50, 5
FILTER = """
  const start = performance.now();
  document.getElementById('only-attention').click();
  document.getElementById('matrix').offsetHeight;
  return performance.now() - start;
"""


def estate(*, alike: bool) -> dict[str, Any]:
    """Return an audit in which every tenth server lacks an identity; alike, or each with another tenth left out."""
    chosen = random.Random(1)  # noqa: S311
    ids = [mi(f"id-{number:02}") for number in range(IDENTITIES)]
    found = result(*(compared(server("pg", *ids[lacks:]), present=tuple(ids)) for lacks in (0, 1)))
    servers = []
    for number in range(SERVERS):
        entry = found["servers"][number % 10 == 0]
        facts = {**entry["server"], "resource_group": f"rg-{number % 40:02}", "tags": {"app": "shop"}}
        facts["id"] = facts["id"].replace("/pg", f"/pg-{number:05}")
        held = entry["identity"]["user_assigned_identities"]
        if not alike:
            held = sorted(chosen.sample(held, len(held) * 9 // 10), key=lambda each: str(each["id"]))
        identity = {**entry["identity"], "user_assigned_identities": held}
        facts["name"] = f"pg-{number:05}"
        servers.append({**entry, "name": facts["name"], "server": facts, "identity": identity})
    return {**found, "servers": servers}


def opened(page: Path) -> tuple[float, float]:
    """Return the seconds until the page is loaded and its script has run, and those of a filter; medians."""
    with tempfile.TemporaryDirectory() as profile:
        browser = started_chromium(Path(profile))
        try:
            loads, filters = [], []
            for _time in range(OPENED):
                browser.get(page.as_uri())
                loads.append(
                    browser.execute_script("return performance.getEntriesByType('navigation')[0].loadEventEnd")
                )
                filters.append(browser.execute_script(FILTER))
        finally:
            browser.quit()
    return statistics.median(loads) / 1000, statistics.median(filters) / 1000


def main() -> None:
    """Print the table."""
    lines: list[list[Any]] = []
    for what, alike in (("all alike", True), ("each its own", False)):
        found = estate(alike=alike)
        for kind in ("html", "json", "csv"):
            start = perf_counter()
            text = str(identity_report(found, kind)).encode()
            line = [what, kind, f"{len(text) / 1e6:.1f}", f"{perf_counter() - start:.1f}", "", ""]
            if kind == "html":
                with tempfile.TemporaryDirectory() as folder:
                    page = Path(folder, "report.html")
                    page.write_bytes(text)
                    line[-2:] = [f"{seconds:.2f}" for seconds in opened(page)]
            lines.append(line)
    title = f"Reports of {SERVERS} servers with {IDENTITIES} identities; opened {OPENED} times, medians"
    print_table(title, ["servers", "report", "MB", "made in, s", "opened in, s", "filtered in, s"], lines)


if __name__ == "__main__":
    main()
