# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: identity_report
short_description: Report which servers hold which managed identities, what has drifted, and what a rollout did
version_added: 1.0.0
author: pgflex.azure contributors (@pgflex)
description:
  - Makes a report of what M(pgflex.azure.pgflex_identity_fleet) returns.
  - For a result from check mode, the report is an audit. An identity of a server is C(held), C(missing), which would be
    assigned, or C(extra), which would be removed. A server is C(compliant), C(drifted) if anything is missing or extra,
    C(undeclared) if nothing is declared for it, or C(failed).
  - An identity of a replica is C(replica_lacks) if its primary holds it, and the replica neither holds it nor is to get
    it, so that after a promotion the application would miss it.
  - For a rollout that was carried out, which is a result in which a wave was started, it says what was done, and so it
    does for one that was refused as a whole. An identity was C(added), C(removed), or is C(held), as before. A server
    is C(compliant), C(changed), C(undeclared), C(not_started) because too many others had failed, or because of the
    refusal, or C(failed). With the last two, its identities are those that were read before.
positional: _input, format
options:
  _input:
    description:
      - The result of M(pgflex.azure.pgflex_identity_fleet).
      - With RV(pgflex.azure.pgflex_identity_fleet#module:result_dir), what is known of each server is read from there,
        as the last task that wrote there left it.
      - Or the file RV(pgflex.azure.pgflex_identity_summary#module:report), for a report of all batches of a play.
    type: raw
    required: true
  format:
    description:
      - V(json) is the whole report. Its C(kind) is audit or rollout. Why a rollout was refused is its C(refusal). Each
        server, and each of its identities, has a C(status), one of those above. What is to be known of a server,
        whatever its status, is in its C(notes). There are C(waves) in a rollout, and where several are planned. A JSON
        Schema in the guide "Reports" describes it all. The C(version) rises when a property goes, or changes its
        meaning.
      - V(csv) is a record for each server and identity, in UTF-8 with a byte order mark, so that spreadsheets open it.
        An apostrophe stands before a text that they would take for a formula.
      - V(html) is a page in one file that needs no network. What needs attention comes first, then the waves, with what
        was assigned and removed by which time, the compliance by resource group, subscription and region, and the
        matrix of servers and identities, with search and filters. On paper and in narrow windows the matrix is a list.
        For several planned waves it shows their sizes.
      - V(lines) is a line for each server that is not compliant, for those of which the same is to be noted, for each
        wave of a rollout that has several, and a summary, always the last line. Undeclared servers that hold the same
        identities share a line.
      - V(summary) is a dictionary with the counts C(servers), C(compliant), C(drifted), C(undeclared), C(failed),
        C(missing), C(extra) and C(replica_lacks), and the lists C(drifted_hosts), C(undeclared_hosts) and
        C(failed_hosts). For a rollout it also has the counts C(changed), C(not_started),
        C(added) and C(removed), and the lists C(changed_hosts) and C(not_started_hosts).
      - Hosts that are no servers are in C(left_out) and C(left_out_hosts) of V(summary), and in V(lines) and V(table).
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
- name: Compare the servers with the inventory
  pgflex.azure.pgflex_identity_fleet:
  check_mode: true
  run_once: true
  register: fleet

- name: Show what has drifted
  ansible.builtin.debug:
    msg: "{{ fleet | pgflex.azure.identity_report('lines') }}"
  run_once: true

# pg-orders: missing id-backup; extra id-old
# 12 servers: 11 compliant, 1 drifted (1 missing, 1 extra), 0 failed.

- name: Write a page
  ansible.builtin.copy:
    content: "{{ fleet | pgflex.azure.identity_report('html', title='Production', time=now(utc=true) | string) }}"
    dest: /var/lib/reports/identities.html
    mode: "0600"
  run_once: true

- name: Make the servers as the inventory says, a few first
  pgflex.azure.pgflex_identity_fleet:
    waves: [1, 100%]
  run_once: true
  register: fleet

- name: Show what was done
  ansible.builtin.debug:
    msg: "{{ fleet | pgflex.azure.identity_report('lines') }}"
  run_once: true

# pg-orders: added id-backup; removed id-old
# pg-stock: added id-backup
# pg-customers: error: Cannot change server pg-customers: it is busy.
# wave 1: 1 server, 1 changed, 0 failed, 20:00:00 to 20:02:05 UTC
# wave 2: 2 servers, 1 changed, 1 failed, 20:02:05 to 20:14:10 UTC
# 12 servers: 9 compliant, 2 changed (2 added, 1 removed), 1 failed.
"""

RETURN = r"""
_value:
  description: A text; with O(format=lines) and O(format=table) a list of texts; with O(format=summary) a dictionary.
  type: raw
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleFilterError

from ..module_utils._files import read_entries
from ..plugin_utils._large_results import whole
from ..plugin_utils._report.batches import read_batches
from ..plugin_utils._report.html import as_html
from ..plugin_utils._report.model import document, read_report, summary
from ..plugin_utils._report.text import as_csv, lines, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PLAIN: dict[str, Callable[[Any], Any]] = {"csv": as_csv, "lines": lines, "summary": summary, "table": table}
# They say nothing about a server for which nothing has changed nor is to be noted: its entry need not be read.
_BRIEF = ("lines", "summary")
_PAGES: dict[str, Callable[[Any], str]] = {"json": lambda report: json.dumps(report, indent=2), "html": as_html}


def identity_report(
    result: Mapping[str, Any] | str,
    format: str,  # noqa: A002
    *,
    title: str = "Managed identities",
    time: str | None = None,
) -> Any:
    """Return the report in a format. Raise `AnsibleFilterError`."""
    try:
        refusal = ""
        if isinstance(result, str):
            told = json.loads(Path(result).read_text(encoding="utf-8"))
            entries, refusal = read_batches(told["batches"])
        else:
            told, entries = result, _entries(result, brief=format in _BRIEF)
        reference = str(told.get("change_reference") or "")
        report = read_report(entries, told.get("waves") or [], told.get("left_out") or [], reference, refusal)
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        raise AnsibleFilterError("identity_report: the input is not a result of pgflex_identity_fleet.") from None
    if format in _PLAIN:
        return _PLAIN[format](report)
    if format in _PAGES:
        return _PAGES[format](document(report, str(title), time and str(time)))
    raise AnsibleFilterError(f"identity_report: {format!r} is none of {', '.join([*_PAGES, *_PLAIN])}.")


def _entries(result: Mapping[str, Any], *, brief: bool) -> list[Any]:
    """Return all that is known of each server; where that is in a folder, `servers` says little more than the names."""
    servers, folder = list(whole(result)["servers"]), result.get("result_dir")
    if not folder:
        return servers
    told = ("changed", "failed", "undeclared", "notes")
    names = [str(each["name"]) for each in servers if not brief or any(each.get(status) for status in told)]
    try:
        found = dict(zip(names, read_entries(str(folder), names)))
    except (OSError, ValueError) as error:
        raise AnsibleFilterError(f"identity_report: the files in result_dir cannot be read: {error}.") from None
    unknown = [name for name, entry in found.items() if entry is None]
    if unknown:
        raise AnsibleFilterError(f"identity_report: {folder}, the result_dir, has nothing about {unknown[0]}.")
    return [found.get(str(each["name"]), {**each, "server": {}}) for each in servers]


class FilterModule:
    """Offer the filter of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return it by its name."""
        return {"identity_report": identity_report}
