# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of policies that ask for a token, for all that changes servers."""

    DOCUMENTATION = r"""
options:
  acquire_policy_token:
    description:
      - When to ask Azure Policy for the token that a policy with an external evaluation demands of a write.
      - With V(auto) a write that is refused for lack of a token asks for one, and is sent again with it. With V(always)
        each write asks first, as it does with O(change_reference). With V(never) none asks.
      - Where the token is not given, nothing is written, and the error says what the policy wants.
      - If it is not set, E(PGFLEX_ACQUIRE_POLICY_TOKEN) is used, else V(auto).
    type: str
    choices: [auto, always, never]
  change_reference:
    description:
      - Reference of the approved change, such as the resource ID of a change record, which is handed over when a token
        is asked for. Each write asks first then, since a policy that only audits never refuses one.
      - If it is not set, E(PGFLEX_CHANGE_REFERENCE) is used; a rollback takes that of its record.
    type: str
"""
