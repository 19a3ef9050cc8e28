# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the variables of a host are, they take nothing that must stay; tried with random hosts and servers."""

from __future__ import annotations

from typing import Any

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from ansible_collections.pgflex.azure.plugins.module_utils._errors import PgflexError
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import server_from_arm
from ansible_collections.pgflex.azure.plugins.module_utils._identity.planner import plan
from ansible_collections.pgflex.azure.plugins.module_utils._module.argspec import desired_state_from_row
from ansible_collections.pgflex.azure.plugins.module_utils._module.options import ASSIGN, LIST, REMOVE, ROTATE, row_spec
from ansible_collections.pgflex.azure.plugins.plugin_utils._host_variables import make_row
from unit.drawn import Raw, ids, raw_servers
from unit.support import REF

#: A host of a place alone; what Ansible makes of options that a row leaves out.
PLACE = {"pgflex_server_id": REF.id}
DEFAULTS = {name: spec.get("default") for name, spec in row_spec().items()}
#: Forms in which an inventory or a survey says nothing.
NOTHING = (None, "", " ", "\n", ",", "# none yet\n")
UNSAID: st.SearchStrategy[Any] = st.sampled_from(NOTHING)
SETS = st.one_of(UNSAID, st.lists(ids, max_size=3), ids, st.lists(ids, min_size=2, max_size=3).map("\n".join))
FLAGS = st.sampled_from((None, "", True, False, "yes", "no"))
DECLARING = {
    **dict.fromkeys([f"pgflex_identity_{each}" for each in ("present", "present__app", "absent", "absent__app")], SETS),
    **dict.fromkeys([f"pgflex_identity_rotate_{each}" for each in ("from", "to")], st.one_of(UNSAID, ids)),
    "pgflex_identity_system_assigned": FLAGS,
}
#: What declares nothing: options of a purge, and wrong names.
OTHERS = {
    "pgflex_identity_purge": st.sampled_from((True, "yes", False)),
    "pgflex_identity_keep_encryption_identities": FLAGS,
    "pgflex_identities": SETS,
    "present": SETS,
}


@st.composite
def hosts(draw: st.DrawFn) -> dict[str, Any]:
    """Draw the variables of a host; every other one has none that declares anything, but for empty texts."""
    variables = draw(st.fixed_dictionaries({}, optional=OTHERS))
    if draw(st.booleans()):
        return {**variables, **draw(st.dictionaries(st.sampled_from(list(DECLARING)), UNSAID))}
    return {**variables, **draw(st.fixed_dictionaries({}, optional=DECLARING))}


def is_declared(variables: dict[str, Any], action: str) -> bool:
    """Return whether the variables say what the server shall hold, in the words of the documentation."""
    present = [value for name, value in variables.items() if name.startswith("pgflex_identity_present")]
    absent = [value for name, value in variables.items() if name.startswith("pgflex_identity_absent")]
    if action == ROTATE:
        return any(variables.get(f"pgflex_identity_rotate_{end}") not in NOTHING for end in ("from", "to"))
    if action == REMOVE:
        return any(each not in NOTHING and each != [] for each in absent)
    if action == LIST:
        return False
    system = variables.get("pgflex_identity_system_assigned") not in (None, "")
    return system or any(each not in NOTHING for each in present) or any(each not in (*NOTHING, []) for each in absent)


@settings(max_examples=400)
@given(raw_servers(), hosts(), st.sampled_from((ASSIGN, ASSIGN, ASSIGN, REMOVE, ROTATE, LIST)))
def test_nothing_is_taken_from_an_undeclared_server_and_nothing_that_must_stay(
    raw: Raw, variables: dict[str, Any], action: str
) -> None:
    server = server_from_arm(raw, REF)
    try:
        row = {**DEFAULTS, **make_row("pg-x", {**PLACE, **variables}, action)}
        desired = desired_state_from_row(row, REF)
        planned = plan(server, desired)
    except PgflexError:  # nothing is written then
        assume(False)
        raise
    assert desired.declared == is_declared(variables, action)
    event(f"declared: {desired.declared}, purge: {desired.purge}, holds: {bool(server.identity.ids)}")
    if not desired.declared:
        assert not planned.changes
    must_stay = {*server.encryption.uses}
    assert must_stay.isdisjoint(each.lower() for each in planned.remove)
    assert must_stay <= {each.lower() for each in planned.after.ids}
