# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sphinx for the site of this collection; `make docs` runs it. It needs no network."""

from __future__ import annotations

import re
from typing import Any

project = "pgflex.azure"
project_copyright = "pgflex.azure contributors"
html_title = "pgflex.azure"
html_theme = "furo"
html_theme_options = {
    "source_repository": "https://github.com/pgflex/azure/",
    "source_branch": "main",
    "source_directory": "docs/docsite/rst/",
}
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_use_index = False
html_use_modindex = False

extensions = ["myst_parser", "sphinx_antsibull_ext", "sphinx_copybutton"]
copybutton_prompt_text = "$ "
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
default_role = "any"
nitpicky = True
# Pages of Ansible itself are elsewhere, and a check of links must not depend on the network.
nitpick_ignore = [
    ("std:ref", "action_plugins"),
    ("std:ref", "ansible_configuration_settings"),
    ("std:ref", "common_return_values"),
]
nitpick_ignore_regex = [
    ("std:envvar", r"ANSIBLE_CACHE_PLUGIN.*"),
    ("std:ref", r"ansible_collections\.ansible\.builtin\..*"),
]


_RELEASE_NOTES = re.compile(
    r"^\.\. _changelog_section_for_\S+:\n\nChangelog\n-+\n\n\.\. toctree::\n(?: .*\n|\n)*", re.MULTILINE
)


def fit(_app: Any, page: str, source: list[str]) -> None:
    """Fit what antsibull-docs writes to this theme, which has a table of contents of its own and a narrow side bar."""
    source[0] = re.sub(r"^\.\. contents::\n(   .*\n)*", "", source[0], flags=re.MULTILINE)
    if page == "index":
        # antsibull-docs puts it first: who comes to read is looking for something else.
        [release_notes] = _RELEASE_NOTES.findall(source[0])
        rest = _RELEASE_NOTES.sub("", source[0]).rstrip()
        source[0] = f"{rest}\n\n{release_notes.replace('Changelog', 'Release notes', 1).replace('---------', '-' * 13)}"
        source[0] = source[0].replace("Pgflex.Azure\n", "pgflex.azure\n", 1)
        source[0] = re.sub(
            r"^    (\w+)_(module|filter|inventory|role)$", r"    \1 (\2) <\1_\2>", source[0], flags=re.MULTILINE
        )


def setup(app: Any) -> None:
    """Have Sphinx call `fit`."""
    app.connect("source-read", fit)
