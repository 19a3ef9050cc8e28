# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may sign in to the emulator: its application, user, certificate and federated token, made new at each start."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt
import trustme
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import load_pem_x509_certificate

from emulator.arm.tenant import AD_USER, CLIENT_ID, OTHER_TENANT_ID, TENANT_ID

if TYPE_CHECKING:
    from pathlib import Path


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass
class Principals:
    """The credentials that sign-in accepts, and the files that hold them for clients."""

    folder: Path
    ca: trustme.CA
    secret: str = field(default_factory=_secret)
    password: str = field(default_factory=_secret)
    certificate_password: str = field(default_factory=_secret)
    identity_header: str = field(default_factory=_secret)

    def __post_init__(self) -> None:
        self._write("ca.pem", self.ca.cert_pem.bytes())
        issued = self.ca.issue_cert(CLIENT_ID, key_type=trustme.KeyType.RSA)
        chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
        self._write("client.pem", issued.private_key_pem.bytes() + chain)
        key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
        encrypted = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(self.certificate_password.encode()),
        )
        self._write("client-encrypted.pem", encrypted + chain)
        # Of the leaf, which stands first.
        certificate = load_pem_x509_certificate(chain)
        self.public_key: Any = certificate.public_key()
        # SHA-1 because a header of JSON web tokens is defined so.
        self.thumbprints = {
            name: base64.urlsafe_b64encode(certificate.fingerprint(algorithm)).decode().rstrip("=")
            for name, algorithm in (("x5t", hashes.SHA1()), ("x5t#S256", hashes.SHA256()))  # noqa: S303
        }
        claims = {"iss": "https://issuer.example", "sub": "runner", "aud": "api://AzureADTokenExchange"}
        self.federated_token = jwt.encode(claims, base64.b64encode(secrets.token_bytes(32)).decode())
        self._write("federated-token", self.federated_token.encode())

    def _write(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)

    def ready(self) -> dict[str, str]:
        """Return the part of the ready document that tells clients how to sign in."""
        return {
            "ca_file": str(self.folder / "ca.pem"),
            "tenant_id": TENANT_ID,
            "other_tenant_id": OTHER_TENANT_ID,
            "client_id": CLIENT_ID,
            "secret": self.secret,
            "client_certificate": str(self.folder / "client.pem"),
            "client_certificate_encrypted": str(self.folder / "client-encrypted.pem"),
            "client_certificate_password": self.certificate_password,
            "ad_user": AD_USER,
            "password": self.password,
            "federated_token_file": str(self.folder / "federated-token"),
            "identity_header": self.identity_header,
        }
