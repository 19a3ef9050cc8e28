# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each connection setting is taken from: the task's options, the environment, the credentials file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.settings import (
    ENVIRONMENT,
    FIELDS,
    FILE,
    OPTION,
    Field,
    Settings,
    places,
    resolve,
)
from ansible_collections.pgflex.azure.plugins.module_utils._errors import CredentialError, InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

HIDDEN = "s3cret-and-never-shown"
DEFAULT = (
    f"[default]\nclient_id = from-file\nsecret = {HIDDEN}\ntenant =\nnonsense = x\n[other]\ntenant = other-tenant\n"
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of the credentials file below a home of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".azure").mkdir()
    return tmp_path / ".azure"


def write(home: Path, text: str) -> None:
    (home / "credentials").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("option", "environment", "filed", "value", "source"),
    [
        pytest.param("o", "e", "f", "o", OPTION, id="the option first"),
        pytest.param(None, "e", "f", "e", ENVIRONMENT, id="then the environment"),
        pytest.param(None, None, "f", "f", FILE, id="then the file"),
        pytest.param("", "e", "f", "e", ENVIRONMENT, id="an empty option is unset"),
        pytest.param(None, "", "f", "f", FILE, id="an empty variable is unset"),
        pytest.param("", "", "", None, None, id="empty everywhere is unset"),
        pytest.param(None, None, None, None, None, id="nowhere"),
    ],
)
@pytest.mark.parametrize(
    "field", [each for each in FIELDS if each.name not in ("auth_source", "profile")], ids=lambda f: f.name
)
def test_each_setting_is_taken_from_the_strongest_place(
    home: Path,
    field: Field,
    option: str | None,
    environment: str | None,
    filed: str | None,
    value: str | None,
    source: int | None,
) -> None:
    if filed is not None:
        write(home, f"[default]\n{field.name} = {filed}\n")
    variables = {} if environment is None else {field.environment[0]: environment}

    settings = resolve({field.name: option}, variables)

    assert settings.get(field.name) == value
    assert settings.sources.get(field.name) == source


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        (variable, each.name)
        for each in FIELDS
        for variable in each.environment
        if each.name not in ("auth_source", "profile")
    ],
)
def test_every_variable_of_both_families_is_read(home: Path, variable: str, name: str) -> None:
    assert resolve({}, {variable: "x"}).get(name) == "x"


@pytest.mark.parametrize("name", [each.name for each in FIELDS if len(each.environment) == 2])
def test_the_variable_of_ansible_beats_that_of_azure_identity(home: Path, name: str) -> None:
    first, second = next(each.environment for each in FIELDS if each.name == name)

    assert resolve({}, {second: "second", first: "first"}).get(name) == "first"
    assert resolve({}, {second: "second", first: ""}).get(name) == "second"


def test_a_home_is_found_wherever_the_authorities_are_named(home: Path) -> None:
    assert resolve({}, {"REQUESTS_CA_BUNDLE": "~/ca.pem"}).get("ca_path") == str(home.parent / "ca.pem")


def test_empty_texts_are_unset_before_they_are_looked_at(home: Path) -> None:
    settings = resolve({"auth_source": "", "disable_instance_discovery": ""}, {"ANSIBLE_AZURE_AUTH_SOURCE": "env"})

    assert settings.get("auth_source") == "env"
    assert not settings.flag("disable_instance_discovery")


def test_the_fields_of_one_credential_may_come_from_three_places(home: Path) -> None:
    write(home, DEFAULT)
    settings = resolve({"tenant": "o"}, {"AZURE_SUBSCRIPTION_ID": "e", "AZURE_CLIENT_ID": ""})

    assert dict(settings.values) == {
        "tenant": "o",
        "subscription_id": "e",
        "client_id": "from-file",
        "secret": HIDDEN,
        "auth_source": "auto",
    }


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ({"profile": "other"}, {}),
        ({}, {"AZURE_PROFILE": "other"}),
        ({"profile": "other"}, {"AZURE_PROFILE": "default"}),
    ],
    ids=["by option", "by environment", "the option is stronger"],
)
def test_a_profile_is_a_section_of_its_own(home: Path, options: dict[str, str], environment: dict[str, str]) -> None:
    write(home, DEFAULT)
    settings = resolve(options, environment)

    assert (settings.get("tenant"), settings.get("secret")) == ("other-tenant", None)


def test_auth_source_env_leaves_the_file_out(home: Path) -> None:
    write(home, DEFAULT)

    assert resolve({"auth_source": "env", "tenant": "o"}, {"AZURE_SECRET": "e"}).values == {
        "auth_source": "env",
        "tenant": "o",
        "secret": "e",
    }


