# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the commands of a page as a reader would, in a folder with the files of `examples`, and compare their output."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from docs.pages import EXAMPLES, ROOT
from e2e.commands import Done, run_command

if TYPE_CHECKING:
    from pathlib import Path

#: What a test does not do: installing, building, and programs that not every machine has.
NOT_RUN = (
    "ansible-builder ",
    "ansible-galaxy ",
    "ansible-navigator ",
    "az ",
    "cd ",
    "git clone ",
    "make ",
    "python -m pip ",
    "source azure/",
)
#: Ansible's own programs start much faster in a process that is forked.
_FORKED = ("ansible-inventory", "ansible-playbook")
#: What differs from run to run: where the home is, when it was, which sum a record has.
_VARYING = (
    (re.compile(r"\d{8}T\d{6}Z-\w{8}(?=-\w+\.json)"), "RECORD"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"about \d+ s"), "SECONDS"),
)
_CHECKER = doctest.OutputChecker()
_LOOSE = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Terminal:
    """A shell of the reader: `folder` is where it stands, `env` what it has exported. A page shares one."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder / "examples"
        self.home = folder / "me"
        self.home.mkdir()
        shutil.copytree(EXAMPLES, self.folder)
        self.env = {**env, "HOME": str(self.home), "PGFLEX": str(ROOT)}

    def run(self, command: str) -> Done:
        """Run a command; what the shell makes of its words is up to a real one."""
        if command.split(" ")[0] not in _FORKED:
            done = self._bash(command)
            return Done(done.returncode, done.stdout, done.stderr)
        words = self._bash(f"printf '%s\\0' {command}")
        words.check_returncode()
        # With one fork hosts end in the order of the inventory.
        forks = ["--forks", "1"] if command.startswith("ansible-playbook") else []
        return run_command([*words.stdout.split("\0")[:-1], *forks], self.folder, self.env)

    def _bash(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            check=False,
        )

    def problem(self, desired: str, done: Done) -> str:
        """Tell how the output differs from what the page shows, empty if it does not."""
        got = self._wait_until_settled((done.stdout + done.stderr).replace(str(self.home), "/home/me"))
        example = doctest.Example("", self._wait_until_settled(desired))
        if _CHECKER.check_output(example.want, got, _LOOSE):
            return ""
        return _CHECKER.output_difference(example, got, _LOOSE)

    @staticmethod
    def _wait_until_settled(text: str) -> str:
        for pattern, word in _VARYING:
            text = pattern.sub(word, text)
        return text.strip() + "\n"
