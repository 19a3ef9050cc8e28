# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The menu of the site: every page is in it, and the release notes come last."""

from __future__ import annotations

import runpy

import yaml

from docs.pages import ROOT, page_paths

#: As antsibull-docs 2.28.0 writes it.
INDEX = """Pgflex.Azure
============

.. _changelog_section_for_pgflex.azure:

Changelog
---------

.. toctree::
    :maxdepth: 1

    changelog

Guides
------

.. toctree::
    :maxdepth: 1

    docsite/getting_started

.. toctree::
   :caption: More

   design
"""


def test_the_release_notes_are_the_last_in_the_menu() -> None:
    source = [INDEX]
    runpy.run_path(str(ROOT / "docs" / "site" / "conf.py"))["fit"](None, "index", source)
    titles = ["Guides", "   :caption: More", "   design", "Release notes", "    changelog"]
    lines = source[0].splitlines()
    assert [line for line in lines if line in titles] == titles
    assert lines[lines.index("Release notes") + 1] == "-" * len("Release notes")


def test_every_page_is_in_the_menu_once() -> None:
    menu = yaml.safe_load((ROOT / "docs" / "docsite" / "extra-docs.yml").read_text(encoding="utf-8"))
    named = [page for section in menu["sections"] for page in section["toctree"]]
    assert sorted(named) == sorted(path.stem for path in page_paths())
