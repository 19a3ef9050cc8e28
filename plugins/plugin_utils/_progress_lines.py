# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Lines that one process appends to a file -> another process, while both run."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_SECONDS_BETWEEN_LOOKS = 0.5


@contextmanager
def tail_lines(path: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Pass every line that is appended to the existing file `path` to `tell`, in a thread, while the body runs."""
    over = threading.Event()
    thread = threading.Thread(target=_tail, args=(path, tell, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _tail(path: Path, tell: Callable[[str], None], over: threading.Event) -> None:
    with path.open(encoding="utf-8") as file:
        is_over = False
        while not is_over:
            is_over = over.wait(_SECONDS_BETWEEN_LOOKS)
            for line in file:
                tell(line.rstrip("\n"))
