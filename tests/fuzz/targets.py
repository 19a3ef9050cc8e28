# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of what people write: any text is understood or refused with `InvalidInput`, and nothing else happens."""

from __future__ import annotations

import base64
import tempfile
import zlib
from contextlib import suppress
from unittest.mock import patch

from ansible_collections.pgflex.azure.plugins.module_utils._azure import settings as _settings
from ansible_collections.pgflex.azure.plugins.module_utils._azure.responses import retry_after
from ansible_collections.pgflex.azure.plugins.module_utils._errors import CredentialError, InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import Record, read_record
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.waves import read_waves, wave_sizes
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import identity_id, parse_server_id
from ansible_collections.pgflex.azure.plugins.plugin_utils._host_variables import make_row
from emulator.control import seed

SUBSCRIPTION = "00000000-0000-4000-8000-000000000001"
#: Texts to begin with.
SEEDS = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-a",
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-orders",
    '{"format":"pgflex.azure/journal/1","version":"","started":"","action":""}\n',
    f"pgflex1:{base64.b64encode(zlib.compress(b'{}')).decode()}",
    "1, 10%, 100%",
    "Mon, 23 Nov 2026 20:00:00 GMT",
    "[default]\nsubscription_id=x\n",
    "id-a # the app\nid-b, id-c",
    "subscriptions: [{id: x, created: 2001-99-99, more: !!timestamp x}]",
)
CANARY = "vErY-sEcReT"


def read_identity(text: str) -> None:
    """Read an identity by ID or by name: a whole ID comes out that is taken again as it is."""
    found = identity_id("identities", text, SUBSCRIPTION, "rg")
    assert identity_id("identities", found, "", "") == found
    assert found.count("/") == 8
    assert not set(found) & set("?#%\\ \n\r\t")


def read_server(text: str) -> None:
    """Read a server by ID."""
    found = parse_server_id("server_id", text)
    assert found.id.lower() == text.lower()


def read_rollback(text: str) -> None:
    """Read a record, packed, and as a file of its own: reading files is not to be tried at random."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(text.encode("utf-8", "surrogatepass"))
        file.flush()
        for each in (file.name, f"pgflex1:{text}"):
            try:
                found = read_record("rollback", each)
            except InvalidInput:
                continue
            assert isinstance(found, Record)


def read_waves_of(text: str) -> None:
    """Read waves: all servers come in, each once."""
    waves = read_waves("waves", [text])
    assert sum(wave_sizes(waves, 1000)) == 1000


def read_retry_after(text: str) -> None:
    """Read a header of an answer."""
    found = retry_after({"Retry-After": text})
    assert found is None or isinstance(found, float)


def read_credentials(text: str) -> None:
    """Read the credentials file: what is wrong with it is told without what is in it."""
    with tempfile.NamedTemporaryFile() as file, patch.object(_settings, "CREDENTIALS_FILE", file.name):
        file.write(f"[default]\nsecret={CANARY}\n{text}".encode())
        file.flush()
        told = ""
        try:
            found = _settings.resolve({}, {})
            told = repr(found)
            assert (found.get("secret") or "").startswith(CANARY)
        except CredentialError as error:
            told = str(error)
        assert CANARY not in told


def read_survey(text: str) -> None:
    """Read a set of identities and a flag as a survey of AWX gives them."""
    row = make_row("pg-orders", {"pgflex_resource_group": "rg", "pgflex_identity_present": text})
    assert all(name == name.strip() != "" and not set(name) & set(",\n#") for name in row.get("present", []))
    make_row("pg-orders", {"pgflex_resource_group": "rg", "pgflex_identity_purge": text})


def read_seed(text: str) -> None:
    """Read a seed of the emulator."""
    with suppress(seed.SeedError):
        assert isinstance(seed.load(text), dict)


TARGETS = (
    read_identity,
    read_server,
    read_rollback,
    read_waves_of,
    read_retry_after,
    read_credentials,
    read_survey,
    read_seed,
)


def try_out(text: str) -> None:
    """Try all of them."""
    for target in TARGETS:
        with suppress(InvalidInput):
            target(text)
