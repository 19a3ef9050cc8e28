# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Connections to every host that we ask: Azure Resource Manager, Microsoft Entra, and the machine's own endpoint."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment

from .deadline import READ_TIMEOUT, SHORTEST_TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .deadline import Deadline

_CONNECTION_TIMEOUT = 10.0
#: Seconds between two tries of the Azure libraries, whatever `Retry-After` says.
LONGEST_PAUSE = 30.0


def make_transport(ca_path: str | None, deadline: Deadline, *, through_proxy: bool = True) -> Any:
    """Return a transport of azure-core that begins nothing after `deadline`. It raises `TooLate` then.

    Of the environment only the proxy counts, and that not for the machine's own endpoint: a netrc would replace tokens.
    """
    from azure.core.pipeline.transport import RequestsTransport
    from requests.utils import get_environ_proxies

    class Transport(RequestsTransport):  # type: ignore[misc]
        def send(self, request: Any, **kwargs: Any) -> Any:
            # Whether a change was accepted is worth to be waited for.
            least = READ_TIMEOUT if request.method == "PATCH" else SHORTEST_TIMEOUT
            kwargs["read_timeout"] = deadline.bound(READ_TIMEOUT, least)
            kwargs["connection_timeout"] = deadline.bound(kwargs.get("connection_timeout", _CONNECTION_TIMEOUT))
            # Without one in the environment requests would ask macOS, which aborts a forked process that does.
            proxied = through_proxy and getproxies_environment()
            kwargs["proxies"] = get_environ_proxies(request.url) if proxied else {}
            return super().send(request, **kwargs)

        def sleep(self, duration: float) -> None:
            super().sleep(max(0.0, min(duration, LONGEST_PAUSE, deadline.remaining)))

    verify = ca_path or os.environ.get("CURL_CA_BUNDLE") or True
    return Transport(connection_verify=verify, use_env_settings=False)


def secrets_on_the_way(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield what is sent to a proxy, and to the machine's own endpoint, beside the settings of the connection."""
    for name in ("IDENTITY_HEADER", "MSI_SECRET"):
        yield environment.get(name, "")
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        try:
            yield unquote(urlsplit(environment.get(name, "")).password or "")
        except ValueError:  # brackets without an address between them
            continue
