# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every way to sign in with something secret, right, and wrong with canaries that nothing may show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

#: Wrong values by option: nothing may show them, though Microsoft Entra or a library may quote what it was given.
CANARIES = {
    "secret": "canary-secret-5d1f",
    "password": "canary-password-5d1f",
    "x509_certificate_password": "canary-certificate-password-5d1f",
    "oidc_token": "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOiI1ZDFmIn0.canary-oidc-token-5d1f",
}
IN_FILES = {"oidc_token_file_path": "canary-token-in-a-file-5d1f", "x509_certificate_path": "canary-private-key-5d1f"}
#: Options beside those of a secret, for each way to sign in: what is right is in `ready`, what is wrong a canary.
RIGHT: dict[str, dict[str, str]] = {
    "secret": {"secret": "secret"},
    "certificate": {"x509_certificate_path": "client_certificate"},
    "encrypted certificate": {
        "x509_certificate_path": "client_certificate_encrypted",
        "x509_certificate_password": "client_certificate_password",
    },
    "token file": {"oidc_token_file_path": "federated_token_file"},
    "user": {"ad_user": "ad_user", "password": "password"},
}
WRONG: dict[str, tuple[str, ...]] = {
    "secret": ("secret",),
    "certificate": ("x509_certificate_path",),
    "encrypted certificate": ("x509_certificate_password",),
    "token": ("oidc_token",),
    "token file": ("oidc_token_file_path",),
    "user": ("password",),
}


def signed_in_by(kind: str, emulator: Emulator) -> dict[str, Any]:
    """Return the connection options of a way to sign in, all right."""
    tenant = {"tenant": "adfs"} if kind == "user" else {}
    options = {name: emulator.ready[key] for name, key in RIGHT.get(kind, {}).items()}
    if kind == "token":
        options = {"oidc_token": Path(emulator.ready["federated_token_file"]).read_text(encoding="utf-8")}
    return {**emulator.connection, "secret": None, **tenant, **options}


def spoil(kind: str, options: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return the same with canaries in the place of what is secret."""
    wrong = {}
    for name in WRONG[kind]:
        wrong[name] = CANARIES.get(name)
        if name in IN_FILES:
            path = folder / name
            path.write_text(IN_FILES[name], encoding="utf-8")
            wrong[name] = str(path)
    return {**options, **wrong}


def found_in(text: str, secrets: list[str]) -> list[str]:
    return [each for each in secrets if each in text]
