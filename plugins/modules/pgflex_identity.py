#!/usr/bin/python

# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pgflex_identity
short_description: Assign, remove and list managed identities of an Azure Database for PostgreSQL flexible server
version_added: 1.0.0
author: pgflex.azure contributors (@pgflex)
description:
  - Assigns user-assigned managed identities to one Azure Database for PostgreSQL flexible server, removes them, or
    lists them.
  - Nothing else of the server is touched. A server is never created, and a system-assigned identity stays as it is
    unless O(system_assigned) says otherwise.
  - Where nothing has to change, one request is sent and nothing is written, whatever the casing of any resource ID.
  - A change is one PATCH with the difference only; when its operation has succeeded, the server is read again and
    compared with the plan.
  - An identity that the server uses for data encryption is never removed.
extends_documentation_fragment:
  - pgflex.azure.azure
  - pgflex.azure.waiting
  - pgflex.azure.policy
  - pgflex.azure.attributes
  - pgflex.azure.attributes.actiongroup_azure
options:
  resource_group:
    description:
      - Resource group of the server. Required with O(server_name).
    type: str
  server_name:
    description:
      - Name of the flexible server.
      - Exactly one of O(server_name) and O(server_id) is required.
    type: str
    aliases: [name, server]
  server_id:
    description:
      - Resource ID of the flexible server.
    type: str
  state:
    description:
      - One of V(present), V(absent) and V(info).
      - V(present) assigns O(identities), V(absent) removes them, V(info) returns what is assigned and changes nothing.
      - With V(info) the options that ask for a change are not used.
    type: str
    default: present
  identities:
    description:
      - User-assigned managed identities, by resource ID or by bare name, as a list, or as a text with one on each line
        or with commas between.
      - A principal ID (object ID) or client ID is refused. An identity whose name has that form goes by its resource
        ID.
      - A bare name is looked up in O(identity_resource_group) and O(identity_subscription_id).
      - An identity given twice, in whatever casing, counts once.
    type: list
    elements: str
  identity_resource_group:
    description:
      - Resource group of the identities that are given by bare name. By default that of the server.
    type: str
  identity_subscription_id:
    description:
      - Subscription of the identities that are given by bare name. By default that of the server.
    type: str
  purge_identities:
    description:
      - With O(state=present), remove every user-assigned identity that is not in O(identities). With an empty list all
        are removed. It needs a declaration of what the server shall hold, so O(identities=[]) has to be written out.
      - If that would take an identity that is used for data encryption, the task fails and nothing is changed, unless
        O(keep_encryption_identities=true).
    type: bool
    default: false
  keep_encryption_identities:
    description:
      - With O(purge_identities=true), leave identities assigned that are used for data encryption.
    type: bool
    default: false
  protected:
    description:
      - User-assigned managed identities that are never removed, by resource ID or by name, in both of which V(*) stands for
        any text. A name protects the identities of that name in every resource group.
      - To remove one of them by O(state=absent) or by O(replaces) is refused. With O(purge_identities=true) it is kept, and
        RV(kept) has it.
      - One that fits no identity, on the server or to assign, is a warning.
    type: list
    elements: str
    default: []
  replaces:
    description:
      - With O(state=present), user-assigned managed identities to remove in the same write that assigns O(identities),
        by resource ID or by bare name.
    type: list
    elements: str
    default: []
  system_assigned:
    description:
      - Whether the server shall have its system-assigned identity. If it is not set, that identity stays as it is.
      - Disabling it is refused on a server with a customer-managed key or with Fabric mirroring.
    type: bool
  validate_identities:
    description:
      - Whether to read every identity that would be newly assigned, and fail if it does not exist, is isolated to
        another region, or may not be assigned to this kind of resource. It costs a request for each, and before a write
        one more for the server.
      - Check mode and the real run do the same, so that a dry run does not promise what would be refused.
      - Without the right to read an identity there is a warning.
    type: bool
    default: true
  client_ids:
    description:
      - Look up the client ID of every identity in the result, with a request for each.
      - The service reports the ID of the tenant in its place; where it does,
        RV(identity.user_assigned_identities[].client_id) is null without this option.
    type: bool
    default: false
  wait:
    description:
      - Wait until the operation has ended, and verify the server. With V(false) the task ends as soon as Azure has
        accepted the change, and returns RV(operation).
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds after which the task gives up, whatever it waits for, signing in included. What was started in Azure goes on.
      - No request begins after that, and one that has begun is given up within 30 seconds.
      - A change takes one to two minutes in Azure.
    type: float
    default: 1800
seealso:
  - name: Associate user-assigned managed identities to servers
    description: Microsoft's own guide to the same task with the Azure CLI.
    link: https://learn.microsoft.com/azure/postgresql/security/security-configure-managed-identities-user-assigned
