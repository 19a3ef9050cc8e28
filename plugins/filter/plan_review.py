# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_review
short_description: Tell a plan to whoever approves it
version_added: 1.0.0
author: pgflex.azure contributors (@pgflex)
description:
  - Makes lines of a plan for O(pgflex.azure.pgflex_identity_fleet#module:approved_plan), with when and by what it was
    made, its change reference, how many servers would change, what they would get, each server that would lose an
    identity, and what became of the canaries.
positional: _input, result
options:
  _input:
    description: The plan, as a file or as its packed text.
    type: str
    required: true
  result:
    description: What the job with the canaries has handed on as C(pgflex_identity_result).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show what is to be approved
  ansible.builtin.debug:
    msg: "{{ 'plan.json' | pgflex.azure.plan_review }}"

# plan of 2026-11-23T20:00:00+00:00 by pgflex.azure 1.0.0, ansible-core 2.19.0; change reference CHG0012345
# 12 of 40 servers would change
# assigned to 12 servers: id-export
# REMOVED from 2 servers: id-backup: pg-orders, pg-stock
# canaries, changed: pg-orders
# left for what comes next: 11 servers
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import InvalidInput
from ..module_utils._fleet.plan_document import read_plan
from ..plugin_utils._plan_review import review


def plan_review(plan: Any, result: Any = None) -> list[str]:
    """Return the lines of a plan. Raise `AnsibleFilterError`."""
    if not isinstance(plan, str) or not isinstance(result or {}, Mapping):
        raise AnsibleFilterError("plan_review takes a plan as a text, and the result of a job as a dictionary.")
    try:
        return review(read_plan("plan_review", plan), result or {})
    except InvalidInput as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """Offer the filter of this file."""

    def filters(self) -> dict[str, Any]:
        """Return it by its name."""
        return {"plan_review": plan_review}
