# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""The entries of a large estate, which are in a file rather than in the result of a task, where AWX would drop it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Of a result with more than 700,000 characters AWX keeps nothing; the record is beside the entries.
MOST_CHARACTERS = 200_000


def keep_small(result: dict[str, Any]) -> dict[str, Any]:
    """Return the result of a fleet, in which `servers` is the path of a file if there would be too much in it."""
    folder, servers = result.get("result_dir"), result.get("servers")
    if not folder or len(str(servers)) <= MOST_CHARACTERS:
        return result
    # A plan and its rollout share the folder.
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".json", delete=False, encoding="utf-8") as file:
        json.dump(servers, file)
    return {**result, "servers": file.name}


def whole(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result as it was before `keep_small`. Raise `OSError` or `ValueError`."""
    servers = result.get("servers")
    if not isinstance(servers, str):
        return dict(result)
    return {**result, "servers": json.loads(Path(servers).read_text(encoding="utf-8"))}
