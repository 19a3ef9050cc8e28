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


class Passed:
    """What a session has passed with: these files of the checkout, in the environment in which this is kept.

    Without one of C(PROGRAMS) some of its tests were skipped, and C(VARIABLES) change what others do.
    """

    def __init__(self, session: nox.Session) -> None:
        own = session.virtualenv.venv_backend != "none"
        folder = Path(session.virtualenv.location).resolve() if own else Path(sys.executable).parent
        self.stamp = folder / f"passed.{session.name}"
        given = [os.environ.get(name, "") for name in VARIABLES]
        self.digest = " ".join([checkout_digest(), *filter(shutil.which, PROGRAMS), *given])

    def before(self, session: nox.Session) -> bool:
        """Whether the session, called without arguments, has passed with the same files."""
        known = self.stamp.read_text(encoding="utf-8") if self.stamp.exists() else ""
        if session.posargs or known != self.digest:
            self.stamp.unlink(missing_ok=True)
            return False
        session.log("The same files have passed before")
        return True

    def remember(self, session: nox.Session) -> None:
        """Say that it has passed."""
        if not session.posargs:
            self.stamp.write_text(self.digest, encoding="utf-8")


def once(work: Callable[..., None]) -> Callable[..., None]:
    """A session that is not done again for files with which it has passed, whole and in the same environment."""

    @functools.wraps(work)
    def session_done_once(session: nox.Session, *args: Any, **kwargs: Any) -> None:
        passed = Passed(session)
        if not passed.before(session):
            work(session, *args, **kwargs)
            passed.remember(session)

    return session_done_once
