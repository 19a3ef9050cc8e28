# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options that say where to list servers."""

    DOCUMENTATION = r"""
options:
  subscriptions:
    description:
      - Subscriptions to list, by ID. By default O(subscription_id).
    type: list
    elements: str
  all_subscriptions:
    description:
      - List all subscriptions that the credential can see.
    type: bool
    default: false
  strict_subscriptions:
    description:
      - Fail if a subscription or resource group cannot be read. By default it is a warning that names it.
    type: bool
    default: false
  wait_timeout:
    description:
      - Seconds after which the listing gives up, whatever it waits for, signing in included.
    type: float
    default: 1800
  poll_interval:
    description:
      - The longest pause in seconds between two tries of a request after a transient failure.
    type: float
    default: 10
"""
