# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that cannot work, and how the message begins."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.world import SERVER_ID, SUBSCRIPTION, identity_id

A = identity_id("id-a")
FORM = (
    "is not a resource ID of the form /subscriptions/<subscription>/resourceGroups/<group>/providers/"
    "Microsoft.ManagedIdentity/userAssignedIdentities/<name>."
)
NO_SERVER = {"server_name": None, "resource_group": None}
OTHER_PROVIDER = A.replace("Microsoft.ManagedIdentity", "Microsoft.Compute")
OTHER_TYPE = A.replace("userAssignedIdentities", "systemAssignedIdentities")
MISSING_SEGMENT = A.replace("/resourceGroups/rg-e2e", "")
NO_NAME = A.removesuffix("id-a")
NO_GUID = A.replace(SUBSCRIPTION, "demo")
CHILD = f"{A}/federatedIdentityCredentials/github"
BARE = "is neither a resource ID nor the name of a user-assigned identity"


def identity(title: str, value: str, message: str) -> Any:
    return pytest.param({"identities": [A, value]}, f"identities: {message}", "identities", id=title)


def server_name(value: str) -> Any:
    message = f"server_name: {value!r} is not the name of a flexible server"
    return pytest.param({"identities": [A], "server_name": value}, message, "server_name", id=f"server name {value!r}")


