# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install with uv in the environment that runs this: `python tests/utils/install.py -r FILE`.

uv takes a tenth of the CPU time of pip.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from utils.machine import uv_settings


def main() -> None:
    """Become uv."""
    commands = Path(sys.executable).parent
    arguments = ["uv", "pip", "install", "--quiet", "--python", sys.executable, *sys.argv[1:]]
    os.execve(commands / "uv", arguments, {**os.environ, **uv_settings(commands)})  # noqa: S606


if __name__ == "__main__":
    main()
