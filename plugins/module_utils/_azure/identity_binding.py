# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Identity bindings of AKS: a proxy of the cluster exchanges the token of a pod, by its own TLS."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .._errors import CredentialError
from .._files import expand

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.credentials import TokenCredential

# Set in a pod with an identity binding, beside the usual file.
_PROXY, _TOKEN_FILE = "AZURE_KUBERNETES_TOKEN_PROXY", "AZURE_FEDERATED_TOKEN_FILE"
#: What to do where the proxy is not reached, or not trusted.
PROXY_HINT = (
    f"That is {_PROXY}, which AKS sets: it is asked without any other proxy, and AZURE_KUBERNETES_CA_FILE or "
    "AZURE_KUBERNETES_CA_DATA has the authority that signs for it."
)


def find_token_proxy(token_file: str | None) -> str:
    """Return the address of the proxy that exchanges the token in this file, empty if Microsoft Entra does."""
    return os.environ.get(_PROXY, "") if token_file == os.environ.get(_TOKEN_FILE) else ""


def build_binding(
    tenant: str, client_id: str, token_file: str, read: Callable[[], str], common: dict[str, Any]
) -> TokenCredential:
    """Return the credential. Raise `CredentialError` for an azure-identity that has none."""
    from azure.identity import WorkloadIdentityCredential, __version__

    # 1.26 takes the keyword and asks Microsoft Entra all the same, which does not know this token.
    if tuple(map(int, __version__.split(".")[:2])) < (1, 27):
        raise CredentialError(
            f"{_PROXY} is set: an AKS identity binding needs azure-identity 1.27.0 or newer, and this is "
            f"{__version__}.",
            target="oidc_token_file_path",
        )

    class Credential(WorkloadIdentityCredential):
        def get_token(self, *scopes: str, **kwargs: Any) -> Any:
            read()  # what it holds by now is a secret too
            return super().get_token(*scopes, **kwargs)

    own = {name: value for name, value in common.items() if name not in ("transport", "connection_verify")}
    return Credential(
        tenant_id=tenant,
        client_id=client_id,
        token_file_path=os.fspath(expand(token_file)),
        enable_azure_proxy=True,
        use_env_settings=False,
        **own,
    )
