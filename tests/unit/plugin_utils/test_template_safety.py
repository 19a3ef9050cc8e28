# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates stay templates, and text stays text: other people's words too, whatever stands in them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.pgflex.azure.plugins.plugin_utils._template_safety import as_template, as_text

HEADER = "#jinja2:variable_start_string:'[[',variable_end_string:']]'\n[[ 6 * 7 ]]"
TEXTS = [
    "plain",
    "",
    "{{ 6 * 7 }}",
    "{% if true %}x{% endif %}",
    "{# nothing #}",
    "a {{ undefined_variable }} b",
    pytest.param(HEADER, id="a header that chooses other brackets"),
    "100 % {open",
    "Größe",
]


def template(value: Any, **variables: Any) -> Any:
    return Templar(loader=DataLoader(), variables=variables).template(value)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_not_evaluated(text: str) -> None:
    assert template(as_text(text)) == text
    assert template(as_template("{{ known }}"), known=as_text(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_deep_inside_is_not_evaluated_either(text: str) -> None:
    known = {"list": [text, {"key": text}], "number": 5, "none": None, "truth": True}
    assert template(as_text(known)) == known


@pytest.mark.parametrize("parts", [("{", "{ 6 * 7 }}"), ("#", HEADER[1:]), ("#jinja2", HEADER[7:])])
def test_texts_cannot_be_put_together_to_a_template(parts: tuple[str, str]) -> None:
    left, right = map(as_text, parts)
    joined = template(as_template("{{ left ~ right }}"), left=left, right=right)
    assert template(joined) == "".join(parts)


def test_a_template_is_evaluated() -> None:
    assert template(as_template("{{ 6 * 7 }}")) == 42
