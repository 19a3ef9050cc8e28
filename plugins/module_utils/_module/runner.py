# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Wrap the work of every module: turn errors into failed results, and keep secrets out of all."""

from __future__ import annotations

import traceback
from contextlib import closing
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
    from collections.abc import Callable, Iterable, Mapping

#: Ansible's own word for what it does not show.
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def run(spec: dict[str, Any], work: Callable[[AnsibleModule, Connection], dict[str, Any]], **constraints: Any) -> None:
    """Run `work` as a module with the options `spec` and those of the connection; what it returns is the result."""
    module = AnsibleModule({**CONNECTION, **spec}, supports_check_mode=True, **constraints)

    def register(secrets: set[str]) -> None:
        # Options with no_log it knows.
        module.no_log_values.update(secrets)

    result = guarded(module.params, lambda connection: work(module, connection), register)
    # With INJECT_INVOCATION a result has the options, and since ansible-core 2.22 nobody else masks them there.
    hidden = [name for name, option in CONNECTION.items() if option.get("no_log") and module.params[name]]
    module.params.update(dict.fromkeys(hidden, HIDDEN))
    (module.fail_json if result.get("failed") else module.exit_json)(**result)


def guarded(
    options: Mapping[str, Any],
    work: Callable[[Connection], dict[str, Any]],
    register: Callable[[set[str]], None] = lambda secrets: None,
) -> dict[str, Any]:
    """Return what `work` returns, or a failed result that says what was raised; no secret is in either.

    `register` gets the secrets that come from the environment or from the file of credentials.
    """
    scrubber = Scrubber()
    try:
        with closing(Connection(options)) as connection:
            scrubber = connection.scrubber
            register(connection.settings.secrets)
            mask_in_output(connection.settings.secrets)
            result = work(connection)
    except PgflexError as error:
        result = {"failed": True, "msg": str(error), "error": error.as_dict(), "changed": error.changed}
    except ImportError as error:
        reason = "in the Python or execution environment that runs this module (see requirements.txt)"
        missing = MissingPackage(missing_required_lib(missing_package(error), reason=reason))
        result = _failed(missing)
    except Exception as fault:
        result = _failed(UnexpectedError(fault))
    facts: dict[str, Any] = scrubber.facts(result)
    return facts


def mask_in_output(secrets: Iterable[str]) -> None:
    """Let Ansible mask these in all that it prints from now on, where it does that."""
    if register_secrets:
        register_secrets(secrets)


def _failed(error: PgflexError) -> dict[str, Any]:
    return {"failed": True, "msg": str(error), "error": error.as_dict(), "exception": traceback.format_exc()}
