# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Let Ansible run modules in forks of its worker, in which the Azure SDK is already imported.

Two thirds of the CPU time of a module here are the start of Python and these imports. The module is run
as Ansible has made it, from its file, in a process of its own that sees nothing of Ansible's controller. Modules for
another interpreter, or with an environment of their own, are started as usual.
"""

from __future__ import annotations

import atexit
import importlib
import os
import re
import runpy
import signal
import sys
import tempfile
import traceback
from typing import Any

from e2e.kept_code import keep_archived_code

#: What Ansible runs a module with that has no environment of its own.
_MODULE = re.compile(r"/bin/sh -c '(\S+) (\S+/AnsiballZ_\w+\.py) && sleep 0'")


def fork_modules() -> None:
    """Fork modules from now on, in this process and its forks, where the connection is to the local host."""
    local: Any = importlib.import_module("ansible.plugins.connection.local")
    usual = local.Connection.exec_command

    def exec_command(self: Any, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, Any, Any]:
        found = _MODULE.fullmatch(cmd)
        if found and found[1] == sys.executable and not in_data and not self.become:
            return _run_forked(found[2])
        ended: tuple[int, Any, Any] = usual(self, cmd, in_data, sudoable)
        return ended

    local.Connection.exec_command = exec_command


def _run_forked(script: str) -> tuple[int, bytes, bytes]:
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = _be_module(script, stdout.fileno(), stderr.fileno())
            finally:
                os._exit(status)
        ended = os.waitpid(child, 0)[1]
        for file in (stdout, stderr):
            file.seek(0)
        return os.waitstatus_to_exitcode(ended), stdout.read(), stderr.read()


def _be_module(script: str, stdout: int, stderr: int) -> int:
    """Be the module, and return its exit status."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    _forget_the_controller()
    keep_archived_code()
    sys.argv = [script]
    status = 0
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        status = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def _forget_the_controller() -> None:
    """Leave of this process what a new interpreter would import in the same way: the standard library and packages."""
    atexit._clear()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    for name in [each for each in sys.modules if each.partition(".")[0] in ("ansible", "ansible_collections")]:
        del sys.modules[name]
    sys.meta_path[:] = [each for each in sys.meta_path if not _is_ansibles(each)]
    sys.path_hooks[:] = [each for each in sys.path_hooks if not _is_ansibles(each)]
    sys.path_importer_cache.clear()
    # Neither the collection, which Ansible packs with the module, nor the tests.
    sys.path[:] = [each for each in sys.path if each.startswith((sys.prefix, sys.base_prefix))]


def _is_ansibles(hook: object) -> bool:
    return hook.__module__.startswith("ansible")
