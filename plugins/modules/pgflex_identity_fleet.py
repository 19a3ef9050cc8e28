#!/usr/bin/python

# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pgflex_identity_fleet
short_description: Assign and remove managed identities on many Azure Database for PostgreSQL flexible servers at once
version_added: 1.0.0
author: pgflex.azure contributors (@pgflex)
description:
  - Does for many servers what M(pgflex.azure.pgflex_identity) does for one, in one process. Servers are read from lists, all
    changes are planned before the first one is sent, and those that are sent are waited for together.
  - It keeps within the limits of Azure Resource Manager for each subscription, 250 reads and 25 a second, 200 writes and 10 a
    second, and obeys what Azure answers about them.
  - A row that fails does not fail the task; RV(servers[].failed) says how each row ended, and RV(totals) counts them.
extends_documentation_fragment:
  - pgflex.azure.azure
  - pgflex.azure.attributes
  - pgflex.azure.attributes.actiongroup_azure
options:
  servers:
    description:
      - The servers, and what each shall hold. A row that asks for nothing is only read.
      - Without it there is a row for each host of the play, made of its variables C(pgflex_server_id), or
        C(pgflex_subscription_id), C(pgflex_resource_group) and C(pgflex_server_name), and C(pgflex_identity_present),
        C(pgflex_identity_absent), C(pgflex_identity_purge), C(pgflex_identity_keep_encryption),
        C(pgflex_identity_system_assigned), C(pgflex_identity_resource_group) and C(pgflex_identity_subscription_id). Variables
        whose names begin with C(pgflex_identity_present__) or C(pgflex_identity_absent__) add to the respective list.
    type: list
    elements: dict
    suboptions:
      name:
        description: What the row is called in the result. By default the name or ID of the server.
        type: str
      server_id:
        description: Resource ID of the server.
        type: str
      subscription_id:
        description: Subscription of the server. By default that of the task.
        type: str
      resource_group:
        description: Resource group of the server.
        type: str
      server_name:
        description: Name of the server.
        type: str
      present:
        description: User assigned managed identities to assign, by resource ID or by bare name.
        type: list
        elements: str
        default: []
      absent:
        description: User assigned managed identities to remove, by resource ID or by bare name.
        type: list
        elements: str
        default: []
      purge:
        description: Remove every user assigned identity that is not in O(servers[].present).
        type: bool
        default: false
      keep_encryption_identities:
        description: With O(servers[].purge=true), leave identities assigned that are used for data encryption.
        type: bool
        default: false
      system_assigned:
        description: Whether the server shall have its system assigned identity. If it is not set, that stays as it is.
        type: bool
      identity_resource_group:
        description: Resource group of identities given by bare name. By default that of the server.
        type: str
      identity_subscription_id:
        description: Subscription of identities given by bare name. By default that of the server.
        type: str
  validate_identities:
    description:
      - Before the first write, and in check mode, read every identity that would be newly assigned, once, as
        O(pgflex.azure.pgflex_identity#module:validate_identities).
    type: bool
    default: false
  max_fail_percentage:
    description:
      - Do not begin further changes once more than this share of all rows has failed. What was begun is waited for.
    type: float
    default: 100
  quota_percentage:
    description:
      - Share of the limits of Azure Resource Manager to use, where other clients log in with the same credential.
    type: float
    default: 100
  wait_timeout:
    description:
      - Seconds after which the task gives up. What was started in Azure goes on. What has ended by then is still verified,
        for about a minute.
    type: int
    default: 1800
  poll_interval:
    description:
      - Seconds between two looks at a running operation, unless Azure asks for another time. Also the longest pause between
        two tries of a request that failed in passing.
    type: float
    default: 10
  busy_timeout:
    description:
      - Seconds for which a server is tried again that is busy with another operation.
    type: int
    default: 600
seealso:
  - module: pgflex.azure.pgflex_identity
  - module: pgflex.azure.pgflex_identity_info
"""

EXAMPLES = r"""
- name: Give the backup job access to two servers
  pgflex.azure.pgflex_identity_fleet:
    servers:
      - {resource_group: rg-prod, server_name: pg-orders, present: [id-backup]}
      - {resource_group: rg-prod, server_name: pg-customers, present: [id-backup], absent: [id-old]}

- name: Make all hosts of the play as their variables say
  pgflex.azure.pgflex_identity_fleet:
    max_fail_percentage: 5
  run_once: true
  register: fleet

- name: Show what failed
  ansible.builtin.debug:
    msg: "{{ fleet.servers | selectattr('failed') | map(attribute='msg') }}"
  run_once: true
"""

RETURN = r"""
servers:
  description:
    - How each row ended, in the order of the rows, with C(assigned), C(removed), C(identity) and C(server) as
      M(pgflex.azure.pgflex_identity) returns them, and C(diff) where something changes. A failed row has C(server),
      if it was read, and empty lists of what was assigned and removed.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the row.
      type: str
      returned: success
      sample: pg-orders
    changed:
      description: Whether the server was changed, or would be in check mode.
      type: bool
      returned: success
      sample: true
    failed:
      description: Whether the row failed, or was not begun because of O(max_fail_percentage).
      type: bool
      returned: success
      sample: false
    msg:
      description: Why it failed.
      type: str
      returned: for a row that failed
      sample: Not begun, too many servers had failed before.
    error:
      description: As RV(pgflex.azure.pgflex_identity#module:error).
      type: dict
      returned: for a row that failed
      sample: {code: ResourceNotFound, status: 404}
    before:
      description: The identities of the server before, of the same shape as C(identity).
      type: dict
      returned: for a server that was read, if the row changes it or failed
      sample: {type: None, tenant_id: null, principal_id: null, user_assigned_identities: []}
totals:
  description: How many rows there are, and how many ended how.
  type: dict
  returned: success
  sample: {servers: 2, ok: 1, changed: 1, failed: 0, not_started: 0}
requests:
  description: How many requests were sent to Azure Resource Manager.
  type: int
  returned: success
  sample: 5
"""

from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..module_utils._fleet import Fleet, row_facts, totals
from ..module_utils._limits import Limits
from ..module_utils._module import run
from ..module_utils._options import WAITING, percentage, waiter
from ..module_utils._waiting import Waiter
from ..module_utils._wishes import read_rows

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from ..module_utils._connection import Connection

ROW: dict[str, Any] = {
    "name": {"type": "str"},
    "server_id": {"type": "str"},
    "subscription_id": {"type": "str"},
    "resource_group": {"type": "str"},
    "server_name": {"type": "str"},
    "present": {"type": "list", "elements": "str", "default": []},
    "absent": {"type": "list", "elements": "str", "default": []},
    "purge": {"type": "bool", "default": False},
    "keep_encryption_identities": {"type": "bool", "default": False},
    "system_assigned": {"type": "bool"},
    "identity_resource_group": {"type": "str"},
    "identity_subscription_id": {"type": "str"},
}
SPEC: dict[str, Any] = {
    # The action plugin of the same name fills it in where a task leaves it out.
    "servers": {"type": "list", "elements": "dict", "options": ROW},
    "validate_identities": {"type": "bool", "default": False},
    "max_fail_percentage": {"type": "float", "default": 100},
    "quota_percentage": {"type": "float", "default": 100},
    **WAITING,
}


def work(module: AnsibleModule, connection: Connection) -> dict[str, Any]:
    """All rows, planned together and carried out together."""
    options = module.params
    waiter(options)
    share = percentage("quota_percentage", options) / 100
    budget = percentage("max_fail_percentage", options)
    rows = read_rows(options["servers"] or [], connection)
    patience = partial(
        Waiter, options["wait_timeout"], options["poll_interval"], options["busy_timeout"], started=monotonic()
    )
    fleet = Fleet(connection.open(), Limits(share), patience, options["validate_identities"], budget)
    fleet.run(rows, check_mode=module.check_mode)
    for warning in fleet.warnings:
        module.warn(warning)
    return {
        "changed": any(row.changed for row in rows),
        "servers": [row_facts(row) for row in rows],
        "totals": totals(rows),
        "requests": fleet.api.requests,
    }


def main() -> None:
    """Entry point."""
    run(SPEC, work)


if __name__ == "__main__":
    main()
