# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure what the sessions of nox cost, and tell after `make test`: `python tests/utils/costs.py`."""

from __future__ import annotations

import ctypes
import functools
import json
import os
import resource
import sys
import time
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import nox

FOLDER = Path(__file__).resolve().parents[2] / ".cache" / "costs"
#: How many of the slowest are told.
SLOWEST = 10
_PR_SET_CHILD_SUBREAPER = 36
#: Seconds for processes to end that a session has left behind: servers that notice that their client is gone.
_LEFT_BEHIND = 5


def junit_option(session: nox.Session) -> str:
    """Return the option with which pytest keeps how long each test of a session took."""
    return f"--junitxml={FOLDER / session.name}.xml"


def measured(work: Callable[..., None]) -> Callable[..., None]:
    """Keep the CPU time of a session: with `--parallel`, each has a process of nox of its own."""

    @functools.wraps(work)
    def measured_session(session: nox.Session, *args: Any, **kwargs: Any) -> None:
        if sys.platform == "linux":
            # Python's fork server outlives the process that started it, which so cannot count it.
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
        try:
            work(session, *args, **kwargs)
        finally:
            _wait_for_orphans()
            usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
            FOLDER.mkdir(parents=True, exist_ok=True)
            seconds = sum(each.ru_utime + each.ru_stime for each in usage)
            (FOLDER / f"{session.name}.cpu").write_text(f"{seconds}", encoding="utf-8")

    return measured_session


def _wait_for_orphans() -> None:
    deadline = time.monotonic() + _LEFT_BEHIND
    with suppress(ChildProcessError):
        while time.monotonic() < deadline:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.1)


def costs_of_sessions(folder: Path) -> Iterator[str]:
    """Tell wall clock and CPU of each session that was run, what costs most first, and their sum."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))["sessions"]
    ran = {_name(each): each["duration"] for each in report if each["result"] != "skipped"}
    files = {name: folder / f"{name}.cpu" for name in ran}
    cpu = {name: float(file.read_text(encoding="utf-8")) if file.exists() else 0.0 for name, file in files.items()}
    for name in sorted(ran, key=lambda each: cpu[each], reverse=True):
        yield f"{cpu[name]:6.0f} s CPU {ran[name]:6.0f} s  {name}"
    yield f"{sum(cpu.values()):6.0f} s CPU in all"


def slowest_files(folder: Path) -> Iterator[str]:
    """Tell the slowest files of tests by wall clock; one that several sessions run counts for each."""
    seconds: defaultdict[tuple[str, str], float] = defaultdict(float)
    for file in folder.glob("*.xml"):
        for case in ElementTree.parse(file).iter("testcase"):  # noqa: S314
            seconds[file.stem, case.get("classname", "")] += float(case.get("time", 0))
    for session, name in sorted(seconds, key=seconds.__getitem__, reverse=True)[:SLOWEST]:
        yield f"{seconds[session, name]:6.0f} s  {name.replace('.', '/')}.py ({session})"


def skipped(folder: Path) -> Iterator[str]:
    """Tell which sessions were skipped, or tests of them, and what was missing."""
    for each in json.loads((folder / "report.json").read_text(encoding="utf-8"))["sessions"]:
        if each["result"] == "skipped":
            yield f"{_name(each)}: {each['reason'] or 'no reason given'}"
    for file in sorted(folder.glob("*.xml")):
        reasons = {each.get("message", "") for each in ElementTree.parse(file).iter("skipped")}  # noqa: S314
        yield from (f"tests of {file.stem}: {reason}" for reason in sorted(reasons))


def _name(entry: dict[str, Any]) -> str:
    """Return what nox calls a session in its output: with parameters, by the first of its signatures."""
    return str((entry["signatures"] or [entry["name"]])[0])


def main() -> None:
    """Print all of it; nothing where nox has not come to an end."""
    if not (FOLDER / "report.json").exists():
        return
    print("\nSessions:", *costs_of_sessions(FOLDER), "\nSlowest files of tests:", *slowest_files(FOLDER), sep="\n")
    print(f"\nSkipped: {'; '.join(skipped(FOLDER)) or 'none'}")


if __name__ == "__main__":
    main()
