# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive for Galaxy, built from this checkout as it is, environments and caches included."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def build_archive(folder: Path, checkout: Path = ROOT) -> Path:
    """Build the archive in `folder`, which may be missing."""
    build = ["ansible-galaxy", "collection", "build", "--output-path", str(folder)]
    subprocess.run(build, cwd=checkout, check=True, capture_output=True)
    (archive,) = folder.glob("pgflex-azure-*.tar.gz")
    return archive
