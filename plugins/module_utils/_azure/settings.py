# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Connection settings: each is taken from the task's options, else the environment, else the credentials file.

Field by field, and an empty string counts as unset: AWX sets `AZURE_AD_USER` and `AZURE_PASSWORD` to empty strings
for a credential that has neither (awx-plugins-core 0.2.0a0, `azure_rm`).
"""

from __future__ import annotations

import configparser
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._errors import CredentialError, InvalidInput, quoted
from .._files import expand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OPTION, ENVIRONMENT, FILE = range(3)
CREDENTIALS_FILE = "~/.azure/credentials"
AUTH_SOURCES = ("auto", "cli", "credential_file", "env", "msi")


@dataclass(frozen=True)
class Field:
    """A setting: its option, the environment variables that stand in for it (first one wins), whether it is secret."""

    name: str
    environment: tuple[str, ...]
    secret: bool = False


# The first variable is the one that azure.azcollection reads and AWX injects, the second azure-identity's.
FIELDS = (
    Field("auth_source", ("ANSIBLE_AZURE_AUTH_SOURCE",)),
    Field("profile", ("AZURE_PROFILE",)),
    Field("subscription_id", ("AZURE_SUBSCRIPTION_ID",)),
    Field("client_id", ("AZURE_CLIENT_ID",)),
    Field("secret", ("AZURE_SECRET", "AZURE_CLIENT_SECRET"), secret=True),
    Field("tenant", ("AZURE_TENANT", "AZURE_TENANT_ID")),
    Field("ad_user", ("AZURE_AD_USER", "AZURE_USERNAME")),
    Field("password", ("AZURE_PASSWORD",), secret=True),
    Field("x509_certificate_path", ("AZURE_X509_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH")),
    Field("x509_certificate_password", ("AZURE_CLIENT_CERTIFICATE_PASSWORD",), secret=True),
    Field("oidc_token", ("AZURE_FEDERATED_TOKEN",), secret=True),
    Field("oidc_token_file_path", ("AZURE_FEDERATED_TOKEN_FILE",)),
    Field("cloud_environment", ("AZURE_CLOUD_ENVIRONMENT",)),
    Field("adfs_authority_url", ("AZURE_ADFS_AUTHORITY_URL", "AZURE_AUTHORITY_HOST")),
    Field("disable_instance_discovery", ("AZURE_DISABLE_INSTANCE_DISCOVERY",)),
    Field("ca_path", ("REQUESTS_CA_BUNDLE",)),
)
_BY_NAME = {each.name: each for each in FIELDS}


@dataclass(frozen=True)
class Settings:
    """The settings that are set, and where each came from: `OPTION`, `ENVIRONMENT` or `FILE`, lower is stronger."""

    values: Mapping[str, str] = field(repr=False)
    sources: Mapping[str, int]

    def get(self, name: str) -> str | None:
        """Return the value of a setting, None if it is unset everywhere."""
        return self.values.get(name)

    @property
    def secrets(self) -> set[str]:
        """The values that must never be shown."""
        return {value for name, value in self.values.items() if _BY_NAME[name].secret}

    def flag(self, name: str) -> bool:
        """Return a setting that is true or false. Raise `InvalidInput`."""
        value = (self.get(name) or "false").lower()
        if value in ("true", "yes", "on", "1"):
            return True
        if value in ("false", "no", "off", "0"):
            return False
        raise InvalidInput(name, f"{quoted(value)} is neither true nor false.")


def places(name: str) -> str:
    """Say where a setting can be set, for a message."""
    return f"{name} (option {name}, or environment variable {' or '.join(_BY_NAME[name].environment)})"


def resolve(options: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Read settings from `options`, `environment` and the credentials file. Raise `CredentialError`, `InvalidInput`.

    `auth_source=env` leaves the file out, `auth_source=credential_file` the environment but for the profile and
    the certificate authority; the options always count.
    """
    given = {each.name: _option(options.get(each.name)) for each in FIELDS}
    found = {each.name: _first(environment, each.environment) for each in FIELDS}
    auth_source = given["auth_source"] or found["auth_source"] or "auto"
    if auth_source not in AUTH_SOURCES:
        raise InvalidInput("auth_source", f"{quoted(auth_source)} is none of {', '.join(AUTH_SOURCES)}.")
    if auth_source == "credential_file":
        found = {name: found[name] for name in ("profile", "ca_path")}
    _refuse_blanks({name: given[name] or found.get(name, "") for name in given})
    profile = given["profile"] or found["profile"]
    filed = {} if auth_source == "env" else _read_profile(profile, required=auth_source == "credential_file")

    values: dict[str, str] = {}
    sources: dict[str, int] = {}
    for source, layer in ((OPTION, given), (ENVIRONMENT, found), (FILE, filed)):
        for name, value in layer.items():
            if value and name in _BY_NAME and name not in sources:
                values[name] = value
                sources[name] = source
    values["auth_source"] = auth_source
    if "ca_path" in values:
        try:
            values["ca_path"] = str(expand(values["ca_path"]))
        except OSError as error:
            raise InvalidInput("ca_path", f"{quoted(values['ca_path'])} cannot be read: {error.strerror}.") from None
    return Settings(values, sources)


def _refuse_blanks(values: Mapping[str, str]) -> None:
    """Refuse what a file or a shell has left around a value. A secret is not shown, and may end in a blank."""
    for name, value in values.items():
        secret = _BY_NAME[name].secret
        if value != (value.strip("\r\n") if secret else value.strip()):
            what = "a line break" if value != value.strip("\r\n") else "a blank"
            shown = "" if secret else f": {quoted(value)}"
            raise InvalidInput(name, f"begins or ends with {what}{shown}. Look at {places(name)}.")


def _option(value: Any) -> str:
    return "" if value is None else str(value)


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")


def _read_profile(profile: str, required: bool) -> dict[str, str]:
    """Read the section of the credentials file, an INI file whose keys are option names."""
    path: Path | str = CREDENTIALS_FILE
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        path = expand(CREDENTIALS_FILE)
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    except OSError as error:
        raise CredentialError(f"Cannot read the credentials file {path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CredentialError(f"Cannot read the credentials file {path}: it is not UTF-8.") from None
    try:
        parser.read_string(text)
    except configparser.Error as error:
        # The parser's own text quotes the line, and that may hold a secret.
        line = getattr(error, "lineno", None) or getattr(error, "errors", [["?"]])[0][0]
        raise CredentialError(f"Cannot read the credentials file {path}: line {line} is not INI.") from None
    section = profile or "default"
    if parser.has_section(section):
        return {name: value for name, value in parser.items(section) if value}
    if profile or required:
        raise CredentialError(
            f"The credentials file {path} has no section [{section}].",
            target="profile",
            hint="Add it, or name another one with profile (environment variable AZURE_PROFILE).",
        )
    return {}
