# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Plays whose hosts do not wait for each other, as with the strategy `free`. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..module_utils._errors import InvalidInput
from ..module_utils._fleet.waves import read_waves, wave_sizes

if TYPE_CHECKING:
    from collections.abc import Iterable

#: How the names of such strategies end, those of Mitogen too. Ansible runs a task with `run_once` for every host
#: there, with a warning, and registers the last result for all of them.
WITHOUT_RUN_ONCE = ("free", "host_pinned")
# What else to do about a task of the module alone.
_WITH_RUN_ONCE = "where each host has a task of its own. Use run_once and a strategy that waits, as linear, or"
_INSTEAD = "in a play whose hosts do not wait for each other. Use a strategy that waits, as linear, or"


def refuse_run_options(
    hosts: int,
    *,
    waves: Any,
    max_fail_percentage: Any,
    max_removals: Any,
    purge: bool,
    strict: bool,
    fail_on_undeclared: bool,
    reports: Iterable[str],
    plan_file: Any,
    approved_plan: bool,
) -> None:
    """Refuse with `InvalidInput` what nobody could keep: only where nothing is lost may each host go its own way.

    `hosts` is how many the play has, failed ones too, so that all of them are refused alike. With `purge` this host's
    server is purged.
    """
    if fail_on_undeclared:
        raise InvalidInput(
            "pgflex_identity_fail_on_undeclared", f"there is no plan to stop at {_INSTEAD} set it to false."
        )
    if hosts == 1:
        return
    texts = [str(each) for each in (waves if isinstance(waves, list) else [waves])]
    if len(list(wave_sizes(read_waves("pgflex_identity_waves", texts), hosts))) > 1:
        raise InvalidInput("pgflex_identity_waves", f"there are no waves {_INSTEAD} set it to 100%.")
    if str(max_fail_percentage).strip() != "100":
        raise InvalidInput(
            "pgflex_identity_max_fail_percentage", f"there is no failure budget {_INSTEAD} set it to 100."
        )
    _refuse_uncounted_removals(max_removals, purge=purge)
    if strict:
        raise InvalidInput("pgflex_identity_strict", f"no host looks at the others {_INSTEAD} set it to false.")
    if plan_file:
        raise InvalidInput("pgflex_identity_plan_file", f"nobody has the whole plan {_INSTEAD} leave it empty.")
    if approved_plan:
        raise InvalidInput("pgflex_identity_approved_plan", f"nobody has the whole plan {_INSTEAD} leave it empty.")
    for kind in reports:
        raise InvalidInput(f"pgflex_identity_report_{kind}", f"nobody has all results {_INSTEAD} leave it empty.")


def _refuse_uncounted_removals(max_removals: Any, *, purge: bool, instead: str = _INSTEAD) -> None:
    """Refuse with `InvalidInput` a limit where each host has a task of its own, and the purge that has one unset."""
    limit = "" if max_removals is None else str(max_removals).strip()
    # Not set is a limit for a purge: that it empties one server.
    if limit != "100%" and (limit or purge):
        raise InvalidInput("pgflex_identity_max_removals", f"nobody counts the servers {instead} set it to 100%.")


def refuse_uncounted_task(max_removals: Any, *, purge: bool) -> None:
    """Refuse with `InvalidInput` what a task of the module for each host could not keep."""
    _refuse_uncounted_removals(max_removals, purge=purge, instead=_WITH_RUN_ONCE)
