# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of the emulator: its timing, and one switch for each behaviour of the service that is not known."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from emulator import schema

_HOST = re.compile(r"[a-zA-Z0-9.-]+(:\d+)?")
Buckets = dict[str, dict[str, float]]


def default_throttle() -> Buckets:
    """Return the published token buckets of ARM for one subscription and principal: size, and tokens a second."""
    return {"reads": {"bucket": 250, "refill": 25}, "writes": {"bucket": 200, "refill": 10}}


class SettingsError(ValueError):
    """A setting that does not exist, or a value it does not take."""


@dataclass
class Settings:
    """The first word of each choice is the default; the README says which fact each stands for. Times are seconds."""

    operation_seconds: float = 1.0
    page_size: int = 100
    throttle: Buckets | None = field(default_factory=default_throttle)
    token_seconds: float = 3600
    retry_after: int | None = None
    client_id_in_server: Literal["tenant", "client"] = "tenant"
    key_casing: Literal["caller", "lower"] = "caller"
    busy_status: Literal[409, 400, 429, 500, 503] = 409
    busy_code: Literal["ServerIsBusy", "ServerBusy"] = "ServerIsBusy"
    busy_in: Literal["request", "operation"] = "request"
    stopped_server_patch: Literal["accept", "refuse"] = "accept"
    elastic_cluster_patch: Literal["accept", "refuse"] = "accept"
    remove_unassigned: Literal["ignore", "refuse"] = "ignore"
    empty_map: Literal["refuse", "accept"] = "refuse"
    missing_type: Literal["refuse", "infer"] = "refuse"
    same_id_other_casing: Literal["merge", "duplicate"] = "merge"
    user_to_system: Literal["accept", "ignore", "refuse"] = "accept"
    disable_system_with_user: Literal["accept", "refuse"] = "accept"
    encryption_identity_removal: Literal["refuse", "accept"] = "refuse"
    missing_identity: Literal["FailedIdentityOperation", "LinkedAuthorizationFailed"] = "FailedIdentityOperation"
    missing_identity_in: Literal["request", "operation"] = "request"
    restricted_identity: Literal["refuse", "accept"] = "refuse"
    state_while_running: Literal["Updating", "Ready"] = "Updating"
    async_headers: Literal["both", "location", "operation", "none"] = "both"
    policy_hash: Literal["bytes", "lenient"] = "bytes"
    policy_prefix: Literal["PoP ", "PT 1.", ""] = "PoP "
    policy_unneeded: Literal["token", "none"] = "token"
    policy_reuse: Literal["refuse", "accept"] = "refuse"
    policy_details_in: Literal["evaluationDetails", "info"] = "evaluationDetails"
    newer_properties: Literal["omit", "show"] = "omit"
    user_writes: Literal["accept", "mfa"] = "accept"
    policies: list[dict[str, Any]] = field(default_factory=list)
    log_bodies: bool = True
    check_schema: bool = False

    def update(self, changes: object) -> None:
        """Take over all of `changes` (a mapping of names to values), or none of them.

        :raises SettingsError: for an unknown name or a wrong value.
        """
        if not isinstance(changes, dict):
            raise SettingsError("settings must be a mapping of names to values")
        checked = {name: _checked(name, value) for name, value in changes.items()}
        for name, value in checked.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class AllSettings(Settings):
    """And what the service may show although its documentation does not say so: clients have to bear it."""

    list_lag: float | Literal["frozen"] = 0
    get_lag: float = 0
    accepted: Literal[202, "202_empty", 200, 201, 204] = 202
    claims_challenge: Literal["never", "until_claims", "always"] = "never"
    node_identities: Literal["one", "several"] = "one"
    deleted_identity: Literal["accept", "refuse"] = "accept"
    operation_host: str | None = None
    remaining_counts: Literal["recorded", "all", "none"] = "recorded"


_HINTS = get_type_hints(AllSettings)


def _checked(name: object, value: Any) -> Any:
    if name not in _HINTS:
        known = ", ".join(each.name for each in fields(AllSettings))
        raise SettingsError(f"unknown setting '{name}'; known settings: {known}")
    hint = _HINTS[str(name)]
    if name in ("throttle", "policies"):
        return (_checked_throttle if name == "throttle" else _checked_policies)(value)
    if name == "operation_host":
        if value is not None and (not isinstance(value, str) or not _HOST.fullmatch(value)):
            raise SettingsError(f"setting 'operation_host' must be null or a host, with or without port, not {value!r}")
        return value
    if name == "list_lag":
        return value if value == "frozen" else _checked_number("list_lag", value, float)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise SettingsError(f"setting '{name}' must be one of {', '.join(map(str, get_args(hint)))}, not {value!r}")
        return value
    if hint is bool:
        if not isinstance(value, bool):
            raise SettingsError(f"setting '{name}' must be true or false, not {value!r}")
        return value
    return _checked_number(str(name), value, hint)


def _checked_policies(value: Any) -> list[dict[str, Any]]:
    try:
        schema.check(value, "policies")
    except schema.InvalidDocumentError as error:
        raise SettingsError(f"setting 'policies': {error}") from error
    assert isinstance(value, list)
    return value


def _checked_number(name: str, value: Any, hint: Any) -> Any:
    if value is None and type(None) in get_args(hint):
        return None
    whole = hint is not float
    lowest = 1 if name == "page_size" else 0
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or value < lowest:
        raise SettingsError(
            f"setting '{name}' must be a {'whole ' if whole else ''}number from {lowest}, not {value!r}"
        )
    return value


def _checked_throttle(value: Any) -> Buckets | None:
    if value is None:
        return None
    buckets = default_throttle()
    if not isinstance(value, dict) or not set(value) <= set(buckets):
        raise SettingsError("setting 'throttle' must be null or a mapping with 'reads' and 'writes'")
    for kind, bucket in value.items():
        if not isinstance(bucket, dict) or set(bucket) - {"others"} != {"bucket", "refill"}:
            raise SettingsError(
                f"setting 'throttle.{kind}' must have 'bucket' and 'refill', may have 'others', no more"
            )
        for name, number in bucket.items():
            if isinstance(number, bool) or not isinstance(number, (int, float)) or number <= 0:
                raise SettingsError(f"setting 'throttle.{kind}.{name}' must be a number above 0, not {number!r}")
        buckets[kind] = bucket
    return buckets
