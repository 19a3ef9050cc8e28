# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Documents about a rollout as one line of text, in which they travel through AWX, and as files."""

from __future__ import annotations

import base64
import binascii
import errno
import fcntl
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .._errors import InvalidInput, quoted
from .._files import expand

if TYPE_CHECKING:
    from collections.abc import Iterator

# 10,000 servers with ten identities each are 40 MB.
_LARGEST = 256 * 1024 * 1024


def squeeze(prefix: str, text: str) -> str:
    """Return the text as one line: `prefix`, and the Base64 of its zlib compression."""
    return prefix + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def _unsqueeze(prefix: str, text: str) -> bytes:
    unpacking = zlib.decompressobj()
    unpacked = unpacking.decompress(base64.b64decode(text[len(prefix) :], validate=True), _LARGEST)
    if not unpacking.eof:
        raise ValueError("too large, or cut off")
    return unpacked


def read_document(option: str, noun: str, prefix: str, value: str) -> tuple[bytes, bool]:
    """Return what `value` is, packed or as the path of a file, and whether it was packed, which a file may be too.

    Raise `InvalidInput`, and what `explaining` explains.
    """
    text = value.strip()
    if text.startswith(prefix):
        return _unsqueeze(prefix, text), True
    raw = _read_file(option, noun, text)
    packed = raw.strip()
    return (_unsqueeze(prefix, packed.decode()), True) if packed.startswith(prefix.encode()) else (raw, False)


def _read_file(option: str, noun: str, path: str) -> bytes:
    place = expand(path)
    if place.exists() and not place.is_file():
        raise OSError(errno.EINVAL, "it is not a regular file", path)
    with place.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidInput(option, f"the {noun} {quoted(path)} is that of a run that has not ended yet.") from None
        except OSError:  # a file system without locks
            pass
        return file.read()


@contextmanager
def explaining(option: str, noun: str, value: str) -> Iterator[None]:
    """Raise `InvalidInput` where `value` cannot be read as a document of this kind."""
    try:
        yield
    except OSError as error:
        raise InvalidInput(option, f"the {noun} {quoted(value)} cannot be read: {error.strerror}.") from None
    except (ValueError, zlib.error, binascii.Error):
        raise InvalidInput(
            option, f"{quoted(value)} is not a {noun} of a rollout, or a part of it is missing."
        ) from None
