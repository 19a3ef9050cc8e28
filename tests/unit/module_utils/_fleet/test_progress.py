# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Long work tells how far it is."""

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import Clock
from ansible_collections.pgflex.azure.plugins.module_utils._fleet import progress as _progress
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.progress import Progress
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from unit.fleet_service import FleetService, run, targets
from unit.support import A, B, FakeTime


def test_before_the_first_wave_servers_are_read() -> None:
    assert Progress().line() == "Reading the servers."


def test_a_line_counts_what_is_done_in_flight_and_left() -> None:
    progress = Progress(sizes=[10], started=7, changed=3, same=1, failed=1)
    progress.start_wave()
    assert progress.line() == "5 done, 3 changed, 1 failed, 2 in flight, 3 left"


def test_waves_are_counted_where_there_are_several() -> None:
    progress = Progress(sizes=[1, 9])
    progress.start_wave()
    assert progress.line() == "wave 1 of 2: 0 done, 0 changed, 0 failed, 0 in flight, 10 left"


@pytest.mark.parametrize(("left", "said"), [(0, "20 s"), (400, "60 s"), (1000, "2 min"), (10_000, "17 min")])
def test_the_time_to_go_is_that_of_the_limits_and_one_operation(left: int, said: str) -> None:
    clock = FakeTime()
    progress = Progress(Clock(clock.now, clock.sleep), 10.0, sizes=[left + 1], started=1)
    progress.start_wave()
    clock.sleep(20)
    progress.end_target(failed=False, changed=True)
    assert progress.line().endswith(f", about {said} to go")


def test_a_fleet_counts_all_its_rows() -> None:
    service = FleetService()
    service.add_many(12, A)
    lines: list[str] = []
    original = Progress.end_target

    def noting(self: Progress, *, failed: bool, changed: bool) -> None:
        original(self, failed=failed, changed=changed)
        lines.append(self.line())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Progress, "end_target", noting)
        run(service, targets(service, DesiredState(present=(B,))), sizes=["2", "100%"])
    assert lines[0].startswith("wave 1 of 2: 1 done, 1 changed, 0 failed, 1 in flight, 10 left")
    assert lines[-1].startswith("wave 2 of 2: 12 done, 12 changed, 0 failed, 0 in flight, 0 left")


def test_lines_come_while_the_work_goes_on_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "FIRST", 0.01)
    lines: list[str] = []
    with Progress().told(lines.append):
        deadline = time.monotonic() + 10
        while not lines and time.monotonic() < deadline:
            time.sleep(0.01)
    told = list(lines)
    assert set(told) == {"Reading the servers."}
    time.sleep(0.05)
    assert lines == told


def test_nobody_has_to_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_line: str) -> None:
        asked.set()
        raise BrokenPipeError

    monkeypatch.setattr(_progress, "FIRST", 0.01)
    asked = threading.Event()
    with Progress().told(nobody):
        assert asked.wait(10)


def test_whoever_takes_no_line_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(_line: str) -> None:
        asked.set()
        released.wait(60)

    monkeypatch.setattr(_progress, "FIRST", 0.01)
    monkeypatch.setattr(_progress, "_LAST_LINE", 0.01)
    asked, released = threading.Event(), threading.Event()
    with Progress().told(stuck):
        assert asked.wait(10)
    assert not released.is_set()
    released.set()


def test_a_line_comes_at_least_every_ten_seconds() -> None:
    class Over(threading.Event):
        """Comes after five lines, and lets nobody wait."""

        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0.0)
            return len(pauses) > 5

    pauses: list[float] = []
    lines: list[str] = []
    Progress()._keep_telling(lines.append, Over())
    assert len(lines) == 5
    assert max(pauses) <= 10