"""

EXAMPLES = r"""
- name: Assign an identity
  pgflex.azure.pgflex_identity:
    resource_group: rg-prod
    server_name: pg-orders
    identities:
      - /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-backup

- name: Assign identities by name, from another resource group
  pgflex.azure.pgflex_identity:
    resource_group: rg-prod
    server_name: pg-orders
    identities: [id-backup, id-export]
    identity_resource_group: rg-ids

- name: Remove an identity
  pgflex.azure.pgflex_identity:
    resource_group: rg-prod
    server_name: pg-orders
    state: absent
    identities: [id-export]

- name: List what is assigned, with true client IDs
  pgflex.azure.pgflex_identity:
    resource_group: rg-prod
    server_name: pg-orders
    state: info
    client_ids: true
  register: held

- name: Leave exactly these, and what encryption needs
  pgflex.azure.pgflex_identity:
    resource_group: rg-prod
    server_name: pg-orders
    identities: [id-backup]
    purge_identities: true
    keep_encryption_identities: true

- name: Rotate an identity in one write
  pgflex.azure.pgflex_identity:
    resource_group: rg-prod
    server_name: pg-orders
    identities: [id-backup-2027]
    replaces: [id-backup]
"""

RETURN = r"""
identity:
  description:
    - The identities of the server, after the change. In check mode and with O(wait=false), as they will be.
  type: dict
  returned: success
  contains:
    type:
      description: V(None), V(SystemAssigned), V(UserAssigned) or V(SystemAssigned,UserAssigned).
      type: str
      returned: success
      sample: UserAssigned
    tenant_id:
      description: Tenant of the identities.
      type: str
      returned: success
      sample: 00000000-0000-0000-0000-0000000000aa
    principal_id:
      description: Object ID of the system-assigned identity, null if there is none or it does not exist yet.
      type: str
      returned: success
      sample: 00000000-0000-0000-0000-0000000000bb
    user_assigned_identities:
      description: The user-assigned identities, sorted by ID.
      type: list
      elements: dict
      returned: success
      contains:
        id:
          description: Resource ID, spelled as the server does.
          type: str
          returned: success
          sample: /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-backup
        name:
          description: Name.
          type: str
          returned: success
          sample: id-backup
        resource_group:
          description: Resource group.
          type: str
          returned: success
          sample: rg-ids
        subscription_id:
          description: Subscription.
          type: str
          returned: success
          sample: 00000000-0000-0000-0000-000000000000
        principal_id:
          description: Object ID. Null for an identity that is not assigned yet.
          type: str
          returned: success
          sample: 00000000-0000-0000-0000-0000000000cc
        client_id:
          description: Client ID, null where the server does not report it and O(client_ids) is not set.
          type: str
          returned: success
          sample: 00000000-0000-0000-0000-0000000000dd
        used_for:
          description: What the server needs it for, V(data_encryption) and V(geo_backup_data_encryption).
          type: list
          elements: str
          returned: success
          sample: [data_encryption]
assigned:
  description: Resource IDs of the identities that were assigned, or would be in check mode.
  type: list
  elements: str
  returned: success
  sample: []
removed:
  description: Resource IDs of the identities that were removed, or would be in check mode.
  type: list
  elements: str
  returned: success
  sample: []
kept:
  description: The identities that O(purge_identities=true) would have removed, and had to leave.
  type: list
  elements: dict
  returned: if there is one
  contains:
    id:
      description: Resource ID.
      type: str
      returned: success
      sample: /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-ids/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-backup
    reason:
      description: V(protected) or V(encryption).
      type: str
      returned: success
      sample: protected
notes:
  description: The same in words.
  type: list
  elements: str
  returned: if there is one
  sample: ["keeps id-backup (protected)"]
server:
  description: The server.
  type: dict
  returned: success
  contains:
    id:
      description: Resource ID.
      type: str
      returned: success
      sample: /subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-prod/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-orders
    name:
      description: Name.
      type: str
      returned: success
      sample: pg-orders
    resource_group:
      description: Resource group.
      type: str
      returned: success
      sample: rg-prod
    subscription_id:
      description: Subscription.
      type: str
      returned: success
      sample: 00000000-0000-0000-0000-000000000000
    location:
      description: Region, by its display name.
      type: str
      returned: success
      sample: Canada Central
    state:
      description: State of the server when it was read.
      type: str
      returned: success
      sample: Ready
    version:
      description: Major version of PostgreSQL.
      type: str
      returned: success
      sample: "17"
    tags:
      description: Tags of the server.
      type: dict
      returned: success
      sample: {environment: prod}
    replication_role:
      description: V(Primary), also of a server without replicas, V(AsyncReplica), V(GeoAsyncReplica) or V(None).
      type: str
      returned: success
      sample: Primary
    source_server_id:
      description: Resource ID of the server that a replica replicates, else null.
      type: str
      returned: success
      sample: null
    encryption:
      description: Who reads the keys of the data encryption.
      type: dict
      returned: success
      contains:
        type:
          description: V(SystemManaged) or V(AzureKeyVault).
          type: str
          returned: success
          sample: AzureKeyVault
        primary_user_assigned_identity_id:
          description: Identity used for data encryption.
          type: str
          returned: success
          sample: null
        geo_backup_user_assigned_identity_id:
          description: Identity used for geo backup data encryption.
          type: str
          returned: success
          sample: null
        primary_federated_identity_client_id:
          description: Client ID of the multitenant application that reads a key of another tenant, else null. Null too
            where Azure tells it to newer API versions only than this collection uses.
          type: str
          returned: success
          sample: null
        geo_backup_federated_identity_client_id:
          description: The same for geo backup data encryption.
          type: str
          returned: success
          sample: null
