# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """The options of waiting, for all that changes servers."""

    DOCUMENTATION = r"""
options:
  poll_interval:
    description:
      - Seconds between two polls of a running operation, unless Azure asks for another time. Also the longest pause
        between two tries of a request after a transient failure.
    type: float
    default: 10
  busy_timeout:
    description:
      - Seconds for which to try again while a server is busy with another operation.
    type: float
    default: 600
"""
