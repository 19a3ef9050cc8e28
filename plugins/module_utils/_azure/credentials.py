# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Settings -> a credential of azure-identity. `choose()` decides and is pure; `build()` imports and constructs."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._errors import CredentialError, InvalidInput, NoSubscription, quoted
from .._files import expand
from .clouds import PUBLIC
from .deadline import Deadline
from .identity_binding import PROXY_HINT, build_binding, find_token_proxy
from .scrub import Scrubber
from .settings import CREDENTIALS_FILE, Settings, places
from .tokens import FirstToAnswer, Tokens
from .transport import make_transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from azure.core.credentials import TokenCredential

    from .clouds import Cloud


@dataclass(frozen=True)
class Kind:
    """A way to prove who we are: `proof` is the setting that tells it from the others, `needs` all it takes."""

    name: str
    proof: str
    needs: tuple[str, ...]


SECRET = Kind("service principal with secret", "secret", ("client_id", "tenant", "secret"))
CERTIFICATE = Kind(
    "service principal with certificate", "x509_certificate_path", ("client_id", "tenant", "x509_certificate_path")
)
USER = Kind("user and password", "password", ("ad_user", "password"))
TOKEN = Kind("federated token", "oidc_token", ("client_id", "tenant", "oidc_token"))
TOKEN_FILE = Kind("federated token file", "oidc_token_file_path", ("client_id", "tenant", "oidc_token_file_path"))
CLI = Kind("Azure CLI", "", ())
MANAGED_IDENTITY = Kind("managed identity", "", ())
CLI_OR_MANAGED_IDENTITY = Kind("Azure CLI or managed identity", "", ())

# The order in which azure-identity's DefaultAzureCredential prefers them, as far as it knows them.
_PROVEN = (SECRET, CERTIFICATE, USER, TOKEN, TOKEN_FILE)
# Set by App Service, Functions, Container Apps, Arc, Service Fabric and Cloud Shell (azure-identity 1.27.0).
_MANAGED_IDENTITY_SIGNS = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT")
# What AWX's own credential sets to an empty string where somebody has left a field empty, and the field's label.
_AWX_FIELDS = {
    "secret": ("AZURE_SECRET", "Client Secret"),
    "ad_user": ("AZURE_AD_USER", "Username"),
    "password": ("AZURE_PASSWORD", "Password"),
}
_MACHINE_HINT = (
    "Assign a managed identity to the machine that runs the task. Its endpoint is asked without a proxy; no firewall "
    "may be in between."
)
#: What to do where the credential itself does not say it. In the order in which they are looked for.
_HINTS = {
    CLI: "On the machine that runs the task az has to be on PATH, and its user logged in: run az login there.",
    MANAGED_IDENTITY: _MACHINE_HINT,
    CLI_OR_MANAGED_IDENTITY: "No credential was found. Set AZURE_CLIENT_ID, AZURE_TENANT, AZURE_SECRET and "
    f"AZURE_SUBSCRIPTION_ID; or put client_id, tenant, secret and subscription_id into {CREDENTIALS_FILE}; or run az "
    "login as the user who runs the task; or run it on a machine of Azure that has a managed identity.",
}
# The public client that the Azure CLI itself uses, for a user who brings no application of his own.
_AZURE_CLI_CLIENT_ID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


def choose(settings: Settings, environment: Mapping[str, str]) -> Kind:
    """Return the kind of credential that these settings make. Raise `CredentialError` that names what is missing.

    Of several complete kinds the one whose proof comes from the strongest place wins, so that a token given as an
    option beats a secret in the environment; within one place the order is secret, certificate, user, token, token
    file.
    """
    forced = {"cli": CLI, "msi": MANAGED_IDENTITY}.get(settings.get("auth_source") or "auto")
    if forced:
        return forced
    begun = sorted(
        (kind for kind in _PROVEN if settings.get(kind.proof)), key=lambda kind: settings.sources[kind.proof]
    )
    complete = [kind for kind in begun if not _missing(kind, settings)]
    if complete:
        return complete[0]
    if begun or (settings.get("client_id") and settings.get("tenant")):
        raise _incomplete(begun[0] if begun else SECRET, settings, environment)
    if settings.get("ad_user"):
        raise _incomplete(USER, settings, environment)
    if settings.get("auth_source") != "auto":
        raise _incomplete(SECRET, settings, environment)
    means_managed_identity = settings.get("client_id") or any(environment.get(sign) for sign in _MANAGED_IDENTITY_SIGNS)
    # AWX's credential sets both to empty strings when it holds nothing but a subscription.
    awx_holds_nothing = environment.get("AZURE_AD_USER") == "" and environment.get("AZURE_PASSWORD") == ""
    return MANAGED_IDENTITY if means_managed_identity or awx_holds_nothing else CLI_OR_MANAGED_IDENTITY


