# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Import what commands of Ansible and modules import, in the process from which those of the tests are forked."""

from __future__ import annotations

import importlib

from ansible.plugins import loader

from e2e.kept_code import keep_routing

for _name in ("adhoc", "inventory", "playbook"):
    importlib.import_module(f"ansible.cli.{_name}")
for _name in ("azure.identity", "azure.mgmt.postgresqlflexibleservers"):
    importlib.import_module(_name)
# With what their documentation says of their settings. Ansible forgets them where a play brings plugins of its own.
# Plugins for variables are not among them: these it keeps, and would take all of them for known.
for _kind in ("become", "cache", "callback", "connection", "filter", "inventory", "shell", "strategy", "test"):
    list(getattr(loader, f"{_kind}_loader").all(class_only=True))
keep_routing()
