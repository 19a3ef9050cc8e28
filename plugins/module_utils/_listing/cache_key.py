# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Tell kept lists apart by what they answer: which servers were asked for, where, and by whom."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from .._azure.credentials import choose, cli_account
from .._azure.settings import FIELDS
from .._version import VERSION
from .servers import subscriptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._azure.connection import Connection

_ASKED = ("resource_groups", "include_filters", "exclude_filters", "strict_subscriptions")
# The key is the name of a file: whoever sees it shall not find out a password by trying.
_ROUNDS = 200_000


def cache_key(options: Mapping[str, Any], connection: Connection) -> str:
    """Return a digest of the question, in hexadecimal.

    Every setting counts, wherever it was set, the secret ones too, so that a wrong secret is not answered from what a
    right one has read. Raise `InvalidInput`, `CredentialError`.
    """
    settings = connection.settings
    secret = {each.name for each in FIELDS if each.secret}
    kind = choose(settings, os.environ)
    question = {
        "version": VERSION,
        "subscriptions": subscriptions(options, connection),
        "asked": {name: options[name] for name in _ASKED},
        "credential": kind.name,
        "account": None if kind.proof else cli_account(),
        "settings": {name: value for name, value in settings.values.items() if name not in secret},
    }
    proof = {name: value for name, value in settings.values.items() if name in secret}
    return hashlib.pbkdf2_hmac("sha256", _as_bytes(proof), _as_bytes(question), _ROUNDS).hex()[:32]


def _as_bytes(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, default=str).encode()
