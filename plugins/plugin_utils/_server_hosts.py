# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Find the hosts of an inventory that may be a server: once for all tasks of a play, each of which has one host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible import constants

from ..module_utils._files import write_private
from ..module_utils._identity.resource_ids import key, parse_server_id
from ..module_utils._module.options import ROLLBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ansible.playbook.task import Task


def hosts_of(server_id: str, path: Path, rows: Callable[[], Iterable[Mapping[str, Any]]]) -> list[str]:
    """Return the names of the `rows` whose group and name are those of the server; they are kept in the file `path`.

    A row need not say its subscription, so that there may be several.
    """
    if not path.exists():
        hosts: dict[str, list[str]] = {}
        for row in rows():
            place = _place(row["server_id"]) if row.get("server_id") else (row["resource_group"], row["server_name"])
            hosts.setdefault(key("/".join(place)), []).append(row["name"])
        write_private(path, json.dumps(hosts))
    found: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return found.get(key("/".join(_place(server_id))), [])


def earlier_hosts(task: Task, action: str) -> Path | None:
    """Return the file with the hosts of a play that has batches, by the `key` of their servers; None without batches.

    A record puts back the same, whichever host asks for it.
    """
    play = task.get_play()
    if not (play.serial and task.run_once) or action == ROLLBACK:
        return None
    return Path(constants.DEFAULT_LOCAL_TMP) / f"pgflex_batches_{play._uuid}.json"


def _place(server_id: str) -> tuple[str, str]:
    ref = parse_server_id("server_id", server_id)
    return ref.resource_group, ref.name
