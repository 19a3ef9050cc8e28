# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Import what commands of Ansible and modules import, in the process from which those of the tests are forked."""

from __future__ import annotations

import importlib
from contextlib import suppress

from ansible.plugins.loader import filter_loader, test_loader

_NAMES = (
    "ansible.cli.adhoc",
    "ansible.cli.inventory",
    "ansible.cli.playbook",
    "azure.identity",
    "azure.mgmt.postgresqlflexibleservers",
    # Ansible looks for these in the modules that are there before it loads their files.
    *(f"ansible.plugins.become.{name}" for name in ("su", "sudo")),
    *(f"ansible.plugins.callback.{name}" for name in ("default", "junit", "minimal", "oneline", "tree")),
    *(f"ansible.plugins.connection.{name}" for name in ("local", "paramiko_ssh", "psrp", "ssh", "winrm")),
    *(f"ansible.plugins.inventory.{name}" for name in ("auto", "host_list", "ini", "script", "toml", "yaml")),
    *(f"ansible.plugins.shell.{name}" for name in ("cmd", "powershell", "sh")),
    *(f"ansible.plugins.strategy.{name}" for name in ("free", "linear")),
    "ansible.plugins.action.normal",
    "ansible.plugins.cache.memory",
    "ansible.plugins.vars.host_group_vars",
    "sqlite3",
)

for _name in _NAMES:
    # Not each core has each of them.
    with suppress(ImportError):
        importlib.import_module(_name)
# It forgets these where a play brings plugins of its own.
for _loader in (filter_loader, test_loader):
    list(_loader.all())