diff:
  description: Type and resource IDs before and after, the same in check mode and for real.
  type: dict
  returned: O(state=present) and O(state=absent)
  sample:
    before: {type: None, user_assigned_identities: []}
    after: {type: UserAssigned, user_assigned_identities: [/subscriptions/...]}
requests:
  description: How many requests were sent to Azure Resource Manager.
  type: int
  returned: success
  sample: 1
busy:
  description:
    - Whether an operation was at work on the server that was only looked at, so that what it will hold is not known yet.
  type: bool
  returned: when true, in check mode and with O(state=info)
  sample: true
operation:
  description: The operation that carries out the change.
  type: dict
  returned: changed, with O(wait=false)
  contains:
    id:
      description: ID of the operation.
      type: str
      returned: success
      sample: 6a390929-8d3c-4d3c-a3a5-6a1f3a3ce0bd
    start_time:
      description: When it was started, UTC.
      type: str
      returned: success
      sample: "2026-04-16T22:57:24.27Z"
    status:
      description: Its status.
      type: str
      returned: success
      sample: InProgress
error:
  description: What Azure, or this module, said.
  type: dict
  returned: failure
  contains:
    code:
      description: Error code of Azure, or the kind of error.
      type: str
      returned: failure
      sample: AuthorizationFailed
    help:
      description: Where the documentation explains the code; its page on errors if it does not have this one.
      type: str
      returned: failure
      sample: https://pgflex.github.io/azure/docsite/troubleshooting.html#authorizationfailed
    message:
      description: Message, without what the module adds to it in RV(ignore:msg).
      type: str
      returned: failure
      sample: The client does not have authorization to perform action.
    status:
      description: HTTP status, null if there was no answer.
      type: int
      returned: failure
      sample: 403
    write:
      description:
        - What became of the write. V(none) is that nothing was sent, or nothing of it was done; V(unknown) that the answer
          was lost; V(accepted) that Azure has accepted it; V(done) that its operation succeeded, and could not be confirmed.
      type: str
      returned: failure
      sample: none
    operation:
      description: The operation that carries the write out, with C(id) and C(start_time), or null.
      type: dict
      returned: failure
      sample: null
    target:
      description: Option, resource or operation that it is about.
      type: str
      returned: failure
      sample: identities
    request_id:
      description: Azure's ID of the request, for its support.
      type: str
      returned: failure
      sample: 3d3a1f0e-57a1-4f35-9e1c-bb2d0a7a3d6d
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._module.argspec import (
    check_state,
    desired_state_from_module,
    policy_tokens_from_options,
    retry_policy_from_options,
    server_ref,
)
from ..module_utils._module.options import module_spec
from ..module_utils._module.runner import run
from ..module_utils._server.single_server import SingleServer

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from ..module_utils._azure.connection import Connection


def work(module: AnsibleModule, connection: Connection) -> dict[str, Any]:
    """Check all options before the API is opened, so before any request, then do what they ask for."""
    options = module.params
    ref = server_ref(options, "" if options["server_id"] is not None else connection.subscription_id)
    retry_policy = retry_policy_from_options(options)
    goal = desired_state_from_module(options, ref) if check_state(options) != "info" else None

    policy_tokens = policy_tokens_from_options(options)

    api, client_ids = connection.open(), options["client_ids"]
    server = SingleServer(api, ref, retry_policy, client_ids=client_ids, policy_tokens=policy_tokens)
    if goal is None:
        result = server.show()
    else:
        result = server.change(
            goal, check_mode=module.check_mode, validate=options["validate_identities"], wait=options["wait"]
        )
    for warning in server.warnings:
        module.warn(warning)
    return result


def main() -> None:
    run(
        module_spec(),
        work,
        required_one_of=[("server_name", "server_id")],
        mutually_exclusive=[("server_name", "server_id"), ("resource_group", "server_id")],
        required_by={"server_name": ("resource_group",), "resource_group": ("server_name",)},
    )


if __name__ == "__main__":
    main()
