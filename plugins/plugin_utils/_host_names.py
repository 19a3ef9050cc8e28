# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Names of hosts that no two servers share, and that mean nothing else to Ansible."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from ansible.constants import LOCALHOST

from ..module_utils._errors import InvalidInput
from ..module_utils._identity.resource_ids import key
from ._template_safety import as_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Names that Ansible uses itself, for groups, this machine, and folders of variables.
RESERVED = ("all", "ungrouped", *LOCALHOST, ".", "..")
# All three together name one server.
_TELLING_APART = ("pgflex_resource_group", "pgflex_subscription_id", "pgflex_server_name")
# In --limit, which AWX makes of the names of failed hosts, and in names of files of variables.
_WITH_A_MEANING = re.compile(r"[\s,:!&@~*?\[\]/\\\x00-\x1f\x7f]")


def name_hosts(
    hosts: Sequence[dict[str, Any]], preferred: Sequence[str], taken: Mapping[str, str]
) -> list[tuple[str, dict[str, Any]]]:
    """Return each host's name and variables, in the order given.

    Characters with a meaning in patterns of hosts become `_`. Names that are equal without case get the resource group
    appended, all of them, so that a name does not depend on the order of the list; if they are still equal, the
    subscription, then the server. So does a name in `taken`, whose keys are in lower case, and whose values are the
    lower case IDs of the server that has it, empty for what is none. Raise `InvalidInput` if even that leaves two with
    one name, since one of them would vanish.
    """
    ids = [key(each["pgflex_server_id"]) for each in hosts]
    names = [_WITH_A_MEANING.sub("_", name) for name in preferred]

    def shared() -> list[bool]:
        often = Counter(name.lower() for name in names)
        return [
            often[name.lower()] > 1 or taken.get(name.lower(), server) != server for name, server in zip(names, ids)
        ]

    for part in _TELLING_APART:
        names = [f"{name}_{each[part]}" if clashes else name for name, each, clashes in zip(names, hosts, shared())]
    left = sorted(name for name, clashes in zip(names, shared()) if clashes)
    if left:
        raise InvalidInput("hostnames", f"several servers, or a server and a group, would be named {left[0]!r}.")
    # What was put together anew has lost its mark, and Ansible before 2.19 evaluates names of hosts.
    return list(zip(map(as_text, names), hosts))
