# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Tell whether a report can be written, before the run that it is about."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

# Of a file that cannot be replaced either: immutable, or on something that is read-only.
_FIXED = (errno.EPERM, errno.EROFS)


def writable_file(path: str) -> bool:
    """Return whether a file can be written there by what writes a draft beside it and then renames that."""
    # As the filter expanduser, for which a user that is not known is no error.
    place = Path(os.path.realpath(os.path.expanduser(path)))  # noqa: PTH111
    try:
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=f".{place.name[:100]}."):
            return _is_replaceable(place)
    except OSError:
        return False


def _is_replaceable(place: Path) -> bool:
    """Return whether what is there, if anything, is a file that a rename may put another one in the place of."""
    try:
        found, folder = place.stat(), place.parent.stat()
    except FileNotFoundError:
        return True
    if not stat.S_ISREG(found.st_mode):
        return False
    if folder.st_mode & stat.S_ISVTX and os.geteuid() not in (0, found.st_uid, folder.st_uid):
        return False
    try:
        os.close(os.open(place, os.O_WRONLY))
    except OSError as error:
        # Whoever may not write into a file may still replace it.
        return error.errno not in _FIXED
    return True
