# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action plugin for any module of awx.awx: the module itself, in Ansible's worker instead of a process of its own.

A process costs half a second of CPU, most of it for imports that the worker has done already.
"""

from __future__ import annotations

import importlib
import io
import json
from contextlib import redirect_stdout, suppress
from typing import Any

from ansible.module_utils.testing import patch_module_args
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]
    """The module that the task names."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        name = self._task.action.rpartition(".")[2]
        module = importlib.import_module(f"ansible_collections.awx.awx.plugins.modules.{name}")
        printed = io.StringIO()
        with patch_module_args(dict(self._task.args)), redirect_stdout(printed), suppress(SystemExit):
            module.main()
        return {**result, **json.loads(printed.getvalue())}
