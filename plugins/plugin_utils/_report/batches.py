# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""The batches of a play, as `pgflex_identity_summary` tells of them -> the entries of one report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...module_utils._files import read_entries
from .model import FAILED, NOT_STARTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_REFUSED = "Nothing was changed: "
_NOT_REACHED = "the rollout has not come to it."


def read_batches(batches: Iterable[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], str]:
    """Return an entry for each host, and why something was refused as a whole. Raise `OSError`.

    A host of several batches is as the last one says.
    """
    found: dict[str, dict[str, Any]] = {}
    refusal = ""
    for batch in batches:
        refusal = batch["why"] or refusal
        known = _read(batch["result_dir"], batch["words"])
        for (host, word), entry in zip(batch["words"].items(), known):
            found[host] = _as_told(entry or {"name": host, "changed": False, "failed": False}, word, batch["why"])
    return [*found.values()], refusal


def _read(folder: str | None, names: Iterable[str]) -> list[dict[str, Any] | None]:
    try:
        return read_entries(folder or "", names)
    except FileNotFoundError:  # the plan has failed before anything was read
        return [None for _name in names]


def _as_told(entry: dict[str, Any], word: str, why: str) -> dict[str, Any]:
    """Return the entry of a host whose last word is another one than the plan's: its change was not even tried."""
    if entry["failed"] or word not in (FAILED, NOT_STARTED):
        return entry
    facts: dict[str, Any] = {
        name: entry[name] for name in ("name", "server", "notes", "replica_lacks") if name in entry
    }
    facts.update(before=entry.get("before") or entry.get("identity") or {}, changed=False, failed=True)
    if word == FAILED:
        return {**facts, "msg": why}
    return {**facts, "not_started": True, "msg": f"Not started: {why.removeprefix(_REFUSED) or _NOT_REACHED}"}
