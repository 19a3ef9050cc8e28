# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""A report as one HTML file that loads nothing: `report.html` with the style, the scripts and the data in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from pathlib import Path
from typing import Any

from ...module_utils._identity.resource_ids import key

# In a script element these could end it, or end a line of what JavaScript before 2019 took for a text.
_ESCAPED = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}

# `page.js` has what the others draw with, and `report.js` begins.
_SCRIPTS = ("page.js", "entries.js", "waves.js", "groups.js", "matrix.js", "report.js")


def as_html(report: dict[str, Any]) -> str:
    """Return the page for the dictionary of `model.document()`."""
    style = _asset("report.css")
    script = "".join(map(_asset, _SCRIPTS))
    parts = {
        "title": escape(report["title"]),
        "policy": escape(
            f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
            "base-uri 'none'; form-action 'none'"
        ),
        "style": style,
        "script": script,
        "data": json.dumps(_slim(report), ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED),
    }
    # In one pass: nothing is looked for in what was put in.
    return re.sub(f"@({'|'.join(parts)})@", lambda found: parts[found[1]], _asset("report.html"))


def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _slim(report: dict[str, Any]) -> dict[str, Any]:
    """Return the report with each identity once, and each set of them: a large one repeats both ten thousand times."""
    columns: dict[str, int] = {}
    identities: list[dict[str, str]] = []
    holdings: dict[str, int] = {}
    servers = []
    for each in report["servers"]:
        cells = []
        for identity in each["identities"]:
            by = key(identity["id"])
            if by not in columns:
                columns[by] = len(identities)
                identities.append({"id": identity["id"], "name": identity["name"]})
            cells.append([columns[by], identity["status"], *identity["used_for"]])
        servers.append({**each, "identities": holdings.setdefault(json.dumps(cells), len(holdings))})
    return {**report, "identities": identities, "holdings": [*map(json.loads, holdings)], "servers": servers}