def test_auth_source_env_does_not_even_read_the_file(home: Path) -> None:
    write(home, "no INI")

    assert resolve({}, {"ANSIBLE_AZURE_AUTH_SOURCE": "env"}).get("auth_source") == "env"


def test_auth_source_credential_file_leaves_the_environment_out(home: Path) -> None:
    write(home, DEFAULT)
    environment = {"AZURE_TENANT": "e", "AZURE_PROFILE": "default", "REQUESTS_CA_BUNDLE": "/ca"}
    settings = resolve({"auth_source": "credential_file"}, environment)

    assert (settings.get("tenant"), settings.get("client_id"), settings.get("ca_path")) == (None, "from-file", "/ca")


@pytest.mark.parametrize("source", ["Auto", "cloud", "msi "])
def test_an_unknown_auth_source_is_refused(home: Path, source: str) -> None:
    with pytest.raises(InvalidInput, match=r"^auth_source: .* is none of auto, cli, credential_file, env, msi\.$"):
        resolve({}, {"ANSIBLE_AZURE_AUTH_SOURCE": source})


@pytest.mark.parametrize(
    ("text", "options"),
    [
        pytest.param(DEFAULT, {"profile": "absent"}, id="a profile that is not in the file"),
        pytest.param(None, {"profile": "absent"}, id="a profile, and no file"),
        pytest.param(None, {"auth_source": "credential_file"}, id="the file alone counts, and there is none"),
        pytest.param(
            "[other]\n", {"auth_source": "credential_file"}, id="the file alone counts, and it has no default"
        ),
    ],
)
def test_a_missing_section_is_an_error_where_it_was_asked_for(
    home: Path, text: str | None, options: dict[str, str]
) -> None:
    if text is not None:
        write(home, text)
    with pytest.raises(CredentialError, match=r"has no section \[(absent|default)\]\. Add it, or name another one"):
        resolve(options, {})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(f"secret = {HIDDEN}\n".encode(), "line 1 is not INI", id="no section"),
        pytest.param(f"[default]\n{HIDDEN}\n".encode(), "line 2 is not INI", id="a line without a key"),
        pytest.param(f"[default]\nsecret={HIDDEN}\nsecret={HIDDEN}\n".encode(), "line 3 is not INI", id="a key twice"),
        pytest.param(f"[default]\n[default]\n#{HIDDEN}".encode(), "line 2 is not INI", id="a section twice"),
        pytest.param(f"[default]\nsecret={HIDDEN}\xe9\n".encode("latin-1"), "it is not UTF-8", id="another encoding"),
    ],
)
def test_a_file_that_cannot_be_understood_is_an_error_without_its_content(
    home: Path, content: bytes, reason: str
) -> None:
    (home / "credentials").write_bytes(content)
    with pytest.raises(CredentialError) as caught:
        resolve({}, {})

    assert str(caught.value) == f"Cannot read the credentials file {home / 'credentials'}: {reason}."
    assert HIDDEN not in repr(caught.value)


def test_a_file_that_cannot_be_read_is_an_error(home: Path) -> None:
    (home / "credentials").mkdir()
    with pytest.raises(CredentialError, match=r"credentials: Is a directory\.$"):
        resolve({}, {})


def test_percent_signs_in_the_file_are_just_characters(home: Path) -> None:
    write(home, "[default]\nsecret = 100%(x)s%\n")

    assert resolve({}, {}).get("secret") == "100%(x)s%"


def test_secrets_are_known_wherever_they_come_from_and_are_not_shown(home: Path) -> None:
    write(home, DEFAULT)
    settings = resolve({"password": "p1", "tenant": "t"}, {"AZURE_FEDERATED_TOKEN": "t2", "AZURE_CLIENT_ID": "c"})

    assert settings.secrets == {"p1", "t2", HIDDEN}
    assert not any(secret in repr(settings) for secret in settings.secrets)


@pytest.mark.parametrize(
    ("value", "flag"),
    [
        (None, False),
        ("", False),
        (True, True),
        (False, False),
        ("YES", True),
        ("on", True),
        ("1", True),
        ("0", False),
        ("Off", False),
        ("no", False),
    ],
)
def test_a_flag_is_true_or_false(home: Path, value: object, flag: bool) -> None:
    assert resolve({"disable_instance_discovery": value}, {}).flag("disable_instance_discovery") is flag


def test_a_flag_that_is_neither_is_refused() -> None:
    settings = Settings({"disable_instance_discovery": "maybe"}, {})

    with pytest.raises(InvalidInput, match=r"^disable_instance_discovery: 'maybe' is neither true nor false\.$"):
        settings.flag("disable_instance_discovery")


def test_a_message_says_where_a_setting_can_be_set() -> None:
    assert places("secret") == ("secret (option secret, or environment variable AZURE_SECRET or AZURE_CLIENT_SECRET)")
