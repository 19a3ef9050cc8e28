# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: pgflex_servers
short_description: Azure Database for PostgreSQL flexible servers as hosts
version_added: 1.0.0
author: pgflex.azure contributors (@pgflex)
description:
  - Makes a host of every flexible server in subscriptions or resource groups. Servers are read from lists, so the cost
    is one request for each page, not for each server.
  - Tasks of these hosts run locally, with the Python that runs Ansible; nothing logs in to a database.
  - All hosts are in the group C(pgflex_servers), and have the variables C(pgflex_server_id), C(pgflex_server_name),
    C(pgflex_resource_group), C(pgflex_subscription_id), C(pgflex_location), C(pgflex_state), C(pgflex_version),
    C(pgflex_tags), C(pgflex_encryption) and C(pgflex_current_identity), whose contents are those of
    RV(pgflex.azure.pgflex_identity#module:server) and RV(pgflex.azure.pgflex_identity#module:identity).
  - The name of the file must end with C(pgflex.yml), C(pgflex.yaml), C(pgflex_servers.yml) or C(pgflex_servers.yaml).
extends_documentation_fragment:
  - pgflex.azure.azure
  - pgflex.azure.filters
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: Marks the file as one of this plugin.
    type: str
    required: true
    choices: [pgflex.azure.pgflex_servers]
  resource_groups:
    description:
      - Resource groups to list; by default whole subscriptions. Each has to be in one of the subscriptions.
    type: list
    elements: str
    default: []
  include_filters:
    description:
      - Only servers that pass one of these filters become hosts. By default all servers.
      - A filter is a dictionary with some of C(identity), C(locations), C(states) and C(tags), as
        O(pgflex.azure.pgflex_identity_info#module:filters); a server passes if it meets all of them.
    type: list
    elements: dict
    default: []
  exclude_filters:
    description:
      - Servers that pass one of these filters do not become hosts, whatever O(include_filters) says.
    type: list
    elements: dict
    default: []
  hostnames:
    description:
      - Jinja expressions for the name of a host, over its variables. The first one that is not empty counts.
      - Where two servers would get the same name in whatever casing, each gets its resource group appended, and if that
        does not tell them apart its subscription, then its own name, always with C(_) between.
    type: list
    elements: str
    default: [pgflex_server_name]
seealso:
  - module: pgflex.azure.pgflex_identity_info
"""

EXAMPLES = r"""
# estate.pgflex.yml; for all servers of the subscription in AZURE_SUBSCRIPTION_ID the line "plugin: .." alone is enough
plugin: pgflex.azure.pgflex_servers

# Where to look: what the credential can see, or subscriptions: [..], or resource_groups: [..]
all_subscriptions: true

# Production only
include_filters:
  - tags: {environment: prod}
exclude_filters:
  - states: [Stopped, Disabled]

# Groups by location, resource group, tag, state, and identity held
keyed_groups:
  - {prefix: location, key: pgflex_location}
  - {prefix: group, key: pgflex_resource_group}
  - {prefix: tag, key: pgflex_tags}
  - {prefix: state, key: pgflex_state}
  - {prefix: holds, key: pgflex_current_identity.user_assigned_identities | map(attribute='name')}
groups:
  encrypted_with_own_key: pgflex_encryption.type == 'AzureKeyVault'
compose:
  pgflex_identity_present: "['id-backup']"

# Names that tell where a server is
hostnames:
  - pgflex_resource_group ~ '.' ~ pgflex_server_name

# For a large estate
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/pgflex
cache_timeout: 600
"""

from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils._azure.connection import Connection, missing_package
from ..module_utils._azure.settings import FIELDS
from ..module_utils._errors import PgflexError
from ..module_utils._listing.servers import list_hosts
from ..plugin_utils._host_names import name_hosts
from ..plugin_utils._template_safety import as_template, as_text

if TYPE_CHECKING:
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader

ENDINGS = tuple(f"{stem}.{ending}" for stem in ("pgflex", "pgflex_servers") for ending in ("yml", "yaml"))
GROUP = "pgflex_servers"
_LISTING = (
    "subscriptions",
    "all_subscriptions",
    "strict_subscriptions",
    "resource_groups",
    "include_filters",
    "exclude_filters",
    "wait_timeout",
    "poll_interval",
)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """One host per flexible server."""

    NAME = "pgflex.azure.pgflex_servers"

    def verify_file(self, path: str) -> bool:
        """Tell by its name whether the file is one of ours."""
        return super().verify_file(path) and path.endswith(ENDINGS)

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Read the estate, or the cache of it, and add the hosts. Raise `AnsibleParserError`."""
        super().parse(inventory, loader, path)
        self._read_config_data(path)
        cache_key = self.get_cache_key(path)
        self.load_cache_plugin()
        use_cache = self.get_option("cache") and cache
        hosts: list[dict[str, Any]] | None = self._cache.get(cache_key) if use_cache else None
        if hosts is None:
            hosts = self._read_estate()
            if self.get_option("cache"):
                self._cache[cache_key] = hosts
        self._populate(hosts)

    def _read_estate(self) -> list[dict[str, Any]]:
        options = {name: self._option(name) for name in (*(each.name for each in FIELDS), *_LISTING)}
        try:
            hosts, warnings = list_hosts(options, Connection(options))
        except PgflexError as error:
            raise AnsibleParserError(f"{error} See {error.help}") from None
        except ImportError as error:
            raise AnsibleParserError(
                f"The Python package {missing_package(error)} is missing in the Python that runs Ansible: "
                "see requirements.txt of the collection."
            ) from None
        for warning in warnings:
            self.display.warning(warning)
        return hosts

    def _option(self, name: str) -> Any:
        value = self.get_option(name)
        return self.templar.template(value) if self.templar.is_template(value) else value

    def _populate(self, hosts: list[dict[str, Any]]) -> None:
        strict = self.get_option("strict")
        self.inventory.add_group(GROUP)
        # Tags and names are other people's texts: they must never be taken for templates.
        try:
            named = name_hosts([as_text(each) for each in hosts], self._preferred_name)
        except PgflexError as error:
            raise AnsibleParserError(f"{error} See {error.help}") from None
        for name, known in named:
            self.inventory.add_host(name, group=GROUP)
            for variable, value in known.items():
                self.inventory.set_variable(name, variable, value)
            self.inventory.set_variable(name, "ansible_connection", as_text("local"))
            self.inventory.set_variable(
                name, "ansible_python_interpreter", as_template("{{ ansible_playbook_python }}")
            )
            self._set_composite_vars(self.get_option("compose"), known, name, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), known, name, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, name, strict=strict)

    def _preferred_name(self, variables: dict[str, Any]) -> str:
        for expression in self.get_option("hostnames"):
            if expression in variables:
                return str(variables[expression])
            try:
                name = self._compose(expression, variables)
            except Exception as error:
                raise AnsibleParserError(f"hostnames: cannot evaluate {expression!r}: {error}") from error
            if name:
                return str(name)
        raise AnsibleParserError(f"hostnames: no expression gives a name for {variables['pgflex_server_id']}.")
