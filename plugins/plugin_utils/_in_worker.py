# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Do a module's work within the process of its action plugin, which Ansible forks for each task.

It is seen from outside as if the module had been started: the same options, environment of the task, and result.
"""

from __future__ import annotations

import inspect
import logging
import multiprocessing
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible.utils.display import Display

from ..module_utils._azure.scrub import Scrubber
from ..module_utils._errors import shortened
from ..module_utils._module.argspec import CONNECTION
from ..module_utils._module.options import DEFAULT_WAIT
from ..module_utils._module.runner import HIDDEN, guarded
from ._template_safety import as_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from ansible.module_utils.common.arg_spec import ValidationResult

    from ..module_utils._azure.connection import Connection

#: Their warnings would go to the terminal, and what they log of requests to Ansible's log file.
_LIBRARIES = ("azure", "msal", "urllib3")
#: Seconds before the task's own timeout, or the share of it if that is less, by which its work is to have ended.
_RESERVE, _SHARE = 30.0, 0.2


def is_awaited() -> bool:
    """Return whether the process that forked this one is still there. A worker of Ansible outlives it in silence.

    A terminal that is closed ends Ansible and not its workers, which have a session each since ansible-core 2.19.
    """
    parent = multiprocessing.parent_process()
    return parent is None or os.getppid() == parent.pid


def show_line(text: str) -> None:
    """Show a line as Ansible does, which hands it from a worker to the process that prints.

    ansible-runner wraps `Display.display`, up to 2.4.0 at least in workers too, and then writes there what belongs
    around a line of the process that prints: Ansible says that it was "errantly sent data directly to stdout".
    """
    show = inspect.unwrap(Display.display, stop=lambda each: each.__globals__["__name__"] == Display.__module__)
    show(Display(), text)


def within(timeout: float | None, started: float, arguments: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return `arguments` whose `wait_timeout` ends before the task's own `timeout` does, and a warning if it is less.

    `started` is when that began. It would cut off the task, and what became of the writes would not be told.
    """
    if not timeout:
        return {**arguments}, []
    left = max(1.0, timeout - min(_RESERVE, timeout * _SHARE) - (time.monotonic() - started))
    try:
        asked = float(arguments.get("wait_timeout") or DEFAULT_WAIT)
    except (TypeError, ValueError):  # it is refused where all options are
        return {**arguments}, []
    if asked <= left:
        return {**arguments}, []
    warning = f"The timeout of the task, {timeout:g} seconds, is less than wait_timeout={asked:g}, and counts instead."
    return {**arguments, "wait_timeout": left}, [warning]


def run_in_worker(
    name: str,
    spec: dict[str, Any],
    arguments: Mapping[str, Any],
    environment: Mapping[str, str],
    work: Callable[[Mapping[str, Any], Connection], dict[str, Any]],
    **made: Any,
) -> dict[str, Any]:
    """Return the result of `work` with the validated `arguments` of the module `name`, in the task's `environment`.

    Options that are `made` are what they have to be: there may be thousands of rows in them, and none is shown.
    """
    spec = {**CONNECTION, **spec}
    checked = ArgumentSpecValidator(spec).validate({each: _plain(value) for each, value in arguments.items()})
    if checked.error_messages:
        return {"failed": True, "msg": _problem(name, checked, _secrets(spec, arguments))}
    options: dict[str, Any] = checked.validated_parameters
    with _environment(environment), _quiet_libraries():
        result = guarded(options, lambda connection: work({**options, **made}, connection))
    given = {each: HIDDEN if value and spec[each].get("no_log") else value for each, value in options.items()}
    # Names and texts of Azure must not become templates.
    return {**as_result(result), "invocation": {"module_args": given}}


def _problem(name: str, checked: ValidationResult, secrets: Iterable[str]) -> str:
    """Say what is wrong with the options, as a module does."""
    # With the whole value, where that has another type.
    problem = shortened(Scrubber(secrets).text(str(checked.error_messages[0])))
    if any(isinstance(error, UnsupportedError) for error in checked.errors):
        return f"Unsupported parameters for ({name}) module: {problem}"
    return problem


def _secrets(spec: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[str]:
    return [str(arguments[each]) for each in spec if spec[each].get("no_log") and arguments.get(each)]


def _plain(value: Any) -> Any:
    """Return the value as a module would get it, without what Ansible notes about where it comes from."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, str):
        return str.__str__(value)
    # A vault's text, up to ansible-core 2.18.
    return str(value) if hasattr(value, "__ENCRYPTED__") else value


@contextmanager
def _environment(given: Mapping[str, str]) -> Iterator[None]:
    """Set the environment that the task asks for: the process is its own."""
    before = dict(os.environ)
    os.environ.update({name: str(value) for name, value in given.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _LIBRARIES]
    before = [each.propagate for each in loggers]
    silence = logging.NullHandler()
    for each in loggers:
        each.propagate = False
        each.addHandler(silence)
    try:
        yield
    finally:
        for each, propagates in zip(loggers, before):
            each.propagate = propagates
            each.removeHandler(silence)
