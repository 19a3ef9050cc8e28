# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module: in this process with `main()`, or with ansible-playbook. Run ansible-inventory and its like."""

from __future__ import annotations

import base64
import importlib
import io
import json
import re
import sys
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
import yaml
from ansible.module_utils import basic
from ansible.module_utils.common import warnings as ansible_warnings

from e2e.commands import Done, run_command
from e2e.fleet_task import MODULE as FLEET
from e2e.fleet_task import run_fleet_in_process

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Looks often, and has time: a machine may stand still for seconds.
FAST = {"poll_interval": 0.02, "wait_timeout": 300, "busy_timeout": 120}
_RESULTS = re.compile(r"RESULTS=([A-Za-z0-9+/=]+)")


def run_in_process(
    arguments: dict[str, Any], *, check: bool = False, name: str = "pgflex_identity"
) -> tuple[dict[str, Any], str]:
    """Run the module `name`; return its result, failed or not, and all that it printed.

    ansible.module_utils.testing is there from ansible-core 2.19 only, so what the worker sets is set here.
    """
    if name == FLEET:
        return run_fleet_in_process(arguments, check=check)
    # The collection becomes importable after pytest has read this folder.
    main = importlib.import_module(f"ansible_collections.pgflex.azure.plugins.modules.{name}").main

    arguments = {**arguments, "_ansible_check_mode": check, "_ansible_diff": True}
    # Warnings are kept in the process, which is the module's own elsewhere.
    ansible_warnings._global_warnings.clear()
    printed = io.StringIO()
    content = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
    with (
        patch.object(basic, "_ANSIBLE_ARGS", content),
        patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True),
        _as_outside_of_the_controller(),
        redirect_stdout(printed),
        pytest.raises(SystemExit),
    ):
        main()
    output = printed.getvalue()
    result: dict[str, Any] = json.loads(output.strip())
    # Since ansible-core 2.22 a module hands its secrets to the controller, which is to mask them: it takes the key out
    # of the result before anybody sees that (ansible/_internal/_task.py). So it is no leak, unlike all beside it.
    if result.pop("_ansible_new_secrets", None) is not None:
        output = json.dumps(result)
    result.pop("invocation", None)
    if "warnings" in result:
        result["warnings"] = [_text(each) for each in result["warnings"]]
    return result, output


@contextmanager
def _as_outside_of_the_controller() -> Iterator[None]:
    """Let a module return its warnings: since ansible-core 2.19 it would show them if plugins are imported as well."""
    try:
        internal: Any = importlib.import_module("ansible.module_utils._internal")
    except ImportError:
        yield
        return
    with patch.object(internal, "is_controller", False):
        yield


def _text(warning: Any) -> str:
    """Turn the objects that modules return since ansible-core 2.19 into text, as the controller does."""
    return warning if isinstance(warning, str) else str(warning["event"]["msg"])


@dataclass(frozen=True)
class Played:
    """A finished ansible-playbook: `results` of its tasks in order, empty if one of them ended it."""

    rc: int
    output: str
    results: list[dict[str, Any]]


def run_playbook(folder: Path, play: dict[str, Any], arguments: tuple[str, ...], env: dict[str, str]) -> Played:
    """Run one play in `folder`. Its results come back in the output of a last task, which starts no process."""
    tasks = [{**task, "register": f"result_{number}"} for number, task in enumerate(play["tasks"])]
    names = ", ".join(f"result_{number}" for number in range(len(tasks)))
    tell = {"ansible.builtin.debug": {"msg": f"RESULTS={{{{ [{names}] | to_json | b64encode }}}}"}}
    whole = {"hosts": "localhost", "gather_facts": False, **play, "tasks": [*tasks, tell]}
    (folder / "site.yml").write_text(yaml.safe_dump([whole], sort_keys=False), encoding="utf-8")
    # The interpreter that has the Azure SDK is the one that runs the tests.
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"all": {"hosts": {"localhost": local}}}
    (folder / "hosts.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    command = ["ansible-playbook", "-i", "hosts.yml", "site.yml", *arguments]
    done = run_command(command, folder, {"HOME": str(folder), **env})
    output = done.stdout + done.stderr
    found = _RESULTS.search(output)
    results = json.loads(base64.b64decode(found.group(1))) if found else []
    return Played(done.rc, _RESULTS.sub("RESULTS", output), results)


class Inventoried(Done):
    """A finished ansible-inventory, or another command with the same inventory."""

    @property
    def output(self) -> str:
        """All that it printed, with the line breaks of warnings undone."""
        return " ".join((self.stdout + self.stderr).split())

    @property
    def listed(self) -> dict[str, Any]:
        """The output of `--list`."""
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    @property
    def hosts(self) -> dict[str, dict[str, Any]]:
        """The variables of each host."""
        found: dict[str, dict[str, Any]] = self.listed["_meta"]["hostvars"]
        return found

    def group(self, name: str) -> list[str]:
        """Return the hosts of a group, sorted."""
        return sorted(self.listed.get(name, {}).get("hosts", []))


def run_inventory(folder: Path, options: dict[str, Any], command: tuple[str, ...], env: dict[str, str]) -> Inventoried:
    """Run `command` in `folder` with an inventory of the plugin pgflex_servers and its `options`."""
    document = yaml.safe_dump({"plugin": "pgflex.azure.pgflex_servers", **options}, sort_keys=False)
    (folder / "estate.pgflex.yml").write_text(document, encoding="utf-8")
    done = run_command([command[0], "-i", "estate.pgflex.yml", *command[1:]], folder, {"HOME": str(folder), **env})
    return Inventoried(**vars(done))
