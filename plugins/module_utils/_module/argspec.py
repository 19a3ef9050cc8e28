# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Options that modules share: argument specs, and their values as the types of this collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._azure.retry import RetryPolicy
from .._errors import InvalidInput
from .._identity.models import DesiredState, Expected
from .._identity.resource_ids import (
    ServerRef,
    check_group,
    check_server_name,
    check_subscription,
    distinct,
    identity_id,
    key,
    parse_server_id,
)

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

SERVER: dict[str, Any] = {
    "resource_group": {"type": "str"},
    "server_name": {"type": "str", "aliases": ["name", "server"]},
    "server_id": {"type": "str"},
}

LISTING: dict[str, Any] = {
    "subscriptions": {"type": "list", "elements": "str"},
    "all_subscriptions": {"type": "bool", "default": False},
    "strict_subscriptions": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 1800},
    "poll_interval": {"type": "float", "default": 10},
}

WAITING: dict[str, Any] = {
    "wait_timeout": {"type": "int", "default": 1800},
    "poll_interval": {"type": "float", "default": 10},
    "busy_timeout": {"type": "int", "default": 600},
}


def server_ref(options: Mapping[str, Any], subscription_id: str) -> ServerRef:
    """The server that the options name; the subscription counts unless they name it by ID. Raises `InvalidInput`."""
    if options.get("server_id") is not None:
        return parse_server_id("server_id", options["server_id"])
    return ServerRef(
        check_subscription("subscription_id", subscription_id),
        check_group("resource_group", options["resource_group"]),
        check_server_name("server_name", options["server_name"]),
    )


def check_state(options: Mapping[str, Any]) -> str:
    """The `state`. Raises `InvalidInput`."""
    state: str = options["state"]
    if state not in ("present", "absent", "info"):
        raise InvalidInput("state", f"{state!r} is none of present, absent, info.")
    return state


def desired_state_from_module(options: Mapping[str, Any], server: ServerRef) -> DesiredState:
    """What `state=present` or `absent` asks for. Raises `InvalidInput`."""
    identities = _resolve("identities", options, server)
    replaces = _resolve("replaces", options, server)
    system_assigned = options.get("system_assigned")
    if options["state"] == "absent":
        for option in ("replaces", "purge_identities"):
            if options.get(option):
                raise InvalidInput(option, "goes with state=present only.")
        if not identities:
            raise InvalidInput("identities", "state=absent needs at least one identity to remove.")
        return DesiredState(absent=identities, system_assigned=system_assigned)
    if not identities and not options["purge_identities"] and system_assigned is None:
        raise InvalidInput(
            "identities",
            "state=present needs at least one identity, or system_assigned; purge_identities=true with an empty list "
            "removes all.",
        )
    if replaces and not identities:
        raise InvalidInput("replaces", "needs the new identity in identities; to remove only, use state=absent.")
    _refuse_both("identities", identities, "replaces", replaces)
    return DesiredState(
        present=identities,
        absent=replaces,
        purge=options["purge_identities"],
        keep_encryption_identities=options["keep_encryption_identities"],
        system_assigned=system_assigned,
    )


def desired_state_from_row(options: Mapping[str, Any], server: ServerRef) -> DesiredState:
    """What a row of a fleet asks for; it may ask for nothing. Raises `InvalidInput`."""
    present, absent = _resolve("present", options, server), _resolve("absent", options, server)
    _refuse_both("present", present, "absent", absent)
    expected = None
    if options.get("expected_identities") is not None:
        expected = Expected(_resolve("expected_identities", options, server), options.get("expected_system_assigned"))
    return DesiredState(
        present=present,
        absent=absent,
        purge=bool(options.get("purge")),
        keep_encryption_identities=bool(options.get("keep_encryption_identities")),
        system_assigned=options.get("system_assigned"),
        only_if_assigned=_resolve("only_if_assigned", options, server),
        expected=expected,
    )


def _refuse_both(option: str, assigned: tuple[str, ...], other: str, removed: tuple[str, ...]) -> None:
    both = {key(each) for each in assigned} & {key(each) for each in removed}
    if both:
        raise InvalidInput(other, f"{min(both)!r} is in {option} too: it cannot both be assigned and removed.")


def _resolve(option: str, options: Mapping[str, Any], server: ServerRef) -> tuple[str, ...]:
    subscription, group = server.subscription_id, server.resource_group
    if options.get("identity_subscription_id"):
        subscription = check_subscription("identity_subscription_id", options["identity_subscription_id"])
    if options.get("identity_resource_group"):
        group = check_group("identity_resource_group", options["identity_resource_group"])
    return distinct([identity_id(option, each, subscription, group) for each in options.get(option) or []])


def retry_policy_from_options(options: Mapping[str, Any]) -> RetryPolicy:
    """The retry_policy that the options ask for. Raises `InvalidInput`."""
    for option, least in (("wait_timeout", 1), ("poll_interval", 0.001), ("busy_timeout", 0)):
        if not options[option] >= least:  # so that not-a-number is refused too
            raise InvalidInput(option, f"{options[option]!r} is too short: at least {least} seconds.")
    return RetryPolicy(options["wait_timeout"], options["poll_interval"], options["busy_timeout"])


def percentage(option: str, options: Mapping[str, Any]) -> float:
    """A share between 0 and 100. Raises `InvalidInput`."""
    value: float = options[option]
    if not 0 <= value <= 100 or (option == "quota_percentage" and value == 0):
        raise InvalidInput(option, f"{value:g} is not a percentage that can work.")
    return value
