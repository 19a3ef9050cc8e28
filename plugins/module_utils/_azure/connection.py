# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Options -> a connection to Azure Resource Manager, for modules and plugins alike."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

from .clouds import find_cloud
from .credentials import build, check_ca_path, check_files, choose, find_subscription
from .deadline import Deadline
from .scrub import Scrubber
from .settings import Settings, resolve
from .transport import secrets_on_the_way

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .client import Api

_PACKAGES = {
    "azure.identity": "azure-identity",
    "azure.mgmt": "azure-mgmt-postgresqlflexibleservers",
    # Both bring azure.core; where neither is there, not even azure is.
    "azure": "azure-identity and azure-mgmt-postgresqlflexibleservers",
}


class Connection:
    """Settings and, once it is asked for, the API. Nothing is imported from Azure and nothing sent before that."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.settings: Settings = resolve(options, os.environ)
        #: Knows what must not come out of answers.
        self.scrubber = Scrubber({*self.settings.secrets, *secrets_on_the_way(os.environ)})
        self._api: Api | None = None
        self._wait_timeout: float = options.get("wait_timeout", math.inf)

    @property
    def subscription_id(self) -> str:
        """The subscription to work in. Raises `CredentialError`, `NoSubscription`."""
        return find_subscription(self.settings, choose(self.settings, os.environ))

    def open(self) -> Api:
        """Return the API. Its `wait_timeout` begins now.

        Raise `CredentialError`, `InvalidInput`, `NoConnection`, `UnexpectedAnswer`, `WaitTimeout`, `ImportError`.
        """
        kind = choose(self.settings, os.environ)
        check_ca_path(self.settings)
        # Not every credential asks for it.
        self.settings.flag("disable_instance_discovery")

        from .client import Api

        check_files(kind, self.settings)

        deadline = Deadline(self._wait_timeout)
        cloud = find_cloud(self.settings, deadline)
        credential = build(kind, self.settings, cloud, deadline, self.scrubber)
        self._api = Api(credential, cloud, self.settings.get("ca_path"), deadline, self.scrubber)
        return self._api

    def close(self) -> None:
        """Close the API, if it was opened."""
        if self._api:
            self._api.close()


def missing_package(error: ImportError) -> str:
    """Return the Python package to install, or both, by the name that an import did not find."""
    name = error.name or str(error)
    return next((package for start, package in _PACKAGES.items() if name.startswith(start)), name)
