# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Get axe-core, with which tests/browser looks for what keeps people from using the report."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from nox import Session

RELEASE = "4.14.1"


def fetch_axe(session: Session, folder: Path) -> None:
    """Put axe-core in `folder`, where its tests look for it; without npm they are skipped, and say so."""
    if (folder / RELEASE).is_dir() or not shutil.which("npm"):
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    session.run("npm", "pack", "--silent", f"axe-core@{RELEASE}", "--pack-destination", str(folder), external=True)
    shutil.unpack_archive(folder / f"axe-core-{RELEASE}.tgz", folder / RELEASE)
