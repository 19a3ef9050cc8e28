# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's documentation says of its variables what its files do."""

from __future__ import annotations

import re
from pathlib import Path

ROLE = Path(__file__).resolve().parents[2] / "roles" / "pgflex_identity"


def registered(file: Path) -> set[str]:
    return set(re.findall(r"^ *register: (\w+)$", file.read_text(encoding="utf-8"), re.MULTILINE))


def test_no_other_host_sets_what_a_host_that_goes_its_own_way_has_registered() -> None:
    """As it would with `run_once` where hosts do not wait for each other, even if the task is skipped."""
    alone = ROLE / "tasks" / "per_host.yml"
    elsewhere = {name for file in alone.parent.iterdir() if file != alone for name in registered(file)}
    assert registered(alone)
    assert elsewhere
    assert not registered(alone) & elsewhere
