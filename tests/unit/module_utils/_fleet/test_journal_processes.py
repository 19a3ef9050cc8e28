# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that write journals: killed at any moment they leave readable ones, and no two share a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from random import Random
from typing import TYPE_CHECKING

import pytest

from unit.journals import read
from unit.support import A, B

if TYPE_CHECKING:
    from pathlib import Path

#: Writes to servers one after the other in ten threads, and says each on its output once it may be written to.
PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from ansible_collections.pgflex.azure.plugins.module_utils._errors import InvalidInput
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.journal import Journal
from unit.journals import end, intend, servers

def work(one):
    intend(journal, one)
    sys.stdout.write(one.ref.name + "\\n")
    sys.stdout.flush()
    end(journal, one)

try:
    journal = Journal.create(sys.argv[1], sys.argv[3])
except InvalidInput:
    sys.exit("refused")
with journal, ThreadPoolExecutor(10) as pool:
    list(pool.map(work, servers(int(sys.argv[2]))))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "records" / "run.json"


def start(file: Path, number: int, action: str = "assign") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(file), str(number), action],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_journal_is_readable_whenever_its_process_was_killed(file: Path) -> None:
    moments = Random(17)  # noqa: S311
    unfinished = 0
    for run in range(20):
        process = start(file, 1000)
        assert process.stdout
        said = [process.stdout.readline().strip()]
        for _each in range(moments.randrange(300)):
            said.append(process.stdout.readline().strip())
        process.send_signal(signal.SIGKILL)
        said += process.communicate(timeout=60)[0].split()
        record = read(file)
        # Whatever may have been written to is in it; what is cut off was not.
        assert set(filter(None, said)) <= {each.host for each in record.entries}
        assert all((each.before.identities, each.after.identities) == ((A,), (B,)) for each in record.entries)
        unfinished += not record.finished
        assert len(list(file.parent.iterdir())) == run + 1
    assert unfinished == 20


def test_of_runs_that_begin_at_once_none_shares_or_replaces_a_file(file: Path) -> None:
    names = [str(number) for number in range(9)]
    ended: list[str] = []
    for part in (names[:3], names[3:6], names[6:]):
        runs = [(name, start(file, 30, name)) for name in part]
        ends = [(name, each.communicate(timeout=60)[1].strip()) for name, each in runs]
        assert {problem for _name, problem in ends} <= {"", "refused"}
        ended += [name for name, problem in ends if not problem]
    records = [read(each) for each in file.parent.iterdir()]
    assert sorted(each.action for each in records) == ended
    assert len(ended) >= 3
    assert {(each.finished, len(each.entries)) for each in records} == {(True, 30)}
