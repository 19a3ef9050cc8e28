# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: writable_file
short_description: Whether a file on the controller can be written, new or in the place of an earlier one
version_added: 1.0.0
author: pgflex.azure contributors (@pgflex)
description:
  - Tells before a long run whether its report can be written at the end, by making next to it a file that is gone
    again right after.
  - It makes no file of that name, and leaves one that is there as it is.
options:
  _input:
    description: Path of the file. It may be missing; its folder may not.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Check that the report can be written
  ansible.builtin.assert:
    that: pgflex_identity_report_csv is pgflex.azure.writable_file
  run_once: true
"""

RETURN = r"""
_value:
  description: Whether M(ansible.builtin.copy) can write it.
  type: bool
"""

from typing import TYPE_CHECKING

from ..plugin_utils._report.writable import writable_file

if TYPE_CHECKING:
    from collections.abc import Callable


class TestModule:
    """Offer the test of this file."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """Return it by its name."""
        return {"writable_file": writable_file}
