# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work within the process of an action plugin: options, environment, logs and results as those of a module."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._module.options import fleet_spec
from ansible_collections.pgflex.azure.plugins.plugin_utils._in_worker import is_awaited, run_in_worker, within

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SECRET = "not-to-be-seen-3141"  # noqa: S105


def run(work: Callable[[Mapping[str, Any]], Any], environment: Mapping[str, Any] | None = None, **options: Any) -> Any:
    given = {"auth_source": "env", **options}
    return run_in_worker(
        "pgflex_identity_fleet", fleet_spec(), given, environment or {}, lambda all_, _connection: work(all_)
    )


def test_options_have_their_types_and_defaults() -> None:
    seen = run(lambda options: {"options": dict(options)}, wait_timeout="90", waves="1,50%", validate_identities="no")
    options = seen["options"]
    assert (options["wait_timeout"], options["waves"], options["validate_identities"]) == (90.0, ["1", "50%"], False)
    assert (options["busy_timeout"], options["servers"]) == (600, None)


def test_values_are_what_a_module_gets_of_them() -> None:
    marked = wrap_var("pg-{{ x }}")
    row = {"server_name": marked, "present": (marked,)}

    def look(options: Mapping[str, Any]) -> dict[str, Any]:
        [seen] = options["servers"]
        assert [type(each) for each in (seen["server_name"], *seen["present"])] == [str, str]
        assert seen["server_name"] == "pg-{{ x }}"
        return {}

    run(look, servers=[row])


def test_an_option_that_does_not_exist_is_refused_as_a_module_does_it() -> None:
    refused = run(lambda _options: pytest.fail("begun"), wave=["1"])
    assert refused["failed"]
    assert refused["msg"].startswith("Unsupported parameters for (pgflex_identity_fleet) module: wave.")


def test_a_value_of_another_type_is_refused_and_no_secret_shown() -> None:
    refused = run(lambda _options: pytest.fail("begun"), secret=SECRET, wait_timeout=f"soon-{SECRET}")
    assert refused["failed"]
    assert "wait_timeout" in refused["msg"]
    assert SECRET not in str(refused)


def test_the_invocation_hides_secrets_and_the_result_has_none() -> None:
    result = run(lambda _options: {"said": f"refused {SECRET}"}, secret=SECRET)
    shown = [result["invocation"]["module_args"][name] for name in ("secret", "password")]
    assert shown == ["VALUE_SPECIFIED_IN_NO_LOG_PARAMETER", None]
    assert SECRET not in str(result)


def test_the_environment_of_the_task_counts_and_is_gone_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", "before")
    monkeypatch.delenv("PGFLEX_TEST_NUMBER", raising=False)
    names = ("AZURE_SUBSCRIPTION_ID", "PGFLEX_TEST_NUMBER")
    environment = {"AZURE_SUBSCRIPTION_ID": "of-the-task", "PGFLEX_TEST_NUMBER": 7}

    def fail(_options: Mapping[str, Any]) -> dict[str, Any]:
        raise InvalidInput("waves", " ".join(os.environ[name] for name in names))

    assert run(fail, environment)["error"]["message"] == "waves: of-the-task 7"
    assert [os.environ.get(name) for name in names] == ["before", None]


@pytest.mark.parametrize("name", ["azure.identity._internal", "msal.application", "urllib3.connectionpool"])
def test_what_libraries_log_goes_nowhere(
    name: str, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    def log(_options: Mapping[str, Any]) -> dict[str, Any]:
        logging.getLogger(name).warning("Azure says %s", SECRET)
        return {}

    with caplog.at_level(logging.DEBUG):
        run(log)
        assert caplog.text == ""
        assert capsys.readouterr() == ("", "")
        logging.getLogger(name).warning("heard again")
    assert "heard again" in caplog.text


def test_a_fault_is_a_failed_result() -> None:
    def fault(_options: Mapping[str, Any]) -> dict[str, Any]:
        raise KeyError("of ours")

    result = run(fault)
    assert result["failed"]
    assert "KeyError" in result["msg"]
    assert "Traceback" in result["exception"]


@pytest.mark.parametrize(
    ("timeout", "asked", "left"),
    [
        (None, {}, None),
        (0, {"wait_timeout": 5}, 5),
        (7200, {}, None),
        (600, {}, 570),
        (10, {"wait_timeout": "600"}, 8),
        (10, {"wait_timeout": 3}, 3),
        (1, {}, 1),
        (10, {"wait_timeout": "soon"}, "soon"),
    ],
)
def test_the_work_ends_before_the_timeout_of_the_task(
    timeout: float | None, asked: dict[str, Any], left: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    bounded, warnings = within(timeout, 1000.0, asked)
    assert bounded.get("wait_timeout") == left
    assert bool(warnings) == (bounded != asked)


def test_what_was_used_up_before_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: 1100.0)
    assert within(600, 1000.0, {})[0] == {"wait_timeout": 470}


def test_a_process_that_nobody_forked_is_awaited() -> None:
    assert is_awaited()
