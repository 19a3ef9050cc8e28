# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nobody listens: requests that go to a port of this machine on which the kernel refuses every connection."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import urlsplit

from requests.adapters import HTTPAdapter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from requests import PreparedRequest

    from chaos.faults import Fault


class Refusing:
    """The faults among `faults` that are not the emulator's. `hits` tells for each how many requests it has met."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._documents = [each.document for each in faults]
        self._seen = [0] * len(faults)
        self._lock = threading.Lock()
        self.hits = [0] * len(faults)

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Let requests of the Azure libraries meet one of them while the context lasts."""
        send = HTTPAdapter.send
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]

            def refused(adapter: HTTPAdapter, request: PreparedRequest, *args: Any, **options: Any) -> Any:
                url = urlsplit(request.url or "")
                if self._meets(str(request.method), str(url.path)):
                    request.url = url._replace(netloc=f"127.0.0.1:{port}").geturl()
                return send(adapter, request, *args, **options)

            with patch.object(HTTPAdapter, "send", refused):
                yield

    def _meets(self, method: str, path: str) -> bool:
        with self._lock:
            for number, document in enumerate(self._documents):
                match = document["match"]
                if method == match["method"] and re.search(match["path"], path, re.IGNORECASE):
                    self._seen[number] += 1
                    if document["after"] < self._seen[number] <= document["after"] + document["times"]:
                        self.hits[number] += 1
                        return True
        return False
