# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""What every module does around its own work: connect, turn errors into C(fail_json), keep secrets out of results."""

from __future__ import annotations

import os
import traceback
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ._clouds import find_cloud
from ._credentials import build, check_ca_path, choose, find_subscription
from ._errors import PgflexError
from ._options import CONNECTION
from ._settings import Settings, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._api import Api

_PACKAGES = {"azure.identity": "azure-identity", "azure.mgmt": "azure-mgmt-postgresqlflexibleservers"}


class Connection:
    """Settings and, once it is asked for, the API. Nothing is imported from Azure and nothing sent before that."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.settings: Settings = resolve(options, os.environ)

    @property
    def subscription_id(self) -> str:
        """The subscription to work in. Raises C(CredentialError)."""
        return find_subscription(self.settings, choose(self.settings, os.environ))

    def open(self) -> Api:
        """The API. Raises C(CredentialError), C(InvalidInput), C(ImportError)."""
        kind = choose(self.settings, os.environ)
        check_ca_path(self.settings)

        from ._api import Api

        cloud = find_cloud(self.settings)
        return Api(build(kind, self.settings, cloud), cloud, self.settings.get("ca_path"))


def run(spec: dict[str, Any], work: Callable[[AnsibleModule, Connection], dict[str, Any]], **constraints: Any) -> None:
    """Run C(work) as a module with the options C(spec) and those of the connection; what it returns is the result."""
    module = AnsibleModule({**CONNECTION, **spec}, supports_check_mode=True, **constraints)
    try:
        connection = Connection(module.params)
        # Options with no_log are known to Ansible; what came from the environment or the file is not.
        module.no_log_values.update(connection.settings.secrets)
        result = work(module, connection)
    except PgflexError as error:
        module.fail_json(msg=str(error), error=error.as_dict())
    except ImportError as error:
        package = next((name for start, name in _PACKAGES.items() if (error.name or "").startswith(start)), error.name)
        module.fail_json(
            msg=missing_required_lib(
                str(package),
                reason="in the Python or execution environment that runs this module (see requirements.txt)",
            ),
            exception=traceback.format_exc(),
        )
    module.exit_json(**result)
