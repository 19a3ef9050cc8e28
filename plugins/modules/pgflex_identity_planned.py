#!/usr/bin/python

# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pgflex_identity_planned
short_description: Hand on a plan for approval
version_added: 1.0.0
author: pgflex.azure contributors (@pgflex)
description:
  - Hands on what M(pgflex.azure.pgflex_identity_fleet) has planned in check mode, for its option
    O(pgflex.azure.pgflex_identity_fleet#module:approved_plan), to a file, and as the custom statistic
    C(pgflex_identity_planned), which is an artifact in AWX. All batches, plays and playbooks of a run add up.
  - Outside of check mode it does nothing.
  - It sends no request and starts no process.
extends_documentation_fragment:
  - pgflex.azure.attributes.action
options:
  result_dir:
    description:
      - RV(pgflex.azure.pgflex_identity_fleet#module:result_dir) of the fleet. Where no plan is kept there, as of a rollback, it
        does nothing.
    type: path
  file:
    description:
      - File on the controller to write the plan to, as JSON. Nobody but its owner can read it. A file of an earlier run is
        renamed as Ansible renames backups.
    type: path
attributes:
  check_mode:
    description: Writes the file in check mode too, and only then.
    support: full
  diff_mode:
    description: It changes nothing.
    support: none
seealso:
  - module: pgflex.azure.pgflex_identity_fleet
  - module: pgflex.azure.pgflex_identity_summary
"""

EXAMPLES = r"""
- name: Plan for all hosts of the play
  pgflex.azure.pgflex_identity_fleet:
    result_dir: auto
  run_once: true
  register: plan

- name: Hand the plan on
  pgflex.azure.pgflex_identity_planned:
    result_dir: "{{ plan.result_dir }}"
    file: plan.json
  run_once: true

# ansible-playbook --check site.yml
"""

RETURN = r"""
lines:
  description: A line about the plan, none if nothing was handed on.
  type: list
  elements: str
  returned: success
  sample: ["Plan for approval: 12 servers, 2 of them canaries, in plan.json."]
"""
