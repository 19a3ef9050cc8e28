# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule, broken."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """C(text) of a file in plugins/module_utils, replaced. Every one of C(tests), file::function, must fail then."""

    rule: str
    file: str
    text: str
    replacement: str
    tests: tuple[str, ...]


def unit(file: str, *names: str) -> tuple[str, ...]:
    return tuple(f"tests/unit/{file}.py::{name}" for name in names)
