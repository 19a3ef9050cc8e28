# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw IDs in all their spellings, and servers as the service sends them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from unit.support import PRINCIPAL, REF, TENANT, mi

NAMES = "abcde"
SPELLINGS = (str, str.lower, str.upper, lambda each: each.replace("resourceGroups", "resourcegroups"))
Raw = dict[str, Any]

names = st.sampled_from(NAMES)


def spelled(name: str) -> st.SearchStrategy[str]:
    """Draw one of the spellings of an ID."""
    return st.sampled_from([spell(mi(f"id-{name}")) for spell in SPELLINGS])


ids = names.flatmap(spelled)


@st.composite
def raw_servers(draw: st.DrawFn) -> Raw:
    """Draw a server's JSON. A key may be there in two spellings, and encryption may spell an identity otherwise."""
    held = draw(st.lists(ids, unique=True, max_size=6))
    system = draw(st.booleans())
    kinds = ["SystemAssigned"] * system + ["UserAssigned"] * bool(held)
    used = st.sampled_from(held).flatmap(lambda each: spelled(each.rpartition("-")[2])) if held else st.none()
    primary, geo = draw(st.none() | used), draw(st.none() | used)
    encryption = {
        "type": "AzureKeyVault" if primary or geo else "SystemManaged",
        **({"primaryUserAssignedIdentityId": primary} if primary else {}),
        **({"geoBackupUserAssignedIdentityId": geo} if geo else {}),
    }
    raw: Raw = {"id": REF.id, "location": "Canada Central", "properties": {"dataEncryption": encryption}}
    if kinds:
        raw["identity"] = {
            "type": ",".join(kinds),
            "tenantId": TENANT,
            **({"principalId": PRINCIPAL} if system else {}),
            **({"userAssignedIdentities": {each: {} for each in held}} if held else {}),
        }
    return raw
