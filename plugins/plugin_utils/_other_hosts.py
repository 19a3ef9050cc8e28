# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Read what is declared for hosts outside of a run, since replicas in it may follow them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible import constants

from ..module_utils._files import read_entry
from ..module_utils._module.options import LIST
from ._host_reader import host_options, host_variables
from ._host_variables import HostRows, read_rows
from ._inventory import all_variables
from ._server_hosts import hosts_of
from ._task_errors import failing_the_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ansible.playbook.task import Task
    from ansible.template import Templar

    from ._variable_names import VariableNames


class OtherHosts:
    """The hosts of the inventory beside those of a task's own rows; `new_names` makes what looks at their names."""

    def __init__(
        self, task: Task, task_vars: Mapping[str, Any], templar: Templar, new_names: Callable[[], VariableNames]
    ) -> None:
        self._read = partial(host_variables, task, task_vars)
        self._templar, self._new_names, self._task_vars = templar, new_names, task_vars
        self._path = Path(constants.DEFAULT_LOCAL_TMP) / f"pgflex_hosts_{task.get_play()._uuid}.json"

    def ask(self, rows: HostRows, ask: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
        """Return the answer to one row, and warnings: it is asked for again with the host of its primary, once known.

        Each host has such a task, and must not read what is declared for all others.
        """
        unread: list[str] = []
        sources: list[str] = []
        rows.primaries = []
        while True:
            answer = ask()
            source = _missing_primary(answer)
            if not source or source in sources:
                return answer, unread
            sources.append(source)
            hosts = hosts_of(source, self._path, lambda: self.rows(sorted(self._task_vars["hostvars"]), LIST)[0])
            found, warnings = self.rows(hosts, rows.action)
            rows.primaries, unread = [*rows.primaries, *found], [*unread, *warnings]

    def rows(self, hosts: Iterable[str], action: str) -> tuple[list[dict[str, Any]], list[str]]:
        """Return rows of those of the hosts that are servers, and a warning about those whose variables are wrong.

        A name that nobody knows counts as in the run: what was meant by it would be missing from what replicas follow.
        """
        names = self._new_names()

        def read(host: str) -> dict[str, Any]:
            self._templar.available_variables = self._read(host)
            return host_options(action, self._templar)

        def seen(host: str) -> None:
            if action != LIST:
                names.add(host, self._templar.available_variables)

        found = read_rows(hosts, read, action, seen)
        with failing_the_task():
            names.check(all_variables(self._task_vars, self._read))
        return found


def _missing_primary(answer: Mapping[str, Any]) -> str:
    """Return the ID of what the server of the one row replicates, if that was not among the rows of primaries."""
    [entry] = answer.get("servers") or [{}]
    if entry.get("failed") and "error" not in entry and answer.get("result_dir"):
        entry = read_entry(answer["result_dir"], entry["name"]) or entry
    error = entry.get("error") or {}
    return str(error["target"]) if error.get("code") == "PrimaryNotInInventory" else ""
