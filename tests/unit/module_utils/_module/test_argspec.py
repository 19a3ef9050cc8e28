# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options as the types of the collection, and what is refused before any request."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.settings import FIELDS
from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef
from ansible_collections.pgflex.azure.plugins.module_utils._module.argspec import (
    CONNECTION,
    desired_state_from_module,
    retry_policy_from_options,
    server_ref,
)
from unit.support import REF, SUBSCRIPTION, A, B, mi

OTHER = "00000000-0000-0000-0000-000000000002"
TIMES: dict[str, Any] = {"wait_timeout": 1800, "poll_interval": 10.0, "busy_timeout": 600}


def ask(**options: Any) -> DesiredState:
    """Return what options ask for, with the module's defaults for the others."""
    usual: dict[str, Any] = {
        "state": "present",
        "identities": None,
        "replaces": [],
        "purge_identities": False,
        "keep_encryption_identities": False,
        "system_assigned": None,
        "identity_resource_group": None,
        "identity_subscription_id": None,
    }
    return desired_state_from_module({**usual, **options}, REF)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        pytest.param({"identities": [A]}, DesiredState(present=(A,)), id="an ID"),
        pytest.param(
            {"identities": ["id-a"]},
            DesiredState(present=(mi("id-a", "rg-prod"),)),
            id="a name, in the group of the server",
        ),
        pytest.param(
            {"identities": ["id-a"], "identity_resource_group": "rg-ids"},
            DesiredState(present=(A,)),
            id="a name elsewhere",
        ),
        pytest.param(
            {"identities": ["id-a", B], "identity_resource_group": "rg-ids", "identity_subscription_id": OTHER},
            DesiredState(present=(A.replace(SUBSCRIPTION, OTHER), B)),
            id="a name in another subscription, and an ID that is not touched",
        ),
        pytest.param({"identities": [A, A.upper(), B]}, DesiredState(present=(A, B)), id="one ID twice"),
        pytest.param({"identities": [B], "replaces": [A]}, DesiredState(present=(B,), absent=(A,)), id="a rotation"),
        pytest.param(
            {"identities": [], "purge_identities": True},
            DesiredState(present=(), purge=True),
            id="a purge of everything",
        ),
        pytest.param(
            {"identities": [A], "purge_identities": True, "keep_encryption_identities": True},
            DesiredState(present=(A,), purge=True, keep_encryption_identities=True),
            id="a purge",
        ),
        pytest.param({"system_assigned": False}, DesiredState(system_assigned=False), id="the system identity only"),
        pytest.param({"state": "absent", "identities": [A]}, DesiredState(absent=(A,)), id="a removal"),
        pytest.param(
            {"state": "absent", "identities": [A], "system_assigned": True},
            DesiredState(absent=(A,), system_assigned=True),
            id="a removal with the system identity on",
        ),
    ],
)
def test_options_ask_for_something(options: dict[str, Any], found: DesiredState) -> None:
    assert ask(**options) == found


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param({}, "identities: state=present needs at least one identity, or system_assigned", id="nothing"),
        pytest.param(
            {"purge_identities": True}, "identities: state=present needs at least one identity", id="a purge alone"
        ),
        pytest.param({"identities": []}, "identities: state=present needs at least one identity", id="an empty list"),
        pytest.param({"state": "absent"}, "identities: state=absent needs at least one", id="nothing to remove"),
        pytest.param(
            {"state": "absent", "identities": [A], "purge_identities": True},
            "purge_identities: goes with state=present only.",
            id="a purge with absent",
        ),
        pytest.param(
            {"state": "absent", "identities": [A], "replaces": [B]}, "replaces: goes with state=present", id="replaces"
        ),
        pytest.param(
            {"replaces": [A], "system_assigned": True},
            "replaces: needs the new identity in identities",
            id="no new one",
        ),
        pytest.param(
            {"identities": [A], "replaces": [A.upper()]}, f"replaces: {A.lower()!r} is in identities too", id="both"
        ),
        pytest.param({"identities": [A, ""]}, "identities: an empty string is neither", id="an empty string"),
        pytest.param({"identities": [A], "replaces": ["a/b"]}, "replaces: 'a/b' is not a resource ID", id="a bad one"),
        pytest.param(
            {"identities": ["x"], "identity_resource_group": "a/b"}, "identity_resource_group: 'a/b'", id="a bad group"
        ),
        pytest.param(
            {"identities": ["x"], "identity_subscription_id": "prod"},
            "identity_subscription_id: 'prod'",
            id="a bad sub",
        ),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ask(**options)

    assert str(caught.value).startswith(text)


def test_a_server_is_named_by_its_parts_or_by_its_id() -> None:
    parts = {"server_id": None, "resource_group": "rg-prod", "server_name": "pg-orders"}

    assert server_ref(parts, SUBSCRIPTION) == REF
    assert server_ref({"server_id": REF.id}, "") == REF


@pytest.mark.parametrize(
    ("option", "value"),
    [("subscription_id", "prod"), ("resource_group", ""), ("server_name", "pg_1"), ("server_id", "")],
)
def test_a_server_that_cannot_be_is_refused(option: str, value: str) -> None:
    options = {"resource_group": "rg-prod", "server_name": "pg-orders", option: value}
    with pytest.raises(InvalidInput, match=f"^{option}: "):
        server_ref(options, options.pop("subscription_id", SUBSCRIPTION))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("wait_timeout", 0), ("poll_interval", 0.0), ("poll_interval", float("nan")), ("poll_interval", -1.0),
        ("busy_timeout", -1),
    ],
)  # fmt: skip
def test_a_time_that_is_too_short_is_refused(option: str, value: float) -> None:
    with pytest.raises(InvalidInput, match=f"^{option}: .* is too short: at least "):
        retry_policy_from_options({**TIMES, option: value})


def test_times_become_a_retry_policy() -> None:
    retry_policy = retry_policy_from_options({**TIMES, "busy_timeout": 0})

    assert (retry_policy.wait_timeout, retry_policy.poll_interval, retry_policy.busy_timeout) == (1800, 10.0, 0)


def test_every_connection_setting_is_an_option_and_every_secret_is_hidden() -> None:
    hidden = {name for name, spec in CONNECTION.items() if spec.get("no_log")}

    assert set(CONNECTION) == {each.name for each in FIELDS}
    assert hidden == {each.name for each in FIELDS if each.secret}


def test_a_reference_keeps_the_callers_spelling() -> None:
    assert server_ref({"server_id": REF.id.upper()}, "") == ServerRef(SUBSCRIPTION, "RG-PROD", "PG-ORDERS")
