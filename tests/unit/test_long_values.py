# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value may be a whole file by mistake: no message repeats all of it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.clouds import find_cloud
from ansible_collections.pgflex.azure.plugins.module_utils._azure.deadline import Deadline
from ansible_collections.pgflex.azure.plugins.module_utils._azure.settings import resolve
from ansible_collections.pgflex.azure.plugins.module_utils._errors import PgflexError, quoted
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.journal import Journal
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import read_records
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.removals import read_limit
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.waves import read_waves
from ansible_collections.pgflex.azure.plugins.module_utils._module.argspec import policy_tokens_from_options
from ansible_collections.pgflex.azure.plugins.plugin_utils._host_variables import HostRows
from ansible_collections.pgflex.azure.plugins.plugin_utils._run_scope import RunScope, refuse_unwritable_files

if TYPE_CHECKING:
    from collections.abc import Callable

LONG = "x" * 200_000
WHERE = {"pgflex_resource_group": "rg-prod"}


def of_a_host(**variables: Any) -> None:
    rows = HostRows()
    rows.add("pg-orders", partial(dict, {**WHERE, **variables}))
    for error in rows.refused.values():
        raise error


def differing() -> None:
    scope = RunScope(("pgflex_identity_waves",))
    scope.add("pg-a", {"pgflex_identity_waves": LONG})
    scope.add("pg-b", {"pgflex_identity_waves": f"{LONG}x"})


CASES: dict[str, Callable[[], Any]] = {
    **{
        name: partial(of_a_host, **{name: LONG})
        for name in (
            "pgflex_identity_present",
            "pgflex_identity_protected",
            "pgflex_identity_purge",
            "pgflex_identity_lookup_resource_group",
            "pgflex_identity_lookup_subscription_id",
            "pgflex_resource_group",
            "pgflex_server_id",
            "pgflex_server_name",
            "pgflex_subscription_id",
        )
    },
    "an ID": partial(of_a_host, pgflex_identity_present=f"/subscriptions/{LONG}"),
    "a list": partial(of_a_host, pgflex_identity_present=[[LONG]]),
    "waves": partial(read_waves, "waves", [LONG]),
    "max_removals": partial(read_limit, "max_removals", LONG, 3),
    "rollback": partial(read_records, "rollback", LONG),
    "a packed record": partial(read_records, "rollback", f"pgflex1:{LONG}"),
    "rollback_file": partial(Journal.create, f"/{LONG}"),
    "a report": partial(refuse_unwritable_files, [{"key": "csv", "value": f"/{LONG}"}], ""),
    "a report below": partial(refuse_unwritable_files, [{"key": "csv", "value": f"/{LONG}/x"}], ""),
    "no path": partial(refuse_unwritable_files, [], [LONG]),
    "settings that differ": differing,
    "cloud_environment": partial(find_cloud, resolve({"cloud_environment": LONG}, {}), Deadline(1)),
    "a URL": partial(find_cloud, resolve({"cloud_environment": f"http://{LONG}"}, {}), Deadline(1)),
    "acquire_policy_token": partial(policy_tokens_from_options, {"acquire_policy_token": LONG}),
    "auth_source": partial(resolve, {"auth_source": LONG}, {}),
    "a blank": partial(resolve, {"tenant": f"{LONG} "}, {}),
}


@pytest.mark.parametrize("case", CASES)
def test_a_message_repeats_a_part_of_a_long_value(case: str) -> None:
    with pytest.raises(PgflexError) as caught:
        CASES[case]()
    assert len(str(caught.value)) < 1500
    assert "... (20" in str(caught.value)


def test_what_is_short_is_shown_whole() -> None:
    assert quoted("x" * 100) == repr("x" * 100)
