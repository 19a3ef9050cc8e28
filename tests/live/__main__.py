# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a real server: `python tests/live --help`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TREE = ROOT / ".cache" / "collections"
# As `make` says it, which has made the tree.
sys.path[:0] = [str(ROOT / "tests"), *os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(TREE)).split(os.pathsep)]

from live.program import main

# Ended from outside it does as with Ctrl-C: it removes what it has assigned.
for number in (signal.SIGTERM, signal.SIGINT):
    # A shell that starts it in the background has it ignore Ctrl-C.
    signal.signal(number, signal.default_int_handler)
sys.exit(main())
