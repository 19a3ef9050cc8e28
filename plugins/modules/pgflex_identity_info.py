#!/usr/bin/python

# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pgflex_identity_info
short_description: List the managed identities of Azure Database for PostgreSQL flexible servers
version_added: 1.0.0
author: pgflex.azure contributors (@pgflex)
description:
  - Returns which flexible servers hold which managed identities, for one server, a resource group, subscriptions, or all that
    the credential can see.
  - Servers are read from lists, so the cost is one request for each page, not for each server.
extends_documentation_fragment:
  - pgflex.azure.azure
  - pgflex.azure.filters
  - pgflex.azure.attributes
  - pgflex.azure.attributes.info
  - pgflex.azure.attributes.actiongroup_azure
options:
  resource_group:
    description:
      - Resource group of the server, or to list. With several subscriptions, it has to be in one of them.
    type: str
  server_name:
    description:
      - Name of one flexible server, in O(resource_group).
    type: str
    aliases: [name, server]
  server_id:
    description:
      - Resource ID of one flexible server.
    type: str
  filters:
    description:
      - Return only servers that meet all of these.
    type: dict
    default: {}
    suboptions:
      identity:
        description:
          - Servers that hold this user-assigned identity, by resource ID, or by bare name in whatever resource group.
        type: str
      locations:
        description:
          - Servers in one of these regions, by display name or short name.
        type: list
        elements: str
      states:
        description:
          - Servers in one of these states.
        type: list
        elements: str
      tags:
        description:
          - Servers with all of these tags. A value of null takes any value; V(true) and V(1.10) have to be written in quotes.
        type: dict
  client_ids:
    description:
      - Look up the client IDs, and return RV(identities). It costs a request for each identity, however many servers hold it.
    type: bool
    default: false
seealso:
  - module: pgflex.azure.pgflex_identity
  - plugin: pgflex.azure.pgflex_servers
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: List every server of the subscription
  pgflex.azure.pgflex_identity_info:
  register: estate

- name: Find the servers that hold an identity, in all subscriptions
  pgflex.azure.pgflex_identity_info:
    all_subscriptions: true
    filters:
      identity: id-backup
  register: holders

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ holders.servers | map(attribute='server.name') }}"

- name: List the production servers of a resource group, with client IDs
  pgflex.azure.pgflex_identity_info:
    resource_group: rg-prod
    filters:
      tags: {environment: prod}
      states: [Ready]
    client_ids: true
"""

RETURN = r"""
servers:
  description: The servers, sorted by resource ID.
  type: list
  elements: dict
  returned: success
  contains:
    server:
      description:
        - The server, with C(id), C(name), C(resource_group), C(subscription_id), C(location), C(state), C(version), C(tags),
          C(replication_role), C(source_server_id) and C(encryption). The same as RV(pgflex.azure.pgflex_identity#module:server).
      type: dict
      returned: success
      sample: {name: pg-orders, resource_group: rg-prod, state: Ready}
    identity:
      description:
        - Its identities, with C(type), C(tenant_id), C(principal_id) and C(user_assigned_identities). The same as
          RV(pgflex.azure.pgflex_identity#module:identity).
      type: dict
      returned: success
      sample: {type: None, tenant_id: null, principal_id: null, user_assigned_identities: []}
identities:
  description: The user-assigned identities that the servers hold and that may be read, sorted by resource ID.
  type: list
  elements: dict
  returned: O(client_ids=true)
  contains:
    id:
      description: Resource ID.
      type: str
      returned: success
      sample: /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-backup
    location:
      description: Region.
      type: str
      returned: success
      sample: canadacentral
    principal_id:
      description: Object ID.
      type: str
      returned: success
      sample: 00000000-0000-0000-0000-0000000000cc
    client_id:
      description: Client ID.
      type: str
      returned: success
      sample: 00000000-0000-0000-0000-0000000000dd
    isolation_scope:
      description: V(Regional) for an identity that may be used in its region only.
      type: str
      returned: success
      sample: null
    allowed_providers:
      description: Resource providers and types that it may be assigned to, null for all.
      type: list
      elements: str
      returned: success
      sample: null
subscriptions:
  description: IDs of the subscriptions that were asked.
  type: list
  elements: str
  returned: when servers were listed
  sample: [00000000-0000-0000-0000-000000000000]
requests:
  description: How many requests were sent to Azure Resource Manager.
  type: int
  returned: success
  sample: 10
error:
  description: What Azure, or this module, said. The same as RV(pgflex.azure.pgflex_identity#module:error).
  type: dict
  returned: failure
  sample:
    code: AuthorizationFailed
    help: https://pgflex.github.io/azure/docsite/troubleshooting.html#authorizationfailed
    status: 403
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._listing.servers import list_servers
from ..module_utils._module.argspec import LISTING
from ..module_utils._module.options import PLACE, module_spec
from ..module_utils._module.runner import run

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from ..module_utils._azure.connection import Connection

SPEC: dict[str, Any] = {
    **module_spec(PLACE),
    **LISTING,
    "filters": {
        "type": "dict",
        "default": {},
        "options": {
            "identity": {"type": "str"},
            "locations": {"type": "list", "elements": "str"},
            "states": {"type": "list", "elements": "str"},
            "tags": {"type": "dict"},
        },
    },
    "client_ids": {"type": "bool", "default": False},
}


def work(module: AnsibleModule, connection: Connection) -> dict[str, Any]:
    """Read and tell; warnings name what was left out."""
    result, warnings = list_servers(module.params, connection)
    for warning in warnings:
        module.warn(warning)
    return result


def main() -> None:
    run(
        SPEC,
        work,
        mutually_exclusive=[
            ("server_id", "server_name"),
            ("server_id", "resource_group"),
            ("server_id", "subscriptions"),
            ("server_name", "subscriptions"),
        ],
        required_by={"server_name": ("resource_group",)},
    )


if __name__ == "__main__":
    main()
