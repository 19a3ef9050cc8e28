# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Users without multifactor authentication: they read and check well, and the public cloud refuses their writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from azure.identity import UsernamePasswordCredential

from ansible_collections.pgflex.azure.plugins.module_utils._azure import credentials
from ansible_collections.pgflex.azure.plugins.module_utils._azure.clouds import Cloud
from e2e.failures import CHANGING, A, check_failure
from e2e.world import AUDIENCE, patches, seed_server, true_identity

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

pytestmark = [
    pytest.mark.identity,
    pytest.mark.filterwarnings("ignore:This API has been deprecated for public client flows"),
    pytest.mark.filterwarnings("ignore:UsernamePasswordCredential is deprecated"),
]

WANTED = "Azure wants multifactor authentication of users who change something"
UNATTENDED = "use a service principal, a managed identity or a federated token, which sign in unattended."
WARNING = f"{WANTED}, so that a run fails: {UNATTENDED}"
NOBODY: dict[str, Any] = {"secret": None, "tenant": None, "client_id": None}


def user(emulator: Emulator) -> dict[str, Any]:
    """Return the connection options of the user, in the place of those of an application."""
    ready = emulator.ready
    return {**NOBODY, "ad_user": ready["ad_user"], "password": ready["password"], "tenant": "adfs"}


@pytest.fixture
def user_of_az(emulator: Emulator, az: Path) -> None:
    """Let the user be the one that az is logged in with, by password."""
    ready = emulator.ready
    credential = UsernamePasswordCredential(
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        ready["ad_user"],
        ready["password"],
        tenant_id="adfs",
        authority=ready["arm"],
        disable_instance_discovery=True,
        connection_verify=ready["ca_file"],
    )
    file = az.parent / "token.json"
    token = {**json.loads(file.read_text()), "accessToken": credential.get_token(f"{AUDIENCE}/.default").token}
    file.write_text(json.dumps(token))


@pytest.fixture
def public(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the emulator be the public cloud."""
    monkeypatch.setattr(credentials, "PUBLIC", Cloud(emulator.ready["arm"], "", ""))


def check_refused(emulator: Emulator, module: RunModule, **options: Any) -> None:
    """Run a change that is refused for lack of multifactor authentication."""
    seed_server(emulator)
    emulator.settings(user_writes="mfa")
    result = module(identities=[A], **options)
    hint = f"{WANTED}: {UNATTENDED}"
    check_failure(result, CHANGING, hint, code="RequestDisallowedByPolicy", status=401)
    assert len(patches(emulator)) == 1
    assert true_identity(emulator)["ids"] == []
    assert "MFA is required" in result["msg"]
    assert "az login --claims-challenge eyJhY2Nlc3NfdG9rZW4iOiB7ImFjcnMi" in result["msg"]
    assert "exempt" not in result["msg"]


def test_the_write_of_a_user_is_refused_once_and_the_message_says_what_to_use(
    emulator: Emulator, module: RunModule
) -> None:
    check_refused(emulator, module, **user(emulator))


@pytest.mark.usefixtures("user_of_az")
def test_so_is_that_of_the_user_of_the_azure_cli(emulator: Emulator, module: RunModule) -> None:
    check_refused(emulator, module, auth_source="cli", **NOBODY)


def test_an_application_writes_where_users_may_not(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.settings(user_writes="mfa")
    assert module(identities=[A])["assigned"] == [A]


@pytest.mark.usefixtures("public")
def test_check_mode_warns_of_a_user_in_the_public_cloud(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    result = module(identities=[A], check=True, **user(emulator))
    assert result["changed"]
    assert result["warnings"] == [f"User and password: {WARNING}"]
    assert "warnings" not in module(state="info", check=True, **user(emulator))
    assert "warnings" not in module(identities=[A], check=True)


@pytest.mark.usefixtures("public", "user_of_az")
@pytest.mark.parametrize(("auth_source", "who"), [("cli", "Azure CLI"), ("auto", "Azure CLI or managed identity")])
def test_check_mode_warns_of_the_user_of_the_azure_cli(
    auth_source: str, who: str, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    result = module(identities=[A], check=True, auth_source=auth_source, **NOBODY)
    assert result["warnings"] == [f"{who}: {WARNING}"]


@pytest.mark.usefixtures("public", "az")
def test_check_mode_says_nothing_of_an_application_that_the_azure_cli_is_logged_in_with(
    emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    assert "warnings" not in module(identities=[A], check=True, auth_source="cli", **NOBODY)


@pytest.mark.usefixtures("user_of_az")
def test_check_mode_warns_in_no_other_cloud(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    assert "warnings" not in module(identities=[A], check=True, **user(emulator))
    assert "warnings" not in module(identities=[A], check=True, auth_source="cli", **NOBODY)
