# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key of a kept list: another question, or another asker, is another key, and no secret can be read in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.connection import Connection
from ansible_collections.pgflex.azure.plugins.module_utils._azure.settings import FIELDS
from ansible_collections.pgflex.azure.plugins.module_utils._errors import CredentialError
from ansible_collections.pgflex.azure.plugins.module_utils._listing.cache_key import cache_key
from unit.support import SUBSCRIPTION

if TYPE_CHECKING:
    from pathlib import Path

OTHER = SUBSCRIPTION[:-1] + "2"
SIGNED_IN = {"subscription_id": SUBSCRIPTION, "client_id": "c", "tenant": "t", "secret": "hunter2"}
ASKED: dict[str, Any] = {
    "subscriptions": None,
    "all_subscriptions": False,
    "strict_subscriptions": False,
    "resource_groups": [],
    "include_filters": [],
    "exclude_filters": [],
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a home without a credentials file or a login of the Azure CLI."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AZURE_CONFIG_DIR", str(tmp_path / ".azure"))
    (tmp_path / ".azure").mkdir()
    return tmp_path


def make_key(**options: Any) -> str:
    every = {**ASKED, **SIGNED_IN, **options}
    return cache_key(every, Connection(every))


def log_in(home: Path, **account: Any) -> None:
    """Write what the Azure CLI writes at a login."""
    accounts = [{"id": SUBSCRIPTION, "isDefault": True, "user": {"name": "a@x"}, **account}]
    (home / ".azure" / "azureProfile.json").write_text(json.dumps({"subscriptions": accounts}), encoding="utf-8")


def test_the_same_question_has_the_same_key_in_whatever_way_it_is_put(monkeypatch: pytest.MonkeyPatch) -> None:
    key = make_key()
    assert key == make_key()
    for option, variable in (("subscription_id", "AZURE_SUBSCRIPTION_ID"), ("secret", "AZURE_CLIENT_SECRET")):
        monkeypatch.setenv(variable, SIGNED_IN[option])
    assert key == make_key(subscription_id=None, secret=None)


@pytest.mark.parametrize(
    "options",
    [
        {"subscriptions": [OTHER]},
        {"all_subscriptions": True},
        {"strict_subscriptions": True},
        {"resource_groups": ["rg"]},
        {"include_filters": [{"tags": {"env": "prod"}}]},
        {"exclude_filters": [{"tags": {"env": "prod"}}]},
        *({each.name: "other"} for each in FIELDS if each.name not in ("auth_source", "profile", "subscription_id")),
        {"auth_source": "env"},
        {"auth_source": "msi"},
        {"subscription_id": OTHER},
    ],
    ids=str,
)
def test_another_question_and_another_asker_have_another_key(options: dict[str, Any]) -> None:
    assert make_key(**options) != make_key()


def test_what_the_environment_and_the_credentials_file_say_counts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = []
    for tenant in ("t", "other"):
        monkeypatch.setenv("AZURE_TENANT", tenant)
        keys.append(make_key(tenant=None))
    monkeypatch.delenv("AZURE_TENANT")
    for tenant in ("in-file", "other-in-file"):
        (home / ".azure" / "credentials").write_text(f"[default]\ntenant={tenant}\n", encoding="utf-8")
        keys.append(make_key(tenant=None))
    assert len(set(keys)) == 4


def test_the_account_that_the_azure_cli_is_logged_in_with_counts(home: Path) -> None:
    by_cli = {"auth_source": "cli", "client_id": None, "tenant": None, "secret": None, "subscription_id": None}
    keys = []
    for account in ({}, {"user": {"name": "b@x"}}, {"tenantId": "t"}, {"id": OTHER}):
        log_in(home, **account)
        keys.append(make_key(**by_cli))
    assert len(set(keys)) == 4
    log_in(home)
    assert make_key(**by_cli) == keys[0]


def test_a_secret_cannot_be_read_in_it() -> None:
    key = make_key()
    assert "hunter2" not in key
    assert len(key) == 32
    assert not set(key) - set("0123456789abcdef")


def test_an_incomplete_credential_is_an_error() -> None:
    with pytest.raises(CredentialError):
        make_key(secret=None, auth_source="env")
