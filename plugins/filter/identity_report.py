# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: identity_report
short_description: Report which servers hold which managed identities, and what drifts
version_added: 1.0.0
author: pgflex.azure contributors (@pgflex)
description:
  - Makes a report of what M(pgflex.azure.pgflex_identity_fleet) returns in check mode. What it would assign is missing,
    what it would remove is unwanted.
positional: _input, format
options:
  _input:
    description: The result of M(pgflex.azure.pgflex_identity_fleet).
    type: dict
    required: true
  format:
    description:
      - V(json) is the whole report, V(csv) a record for each server and identity.
      - V(html) is a page in one file that needs no network, with the matrix of servers and identities, drift by
        resource group, subscription and region, search and filters.
      - V(lines) is a line for each server that is not as wanted, and a summary.
      - V(summary) is a dictionary with the counts, and the hosts that drift and that failed.
      - V(table) is a line for each server with what it holds. A star marks an identity that encrypts the server's data.
    type: str
    required: true
    choices: [json, csv, html, lines, summary, table]
  title:
    description: Title, for V(json) and V(html).
    type: str
    default: Managed identities
  time:
    description: When the servers were read, for V(json) and V(html).
    type: str
"""

EXAMPLES = r"""
- name: Compare what the inventory wants with what is
  pgflex.azure.pgflex_identity_fleet:
  check_mode: true
  run_once: true
  register: fleet

- name: Show what drifts
  ansible.builtin.debug:
    msg: "{{ fleet | pgflex.azure.identity_report('lines') }}"
  run_once: true

- name: Write a page
  ansible.builtin.copy:
    content: "{{ fleet | pgflex.azure.identity_report('html', title='Production', time=now(utc=true) | string) }}"
    dest: /var/lib/reports/identities.html
    mode: "0600"
  run_once: true
"""

RETURN = r"""
_value:
  description: A text; with O(format=lines) and O(format=table) a list of texts; with O(format=summary) a dictionary.
  type: raw
"""

import json
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils._report import document, read_rows, summary
from ..plugin_utils._report_html import as_html
from ..plugin_utils._report_text import as_csv, lines, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OF_ROWS: dict[str, Callable[[Any], Any]] = {"csv": as_csv, "lines": lines, "summary": summary, "table": table}
_PAGES: dict[str, Callable[[Any], str]] = {"json": lambda report: json.dumps(report, indent=2), "html": as_html}


def identity_report(
    result: Mapping[str, Any],
    format: str,  # noqa: A002
    *,
    title: str = "Managed identities",
    time: str | None = None,
) -> Any:
    """The report in a format. Raises C(AnsibleFilterError)."""
    try:
        rows = read_rows(result)
    except (AttributeError, KeyError, TypeError):
        raise AnsibleFilterError("identity_report: the input is not a result of pgflex_identity_fleet.") from None
    if format in _OF_ROWS:
        return _OF_ROWS[format](rows)
    if format in _PAGES:
        return _PAGES[format](document(rows, str(title), time and str(time)))
    raise AnsibleFilterError(f"identity_report: {format!r} is none of {', '.join([*_PAGES, *_OF_ROWS])}.")


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Their names."""
        return {"identity_report": identity_report}
