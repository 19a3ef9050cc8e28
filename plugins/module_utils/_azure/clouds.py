# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Clouds: where Azure Resource Manager is, where tokens come from, and what they are made for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .._errors import InvalidInput, NoConnection, UnexpectedAnswer, quoted
from .connection_problem import find_connection_problem
from .deadline import TooLate
from .transport import make_transport

if TYPE_CHECKING:
    from .deadline import Deadline
    from .settings import Settings


@dataclass(frozen=True)
class Cloud:
    """A cloud's endpoints. `scope` is what a token for ARM is asked for; `known` to discovery by every library."""

    resource_manager: str
    authority: str
    scope: str
    known: bool = True


# azure.mgmt.core.tools.get_arm_endpoints and azure.core.AzureClouds (azure-mgmt-core 1.6.0) for addresses and scopes,
# azure.identity.AzureAuthorityHosts for authorities; the names are those of az cloud list and of AWX's credential.
# Bleu is not in them yet (Azure/azure-sdk-for-python#48069): as in az 2.91.0 and in Azure.Identity for .NET.
_KNOWN = {
    "AzureCloud": Cloud(
        "https://management.azure.com", "https://login.microsoftonline.com", "https://management.azure.com/.default"
    ),
    "AzureUSGovernment": Cloud(
        "https://management.usgovcloudapi.net",
        "https://login.microsoftonline.us",
        "https://management.core.usgovcloudapi.net/.default",
    ),
    "AzureChinaCloud": Cloud(
        "https://management.chinacloudapi.cn",
        "https://login.chinacloudapi.cn",
        "https://management.chinacloudapi.cn/.default",
    ),
    "AzureBleuCloud": Cloud(
        "https://management.sovcloud-api.fr",
        "https://login.sovcloud-identity.fr",
        "https://management.sovcloud-api.fr/.default",
        known=False,
    ),
}
PUBLIC = _KNOWN["AzureCloud"]
# The first is what Azure publishes today; Azure Stack Hub answers the second only.
_METADATA_VERSIONS = ("2022-09-01", "2015-01-01")


def find_cloud(settings: Settings, deadline: Deadline) -> Cloud:
    """Return the cloud that `cloud_environment` names, by default the public one.

    Raise `InvalidInput`, `NoConnection`, `UnexpectedAnswer`, `WaitTimeout`.
    """
    desired = settings.get("cloud_environment") or "AzureCloud"
    cloud = {name.lower(): each for name, each in _KNOWN.items()}.get(desired.lower())
    if cloud is None and "://" not in desired:
        raise InvalidInput(
            "cloud_environment",
            f"{quoted(desired)} is none of {', '.join(_KNOWN)}. Give any other cloud as the URL of its Azure Resource "
            "Manager endpoint, https://...",
        )
    if cloud is None:
        base = _check_url("cloud_environment", desired)
        at_home = [each for each in _KNOWN.values() if each.resource_manager == base]
        cloud = at_home[0] if at_home else _discover(base, settings.get("ca_path"), deadline)
    authority = settings.get("adfs_authority_url")
    if authority is None:
        return cloud
    # Without a scheme, as azure-identity takes AZURE_AUTHORITY_HOST too.
    authority = _check_url("adfs_authority_url", authority if "://" in authority else f"https://{authority}")
    return Cloud(cloud.resource_manager, authority, cloud.scope, cloud.known)


def _check_url(option: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port != 0 and "@" not in parts.netloc else None
        fits = parts.scheme == "https" and host and not parts.query and not parts.fragment
    except ValueError:  # brackets without an address between them, or a port that is none
        fits = False
    if not fits:
        raise InvalidInput(option, f"{quoted(url)} is not an https URL of the form https://host[:port][/path].")
    return url.rstrip("/")


def _discover(base: str, ca_path: str | None, deadline: Deadline) -> Cloud:
    """Read ARM's own description of its cloud, `GET /metadata/endpoints`."""
    for version in _METADATA_VERSIONS:
        url = f"{base}/metadata/endpoints?api-version={version}"
        try:
            status, text = deadline.run(lambda url=url: _get(url, base, ca_path, deadline))  # type: ignore[misc]
        except TooLate:
            raise deadline.passed(f"cloud_environment: cannot reach {base}") from None
        if status == 200:
            return _read_endpoints(base, text)
    raise _not_arm(base, f"HTTP {status}")


def _not_arm(base: str, answer: str) -> UnexpectedAnswer:
    return UnexpectedAnswer(
        f"cloud_environment: {base}/metadata/endpoints answered {answer}.",
        target="cloud_environment",
        hint="Give the URL of an Azure Resource Manager endpoint, such as https://management.azure.com.",
    )


def _get(url: str, base: str, ca_path: str | None, deadline: Deadline) -> tuple[int, str]:
    from azure.core import PipelineClient
    from azure.core.exceptions import AzureError
    from azure.core.pipeline.policies import RetryPolicy
    from azure.core.rest import HttpRequest

    policies = [RetryPolicy(retry_total=3, retry_backoff_factor=0.3)]
    client: Any = PipelineClient(base, policies=policies, transport=make_transport(ca_path, deadline))
    with client:
        try:
            response = client.send_request(HttpRequest("GET", url))
            return response.status_code, response.text()
        except UnicodeDecodeError:
            raise _not_arm(base, "what is not ARM's description of its endpoints") from None
        except AzureError as error:
            found = find_connection_problem(error)
            doing, code = f"cloud_environment: cannot reach {base}", found.code or NoConnection.__name__
            raise NoConnection(doing, found.words, code, target="cloud_environment") from None


def _read_endpoints(base: str, text: str) -> Cloud:
    """Read both shapes of the document: one object (Azure Stack Hub, 2015-01-01), or a list of clouds."""
    try:
        found = json.loads(text)
        clouds = found if isinstance(found, list) else [found]
        here = [each for each in clouds if (each.get("resourceManager") or "").rstrip("/").lower() == base.lower()]
        authentication = (here or clouds)[0]["authentication"]
        authority = _check_url("loginEndpoint", authentication["loginEndpoint"])
        audience = str(authentication["audiences"][0])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, InvalidInput):
        raise _not_arm(base, "what is not ARM's description of its endpoints") from None
    # The audience goes into the scope as it is: "https://host//.default" asks for a token for "https://host/".
    return Cloud(base, authority, f"{audience}/.default", known=False)
