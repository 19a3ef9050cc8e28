# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Break each rule of C(table) in a process of its own, run its tests there, and tell whether they noticed.

What all have in common is imported once; each mutation is a fork of that, in which the import system gets the broken
text of one file. Nothing is written. One line of JSON for each mutation: rule, and the tests that did not fail.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import json
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mutations.table import MUTATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection
    from types import ModuleType

    from mutations.mutation import Mutation

ROOT = Path(__file__).resolve().parents[2]
UTILS = "ansible_collections.pgflex.azure.plugins.module_utils"
#: Heavy, and the same for all.
SHARED = (
    "ansible.module_utils.basic",
    "azure.identity",
    "azure.mgmt.postgresqlflexibleservers",
    "hypothesis.strategies",
    "xml.etree.ElementTree",
    "yaml",
)
OPTIONS = ("--quiet", "--no-header", "--tb=no", f"--rootdir={ROOT}", "-Wignore:Module already imported")
#: Seconds for one mutation. One that makes its tests run for ever is interrupted, so that pytest still ends what they
#: have started, and has not been noticed.
PATIENCE = 60


class Broken(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives one module of the collection another source text."""

    def __init__(self, mutation: Mutation) -> None:
        self._name = f"{UTILS}.{mutation.file.removesuffix('.py')}"
        self._path = str(ROOT / "plugins" / "module_utils" / mutation.file)
        text = Path(self._path).read_text(encoding="utf-8")
        if text.count(mutation.text) != 1:
            raise SystemExit(f"{mutation.file} holds {text.count(mutation.text)} times: {mutation.text}")
        self._text = text.replace(mutation.text, mutation.replacement)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """See the base class."""
        return importlib.machinery.ModuleSpec(fullname, self, origin=self._path) if fullname == self._name else None

    def get_source(self, fullname: str) -> str:
        """See the base class."""
        return self._text


class Noted:
    """A plugin of pytest that notes which functions have failed."""

    def __init__(self) -> None:
        self.failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid.partition("[")[0])


def _run(mutation: Mutation, told: Connection) -> None:
    """In the fork: the tests of one mutation; tells which have failed."""
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(PATIENCE)
    sys.meta_path.insert(0, Broken(mutation))
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    noted = Noted()
    pytest.main([*OPTIONS, *mutation.tests], plugins=[noted])
    told.send(noted.failed)


def survived(mutation: Mutation) -> list[str]:
    """The tests that did not notice."""
    here, there = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_run, args=(mutation, there))
    process.start()
    there.close()
    try:
        failed: set[str] = here.recv()
    except EOFError:
        failed = set()
    process.join()
    return [each for each in mutation.tests if each not in failed]


def main() -> int:
    """1 if a broken rule was not noticed."""
    os.chdir(ROOT)
    for name in SHARED:
        importlib.import_module(name)
    survivors = 0
    for mutation in MUTATIONS:
        left = survived(mutation)
        survivors += bool(left)
        print(json.dumps({"rule": mutation.rule, "not noticed by": left}), flush=True)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
