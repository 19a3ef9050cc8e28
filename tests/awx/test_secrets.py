# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""AWX stores no secret of a job, at its highest verbosity and whatever shape the credential has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from awx.places import inventory_of
from e2e.conftest import secrets_of
from e2e.fleets import seed_servers, servers

if TYPE_CHECKING:
    from awx.launches import Place
    from e2e.emulator_client import Emulator

CANARY = "canary-of-awx-7c2e"
TYPES = {
    "secret": "Microsoft Azure Resource Manager",
    "user": "Microsoft Azure Resource Manager",
    "certificate": "Azure with certificate",
    "token": "Azure with federated token",
}
#: A wrong PEM, whose content is as secret as a right one.
PEM = f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"


def inputs_of(kind: str, place: Place, emulator: Emulator, *, right: bool) -> dict[str, str]:
    """Return what somebody has typed into the fields of the credential, with canaries where it is wrong."""
    ready = emulator.ready
    certificate = Path(ready["client_certificate_encrypted"]).read_text(encoding="utf-8")
    token = Path(ready["federated_token_file"]).read_text(encoding="utf-8")
    secrets = {
        "secret": ({"secret": ready["secret"]}, {"secret": CANARY}),
        "user": ({}, {"username": ready["ad_user"], "password": CANARY}),
        "certificate": (
            {"certificate": certificate, "certificate_password": ready["client_certificate_password"]},
            {"certificate": PEM, "certificate_password": CANARY},
        ),
        "token": ({"token": token}, {"token": f"eyJhbGciOi.{CANARY}.{CANARY}"}),
    }[kind][0 if right else 1]
    common = ("subscription", "cloud_environment", *(() if kind == "user" else ("client", "tenant")))
    return {**{name: place.inputs[name] for name in common}, **secrets}


@pytest.mark.parametrize(
    ("kind", "right"),
    [("secret", True), ("certificate", True), ("token", True), *((kind, False) for kind in TYPES)],
)
def test_no_secret_is_in_what_awx_stores(kind: str, right: bool, emulator: Emulator, place: Place) -> None:
    seed_servers(emulator, servers("app", 1))
    place.inventory = inventory_of(["pg-app-000"])
    place.credential, place.inputs = TYPES[kind], inputs_of(kind, place, emulator, right=right)
    job = place.launch("assign", {"pgflex_identity_present__survey": "id-b"}, verbosity=4)
    assert job.status == ("successful" if right else "failed"), job.stdout
    assert "pgflex_identity_fleet" in json.dumps(job.events)
    stored = [json.dumps(job.events), json.dumps(job.artifacts)]
    # Not the runner's note of its command and environment, in which AWX itself hides what it has injected.
    [folder] = place.folder.iterdir()
    kept = [path for path in (folder / "stored").rglob("*") if path.is_file() and path.name != "command"]
    stored += [path.read_text(encoding="utf-8", errors="replace") for path in kept]
    assert "stdout" in [path.name for path in kept]
    for secret in (CANARY, *secrets_of(emulator)):
        assert not [text for text in stored if secret in text], secret
