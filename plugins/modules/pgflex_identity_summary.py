#!/usr/bin/python

# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pgflex_identity_summary
short_description: Sum up a rollout for people and for workflows
version_added: 1.0.0
author: pgflex.azure contributors (@pgflex)
description:
  - Sums up what M(pgflex.azure.pgflex_identity_fleet) planned for all hosts of a play, and did with those that have
    drifted.
  - Sets the sum as the custom statistic C(pgflex_identity_result), which is an artifact in AWX. All batches, plays and
    playbooks of a run add up. A host of several of them counts once, as the last one has found it, but as changed if one
    has changed it and none of the later ones failed for it.
  - It sends no request and starts no process.
extends_documentation_fragment:
  - pgflex.azure.attributes.action
options:
  plan:
    description: The result of M(pgflex.azure.pgflex_identity_fleet) in check mode, for all hosts.
    type: dict
    required: true
  rollout:
    description:
      - The result of M(pgflex.azure.pgflex_identity_fleet) for the hosts that have drifted.
      - Without it, nothing that was planned counts as started.
    type: dict
    default: {}
  action:
    description: The action of the rollout, a text that is passed on.
    type: str
  rollback_file:
    description: File with the record of the rollout; the last line has the command that rolls it back.
    type: path
attributes:
  check_mode:
    description: Reports what would be changed, and passes on no record.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
seealso:
  - module: pgflex.azure.pgflex_identity_fleet
  - plugin: pgflex.azure.identity_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan for all hosts of the play
  pgflex.azure.pgflex_identity_fleet:
    result_dir: auto
  check_mode: true
  run_once: true
  register: plan

- name: Change what has drifted
  pgflex.azure.pgflex_identity_fleet:
    result_dir: "{{ plan.result_dir }}"
    waves: [1, 10%, 100%]
  run_once: true
  register: rollout

- name: Sum it up
  pgflex.azure.pgflex_identity_summary:
    plan: "{{ plan }}"
    rollout: "{{ rollout }}"
    action: nightly
  run_once: true
  register: told

- name: Show it
  ansible.builtin.debug:
    msg: "{{ told.lines }}"
  run_once: true

# wave 1: 1 server, 1 changed, 0 failed, 20:00:00 to 20:02:05 UTC
# wave 2: 2 servers, 1 changed, 1 failed, 20:02:05 to 20:14:10 UTC
# 12 servers: 9 compliant, 2 changed (2 added, 1 removed), 1 failed, 0 not started.
"""

RETURN = r"""
lines:
  description:
    - A line for each of several waves, one for undeclared servers, one with the counts, and the command that takes the
      rollout back.
  type: list
  elements: str
  returned: success
  sample: ["12 servers: 9 compliant, 2 changed (2 added, 1 removed), 1 failed, 0 not started."]
report:
  description: File of which the filter P(pgflex.azure.identity_report#filter) makes a report of all batches of the play so far.
  type: str
  returned: in the role, if it is to write reports
  sample: /home/me/.ansible/tmp/ansible-local-4711abcd/pgflex_identity_result_report.json
summary:
  description:
    - What is handed on, as the custom statistic C(pgflex_identity_result).
    - The lists of hosts and the record are in the statistic alone.
  type: dict
  returned: success
  contains:
    check:
      description: Whether it was a plan only.
      type: bool
    action:
      description: O(action).
      type: str
    servers:
      description: How many servers there are; the next five add up to it.
      type: int
    compliant:
      description: How many were compliant.
      type: int
    changed:
      description: How many were changed. With RV(summary.check), how many have drifted and would be.
      type: int
    undeclared:
      description: For how many nothing is declared, so that they were left alone.
      type: int
    failed:
      description: How many failed.
      type: int
    not_started:
      description: How many were not started.
      type: int
    written:
      description: How many were or may have been written to, failed ones among them.
      type: int
    added:
      description: How many identities were assigned. With RV(summary.check), how many would be.
      type: int
    removed:
      description: How many identities were removed. With RV(summary.check), how many would be.
      type: int
    left_out:
      description: How many hosts were left out, since they are no servers.
      type: int
    changed_hosts:
      description: The hosts that were changed. With RV(summary.check), those that have drifted.
      type: list
      elements: str
    undeclared_hosts:
      description: The hosts for which nothing is declared.
      type: list
      elements: str
    failed_hosts:
      description: The hosts that failed.
      type: list
      elements: str
    not_started_hosts:
      description:
        - The hosts that were not started, because too many others had failed, or the plan as a whole had, in this batch
          or in one before.
        - Where others had failed, their own results fail as well, for Ansible's recap, so that they are tried again
          together with those.
      type: list
      elements: str
    not_approved:
      description: How many failed, or were not started, because their changes are not those of an approved plan.
      type: int
    not_approved_hosts:
      description: These hosts.
      type: list
      elements: str
    left_out_hosts:
      description: The hosts that were left out.
      type: list
      elements: str
    rollback:
      description: The packed record of the rollout, several in a play with C(serial); empty if nothing was written.
      type: str
    change_reference:
      description: The change reference of the run, if it has one.
      type: str
      returned: if there is one
"""
