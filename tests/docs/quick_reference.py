# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the tables of the page that lists all variables, from the tables of the code; `make variables` runs it."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "docsite" / "rst" / "variables.rst"
ROLE = ROOT / "roles" / "pgflex_identity" / "meta" / "argument_specs.yml"
#: What follows in the page until the next of them, or until the end, is made here.
MARK = ".. made from the code: {}\n"
_MARKUP = re.compile(r"[A-Z]\(((?:[^()]|\([^)]*\))*)\)")


def _markup(found: re.Match[str]) -> str:
    """Return what a word in Ansible's markup is in a page."""
    text = found[1].rpartition(":")[2] if "#" in found[1] else found[1]
    return f"``{text}``"


def first_sentence(description: str) -> str:
    """Return the first sentence of a documentation, for a page."""
    return _MARKUP.sub(_markup, re.split(r"(?<=[.])\s", " ".join(description.split()))[0])


def table(head: tuple[str, ...], widths: str, rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table of a page."""
    lines = ["", ".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", ""]
    for row in (head, *rows):
        lines += [f"   {'*' if number == 0 else ' '} - {cell}".rstrip() for number, cell in enumerate(row)]
    return "\n".join([*lines, "", ""])


def variables(options: Iterable[Any], documented: dict[str, Any]) -> str:
    """Return the table of those of `options` that are variables of the role."""
    rows = []
    for each in options:
        if each.variable is None:
            continue
        name = f"``{each.variable}``" + (f", ``{each.variable}__...``" if each.adds_up else "")
        actions = ", ".join(each.actions) if each.actions else "all"
        default = "" if each.role_default in (None, "") else f"``{each.role_default}``"
        rows.append((name, actions, default, first_sentence(documented[each.variable]["description"][0])))
    return table(("Variable", "Counts for", "Default", "What it says"), "34 16 12 38", rows)


def environment(fields: Iterable[tuple[str, tuple[str, ...]]]) -> str:
    """Return the table of the environment variables that stand in for options."""
    rows = ((", ".join(f"``{name}``" for name in names), f"``{option}``") for option, names in fields)
    return table(("Environment variables, the first that is set wins", "Option"), "66 34", rows)


def tables() -> dict[str, str]:
    """Return every table by its name in the page."""
    # The collection becomes importable after pytest has read this folder.
    from ansible_collections.pgflex.azure.plugins.module_utils._azure.settings import FIELDS
    from ansible_collections.pgflex.azure.plugins.module_utils._module import options

    documented = yaml.safe_load(ROLE.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    policies = [(option, (name,)) for option, name in options.POLICY_ENVIRONMENT.items()]
    return {
        "place": variables(options.PLACE, documented),
        "desired": variables(options.DESIRED, documented),
        "run": variables([*options.RUN, options.Option("dict", variable=options.CONNECTION)], documented),
        "environment": environment([*((each.name, each.environment) for each in FIELDS), *policies]),
    }


def renewed(page: str) -> str:
    """Return the text of the page with its tables as they are now."""
    for name, made in tables().items():
        mark = MARK.format(name)
        before, found, rest = page.partition(mark)
        assert found, f"{PAGE.name} has no mark for {name}"
        _old, end, after = rest.partition("\n.. end\n")
        page = f"{before}{mark}{made}{end.lstrip()}{after}"
    return page


def main() -> None:
    """Renew the page."""
    sys.path.insert(0, str(ROOT / ".cache" / "collections"))
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
