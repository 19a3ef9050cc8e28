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
  - Does for many servers what M(pgflex.azure.pgflex_identity) does for one, in one process. All changes are planned before the
    first one is sent, and those that are sent are waited for together.
  - Where more than 25 servers of a subscription are asked for they are read from its list, a request for each page; otherwise one
    by one.
  - It keeps within the limits of Azure Resource Manager for each subscription. As long as Azure's answers do not say how much is
    left, these are 250 reads and 25 a second, 200 writes and 10 a second.
  - A row that fails does not fail the task; RV(servers[].failed) says how each row ended, and RV(totals) counts them.
extends_documentation_fragment:
  - pgflex.azure.azure
  - pgflex.azure.waiting
  - pgflex.azure.policy
  - pgflex.azure.attributes
  - pgflex.azure.attributes.actiongroup_azure
options:
  servers:
    description:
      - The servers, and what each shall hold. A row that declares nothing, that is neither O(servers[].present),
        O(servers[].absent) nor O(servers[].system_assigned), is only read, and is undeclared in the result.
      - Without it there is a row for each host of the play, made of its variables C(pgflex_server_id), or
        C(pgflex_subscription_id), C(pgflex_resource_group) and C(pgflex_server_name), and C(pgflex_identity_present),
        C(pgflex_identity_absent), C(pgflex_identity_purge), C(pgflex_identity_keep_encryption_identities),
        C(pgflex_identity_protected), C(pgflex_identity_system_assigned), C(pgflex_identity_follow_primary),
        C(pgflex_identity_lookup_resource_group) and C(pgflex_identity_lookup_subscription_id). Variables whose names begin
        with C(pgflex_identity_present__), C(pgflex_identity_absent__) or C(pgflex_identity_protected__) add to the
        respective list. A host that is no server is left out, and is in RV(left_out).
    type: list
    elements: dict
    suboptions: &row
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
        description:
          - User-assigned managed identities to assign, by resource ID or by bare name.
          - An empty list is a declaration too. With O(servers[].purge=true) the server shall hold none.
        type: list
        elements: str
      absent:
        description: User-assigned managed identities to remove, by resource ID or by bare name.
        type: list
        elements: str
        default: []
      purge:
        description:
          - Remove every user-assigned identity that is not in O(servers[].present).
          - It takes nothing from a row that declares nothing.
        type: bool
        default: false
      keep_encryption_identities:
        description: With O(servers[].purge=true), leave identities assigned that are used for data encryption.
        type: bool
        default: false
      protected:
        description:
          - User-assigned managed identities that are never removed from this server, by resource ID or by name, in both of
            which V(*) stands for any text. A name protects the identities of that name in every resource group.
          - To remove one of them by O(servers[].absent) is refused; a purge and a rollback keep it, and say so.
        type: list
        elements: str
        default: []
      system_assigned:
        description: Whether the server shall have its system-assigned identity. If it is not set, that stays as it is.
        type: bool
      identity_resource_group:
        description: Resource group of identities given by bare name. By default that of the server.
        type: str
      identity_subscription_id:
        description: Subscription of identities given by bare name. By default that of the server.
        type: str
      follow_primary:
        description:
          - Whether a replica gets what is declared for its primary too, and so on if that is a replica itself. Its primary
            has to be in O(servers) or in O(primaries).
          - What the row itself says goes before. O(servers[].purge) and what is protected are the replica's own, and
            identities that the primary or the replica uses for data encryption are left alone.
        type: bool
        default: false
      only_if_assigned:
        description: Change the server only if it holds one of these user-assigned managed identities.
        type: list
        elements: str
        default: []
      expected_identities:
        description:
          - Refuse to change the server unless it holds exactly these user-assigned managed identities, or is compliant.
        type: list
        elements: str
      possible_identities:
        description:
          - With O(servers[].expected_identities), those that the server may hold as well, where it is not known whether an
            earlier change was carried out.
        type: list
        elements: str
        default: []
      expected_system_assigned:
        description: With O(servers[].expected_identities), whether the server must have its system-assigned identity.
        type: bool
  primaries:
    description:
      - Rows of servers that are not changed, but that those of O(servers) may replicate that have
        O(servers[].follow_primary=true). Those are read which one of them replicates.
      - Where O(servers) is left out, these are the other hosts of the inventory, if a host follows its primary.
    type: list
    elements: dict
    suboptions: *row
  action:
    description:
      - What the rows ask for that are made of the variables of hosts.
      - V(assign) is all that the variables say, V(remove) only the removals.
      - V(rotate) assigns C(pgflex_identity_rotate_to) and removes C(pgflex_identity_rotate_from), in one write, wherever
        the latter is assigned.
      - V(rollback) makes the servers of the record O(rollback) hold what they held before.
      - V(list) asks for nothing, whatever the variables say; the result shows what the servers hold.
    type: str
    choices: [assign, remove, rotate, rollback, list]
    default: assign
  rollback:
    description:
      - With O(action=rollback), the records of earlier runs, as O(rollback_file) or as RV(rollback). A path may be a pattern,
        such as V(~/records/*-assign.jsonl).
      - What has changed since is refused, unless O(rollback_force=true).
    type: list
    elements: str
  rollback_force:
    description: With O(action=rollback), restore servers too that somebody else has changed since.
    type: bool
    default: false
  validate_identities:
    description:
      - Whether to read every identity that would be newly assigned, once in the run, before the first write. See
        O(pgflex.azure.pgflex_identity#module:validate_identities).
    type: bool
    default: true
  read:
    description:
      - How to read servers. With V(auto), many servers of a subscription are read from its list, which says where to
        look, and may lag behind a server itself. RV(servers[].read_by) says where a conclusion comes from.
      - With V(each), and with O(action=rollback), every server is read by itself.
      - Before it is written to, each server is read by itself in any case.
    type: str
    choices: [auto, each]
    default: auto
  waves:
    description:
      - How many servers to change at once, as C(serial) of a play, numbers and percentages of the servers that change.
        The last one is repeated until all are done.
      - A wave begins when the changes of the one before have been verified.
    type: list
    elements: str
    default: ["100%"]
  max_fail_percentage:
    description:
      - Do not start further changes once more than this share of a wave has failed. What was started is waited for.
      - Rows that fail before anything is written do not count.
    type: float
    default: 100
  approved_plan:
    description:
      - A plan that was approved, as the file of C(pgflex_identity_plan_file) of the role, as RV(planned), or V(workflow) for
        the one that an earlier job of a workflow in AWX has handed on as C(pgflex_identity_planned). It is a plan of the
        same O(action).
      - Each server is held to it, when all are planned and right before its write. What it needs then has to be what is left
        to do of the approved change, or nothing. Otherwise its row fails with C(NotApproved), and nothing is written to it.
        Identities that it holds and that are not to change are no difference.
      - O(max_removals) counts the servers of the plan then, whatever part of it the rows are.
      - O(action=rollback) has a record, and does not use it.
    type: str
    version_added: 1.0.0
  approved_plan_strict:
    description:
      - Whether nothing may start once there is a difference to O(approved_plan). All servers that it has are read by
        themselves first. A difference that is found later stops what has not started.
    type: bool
    default: false
    version_added: 1.0.0
  approved_plan_max_age:
    description: Hours for which O(approved_plan) counts. They are looked at when the run begins.
    type: float
    default: 72
    version_added: 1.0.0
  max_removals:
    description:
      - How many servers may lose an identity, by a removal, a purge, a rotation, a rollback or O(servers[].system_assigned),
        as a number or as a percentage of the rows, rounded down. A plan over it is refused as a whole, before the first
        write and in check mode, with the counts and the largest reasons.
      - Each server is planned anew right before its write. One that would lose an identity then, and did not when all were
        planned, is counted too, and fails if it is one too many.
      - Without it there is no limit, but for a purge. If that takes the last user-assigned identity of more than one
        server, this option has to be set.
    type: str
  quota_percentage:
    description:
      - Share of the limits of Azure Resource Manager to use, where other clients log in with the same credential. It is a share
        of what Azure's answers say there is, or of the published limits where they do not.
    type: float
    default: 100
  wait_timeout:
    description:
      - Seconds after which the task gives up, whatever it waits for, signing in included. What was started in Azure goes
        on. No request is sent later; an answer on the way is waited for, for up to half a minute.
      - The last tenth of it, at most half a minute, is for verification. Changes are not waited for that long.
    type: float
    default: 1800
  rollback_file:
    description:
      - New file for a record of what each server holds right before its change and is to hold after, and of what became of
        the change. What is not on the disk is not changed. Nobody but its owner can read the file. There is none in check
        mode.
      - A file of an earlier run is renamed, and RV(backup_file) is its new name; that of a run that has not ended is refused.
    type: path
  result_dir:
    description:
      - Existing folder to keep the result of each row in, for M(pgflex.azure.pgflex_identity_outcome) and for
        P(pgflex.azure.identity_report#filter). RV(servers) then has only C(name), C(changed), C(failed), C(busy),
        C(undeclared), C(not_started), C(not_approved), C(msg) and C(notes).
      - With V(auto), and rows made of hosts, it is a folder that Ansible removes at its end.
    type: str
seealso:
  - module: pgflex.azure.pgflex_identity
  - module: pgflex.azure.pgflex_identity_info
  - module: pgflex.azure.pgflex_identity_outcome
  - module: pgflex.azure.pgflex_identity_planned
"""

EXAMPLES = r"""
- name: Give the backup job access to two servers
  pgflex.azure.pgflex_identity_fleet:
    servers:
      - {resource_group: rg-prod, server_name: pg-orders, present: [id-backup]}
      - {resource_group: rg-prod, server_name: pg-customers, present: [id-backup], absent: [id-old]}

- name: Make all hosts of the play as their variables say, one first, then a tenth of them, then the others
  pgflex.azure.pgflex_identity_fleet:
    waves: [1, 10%, 100%]
    max_fail_percentage: 5
    rollback_file: ~/before.jsonl
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
    - With O(result_dir), where these would have more than 200,000 characters, it is the path of a JSON file with them.
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
      description: Whether the server was changed or is being changed, failed or not; or would be in check mode.
      type: bool
      returned: success
      sample: true
    failed:
      description: Whether the row failed, or was not started.
      type: bool
      returned: success
      sample: false
    read_by:
      description: Whether the conclusion comes from a V(list) or from the server's own V(get).
      type: str
      returned: for a server that was read
      sample: list
    busy:
      description:
        - Whether an operation was at work on a server that was only looked at, so that what it will hold is not known yet.
      type: bool
      returned: when true, in check mode
      sample: true
    undeclared:
      description: Whether the row declares nothing, so that the server is neither compliant nor drifted, and is left alone.
      type: bool
      returned: when true
      sample: true
    not_started:
      description:
        - Tells a row that was not started, because of O(max_fail_percentage), O(wait_timeout), or since nothing can be
          written to O(rollback_file) any more, from one that failed itself.
      type: bool
      returned: for a row that was not started
      sample: true
    not_approved:
      description:
        - Whether it failed because its change is not that of O(approved_plan), or was not started because another one's is
          not and O(approved_plan_strict) is set.
      type: bool
      returned: when true
      sample: true
    msg:
      description: Why it failed, or was not started.
      type: str
      returned: for a row that failed or was not started
      sample: "Not started: too many servers had failed before."
    error:
      description: As RV(pgflex.azure.pgflex_identity#module:error).
      type: dict
      returned: for a row that failed
      sample:
        code: ResourceNotFound
        help: https://pgflex.github.io/azure/docsite/troubleshooting.html#resourcenotfound
        status: 404
    replica_lacks:
      description:
        - IDs of identities that the primary of a replica holds, or a server further up, and the replica does not. After a
          promotion the application would miss them. Identities that encrypt the primary's data are left out.
        - In check mode it is what the replica lacks now, else what it lacks when all changes are done.
      type: list
      elements: str
      returned: for a replica that lacks one
      sample: []
    kept:
      description: As RV(pgflex.azure.pgflex_identity#module:kept).
      type: list
      elements: dict
      returned: if there is one
      sample: []
    notes:
      description: What is to be known of the server whatever its status is, in words.
      type: list
      elements: str
      returned: if there is one
      sample: ["keeps id-breakglass (protected)"]
    before:
      description: The identities of the server before, of the same shape as C(identity).
      type: dict
      returned: for a server that was read, if the row changes it or failed
      sample: {type: None, tenant_id: null, principal_id: null, user_assigned_identities: []}
totals:
  description:
    - How many C(servers) there are, and how many of them are C(compliant), C(changed), C(undeclared), C(failed) or
      C(not_started).
    - In check mode C(changed) counts those that have drifted, which would be changed.
    - C(written) counts those that were or may have been written to, failed ones among them.
    - C(added) and C(removed) count identities on the servers that were changed, or would be in check mode.
  type: dict
  returned: success
  sample: {servers: 2, compliant: 1, changed: 1, undeclared: 0, failed: 0, not_started: 0, written: 1, added: 1, removed: 0}
busy:
  description: Names of the rows whose RV(servers[].busy) is true.
  type: list
  elements: str
  returned: if there is one
  sample: [pg-orders]
left_out:
  description: Hosts of the play that are no servers, as they have neither C(pgflex_server_id) nor a resource group.
  type: list
  elements: str
  returned: success, if the rows were made of hosts
  sample: [web-1, web-2]
hosts:
  description: The hosts of the rows, where the task has failed before there was a result for each.
  type: list
  elements: str
  returned: failure, if the rows were made of some of the hosts of the batch
  sample: [pg-orders]
stopped_by:
  description:
    - Why nothing of this plan may be written, by the variable of the role that says so, C(pgflex_identity_strict) or
      C(pgflex_identity_fail_on_undeclared).
  type: dict
  returned: in the role, if there is one
  sample: {pgflex_identity_strict: "not to be planned: pg-orders"}
waves:
  description:
    - The waves, each with how many C(servers) it had, how many of them C(changed), C(failed) or were C(not_started), how
      many identities were C(added) and C(removed), and when it C(started) and C(ended), in UTC. In check mode, and for a
      wave that was not started, no times.
  type: list
  elements: dict
  returned: success
  sample: [{servers: 1, changed: 1, failed: 0, not_started: 0, added: 1, removed: 0,
            started: "2026-11-23T20:00:00+00:00", ended: "2026-11-23T20:02:05+00:00"}]
unmatched_patterns:
  description:
    - What O(servers[].protected) says and no identity on a server of this run, nor one to assign, is called. It is
      probably misspelt. Where the task stands for all hosts of the play, there is a warning too.
  type: list
  elements: str
  returned: if there is one
  sample: [id-breakglas*]
unread:
  description: Names of the rows whose servers were not read, so that RV(unmatched_patterns) could not be looked for there.
  type: list
  elements: str
  returned: with RV(unmatched_patterns), if there is one
  sample: [pg-orders]
rollback:
  description:
    - The record of what was changed, for O(rollback), in one line of text. Empty if nothing was, and in check mode.
  type: str
  returned: success
  sample: pgflex1:eNq1kMEKwjAQRH8l5FyhaRVbf8WDbJNVF9okZLeglP67SRHBk3jw...
planned:
  description:
    - The plan for O(approved_plan), in one line of text. With RV(result_dir) it is there instead, for
      M(pgflex.azure.pgflex_identity_planned).
  type: str
  returned: in check mode without O(approved_plan), but not for O(action=rollback) and O(action=list)
  sample: pgflexplan1:eNq1kMEKwjAQRH8l5FyhaRVbf8WDbJNVF9okZLeglP67SRHBk3jw...
approved_plan:
  description:
    - What became of O(approved_plan), with when it was C(made), its C(change_reference), the number of its C(servers), how
      many of these are to be changed as it says (C(fitting)) or hold that already (C(done)), how many servers of the run need
      what is C(not_approved), how many of the plan are C(outside) of the run, and the first few of those, C(outside_hosts).
  type: dict
  returned: with O(approved_plan)
  sample: {made: "2026-11-23T20:00:00+00:00", change_reference: CHG0012345, servers: 12, fitting: 9, done: 1, not_approved: 1,
           outside: 1, outside_hosts: [pg-orders]}
change_reference:
  description: The change reference with which tokens are asked for, by O(change_reference) or the environment.
  type: str
  returned: if there is one
  sample: CHG0012345
rollback_file:
  description: The file of the record.
  type: str
  returned: in the role, if there is one
  sample: /home/me/.ansible/pgflex_identity/20261123T200000Z-x1y2-assign.jsonl
settings:
  description:
    - What tasks after this one go by, as the first host says that is a server, C(action), C(reports) and C(rollback_dir)
      among it.
  type: dict
  returned: in the role, and in the playbook audit
  sample: {action: assign, reports: [], rollback_dir: ~/records}
backup_file:
  description: Where the file of an earlier run went that was at O(rollback_file).
  type: str
  returned: if there was one
  sample: /home/me/before.jsonl.4711.2026-11-23@20:00:00~
result_dir:
  description: The folder O(result_dir).
  type: str
  returned: if results were written there
  sample: /home/me/.ansible/tmp/ansible-local-4711abcd/pgflex_x1y2
requests:
  description: How many requests were sent to Azure Resource Manager.
  type: int
  returned: success
  sample: 5
"""
