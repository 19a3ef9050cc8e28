# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The output of the benchmark on its page of the documentation. Pure."""

from __future__ import annotations

from textwrap import indent

BEGIN, END = ".. begin of make bench", ".. end of make bench"


def replace_tables(page: str, output: str) -> str:
    """Return the page with `output` between its two marks. Raise `ValueError` where it has none."""
    before, begin, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"The page lacks the line {BEGIN!r} or {END!r}.")
    tables = "\n".join(line.rstrip() for line in output.strip().splitlines())
    return f"{before}{begin}\n\n.. code-block:: text\n\n{indent(tables, '   ')}\n\n{end}{after}"