# Options beside a good connection and server, the beginning of the message, and the target of the error; without a
# target the message is Ansible's own.
CASES = [
    identity("a malformed ID", "subscriptions/x/id-a", f"'subscriptions/x/id-a' {FORM}"),
    identity("an ID of another provider", OTHER_PROVIDER, f"{OTHER_PROVIDER!r} is the ID of a Microsoft.Compute/"),
    identity("an ID of another type", OTHER_TYPE, f"{OTHER_TYPE!r} is the ID of a Microsoft.ManagedIdentity/system"),
    identity("an ID with a missing segment", MISSING_SEGMENT, f"{MISSING_SEGMENT!r} {FORM}"),
    identity("an ID without a name", NO_NAME, f"{NO_NAME!r} {FORM}"),
    identity("an ID of a child", CHILD, f"{CHILD!r} {FORM}"),
    identity("an ID whose subscription is no GUID", NO_GUID, "'demo' is not a subscription ID (a GUID)."),
    identity("a bare name with a slash", "rg-e2e/id-a", f"'rg-e2e/id-a' {FORM}"),
    identity("a bare name with a blank", "id a", f"'id a' {BARE}"),
    identity("an empty string", "", f"an empty string {BARE}"),
    identity("a blank", " ", f"an empty string {BARE}"),
    pytest.param(
        {"identities": [A], "replaces": [A.upper()]},
        f"replaces: {A.lower()!r} is in identities too: it cannot both be assigned and removed.",
        "replaces",
        id="an identity both in identities and replaces",
    ),
    pytest.param({"replaces": [A]}, "identities: state=present needs", "identities", id="replaces without identities"),
    pytest.param(
        {"identities": [], "replaces": [A], "purge_identities": True},
        "replaces: needs the new identity in identities",
        "replaces",
        id="replaces with a purge to nothing",
    ),
    pytest.param(
        {"identities": [A], "replaces": ["x/y"]}, f"replaces: 'x/y' {FORM}", "replaces", id="a malformed ID in replaces"
    ),
    pytest.param({}, "identities: state=present needs at least one", "identities", id="present with no identities"),
    pytest.param(
        {"purge_identities": True}, "identities: state=present needs at least one", "identities", id="a purge alone"
    ),
    pytest.param(
        {"state": "absent"}, "identities: state=absent needs at least one", "identities", id="absent with none"
    ),
    pytest.param(
        {"state": "absent", "identities": [A], "purge_identities": True},
        "purge_identities: goes with state=present only.",
        "purge_identities",
        id="purge_identities with absent",
    ),
    pytest.param(
        {"state": "absent", "identities": [A], "replaces": [A]},
        "replaces: goes with state=present only.",
        "replaces",
        id="replaces with absent",
    ),
    pytest.param({"state": "held"}, "state: 'held' is none of", "state", id="an unknown state"),
    pytest.param(
        {"server_id": SERVER_ID, "identities": [A]},
        "parameters are mutually exclusive: server_name|server_id",
        None,
        id="both server_id and server_name",
    ),
    pytest.param(
        {**NO_SERVER, "identities": [A]},
        "one of the following is required: server_name, server_id",
        None,
        id="neither server_id nor server_name",
    ),
    pytest.param(
        {"resource_group": None, "identities": [A]},
        "missing parameter(s) required by 'server_name': resource_group",
        None,
        id="server_name without resource_group",
    ),
    pytest.param(
        {**NO_SERVER, "server_id": A, "identities": [A]},
        f"server_id: {A!r} is the ID of a Microsoft.ManagedIdentity/userAssignedIdentities",
        "server_id",
        id="the ID of an identity as server_id",
    ),
    pytest.param(
        {**NO_SERVER, "server_id": "", "identities": [A]}, "server_id: '' is not a", "server_id", id="server_id empty"
    ),
    pytest.param(
        {"resource_group": "rg/x", "identities": [A]},
        "resource_group: 'rg/x' is not the name of a resource group.",
        "resource_group",
        id="a slash in resource_group",
    ),
    pytest.param(
        {"resource_group": "", "identities": [A]}, "resource_group: '' is not", "resource_group", id="an empty group"
    ),
    *(
        server_name(value)
        for value in (
            "",
            "pg",
            " pg-e2e",
            "pg-e2e\n",
            "-pg-e2e",
            "pg-e2e-",
            "pg--e2e",
            "pg_e2e",
            "a" * 64,
            "pg/../x",
            "pg?",
        )
    ),
    pytest.param(
        {"identities": ["id-a"], "identity_resource_group": "a b"},
        "identity_resource_group: 'a b' is not the name of a resource group.",
        "identity_resource_group",
        id="a blank in identity_resource_group",
    ),
    pytest.param(
        {"identities": ["id-a"], "identity_subscription_id": "demo"},
        "identity_subscription_id: 'demo' is not a subscription ID (a GUID).",
        "identity_subscription_id",
        id="identity_subscription_id not a GUID",
    ),
    pytest.param(
        {"subscription_id": "demo", "identities": [A]},
        "subscription_id: 'demo' is not a subscription ID (a GUID).",
        "subscription_id",
        id="subscription not a GUID",
    ),
    pytest.param(
        {"subscription_id": None, "identities": [A]},
        "subscription_id: none is given: set subscription_id (option subscription_id, or environment variable "
        "AZURE_SUBSCRIPTION_ID).",
        "subscription_id",
        id="no subscription",
    ),
    pytest.param(
        {"identities": [A], "wait_timeout": 0}, "wait_timeout: 0 is too short", "wait_timeout", id="wait_timeout 0"
    ),
    pytest.param(
        {"identities": [A], "wait_timeout": -5}, "wait_timeout: -5 is too", "wait_timeout", id="wait_timeout -5"
    ),
    pytest.param(
        {"identities": [A], "poll_interval": 0}, "poll_interval: 0 is too", "poll_interval", id="poll_interval 0"
    ),
    pytest.param(
        {"identities": [A], "busy_timeout": -1}, "busy_timeout: -1 is too", "busy_timeout", id="busy_timeout -1"
    ),
    pytest.param(
        {"identities": [A], "auth_source": "vault"},
        "auth_source: 'vault' is none of auto, cli, credential_file, env, msi.",
        "auth_source",
        id="auth_source vault",
    ),
    pytest.param(
        {"identities": [A], "disable_instance_discovery": "perhaps"},
        "disable_instance_discovery: 'perhaps' is neither true nor false.",
        "disable_instance_discovery",
        id="disable_instance_discovery perhaps",
    ),
    pytest.param(
        {"identities": [A], "cloud_environment": "AzureGermanCloud"},
        "cloud_environment: 'AzureGermanCloud' is none of AzureCloud, AzureUSGovernment, AzureChinaCloud, Azure",
        "cloud_environment",
        id="an unknown cloud",
    ),
    pytest.param(
        {"identities": [A], "cloud_environment": "http://127.0.0.1:1"},
        "cloud_environment: 'http://127.0.0.1:1' is not an https URL",
        "cloud_environment",
        id="a cloud without TLS",
    ),
    pytest.param(
        {"identities": [A], "secret": None},
        "The credential is incomplete: a service principal with secret needs also secret (option secret, or "
        "environment variable AZURE_SECRET or AZURE_CLIENT_SECRET). For a managed identity set auth_source=msi",
        "secret",
        id="no secret",
    ),
    pytest.param(
        {"identities": [A], "tenant": None},
        "The credential is incomplete: a service principal with secret needs also tenant (option tenant, or "
        "environment variable AZURE_TENANT or AZURE_TENANT_ID).",
        "tenant",
        id="no tenant",
    ),
    pytest.param(
        {"identities": [A], "tenant": "", "client_id": None},
        "The credential is incomplete: a service principal with secret needs also client_id (option client_id, or "
        "environment variable AZURE_CLIENT_ID) and tenant (",
        "client_id",
        id="neither tenant nor client_id",
    ),
    pytest.param(
        {"identities": [A], "secret": None, "client_id": None, "ad_user": "someone@example.org"},
        "The credential is incomplete: a user and password needs also password (option password, or environment "
        "variable AZURE_PASSWORD).",
        "password",
        id="a user without a password",
    ),
    pytest.param(
        {"identities": [A], "auth_source": "env", "secret": None, "client_id": None, "tenant": None},
        "The credential is incomplete: a service principal with secret needs also client_id",
        "client_id",
        id="an empty environment",
    ),
    pytest.param(
        {"identities": [A], "auth_source": "credential_file"},
        "The credentials file ",
        "profile",
        id="no credentials file",
    ),
    pytest.param(
        {"identities": [A], "profile": "prod"}, "The credentials file ", "profile", id="a profile that is not there"
    ),
]
