# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Wrap the work of every module: turn errors into `fail_json`, and keep secrets out of results."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from .._azure.connection import Connection, missing_package
from .._azure.scrub import Scrubber
from .._errors import MissingPackage, PgflexError, UnexpectedError
from .argspec import CONNECTION

try:  # since ansible-core 2.22, which masks nothing else
    from ansible.module_utils.secrets import register_secrets
except ImportError:
    register_secrets = None

if TYPE_CHECKING:
    from collections.abc import Callable


def run(spec: dict[str, Any], work: Callable[[AnsibleModule, Connection], dict[str, Any]], **constraints: Any) -> None:
    """Run `work` as a module with the options `spec` and those of the connection; what it returns is the result."""
    module = AnsibleModule({**CONNECTION, **spec}, supports_check_mode=True, **constraints)
    scrubber = Scrubber()
    try:
        connection = Connection(module.params)
        scrubber = connection.scrubber
        _register(module, connection.settings.secrets)
        result = work(module, connection)
    except PgflexError as error:
        module.fail_json(**scrubber.facts({"msg": str(error), "error": error.as_dict()}), changed=error.changed)
    except ImportError as error:
        reason = "in the Python or execution environment that runs this module (see requirements.txt)"
        missing = MissingPackage(missing_required_lib(missing_package(error), reason=reason))
        module.fail_json(msg=str(missing), error=missing.as_dict(), exception=traceback.format_exc())
    except Exception as fault:
        unexpected = UnexpectedError(fault)
        told = {"msg": str(unexpected), "error": unexpected.as_dict(), "exception": traceback.format_exc()}
        module.fail_json(**scrubber.facts(told))
    module.exit_json(**scrubber.facts(result))


def _register(module: AnsibleModule, secrets: set[str]) -> None:
    """Let Ansible know what came from the environment or the file; options with no_log it knows."""
    module.no_log_values.update(secrets)
    if register_secrets:
        register_secrets(secrets)
