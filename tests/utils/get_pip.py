# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take the place of get-pip.py where ansible-test cannot reach its own download host.

uv puts the wanted versions into the environment of this interpreter, in a tenth of the time of pip. Its command and its
settings are in a file beside this one. Must run on every Python that ansible-test makes an environment for.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

settings = json.loads(Path(__file__).with_name("uv.json").read_text(encoding="utf-8"))
wanted = [arg for arg in sys.argv[1:] if not arg.startswith("--")]
command = [settings["command"], "pip", "install", "--quiet", "--python", sys.executable, *wanted]
sys.exit(subprocess.call(command, env={**os.environ, **settings["env"]}))
