# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Do what a task with `pgflex_identity_fleet` does with given rows: in this process, or as a program of its own.

A program gets the path of a JSON file with the options, and prints the result as JSON.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

MODULE = "pgflex_identity_fleet"


def run_fleet_task(options: dict[str, Any], *, check: bool = False) -> dict[str, Any]:
    """Return the result, failed or not."""
    # The collection becomes importable after pytest has read this folder.
    from ansible_collections.pgflex.azure.plugins.module_utils._fleet.task import run_fleet
    from ansible_collections.pgflex.azure.plugins.module_utils._module.options import fleet_spec
    from ansible_collections.pgflex.azure.plugins.plugin_utils._in_worker import run_in_worker

    return run_in_worker(MODULE, fleet_spec(), options, {}, partial(run_fleet, check_mode=check))


def run_fleet_in_process(options: dict[str, Any], *, check: bool = False) -> tuple[dict[str, Any], str]:
    """Return the result as a playbook gets it, and all that was printed, the result among it."""
    printed = io.StringIO()
    with redirect_stdout(printed), redirect_stderr(printed):
        print(json.dumps(run_fleet_task(options, check=check)))
    output = printed.getvalue()
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    result.pop("invocation", None)
    return result, output


if __name__ == "__main__":
    print(json.dumps(run_fleet_task(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
