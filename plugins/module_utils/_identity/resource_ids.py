# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Resource IDs: check, complete, compare without case. Pure.

Azure compares resource IDs without case and returns them in more than one spelling: `resourceGroups` and
`resourcegroups` both occur for identities (Azure CLI recordings of 2022 and 2026). So every comparison goes through
`key()`, and what is sent keeps the spelling it came with.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import TYPE_CHECKING

from .._errors import InvalidInput, quoted

if TYPE_CHECKING:
    from collections.abc import Collection

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_GROUP = re.compile(r"[-\w.()]{0,89}[-\w()]")
_IDENTITY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
# Pattern and length: serverName in the OpenAPI of Microsoft.DBforPostgreSQL 2025-08-01.
_SERVER_NAME = re.compile(r"(?=.{3,63}\Z)[a-zA-Z0-9]+(-[a-zA-Z0-9]+)*")
#: What is said of a GUID in the place of an identity.
LIKE_A_PRINCIPAL = (
    "looks like the principal ID (object ID) or client ID of an identity. What belongs here is its resource ID or its "
    "name."
)
# A comment runs to the end of its line: no resource ID holds the sign.
_BETWEEN = re.compile(r"(?:#[^\n]*|[,\n])+")
# Either may have `*` for any text.
_NAME_PATTERN = re.compile(r"[A-Za-z0-9_*-]+")
_ID_PATTERN = re.compile(r"[/*][-\w.()/*]*")
_SEGMENTS = ("", "subscriptions", None, "resourcegroups", None, "providers", None, None, None)


def key(resource_id: str) -> str:
    """Return the form in which two spellings of one resource ID are equal."""
    return resource_id.lower()


@dataclass(frozen=True)
class ResourceId:
    """A resource directly in a resource group, in the caller's spelling."""

    subscription_id: str
    resource_group: str
    provider: str
    type: str
    name: str


@dataclass(frozen=True)
class ServerRef:
    """Where a flexible server is."""

    subscription_id: str
    resource_group: str
    name: str

    @property
    def id(self) -> str:
        """The full resource ID."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.DBforPostgreSQL/flexibleServers/{self.name}"
        )


def split(resource_id: str) -> ResourceId:
    """Split a resource ID into its parts; a text that is none has its last part as name, and nothing else."""
    parts = resource_id.split("/")
    if len(parts) != len(_SEGMENTS):
        return ResourceId("", "", "", "", parts[-1])
    return ResourceId(parts[2], parts[4], parts[6], parts[7], parts[8])


def read_names(text: str) -> list[str]:
    """Return the names in a text with one on each line, or with commas between."""
    return [name.strip() for name in _BETWEEN.split(text) if name.strip()]


def is_guid(text: str) -> bool:
    """Return whether it has the form of a subscription ID, and of the principal and client ID of an identity."""
    return bool(_GUID.fullmatch(text))


def _part(value: str) -> str:
    """Return what to do with more than a name where a name belongs; empty if nothing is known."""
    if "/flexibleservers/" in value.lower():
        return " It looks like the resource ID of a server: that belongs in server_id (variable pgflex_server_id)."
    if "/" in value:
        return " It looks like a resource ID: only the part after the last slash belongs here."
    if ".postgres.database." in value.lower():
        return " It looks like the address of a server: only the part before the first dot belongs here."
    return ""


def _address(value: str) -> str:
    """Return what belongs in the place of an address; empty for what is none."""
    return " It looks like an address: what belongs here is the name of the server in Azure." if "." in value else ""


def _bare(value: str, kind: str) -> str:
    """Return what to do with a name where the resource ID of a server belongs; empty for anything else."""
    if kind != "flexibleServers" or not _SERVER_NAME.fullmatch(value):
        return ""
    return " It looks like a name: that belongs in server_name (variable pgflex_server_name), with the resource group."


def check_subscription(option: str, value: str) -> str:
    """Return `value`, a GUID. Raise `InvalidInput`."""
    if not _GUID.fullmatch(value):
        raise InvalidInput(option, f"{quoted(value)} is not a subscription ID (a GUID).{_part(value)}")
    return value


def check_group(option: str, value: str) -> str:
    """Return `value`, a resource group's name. Raise `InvalidInput`."""
    if not _GROUP.fullmatch(value):
        raise InvalidInput(option, f"{quoted(value)} is not the name of a resource group.{_part(value)}")
    return value


