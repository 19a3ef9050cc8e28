# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Turn options of modules into the types of this collection; specs of the connection and of listings."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._azure.policies import AUTO, MODES, NEVER, PolicyTokens
from .._azure.retry import RetryPolicy
from .._errors import InvalidInput, quoted
from .._identity.models import DesiredState, Expected
from .._identity.resource_ids import (
    ServerRef,
    check_group,
    check_identity_pattern,
    check_server_name,
    check_subscription,
    distinct,
    identity_id,
    is_guid,
    key,
    parse_server_id,
    read_names,
)
from .options import DESIRED, IDENTITIES, PATTERNS, POLICY_ENVIRONMENT, WAITING, module_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

# All are texts: an empty one is unset, and what it may be is looked at where it was found, in the environment too.
CONNECTION: dict[str, Any] = {
    "auth_source": {"type": "str"},
    "profile": {"type": "str"},
    "subscription_id": {"type": "str"},
    "client_id": {"type": "str"},
    "secret": {"type": "str", "no_log": True},
    "tenant": {"type": "str"},
    "ad_user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "x509_certificate_path": {"type": "path"},
    "x509_certificate_password": {"type": "str", "no_log": True},
    "oidc_token": {"type": "str", "no_log": True},
    "oidc_token_file_path": {"type": "path", "no_log": False},
    "cloud_environment": {"type": "str"},
    "adfs_authority_url": {"type": "str"},
    "disable_instance_discovery": {"type": "str"},
    "ca_path": {"type": "path"},
}

LISTING: dict[str, Any] = {
    "subscriptions": {"type": "list", "elements": "str"},
    "all_subscriptions": {"type": "bool", "default": False},
    "strict_subscriptions": {"type": "bool", "default": False},
    **{name: spec for name, spec in module_spec(WAITING).items() if name != "busy_timeout"},
}


def server_ref(options: Mapping[str, Any], subscription_id: str) -> ServerRef:
    """Return the server that the options name, by ID or in `subscription_id`. Raise `InvalidInput`."""
    if options.get("server_id") is not None:
        return parse_server_id("server_id", options["server_id"])
    return ServerRef(
        check_subscription("subscription_id", subscription_id),
        check_group("resource_group", options["resource_group"]),
        check_server_name("server_name", options["server_name"]),
    )


def check_state(options: Mapping[str, Any]) -> str:
    """Return the `state`. Raise `InvalidInput`."""
    state: str = options["state"]
    if state not in ("present", "absent", "info"):
        raise InvalidInput("state", f"{quoted(state)} is none of present, absent, info.")
    return state


def desired_state_from_module(options: Mapping[str, Any], server: ServerRef) -> DesiredState:
    """Return what `state=present` or `absent` asks for. Raise `InvalidInput`."""
    state = DesiredState(**_fields("module", options, server))
    if options["state"] == "absent":
        for option in ("replaces", "purge_identities"):
            if options.get(option):
                raise InvalidInput(option, "goes with state=present only.")
        if not state.present:
            raise InvalidInput("identities", "state=absent needs at least one identity to remove.")
        return replace(state, present=None, absent=state.present)
    asks = state.present or state.system_assigned is not None or state.purges
    if not asks or state.purge != state.purges:
        raise InvalidInput(
            "identities",
            "state=present needs at least one identity, or system_assigned; purge_identities=true with identities=[], "
            "an empty list, removes all.",
        )
    if state.absent and not state.present:
        raise InvalidInput("replaces", "needs the new identity in identities; to remove only, use state=absent.")
    _refuse_both("identities", state.present, "replaces", state.absent)
    return state


def desired_state_from_row(options: Mapping[str, Any], server: ServerRef) -> DesiredState:
    """Return what a row of a fleet asks for; it may ask for nothing. Raise `InvalidInput`."""
    state = DesiredState(**_fields("row", options, server))
    _refuse_both("present", state.present, "absent", state.absent)
    named = options.get("expected_identities")
    if named is None:
        return state
    expected = _resolve("expected_identities", named, options, server)
    possible = _resolve("possible_identities", options.get("possible_identities") or [], options, server)
    return replace(state, expected=Expected(expected, options.get("expected_system_assigned"), possible))


