# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of the documentation as a test sees them: blocks of code in order, and each command with its output."""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from antsibull_docutils.rst_code_finder import (
    CodeBlockDirective,
    find_code_blocks,
    get_code_block_directives,
    mark_antsibull_code_block,
)
from antsibull_docutils.utils import parse_document

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
RST = ROOT / "docs" / "docsite" / "rst"
EXAMPLES = ROOT / "examples"
#: Where the repository and the site are, among others.
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
PROMPT = "$ "


class _Captioned(CodeBlockDirective):
    """Keeps the caption, which `find_code_blocks` drops."""

    def run(self) -> list[Any]:
        found = super().run()
        caption = {"caption": self.options.get("caption", "")}
        mark_antsibull_code_block(
            found[0], language=self.arguments[0], content_offset=self.content_offset, other=caption
        )
        return found


@dataclass(frozen=True)
class Block:
    """A block of code: its language, its caption, which is the name of the file that it is, and its first line."""

    language: str
    caption: str
    text: str
    line: int

    @property
    def commands(self) -> Iterator[tuple[str, str]]:
        """Each command of a console, with what it prints. A line that ends in a backslash goes on in the next."""
        command: list[str] = []
        output: list[str] = []
        for line in self.text.splitlines():
            if line.startswith(PROMPT):
                if command:
                    yield "\n".join(command), "\n".join(output)
                command, output = [line.removeprefix(PROMPT)], []
            elif command[-1].endswith("\\") and not output:
                command.append(line)
            else:
                output.append(line)
        yield "\n".join(command), "\n".join(output)


def page_paths() -> list[Path]:
    """Return all pages, sorted by name."""
    return sorted(RST.glob("*.rst"))


@contextmanager
def _old_docutils() -> Iterator[None]:
    """Ignore the warnings of docutils 0.22 about what antsibull-docutils 1.4.1 calls: they are errors to pytest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        yield


def ids(path: Path) -> set[str]:
    """Return the ends that a link to a page can have: sections and inline targets."""
    with _old_docutils():
        document = parse_document(
            path.read_text(encoding="utf-8"), parser_name="restructuredtext", rst_directives=get_code_block_directives()
        )
    return set(document.ids)


def blocks(path: Path) -> list[Block]:
    """Return the blocks of code of a page, in order."""
    text = path.read_text(encoding="utf-8")
    with _old_docutils():
        found = list(find_code_blocks(text, path=path, extra_directives={"code-block": _Captioned}))
    return [
        Block(each.language or "", each.attributes["antsibull-other-caption"], each.content, each.row_offset + 1)
        for each in found
    ]


def fences(path: Path) -> list[tuple[str, str]]:
    """Return the language and the text of each block of code of a page in Markdown."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def console_commands(path: Path) -> list[str]:
    """Return every command that a page shows."""
    consoles = [each for each in blocks(path) if each.language == "console"]
    return [command for block in consoles for command, _output in block.commands]