def check_server_name(option: str, value: str) -> str:
    """Return `value`, a flexible server's name. Raise `InvalidInput`."""
    if not _SERVER_NAME.fullmatch(value):
        raise InvalidInput(
            option,
            f"{quoted(value)} is not the name of a flexible server: 3 to 63 letters, digits and single hyphens between "
            f"them.{_part(value) or _address(value)}",
        )
    return value


def _parse(option: str, value: str, provider: str, kind: str) -> ResourceId:
    desired = f"/subscriptions/<subscription>/resourceGroups/<group>/providers/{provider}/{kind}/<name>"
    parts = value.split("/")
    fixed_fit = len(parts) == len(_SEGMENTS) and all(
        fixed is None or part.lower() == fixed for part, fixed in zip(parts, _SEGMENTS)
    )
    if not fixed_fit or not all(parts[1:]):
        raise InvalidInput(option, f"{quoted(value)} is not a resource ID of the form {desired}.{_bare(value, kind)}")
    found = split(value)
    check_subscription(option, found.subscription_id)
    check_group(option, found.resource_group)
    if found.provider.lower() != provider.lower() or found.type.lower() != kind.lower():
        raise InvalidInput(
            option, f"{quoted(value)} is the ID of a {found.provider}/{found.type}, not of a {provider}/{kind}."
        )
    return found


def parse_server_id(option: str, value: str) -> ServerRef:
    """Read a flexible server's full resource ID. Raise `InvalidInput`."""
    found = _parse(option, value, "Microsoft.DBforPostgreSQL", "flexibleServers")
    check_server_name(option, found.name)
    return ServerRef(found.subscription_id, found.resource_group, found.name)


def check_identity_id(option: str, value: str) -> str:
    """Return `value`, a user-assigned identity's full resource ID. Raise `InvalidInput`."""
    _parse(option, value, "Microsoft.ManagedIdentity", "userAssignedIdentities")
    return value


# An estate repeats its identities.
@lru_cache(maxsize=8192)
def identity_id(option: str, value: str, subscription_id: str, resource_group: str) -> str:
    """Return the resource ID of a user-assigned identity, given by ID or by bare name. Raise `InvalidInput`.

    An ID is returned as it was spelled. A bare name is completed with `subscription_id` and `resource_group`, which
    are those of the server unless the user says otherwise, as `az postgres flexible-server identity` does.
    """
    is_id = "/" in value
    name = _parse(option, value, "Microsoft.ManagedIdentity", "userAssignedIdentities").name if is_id else value
    if not _IDENTITY_NAME.fullmatch(name):
        shown = "an empty string" if not value else quoted(value)
        raise InvalidInput(
            option,
            f"{shown} is neither a resource ID nor the name of a user-assigned identity "
            "(letters, digits, hyphens and underscores, at most 128).",
        )
    if is_id:
        return value
    return (
        f"/subscriptions/{subscription_id}/resourceGroups/{resource_group}"
        f"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    )


def check_identity_pattern(option: str, value: str) -> str:
    """Return `value`, an identity's resource ID or bare name in which `*` stands for any text. Raise `InvalidInput`."""
    if "*" in value and (_ID_PATTERN if "/" in value else _NAME_PATTERN).fullmatch(value):
        return value
    # Without a star it is what any identity is given by.
    identity_id(option, value, "", "")
    return value


def matches(pattern: str, resource_id: str) -> bool:
    """Return whether a pattern with a slash fits the whole ID, or another one the name, in any group; without case."""
    subject = resource_id if "/" in pattern else split(resource_id).name
    return fnmatchcase(key(subject), key(pattern))


def labels(resource_ids: Collection[str]) -> dict[str, str]:
    """Return the name of each, or the whole ID where another one of them has the same name."""
    often = Counter(key(split(each).name) for each in resource_ids)
    return {each: name if often[key(name := split(each).name)] == 1 else each for each in resource_ids}


def distinct(resource_ids: list[str]) -> tuple[str, ...]:
    """Return the first spelling of each resource ID, in the order given."""
    seen: dict[str, str] = {}
    for resource_id in resource_ids:
        seen.setdefault(key(resource_id), resource_id)
    return tuple(seen.values())
