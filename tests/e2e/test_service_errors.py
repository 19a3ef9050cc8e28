# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Azure refuses: the message says what was tried, what Azure said, and what to do next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from e2e.failures import CHANGING, HAS_A, READING, A, check_failure
from e2e.world import (
    GROUP,
    OTHER_GROUP,
    OTHER_SUBSCRIPTION,
    SERVER,
    SERVER_ID,
    SUBSCRIPTION,
    arm_calls,
    identity_id,
    patches,
    seed_server,
    seed_subscription,
    true_identity,
    user_assigned,
)

if TYPE_CHECKING:
    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

pytestmark = pytest.mark.sdk


def other_audience(emulator: Emulator) -> dict[str, Any]:
    endpoints = {"loginEndpoint": emulator.ready["arm"], "audiences": ["https://other.example/"]}
    return {"body": json.dumps({"authentication": endpoints})}


# Signing in


@pytest.mark.parametrize(
    ("options", "said", "hint"),
    [
        pytest.param({"secret": "wrong-secret-1"}, "AADSTS7000215", "Give the value of the client secret", id="secret"),
        pytest.param({"tenant": SUBSCRIPTION}, "tenant", "Check client_id, tenant, secret and cloud", id="tenant"),
        pytest.param({"client_id": SUBSCRIPTION}, "AADSTS700016", "The tenant has no such", id="application"),
    ],
)
def test_a_sign_in_that_fails_by_an_unknown(
    options: dict[str, Any], said: str, hint: str, emulator: Emulator, module: RunModule
) -> None:
    seed_server(emulator)
    result = module(identities=[A], **options)
    assert result["msg"].startswith("Cannot get a token with the service principal with secret: ")
    assert said in result["msg"]
    assert hint in result["msg"]
    assert result["error"]["code"] == "CredentialError"
    assert "wrong-secret-1" not in str(result)
    assert emulator.requests("arm") == []


