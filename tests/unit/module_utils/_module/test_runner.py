# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible is told what is secret where it masks that, and results leave it out where it does not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.inventory import pgflex_servers
from ansible_collections.pgflex.azure.plugins.module_utils._module import runner

GIVEN = {"secret": "of the option", "client_id": "of the application"}


class Module:
    """An AnsibleModule that keeps its result, as with INJECT_INVOCATION."""

    def __init__(self, spec: dict[str, Any], **_constraints: Any) -> None:
        self.params: dict[str, Any] = {**dict.fromkeys(spec), **GIVEN}
        self.no_log_values: set[str] = set()
        self.ended: dict[str, Any] = {}
        Module.made = self

    made: Module

    def exit_json(self, **result: Any) -> None:
        """Keep the result."""
        self.ended = {**result, "invocation": {"module_args": dict(self.params)}}

    fail_json = exit_json


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what Ansible is told to mask, as with ansible-core 2.22."""
    secrets: list[str] = []
    monkeypatch.setattr(runner, "register_secrets", secrets.extend)
    return secrets


def test_options_in_a_result_are_without_their_secrets(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    monkeypatch.setattr(runner, "AnsibleModule", Module)
    runner.run({}, lambda _module, _connection: {"changed": False})
    assert told == ["of the option"]
    shown = {name: value for name, value in Module.made.ended["invocation"]["module_args"].items() if value}
    assert shown == {**GIVEN, "secret": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}


def test_the_inventory_plugin_tells_ansible_what_to_mask(monkeypatch: pytest.MonkeyPatch, told: list[str]) -> None:
    plugin = pgflex_servers.InventoryModule()
    monkeypatch.setattr(plugin, "get_option", {**GIVEN, "cache": False}.get)
    monkeypatch.setattr(pgflex_servers, "list_hosts", lambda _options, _connection: ([], []))
    plugin._find_hosts("estate.pgflex.yml", cache=False)
    assert told == ["of the option"]


def test_an_older_ansible_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "register_secrets", None)
    runner.mask_in_output({"of the option"})
