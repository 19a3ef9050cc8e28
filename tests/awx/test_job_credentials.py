# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs sign in with the credentials that a template has, and say what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from awx.jobs import Attached
from awx.places import inventory_of
from awx.rules import Refused
from awx.test_jobs import check_no_secret
from e2e.fleets import seed_servers, servers

if TYPE_CHECKING:
    from awx.launches import Place
    from e2e.emulator_client import Emulator


def test_a_credential_without_its_secret_is_told_which_field_is_empty(emulator: Emulator, place: Place) -> None:
    place.inventory = inventory_of(["pg-app-000"])
    place.inputs = {**place.inputs, "secret": ""}
    job = place.launch("assign")
    assert job.status == "failed"
    assert "In AWX that is the field Client Secret of the credential, which is empty." in " ".join(job.stdout.split())
    assert emulator.requests() == []


@pytest.mark.parametrize("kind", ["user", "managed identity"])
def test_a_job_signs_in_as_a_user_or_a_managed_identity(kind: str, emulator: Emulator, place: Place) -> None:
    ready = emulator.ready
    seed_servers(emulator, servers("app", 1, "id-a"))
    place.inventory = inventory_of(["pg-app-000"])
    user = {"username": ready["ad_user"], "password": ready["password"]} if kind == "user" else {}
    place.inputs = {**{name: place.inputs[name] for name in ("subscription", "cloud_environment")}, **user}
    if kind == "managed identity":
        place.credential = "Azure with managed identity"
    # MSAL signs a user in at a host with a port only under this tenant.
    tenant = {"AZURE_TENANT_ID": "adfs"} if kind == "user" else {}
    place.env = {**place.env, **tenant, "AZURE_POD_IDENTITY_AUTHORITY_HOST": ready["arm"]}
    job = place.launch("list", verbosity=4)
    assert job.status == "successful", job.stdout
    assert "id-a" in job.stdout
    check_no_secret(place, emulator)
    [token] = emulator.requests("token")
    assert token["path"].startswith("/adfs/" if kind == "user" else "/metadata/identity/")


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ((), "a client secret (AZURE_SECRET)"),
        (("secret",), "a client secret (AZURE_SECRET)"),
        (("secret", "client", "tenant"), "a user or a subscription alone (AZURE_AD_USER)"),
    ],
)
def test_two_azure_credentials_are_refused_by_name(
    missing: tuple[str, ...], said: str, emulator: Emulator, place: Place
) -> None:
    seed_servers(emulator, servers("app", 1))
    place.inventory = inventory_of(["pg-app-000"])
    inputs = {**place.inputs, "certificate": "-----BEGIN"}
    place.inputs = {name: value for name, value in inputs.items() if name not in missing}
    second = Attached(place.kind("Azure with certificate"), inputs)
    with pytest.raises(Refused, match="credentials: Field is not configured to prompt on launch"):
        place.launch("list", {}, second)
    # Somebody has given the template both.
    job = place.run(place.controller.named("job_templates", "PostgreSQL identities: list"), {}, second)
    assert job.status == "failed"
    assert f"The job has 2 Azure credentials, {said} and a certificate: leave one" in job.stdout
    assert emulator.requests("arm") == []
