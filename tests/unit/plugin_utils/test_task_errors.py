# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the connection in a variable: what is none of them is refused, and no secret shown."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.plugin_utils._task_errors import connection_options, evaluate

NAME = "pgflex_identity_connection"


class Plain:
    """A templar that has nothing to do, or that fails with a text."""

    def __init__(self, failure: str = "") -> None:
        self.failure = failure

    def template(self, value: Any) -> Any:
        if self.failure:
            raise ValueError(self.failure)
        return value


def read(value: Any) -> dict[str, Any]:
    templar: Any = Plain()
    return connection_options(templar, {NAME: value})


@pytest.mark.parametrize("value", [None, "", {}, {"profile": "prod", "secret": "x"}])
def test_options_of_a_connection_are_taken(value: Any) -> None:
    assert read(value) == (value or {})


@pytest.mark.parametrize("name", ["servers", "max_removals", "action", "rollback_file", "subscripton_id", "secrt"])
def test_what_is_no_option_of_a_connection_is_refused_by_name_alone(name: str) -> None:
    with pytest.raises(AnsibleActionFail, match=f"{NAME}: '{name}' is no option of a connection") as raised:
        read({"profile": "prod", name: "not-to-be-seen"})
    assert "subscription_id" in str(raised.value)
    assert "not-to-be-seen" not in str(raised.value)


def test_a_text_is_no_connection() -> None:
    with pytest.raises(AnsibleActionFail, match="is not a dictionary"):
        read("prod")


@pytest.mark.parametrize(
    ("failure", "shown"),
    [
        ("'x' is undefined in not-to-be-seen", "a template in it has an error"),
        ("Attempting to decrypt but no vault secrets found", "it cannot be decrypted"),
    ],
)
def test_why_a_connection_cannot_be_read_is_told_without_its_text(failure: str, shown: str) -> None:
    templar: Any = Plain(failure)
    with pytest.raises(InvalidInput, match=shown) as raised:
        evaluate(templar, NAME, {})
    assert "not-to-be-seen" not in str(raised.value)
