# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Find the plan that a run is held to, and refuse a file for a plan where none is made. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..module_utils._errors import InvalidInput
from ..module_utils._fleet.plan_document import is_packed
from ..module_utils._module.options import ROLLBACK
from ._run_scope import refuse_unwritable_file

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The group whose hosts a plan calls canaries.
CANARIES = "pgflex_canary"
#: The artifact of a check job, and the word for it.
PLANNED, WORKFLOW = "pgflex_identity_planned", "workflow"
FILE = "pgflex_identity_plan_file"
_PLAN, _AGE = "approved_plan", "approved_plan_max_age"


def is_held_to_plan(arguments: Mapping[str, Any]) -> bool:
    """Return whether the task is to do what was approved alone. A rollback has a record."""
    return bool(arguments.get(_PLAN)) and arguments.get("action") != ROLLBACK


def find_plan(arguments: Mapping[str, Any], variables: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the options with the plan that an earlier job of a workflow has handed on where they ask for that.

    Raise `InvalidInput` about the option or variable `name`.
    """
    if not is_held_to_plan(arguments) or str(arguments[_PLAN]).strip() != WORKFLOW:
        return {**arguments}
    if not variables.get(PLANNED):
        raise InvalidInput(
            name,
            f"is {WORKFLOW!r}, and no job before this one has handed on a plan as {PLANNED}. Run the same playbook as "
            "a check job before it, in the same workflow.",
        )
    return {**arguments, _PLAN: str(variables[PLANNED])}


def split_plan(arguments: Mapping[str, Any], *, goes_on: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options without a packed plan, which is long and says nothing to people, and that by itself.

    A task that `goes_on` with what another one of its run has begun judges the plan's age no more, and makes none.
    """
    packed = {_PLAN: arguments[_PLAN]} if is_packed(str(arguments.get(_PLAN) or "")) else {}
    later = {_AGE: math.inf, "canaries": None} if goes_on else {}
    return {name: value for name, value in arguments.items() if name not in packed}, {**packed, **later}


def refuse_plan_file(path: Any, arguments: Mapping[str, Any], *, check: bool) -> None:
    """Refuse with `InvalidInput` a file for a plan where a run makes none, or that cannot be written."""
    if not path:
        return
    if not check:
        # Whoever asks for a plan does not mean to change anything yet.
        raise InvalidInput(FILE, "is for check mode: a plan is made by a run that changes nothing.")
    if is_held_to_plan(arguments):
        raise InvalidInput(FILE, "does not go with pgflex_identity_approved_plan: such a run makes no plan of its own.")
    if arguments.get("action") == ROLLBACK:
        raise InvalidInput(FILE, "goes with no rollback: that has a record, and needs no plan.")
    refuse_unwritable_file(FILE, path)
