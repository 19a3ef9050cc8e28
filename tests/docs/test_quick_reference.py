# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page that lists all variables has all of them, as the code has them."""

from __future__ import annotations

import re

import yaml

from docs.pages import ROOT
from docs.quick_reference import PAGE, ROLE, first_sentence, renewed

#: Variables of the playbooks themselves, which the role does not know.
OF_PLAYBOOKS = re.compile(r"\bpgflex_identity_\w+")


def test_the_tables_are_those_that_the_code_makes() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page, "make variables"


def test_every_variable_of_the_role_and_of_the_playbooks_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    documented = yaml.safe_load(ROLE.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    playbooks = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "playbooks").glob("*.yml"))
    set_by_users = set(re.findall(r"\b(pgflex_identity_(?:hosts|fail_on_\w+))\b", playbooks))
    assert set_by_users
    assert {name for name in {*documented, *set_by_users} if f"``{name}``" not in page} == set()


def test_a_first_sentence_is_plain_text_with_names_as_code() -> None:
    text = "Of O(pgflex.azure.pgflex_identity#module:wait_timeout), as C(x y)\nand V([1, 2]). More."
    assert first_sentence(text) == "Of ``wait_timeout``, as ``x y`` and ``[1, 2]``."
