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
    C(pgflex_tags), C(pgflex_replication_role), C(pgflex_source_server_id), C(pgflex_encryption) and
    C(pgflex_current_identity), whose contents are those of
    RV(pgflex.azure.pgflex_identity#module:server) and RV(pgflex.azure.pgflex_identity#module:identity).
  - The name of the file must end with C(pgflex.yml), C(pgflex.yaml), C(pgflex_servers.yml) or C(pgflex_servers.yaml).
    Ansible says so as a warning, of a file whose name ends with C(.yml) or C(.yaml); of others it only says that it
    cannot parse them.
  - All servers become hosts, or none. Ansible goes on without a source that fails, with a warning, as long as
    C(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) is not set to V(true).
  - Options may be templates, which are evaluated once, with lookups and with extra variables (C(-e)) as their only
    variables. O(compose), O(groups), O(hostnames) and O(keyed_groups) are expressions that are evaluated for each host;
    they know extra variables with O(use_extra_vars) only.
  - A key of O(keyed_groups) may be a number or a truth value, C(0) and C(False) too. A key that is empty or null makes
    no group, or that of C(default_value); with O(strict) it is an error.
  - With O(cache) a list is kept for who asked for it and for what was asked. Subscriptions, resource groups, filters,
    and every setting of the connection count, wherever they are set; with the login of the Azure CLI its account does.
    All system-assigned identities of machines that share a cache count as one.
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
      - Jinja expressions for the name of a host, over its variables. The first one counts that is neither empty nor
        undefined; with O(strict) an undefined one is an error. So is a server for which none gives a name.
      - Where two servers would get the same name in whatever casing, each gets its resource group appended, and if that
        does not tell them apart its subscription, then its own name, always with C(_) between.
      - So does a name, in whatever casing, that Ansible uses itself, such as C(all), C(ungrouped) or C(localhost), that
        is the name of a group, or that another source has given to another server. A warning says so.
      - Blanks, slashes and the other characters that mean something in patterns of hosts become C(_), with a warning.
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
  replicas: pgflex_replication_role not in ['Primary', 'None']
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

from contextlib import closing
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError, AnsibleParserError, AnsibleUndefinedVariable
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.vars import combine_vars

from ..module_utils._azure.connection import Connection, missing_package
from ..module_utils._azure.settings import FIELDS
from ..module_utils._errors import PgflexError, quoted
from ..module_utils._identity.resource_ids import key
from ..module_utils._listing.cache_key import cache_key
from ..module_utils._listing.servers import list_hosts
from ..module_utils._module.runner import mask_in_output
from ..plugin_utils._host_names import RESERVED, name_hosts
from ..plugin_utils._staging import add_staged, stage_hosts
from ..plugin_utils._template_safety import as_template, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

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
# What is evaluated for each host. The other options are evaluated once.
_OF_A_HOST = ("compose", "groups", "hostnames", "keyed_groups")
# Of renamed hosts, in a warning.
_SHOWN = 10


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """One host per flexible server."""

    NAME = "pgflex.azure.pgflex_servers"
    inventory: InventoryData
    _composes_a_key = False

    def verify_file(self, path: str) -> bool:
        """Return whether the file is one of ours, by its name.

        Raise `AnsibleParserError` where it is not: Ansible shows that of a file that names this plugin, and takes it
        for a no where it tries each plugin on each file.
        """
        if not super().verify_file(path):
            return False
        if not path.endswith(ENDINGS):
            raise AnsibleParserError(f"The name of a file of {self.NAME} ends with {' or '.join(ENDINGS)}: {path}")
        return True

    def set_options(
        self,
        task_keys: Mapping[str, Any] | None = None,
        var_options: Mapping[str, Any] | None = None,
        direct: Mapping[str, Any] | None = None,
    ) -> None:
        """Evaluate templates before Ansible looks at types: it makes false of a template, and parts it at commas."""
        given = {name: self._evaluate(name, value) for name, value in (direct or {}).items()}
        super().set_options(task_keys=task_keys, var_options=var_options, direct=given)

    def _evaluate(self, name: str, value: Any) -> Any:
        if name in _OF_A_HOST or not self.templar.is_template(value):
            return value
        self.templar.available_variables = self._vars
        try:
            return self.templar.template(value)
        except AnsibleError as error:
            raise AnsibleParserError(
                f"{name}: cannot be evaluated: {error} Variables here are extra variables (-e) only."
            ) from error

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Read the estate, or the cache of it, and add the hosts. Raise `AnsibleParserError`."""
        super().parse(inventory, loader, path)
        self._read_config_data(path)
        try:
            found = self._find_hosts(path, cache)
            # Tags and names are other people's texts: they must never be taken for templates.
            self._populate([as_text(each) for each in found["hosts"]])
        except PgflexError as error:
            raise AnsibleParserError(f"{error} See {error.help}") from None
        except ImportError as error:
            raise AnsibleParserError(
                f"The Python package {missing_package(error)} is missing in the Python that runs Ansible: "
                "see requirements.txt of the collection."
            ) from None
        for warning in found["warnings"]:
            self.display.warning(warning)

    def _find_hosts(self, path: str, cache: bool) -> dict[str, Any]:
        """Return the hosts, and the warnings that belong to them: what is left out is left out of the cache too."""
        options = {name: self.get_option(name) for name in (*(each.name for each in FIELDS), *_LISTING)}
        with closing(Connection(options)) as connection:
            # To mark the options as secret in the documentation is for ansible-core 2.22 and newer; the sanity tests of
            # older ones refuse it, and it would leave out what comes from the credentials file.
            mask_in_output(connection.settings.secrets)
            if not self.get_option("cache"):
                return dict(zip(("hosts", "warnings"), list_hosts(options, connection)))
            self.load_cache_plugin()
            name = f"{self.get_cache_key(path)}_{cache_key(options, connection)}"
            found: dict[str, Any] | None = self._cache.get(name) if cache else None
            if found is None:
                found = dict(zip(("hosts", "warnings"), list_hosts(options, connection)))
                self._cache[name] = found
            return found

    def _populate(self, hosts: list[dict[str, Any]]) -> None:
        """Add the hosts and their groups, all or none.

        Which names groups have is known when they are made. Then hosts of the same names get others, and the groups are
        made anew.
        """
        preferred = [self._preferred_name(each) for each in hosts]
        taken = dict.fromkeys(map(str.lower, (*RESERVED, GROUP, *self.inventory.groups)), "")
        for name, host in self.inventory.hosts.items():
            if "pgflex_server_id" in host.vars:
                taken.setdefault(name.lower(), key(str(host.vars["pgflex_server_id"])))
        while True:
            named = name_hosts(hosts, preferred, taken)
            staged, problem = self._stage(named)
            groups = dict.fromkeys(map(str.lower, staged.groups), "")
            if not any(name.lower() in groups for name, _variables in named):
                break
            taken.update(groups)
        if problem:
            raise problem
        self._tell_renamed(preferred, named, taken)
        add_staged(staged, self.inventory)

    def _stage(self, named: list[tuple[str, dict[str, Any]]]) -> tuple[InventoryData, Exception | None]:
        """Return an inventory with these hosts and their groups, and what ended the making of it."""
        local = {
            "ansible_connection": as_text("local"),
            "ansible_python_interpreter": as_template("{{ ansible_playbook_python }}"),
        }
        inventory = self.inventory
        # Ansible's own methods add to it.
        self.inventory = staged = stage_hosts(inventory, GROUP, named, local)
        try:
            self._construct(named)
        except Exception as error:  # what Ansible raises for a group that contains itself is of no kind
            return staged, error
        finally:
            self.inventory = inventory
        return staged, None

    def _construct(self, named: list[tuple[str, dict[str, Any]]]) -> None:
        """Add what is composed: all variables first, then groups."""
        strict = self.get_option("strict")
        for name, variables in named:
            self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        extra = self._vars if self.get_option("use_extra_vars") else {}
        for name, variables in named:
            # Ansible's own knows extra variables in keyed_groups and compose, and not in groups (2.16 to 2.21).
            known = combine_vars(combine_vars(variables, self.inventory.hosts[name].get_vars()), extra)
            self._add_host_to_composed_groups(
                self.get_option("groups"), known, name, strict=strict, fetch_hostvars=False
            )
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)

    def _add_host_to_keyed_groups(self, *args: Any, **kwargs: Any) -> None:
        """Take numbers for keys: Ansible's own ends the source at one."""
        self._composes_a_key = True
        try:
            super()._add_host_to_keyed_groups(*args, **kwargs)
        finally:
            self._composes_a_key = False

    def _compose(self, *args: Any, **kwargs: Any) -> Any:
        value = super()._compose(*args, **kwargs)
        return _key(value) if self._composes_a_key else value

    def _preferred_name(self, variables: dict[str, Any]) -> str:
        server = variables["pgflex_server_id"]
        for expression in self.get_option("hostnames"):
            failing = f"hostnames: cannot evaluate {quoted(expression)} for {server}"
            try:
                name = variables[expression] if expression in variables else self._compose(expression, variables)
            except AnsibleUndefinedVariable as error:
                if self.get_option("strict"):
                    raise AnsibleParserError(f"{failing}: {error}") from error
                continue
            except Exception as error:
                raise AnsibleParserError(f"{failing}: {error}") from error
            if isinstance(name, (dict, list)):
                raise AnsibleParserError(f"{failing}: {quoted(name)} is not a text.")
            if name is not None and str(name).strip():
                return str(name)
        raise AnsibleParserError(f"hostnames: no expression gives a name for {server}.")

    def _tell_renamed(
        self, preferred: list[str], named: list[tuple[str, dict[str, Any]]], taken: Mapping[str, str]
    ) -> None:
        renamed = [
            f"{quoted(old)} is now {quoted(new)}"
            for old, (new, _variables) in zip(preferred, named)
            if new != old and (old.lower() in taken or not new.startswith(old))
        ]
        if renamed:
            more = [f"and {len(renamed) - _SHOWN} more"] if len(renamed) > _SHOWN else []
            self.display.warning(
                "Hosts are renamed whose names are those of groups, of hosts of other sources, or mean something else "
                f"to Ansible: {', '.join([*renamed[:_SHOWN], *more])}."
            )


def _key(value: Any) -> Any:
    """Return the key of a keyed group as Ansible takes it."""
    if isinstance(value, dict):
        return {name: "" if each is None else each for name, each in value.items()}
    if isinstance(value, list):
        return ["" if each is None else each for each in value]
    return "" if value is None else str(value)
