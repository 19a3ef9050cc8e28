# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Turn errors and warnings into those of a task, and evaluate templates so that none shows a secret."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleActionFail

from ..module_utils._errors import InvalidInput, PgflexError, quoted, shortened
from ..module_utils._fleet.target import some_of
from ..module_utils._module.argspec import CONNECTION as OPTIONS
from ..module_utils._module.options import ASSIGN, CONNECTION
from ..module_utils._server.results import warn_of_unmatched
from ._run_scope import RUN_FAILED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ansible.template import Templar


@contextmanager
def failing_the_task(facts: Callable[[], dict[str, Any]] = dict) -> Iterator[None]:
    """Raise what is raised here as the failure of a task, whose result has what `facts` returns then."""
    try:
        yield
    except PgflexError as error:
        raise failure(error, **facts()) from None


def failure(error: PgflexError, **facts: Any) -> AnsibleActionFail:
    """Return the failure of a task."""
    return AnsibleActionFail(str(error), result={"error": error.as_dict(), **facts})


def failing_the_run(work: Callable[[], dict[str, Any]], task_vars: Mapping[str, Any], *, once: bool) -> dict[str, Any]:
    """Return the result of `work`, done `once` for a play. Raise `AnsibleActionFail`.

    Where the play has several hosts a failure is none of the one that it is told at.
    """
    if not once or len(task_vars.get("ansible_play_hosts_all", ())) < 2:
        return work()
    try:
        result = work()
    except AnsibleActionFail as error:
        raise AnsibleActionFail(f"{RUN_FAILED}{error.message}", result=error.result) from None
    return {**result, "msg": f"{RUN_FAILED}{result['msg']}"} if result.get("failed") else result


def evaluate(templar: Templar, name: str, value: Any) -> Any:
    """Return the value of the variable `name`, templated. Raise `InvalidInput`."""
    try:
        return templar.template(value)
    except Exception as error:  # a template may raise anything; it is this host's fault alone
        # With ansible-core up to 2.18 the error shows the value, and that of the connection may hold secrets.
        hidden = "it cannot be decrypted" if "decrypt" in str(error) else "a template in it has an error"
        why = f"{hidden}, which may show secrets" if name == CONNECTION else shortened(str(error))
        raise InvalidInput(name, f"cannot be read: {why}") from None


def connection_options(templar: Templar, task_vars: Mapping[str, Any]) -> dict[str, Any]:
    """Return `pgflex_identity_connection`, which is under the options of the task and its `module_defaults`."""
    with failing_the_task():
        options = evaluate(templar, CONNECTION, task_vars.get(CONNECTION)) or {}
    if not isinstance(options, Mapping):
        raise AnsibleActionFail(f"{CONNECTION} is not a dictionary of connection options.")
    with failing_the_task():
        for name in options:
            if name not in OPTIONS:
                raise InvalidInput(
                    CONNECTION, f"{quoted(name)} is no option of a connection; these are {', '.join(OPTIONS)}."
                )
    return dict(options)


def with_warnings(answer: dict[str, Any], warnings: list[str]) -> dict[str, Any]:
    """Return the result of a task with these warnings beside its own."""
    return {**answer, "warnings": [*answer.get("warnings", []), *warnings]} if warnings else answer


def unmatched_patterns(answer: Mapping[str, Any], refused: Sequence[str] = ()) -> list[str]:
    """Return the warning about protected patterns that fit nothing; the servers of `refused` rows were not read."""
    unread = [*answer.get("unread", ()), *refused]
    but = f", which could not be looked for on {some_of(unread)} ({len(unread)} in all)" if unread else ""
    return warn_of_unmatched(answer.get("unmatched_patterns"), but)


def refuse_options(arguments: Mapping[str, Any], options: Iterable[str]) -> None:
    """Refuse those of `options` that say how rows are made, where these are given. Raise `AnsibleActionFail`."""
    for option in options:
        if arguments.get(option) not in (None, "", False, ASSIGN):
            problem = "is about rows that are made of the hosts of the play, so it does not go together with servers."
            raise failure(InvalidInput(option, problem))