def _missing(kind: Kind, settings: Settings) -> list[str]:
    return [name for name in kind.needs if not settings.get(name)]


def _incomplete(kind: Kind, settings: Settings, environment: Mapping[str, str]) -> CredentialError:
    missing = _missing(kind, settings)
    hints = []
    variable, label = _AWX_FIELDS.get(missing[0], ("", ""))
    if environment.get(variable) == "":
        hints.append(f"In AWX that is the field {label} of the credential, which is empty.")
    if not settings.get(kind.proof):
        hints.append("For a managed identity set auth_source=msi, for the Azure CLI's login cli.")
    return CredentialError(
        f"The credential is incomplete: a {kind.name} needs also {' and '.join(places(name) for name in missing)}.",
        target=missing[0],
        hint=" ".join(hints),
    )


def find_subscription(settings: Settings, kind: Kind) -> str:
    """Return the subscription to work in; the Azure CLI's default where its login is used. Raise `NoSubscription`."""
    found = settings.get("subscription_id")
    if not found and kind in (CLI, CLI_OR_MANAGED_IDENTITY):
        found = cli_account().get("id")
    if not found:
        raise NoSubscription("subscription_id", f"none is given: set {places('subscription_id')}.")
    return found


def cli_account() -> dict[str, Any]:
    """Return `az account show`, from the file that it shows; empty if nobody is logged in."""
    try:
        folder = expand(os.environ.get("AZURE_CONFIG_DIR") or "~/.azure")
        profile = json.loads((folder / "azureProfile.json").read_text(encoding="utf-8-sig"))
        return next((dict(each) for each in profile["subscriptions"] if each.get("isDefault")), {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def check_ca_path(settings: Settings) -> None:
    """Raise `InvalidInput` unless the certificate authorities can be read."""
    path = settings.get("ca_path")
    if path is None:
        return
    try:
        folder = Path(path).is_dir()
        ssl.create_default_context(cafile=None if folder else path, capath=path if folder else None)
    except OSError as error:
        reason = error.strerror if not isinstance(error, ssl.SSLError) else "it holds no PEM certificate"
        raise InvalidInput("ca_path", f"cannot read the certificate authorities in {quoted(path)}: {reason}.") from None


def build(kind: Kind, settings: Settings, cloud: Cloud, deadline: Deadline, scrubber: Scrubber) -> Tokens:
    """Return the credential. Raise `CredentialError` for a certificate or token file that cannot be used."""
    on_machine = kind in (MANAGED_IDENTITY, CLI_OR_MANAGED_IDENTITY)
    common: dict[str, Any] = {
        "authority": cloud.authority,
        "disable_instance_discovery": not cloud.known or settings.flag("disable_instance_discovery"),
        "connection_verify": settings.get("ca_path") or True,
        "retry_total": 3,
        # The machine's own endpoint is asked on the machine.
        "transport": make_transport(settings.get("ca_path"), deadline, through_proxy=not on_machine),
    }
    token_proxy = find_token_proxy(settings.get("oidc_token_file_path")) if kind is TOKEN_FILE else ""
    hint = _HINTS.get(kind) or f"Check {', '.join(kind.needs)} and cloud_environment."
    try:
        made = _token_file(settings, common, scrubber) if kind is TOKEN_FILE else _BUILDERS[kind](settings, common)
        return Tokens(
            made,
            kind.name,
            hint,
            deadline,
            scrubber,
            sign_in_host=token_proxy or ("" if on_machine else cloud.authority),
            unreached_hint=PROXY_HINT if token_proxy else "",
            is_user=kind is USER,
            in_public=cloud.resource_manager == PUBLIC.resource_manager,
        )
    except ValueError as error:
        raise CredentialError(f"Cannot use the {kind.name}: {error}") from None


def check_files(kind: Kind, settings: Settings) -> None:
    """Raise `CredentialError` for a certificate or token file that cannot be used, before the cloud is asked for.

    Making a credential of azure-identity sends nothing, so that any cloud will do.
    """
    if kind in (CERTIFICATE, TOKEN_FILE):
        build(kind, settings, PUBLIC, Deadline(), Scrubber())


def _secret(settings: Settings, common: dict[str, Any]) -> TokenCredential:
    from azure.identity import ClientSecretCredential

    return ClientSecretCredential(
        _need(settings, "tenant"), _need(settings, "client_id"), _need(settings, "secret"), **common
    )


def _certificate(settings: Settings, common: dict[str, Any]) -> TokenCredential:
    from azure.identity import CertificateCredential

    data = _read("x509_certificate_path", settings)
    password = settings.get("x509_certificate_password")
    try:
        return CertificateCredential(
            _need(settings, "tenant"), _need(settings, "client_id"), certificate_data=data, password=password, **common
        )
    except (ValueError, TypeError) as error:
        raise CredentialError(
            f"x509_certificate_path: cannot use {quoted(settings.get('x509_certificate_path'))}: {error}",
            target="x509_certificate_path",
            hint="The file must hold certificate and key; if the key is encrypted, set "
            f"{places('x509_certificate_password')}.",
        ) from None


def _user(settings: Settings, common: dict[str, Any]) -> TokenCredential:
    from azure.identity import UsernamePasswordCredential

    if settings.get("tenant"):
        common["tenant_id"] = settings.get("tenant")
    with warnings.catch_warnings():
        # That it cannot do multifactor authentication is said in the documentation of ad_user, and in check mode.
        warnings.simplefilter("ignore", DeprecationWarning)
        return UsernamePasswordCredential(
            settings.get("client_id") or _AZURE_CLI_CLIENT_ID,
            _need(settings, "ad_user"),
            _need(settings, "password"),
            **common,
        )


def _token(settings: Settings, common: dict[str, Any]) -> TokenCredential:
    from azure.identity import ClientAssertionCredential

    token = _need(settings, "oidc_token")
    return ClientAssertionCredential(_need(settings, "tenant"), _need(settings, "client_id"), lambda: token, **common)


def _token_file(settings: Settings, common: dict[str, Any], scrubber: Scrubber) -> TokenCredential:
    from azure.identity import ClientAssertionCredential

    # Read for each token: the platform rotates it, and WorkloadIdentityCredential keeps what it read for ten minutes.
    def read() -> str:
        token = _read("oidc_token_file_path", settings).decode(errors="replace").strip()
        if not token:
            raise CredentialError(
                f"oidc_token_file_path: {quoted(settings.get('oidc_token_file_path'))} is empty.",
                target="oidc_token_file_path",
                hint="The platform writes the token there; on AKS check the pod's label azure.workload.identity/use.",
            )
        scrubber.add(token)
        return token

    read()
    tenant, client_id, file = (_need(settings, name) for name in ("tenant", "client_id", "oidc_token_file_path"))
    if find_token_proxy(file):
        return build_binding(tenant, client_id, file, read, common)
    return ClientAssertionCredential(tenant, client_id, read, **common)


def _cli(settings: Settings, _common: dict[str, Any]) -> TokenCredential:
    from azure.identity import AzureCliCredential

    # A command of 10 seconds is azure-identity's default; az needs longer on a small machine.
    return AzureCliCredential(tenant_id=settings.get("tenant") or "", process_timeout=60)


def _managed_identity(settings: Settings, common: dict[str, Any]) -> TokenCredential:
    from azure.identity import ManagedIdentityCredential, __version__

    known = {name: common[name] for name in ("connection_verify", "transport")}
    which = settings.get("client_id") or ""
    if which.startswith("/"):
        if __version__.startswith("1.17."):
            # It would send the name as it is, which the endpoint does not know: another identity would sign in.
            raise CredentialError(
                f"client_id: azure-identity {__version__} takes no resource ID.",
                target="client_id",
                hint="Give the client ID, or install azure-identity 1.18 or newer.",
            )
        return ManagedIdentityCredential(identity_config={"resource_id": which}, **known)
    return ManagedIdentityCredential(client_id=which or None, **known)


def _cli_or_managed_identity(settings: Settings, common: dict[str, Any]) -> TokenCredential:
    # In a chain the managed identity is probed for a second only, where alone it would be asked for half a minute.
    chain = [_cli(settings, common)] if shutil.which("az") else []
    return FirstToAnswer(*chain, _managed_identity(settings, common))


_BUILDERS: dict[Kind, Callable[[Settings, dict[str, Any]], Any]] = {
    SECRET: _secret,
    CERTIFICATE: _certificate,
    USER: _user,
    TOKEN: _token,
    CLI: _cli,
    MANAGED_IDENTITY: _managed_identity,
    CLI_OR_MANAGED_IDENTITY: _cli_or_managed_identity,
}


def _need(settings: Settings, name: str) -> str:
    value = settings.get(name)
    if value is None:
        raise AssertionError(f"choose() let a credential without {name} through")
    return value


def _read(name: str, settings: Settings) -> bytes:
    path = _need(settings, name)
    try:
        return expand(path).read_bytes()
    except OSError as error:
        raise CredentialError(f"{name}: cannot read {quoted(path)}: {error.strerror}.", target=name) from None