def _fields(name: str, options: Mapping[str, Any], server: ServerRef) -> dict[str, Any]:
    """Return the fields of `DesiredState` that are set by options of this kind of `name`: `module` or `row`."""
    found: dict[str, Any] = {}
    for option in DESIRED:
        given = getattr(option, name)
        if option.field and given:
            value = options.get(given)
            value = option.default if value is None else value
            if option.type == IDENTITIES and value is not None:
                names = _names(value)
                found["guids"] = (*found.get("guids", ()), *filter(is_guid, names))
                value = _resolve(given, names, options, server)
            elif option.type == PATTERNS:
                value = distinct([check_identity_pattern(given, each) for each in _names(value)])
            found[option.field] = value
    return found


def _refuse_both(option: str, assigned: tuple[str, ...] | None, other: str, removed: tuple[str, ...]) -> None:
    both = {key(each) for each in assigned or ()} & {key(each) for each in removed}
    if both:
        raise InvalidInput(other, f"{quoted(min(both))} is in {option} too: it cannot both be assigned and removed.")


def _resolve(option: str, names: list[str], options: Mapping[str, Any], server: ServerRef) -> tuple[str, ...]:
    subscription, group = server.subscription_id, server.resource_group
    if options.get("identity_subscription_id"):
        subscription = check_subscription("identity_subscription_id", options["identity_subscription_id"])
    if options.get("identity_resource_group"):
        group = check_group("identity_resource_group", options["identity_resource_group"])
    return distinct([identity_id(option, each, subscription, group) for each in names])


def _names(values: list[str]) -> list[str]:
    """Return the names of a list; Ansible makes one of a text with commas, and leaves blanks and lines in it."""
    return [name for each in values for name in read_names(each) or [""]]


def policy_tokens_from_options(options: Mapping[str, Any]) -> PolicyTokens:
    """Return when to ask for policy tokens, by the options, else by the environment. Raise `InvalidInput`."""
    mode, reference = (
        str(options.get(name) or os.environ.get(variable) or "").strip()
        for name, variable in POLICY_ENVIRONMENT.items()
    )
    if mode and mode not in MODES:
        raise InvalidInput("acquire_policy_token", f"{quoted(mode)} is none of {', '.join(MODES)}.")
    if not reference.isprintable():
        raise InvalidInput("change_reference", f"{quoted(reference)} is not one line of text.")
    if mode == NEVER and reference:
        raise InvalidInput("change_reference", "goes with a policy token, which acquire_policy_token=never forbids.")
    return PolicyTokens(mode or AUTO, reference)


#: 30 days, in seconds: the clocks of threads know no time without an end.
_LONGEST = 2_592_000


def retry_policy_from_options(options: Mapping[str, Any]) -> RetryPolicy:
    """Return the retry policy that the options ask for. Raise `InvalidInput`."""
    for option, least in (("wait_timeout", 1), ("poll_interval", 0.001), ("busy_timeout", 0)):
        if not options[option] >= least:  # so that not-a-number is refused too
            raise InvalidInput(option, f"{options[option]:.9g} is too short: at least {least} seconds.")
        if options[option] > _LONGEST:
            raise InvalidInput(option, f"{options[option]:.9g} is too long: at most {_LONGEST} seconds.")
    return RetryPolicy(options["wait_timeout"], options["poll_interval"], options["busy_timeout"])


def percentage(option: str, options: Mapping[str, Any]) -> float:
    """Return a share between 0 and 100. Raise `InvalidInput`."""
    value: float = options[option]
    if not 0 <= value <= 100 or (option == "quota_percentage" and value == 0):
        raise InvalidInput(option, f"{value:g} is not a percentage that can work.")
    return value
