# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Values of variables, each of which may be a text as a survey gives it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils._errors import InvalidInput, quoted
from ..module_utils._identity.resource_ids import read_names as split_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PURGE = "pgflex_identity_purge"


def read_text(variable: str, value: Any) -> str | None:
    """Return a text, None where it is unset. Raise `InvalidInput`."""
    if value is None:
        return None
    # A number is a name that YAML took for one.
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise InvalidInput(variable, f"{quoted(value)} is not a text.")
    return str(value).strip() or None


def read_names(variable: str, value: Any) -> list[str]:
    """Return the names in a list, or in a text with one on each line or commas between. Raise `InvalidInput`."""
    if value is None:
        return []
    if isinstance(value, str):
        return split_names(value)
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        raise InvalidInput(variable, f"{quoted(value)} is neither a list of texts nor a text with one on each line.")
    return [str(name) for name in value]


def without_omitted(source: Mapping[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """Return what a host says; a list of which templates have left nothing is unset, and no word for none."""
    return {name: None if value == [] and source[name] else value for name, value in said.items()}


def read_flag(variable: str, value: Any) -> bool | None:
    """Return whether a text or a value is true, None where it is unset. Raise `InvalidInput`."""
    if value is None or value == "":
        return None
    try:
        return bool(boolean(value))
    except TypeError:
        raise InvalidInput(variable, f"{quoted(value)} is neither true nor false.") from None


def is_purged(read: Callable[[], Any]) -> bool:
    """Return whether a host's server is to be purged, as `read` has it; what cannot be read fails on its own."""
    try:
        return bool(read_flag(PURGE, read()))
    except InvalidInput:
        return False
