# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Multifactor authentication of users: what tokens and refusals say of it. Pure.

Since October 2025 the public cloud refuses the writes of users who signed in without it (Message Center MC1143999).
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from .sign_in_hints import UNATTENDED

if TYPE_CHECKING:
    from collections.abc import Mapping

_WANTED = "Azure wants multifactor authentication of users who change something"
_NEWER_SIGN_IN = (
    "Microsoft Entra wants a newer sign-in: the credential was revoked, or a Conditional Access policy does not let it "
    "in from this network. Its sign-in log says which."
)
_CHALLENGE = re.compile(r'claims="([A-Za-z0-9+/_=-]+)"')


def takes_a_person(headers: Mapping[str, str], body: str = "") -> bool:
    """Return whether a challenge asks for what no other token of the same credential can bring.

    That is an authentication context (Azure/azure-cli#31699), or whatever a policy wants of the user.
    """
    access = _parsed(_challenge(headers)).get("access_token")
    return (isinstance(access, dict) and "acrs" in access) or "requestdisallowedbypolicy" in body.lower()


def challenge_hint(headers: Mapping[str, str], code: str) -> str:
    """Return what to do about a 401 that asks for other claims in the token, empty for another one."""
    claims = _challenge(headers)
    if not claims:
        return ""
    if takes_a_person(headers, code):
        return (
            f"{_WANTED}: {UNATTENDED} By hand, the user of the Azure CLI can sign in again: "
            f"az login --claims-challenge {claims}"
        )
    return _NEWER_SIGN_IN


def _challenge(headers: Mapping[str, str]) -> str:
    found = _CHALLENGE.search(headers.get("WWW-Authenticate") or "")
    return found[1] if found else ""


def lacks_multifactor(token: str) -> bool:
    """Return whether a token says how its user signed in, and that it was without multifactor authentication.

    Only tokens of users say it, in `amr`; one that cannot be read says nothing.
    """
    methods = _parsed("".join(token.split(".")[1:2])).get("amr")
    return isinstance(methods, list) and "mfa" not in methods


def _parsed(encoded: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(encoded.replace("+", "-").replace("/", "_") + "=="))
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {}


def warning(who: str) -> str:
    """Return what a run that changes nothing says of one that would, as this user."""
    return f"{who}: {_WANTED}, so that a run fails: {UNATTENDED}"