def test_an_expired_token_is_told(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.settings(token_seconds=0)
    result = module(identities=[A])
    hint = "Run again for a fresh token; check the clock of this machine."
    message = f"{READING}The access token expiry UTC time '"
    check_failure(result, message, hint, code="ExpiredAuthenticationToken", status=401)
    assert arm_calls(emulator) == ["GET server"]


def test_a_token_for_another_audience_is_told(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    emulator.fault("GET", "/metadata/endpoints", other_audience(emulator))
    result = module(identities=[A])
    message = f"{READING}The access token has been obtained for wrong audience"
    hint = "Check cloud_environment: the token was made for another cloud."
    check_failure(result, message, hint, code="InvalidAuthenticationTokenAudience", status=401)


def test_a_token_of_another_tenant_is_told(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    result = module(identities=[A], tenant=emulator.ready["other_tenant_id"])
    message = f"{READING}The access token is from the wrong issuer"
    hint = "Check tenant: it must be the tenant of the subscription."
    check_failure(result, message, hint, code="InvalidAuthenticationTokenTenant", status=401)


# What Azure refuses for good


def test_no_right_to_read_the_server(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    seed_subscription(emulator, denied_actions=["Microsoft.DBforPostgreSQL/flexibleServers/read"])
    result = module(identities=[A])
    hint = "Grant the credential a role with the action named above on that scope"
    check_failure(result, f"{READING}The client '", hint, code="AuthorizationFailed", status=403)
    assert "Microsoft.DBforPostgreSQL/flexibleServers/read" in result["msg"]
    assert arm_calls(emulator) == ["GET server"]


def test_no_right_to_write_the_server(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    seed_subscription(emulator, denied_actions=["Microsoft.DBforPostgreSQL/flexibleServers/write"])
    result = module(identities=[A])
    hint = "Grant the credential a role with the action named above on that scope"
    check_failure(result, f"{CHANGING}The client '", hint, code="AuthorizationFailed", status=403)
    assert arm_calls(emulator) == ["GET server", "GET identity", "GET server", "PATCH server"]


def test_a_missing_right_to_assign_the_identity_is_told(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    action = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
    seed_subscription(emulator, OTHER_SUBSCRIPTION, denied_actions=[action])
    far = identity_id("id-a", OTHER_GROUP, OTHER_SUBSCRIPTION)
    result = module(identities=[far])
    hint = "Grant the credential 'Managed Identity Operator' on the identity"
    check_failure(result, f"{CHANGING}The client '", hint, code="LinkedAuthorizationFailed", status=403)
    assert far in result["msg"]
    assert arm_calls(emulator) == ["GET server", "GET identity", "GET server", "PATCH server"]


def test_a_server_that_does_not_exist_is_not_created(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    before = emulator.servers()
    result = module(identities=[A], server_name="pg-absent")
    message = f"Cannot read server pg-absent in resource group {GROUP}: The Resource '"
    hint = "Check the name, the resource group and the subscription. A server or an identity is never created."
    target = SERVER_ID.replace(SERVER, "pg-absent")
    check_failure(result, message, hint, code="ResourceNotFound", status=404, target=target)
    assert arm_calls(emulator) == ["GET server"]
    assert emulator.servers() == before


def test_a_resource_group_that_does_not_exist_is_told(module: RunModule) -> None:
    result = module(identities=[A], resource_group="rg-absent")
    message = f"Cannot read server {SERVER} in resource group rg-absent: Resource group 'rg-absent' could not be found "
    target = SERVER_ID.replace(GROUP, "rg-absent")
    hint = "Check the resource group and the subscription."
    check_failure(result, message, hint, code="ResourceGroupNotFound", status=404, target=target)


def test_a_subscription_that_does_not_exist_is_told(module: RunModule) -> None:
    absent = "00000000-0000-4000-8000-000000000009"
    result = module(identities=[A], subscription_id=absent)
    message = f"{READING}The subscription '{absent}' could not be found "
    target = SERVER_ID.replace(SUBSCRIPTION, absent)
    hint = "Check subscription_id, and that the credential has a role in that subscription."
    check_failure(result, message, hint, code="SubscriptionNotFound", status=404, target=target)


def test_an_identity_that_does_not_exist_without_validation(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    result = module(identities=["id-absent"], validate_identities=False)
    hint = "Check that every identity to assign exists and may be used by this server."
    check_failure(result, f"{CHANGING}Identity operation for", hint, code="FailedIdentityOperation", status=400)
    assert identity_id("id-absent") in result["msg"]


def test_a_locked_server_is_told(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, lock="ReadOnly")
    result = module(identities=[A])
    hint = "Remove the lock from the scope named above, or exclude this server."
    check_failure(result, f"{CHANGING}The scope '", hint, code="ScopeLocked", status=409)
    assert len(patches(emulator)) == 1


def test_an_unregistered_provider_is_not_registered(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator)
    seed_subscription(emulator, registered=False)
    result = module(identities=[A])
    hint = "az provider register --namespace Microsoft.DBforPostgreSQL"
    message = f"{CHANGING}The subscription is not registered"
    check_failure(result, message, hint, code="MissingSubscriptionRegistration", status=409)
    assert [each for each in emulator.requests("arm") if each["method"] == "POST"] == []


def test_a_server_that_is_being_deleted_is_told(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, state="Dropping")
    result = module(identities=[A])
    check_failure(result, f"{CHANGING}Op", "The server is being deleted.", code="ServerGroupDropping", status=400)


# A stopped server


def test_a_stopped_server_with_nothing_to_do(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, user_assigned("id-a"), state="Stopped")
    emulator.settings(stopped_server_patch="refuse")
    assert module(identities=[A])["changed"] is False


def test_a_stopped_server_that_takes_the_change(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, state="Stopped")
    emulator.settings(stopped_server_patch="accept")
    assert module(identities=[A])["server"]["state"] == "Stopped"
    assert true_identity(emulator) == HAS_A


def test_a_stopped_server_that_refuses_the_change_is_told(emulator: Emulator, module: RunModule) -> None:
    seed_server(emulator, state="Stopped")
    emulator.settings(stopped_server_patch="refuse")
    result = module(identities=[A])
    hint = "Start the server, then run again: az postgres flexible-server start."
    check_failure(result, f"{CHANGING}Operation is not", hint, code="ServerStoppedError", status=400)
