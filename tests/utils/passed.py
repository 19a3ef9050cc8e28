# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of nox that need not be done again for files with which they have passed."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utils.ansible_test import checkout_digest

if TYPE_CHECKING:
    from collections.abc import Callable

    import nox

PROGRAMS = ("chromedriver", "docker-registry", "mmdebstrap", "podman")
#: What image is to be built, and how.
VARIABLES = ("EE_DEFINITION", "EE_BUILD_ARGS")


def once(work: Callable[..., None]) -> Callable[..., None]:
    """A session that, called without arguments, is not done again where it has passed.

    That is: with the same files of the checkout, in the environment in which this is kept. Without one of `PROGRAMS`
    some of its tests were skipped, and `VARIABLES` change what others do.
    """

    @functools.wraps(work)
    def session_done_once(session: nox.Session, *args: Any, **kwargs: Any) -> None:
        own = session.virtualenv.venv_backend != "none"
        folder = Path(session.virtualenv.location).resolve() if own else Path(sys.executable).parent
        stamp = folder / f"passed.{session.name}"
        given = [os.environ.get(name, "") for name in VARIABLES]
        digest = " ".join([checkout_digest(), *filter(shutil.which, PROGRAMS), *given])
        if not session.posargs and stamp.exists() and stamp.read_text(encoding="utf-8") == digest:
            session.log("The same files have passed before")
            return
        stamp.unlink(missing_ok=True)
        work(session, *args, **kwargs)
        if not session.posargs:
            stamp.write_text(digest, encoding="utf-8")

    return session_done_once
