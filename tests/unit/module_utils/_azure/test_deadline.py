# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Begin, go on or leave alone when the time of a task is over."""

from __future__ import annotations

import threading

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.deadline import Deadline, TooLate

OVER = -1.0


def test_without_an_end_work_is_done_where_it_is_asked_for() -> None:
    assert Deadline().run(threading.current_thread) is threading.current_thread()
    assert Deadline().bound(30.0) == 30.0


def test_nothing_begins_after_the_end() -> None:
    begun: list[None] = []
    with pytest.raises(TooLate) as caught:
        Deadline(OVER).run(lambda: begun.append(None))
    assert begun == []
    assert not caught.value.begun


def test_what_does_not_end_is_left_alone() -> None:
    never = threading.Event()
    with pytest.raises(TooLate) as caught:
        Deadline(0.01).run(never.wait, least=0.05)
    assert caught.value.begun
    never.set()


def test_what_begins_shortly_before_the_end_has_some_time() -> None:
    deadline = Deadline(0.5)
    assert 0.4 < deadline.bound(30.0, least=0.1) <= 0.5
    assert deadline.bound(30.0, least=5.0) == 5.0
    assert deadline.bound(2.0, least=5.0) == 2.0


def interrupt() -> None:
    raise KeyboardInterrupt


def test_errors_come_out_as_they_are() -> None:
    with pytest.raises(ZeroDivisionError):
        Deadline(60.0).run(lambda: 1 // 0)
    with pytest.raises(KeyboardInterrupt):
        Deadline(60.0).run(interrupt)


def test_the_end_is_said_with_its_option() -> None:
    assert str(Deadline(2.0).passed("Cannot read")) == "Cannot read: not finished within wait_timeout=2 seconds."
