#!/usr/bin/python

# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pgflex_identity_outcome
short_description: Give each host its own result of a fleet
version_added: 1.0.0
author: pgflex.azure contributors (@pgflex)
description:
  - M(pgflex.azure.pgflex_identity_fleet) changes many servers in one task, and a row that fails does not fail that task. This
    one ends for each host as its row did, as changed, ok or failed, with its message and its difference, for Ansible's recap, C(--diff),
    C(max_fail_percentage) and the host status in AWX.
  - A row that was not started fails too, with a message that says so. A host without a row is ok.
  - It sends no request and starts no process.
extends_documentation_fragment:
  - pgflex.azure.attributes.action
options:
  register:
    description:
      - Name of the variable in which the result of M(pgflex.azure.pgflex_identity_fleet) is registered.
      - Same as O(result_dir), but avoids evaluating a template for every host.
    type: str
  result_dir:
    description:
      - RV(pgflex.azure.pgflex_identity_fleet#module:result_dir) of the fleet.
      - Either this or O(register) is required.
    type: path
  fail_on:
    description:
      - Statuses of a row with which its host fails, of an audit.
      - V(drifted) is a row that would change, where the fleet ran in check mode. Without it such a host is changed.
      - V(failed) is a row that failed. Without it such a host is skipped.
      - V(undeclared) is a row for which nothing is declared. Without it such a host is ok.
    type: list
    elements: str
    choices: [drifted, failed, undeclared]
    default: [failed]
attributes:
  check_mode:
    description: Reports what the fleet would do, where that ran in check mode.
    support: full
  diff_mode:
    description: Shows what the fleet changed, or would change.
    support: full
seealso:
  - module: pgflex.azure.pgflex_identity_fleet
"""

EXAMPLES = r"""
- name: Change the servers of all hosts of the play
  pgflex.azure.pgflex_identity_fleet:
    result_dir: auto
  run_once: true
  register: fleet

- name: Give each host its own result
  pgflex.azure.pgflex_identity_outcome:
    register: fleet

- name: Fail each host whose server has drifted, where that ran in check mode
  pgflex.azure.pgflex_identity_outcome:
    register: fleet
    fail_on: [drifted, failed]
"""

RETURN = r"""
name:
  description:
    - Name of the row, which is the host's.
    - All that RV(pgflex.azure.pgflex_identity_fleet#module:servers) has for this row is returned, of which this is the
      first.
  type: str
  returned: if the fleet had a row for the host
  sample: pg-orders
error:
  description: As RV(pgflex.azure.pgflex_identity#module:error).
  type: dict
  returned: if the row failed
  sample: {code: ResourceNotFound, status: 404}
"""
