# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Names of hosts that no two servers share."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ..module_utils._errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# All three together name one server.
_TELLING_APART = ("pgflex_resource_group", "pgflex_subscription_id", "pgflex_server_name")


def name_hosts(
    hosts: list[dict[str, Any]], preferred: Callable[[dict[str, Any]], str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return each host's name and variables, in the order given.

    Names that are equal without case get the resource group appended, all of them, so that a name does not depend on
    the order of the list; if they are still equal, the subscription, then the server. Raise `InvalidInput` if even
    that leaves two servers with one name, since one of them would vanish.
    """
    names = [preferred(each) for each in hosts]
    for part in _TELLING_APART:
        often = Counter(name.lower() for name in names)
        names = [f"{name}_{each[part]}" if often[name.lower()] > 1 else name for name, each in zip(names, hosts)]
    shared = sorted(name for name, count in Counter(name.lower() for name in names).items() if count > 1)
    if shared:
        raise InvalidInput("hostnames", f"several servers would be the host {shared[0]!r}.")
    return zip(names, hosts)
