# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host in front of the emulator that lets some answers drip and notes what it was asked; also one that is a proxy."""

from __future__ import annotations

import re
import ssl
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import trustme
import urllib3

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from e2e.emulator_client import Emulator


class _Handler(BaseHTTPRequestHandler):
    server: Relay

    def _relay(self) -> None:
        relay = self.server
        relay.asked.append(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if relay.drips and relay.drips.search(self.path):
            self._drip()
            return
        answer = relay.http.request(
            self.command, f"{relay.there}{self.path}", body=content, headers=dict(self.headers.items()), redirect=False
        )
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            if name.lower() != "transfer-encoding":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.data)

    do_GET = do_POST = do_PATCH = do_CONNECT = _relay  # noqa: N815

    def _drip(self) -> None:
        """Send a byte now and then, so that no read takes long, until the other side has had enough."""
        self.send_response_only(200)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        with suppress(OSError):
            while not self.server.closing.wait(0.2):
                self.wfile.write(b" ")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Relay(ThreadingHTTPServer):
    """Answers as the emulator does, but for paths that match `drips`. `asked` are the paths so far."""

    daemon_threads = True

    def __init__(self, emulator: Emulator, drips: str = "", tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.drips = re.compile(drips) if drips else None
        self.there = emulator.ready["arm"]
        self.http = urllib3.PoolManager(ca_certs=emulator.ready["ca_file"])
        self.asked: list[str] = []
        self.closing = threading.Event()
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_port}"


@contextmanager
def relay(emulator: Emulator, drips: str = "", ca_file: Path | None = None) -> Iterator[Relay]:
    """Start a host until the context is left; with `ca_file`, which is written, it has https."""
    tls = None
    if ca_file:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(ca_file))
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
    host = Relay(emulator, drips, tls)
    threading.Thread(target=host.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield host
    finally:
        host.closing.set()
        host.shutdown()
        host.server_close()
        host.http.clear()
