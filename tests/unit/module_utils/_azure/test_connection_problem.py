# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a connection failed: what was it, has something been sent, and is another try of use? No signed URL is shown."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from typing import TYPE_CHECKING, Any

import pytest
from azure.core import PipelineClient
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest
from requests.exceptions import InvalidSchema

from ansible_collections.pgflex.azure.plugins.module_utils._azure.connection_problem import (
    ConnectionProblem,
    find_connection_problem,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROXY = "the proxy of HTTPS_PROXY: "


@pytest.fixture
def listener() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """Return what starts a server for one connection, and gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threads: list[threading.Thread] = []

        def start(talk: Callable[[socket.socket], None]) -> int:
            def serve() -> None:
                with server.accept()[0] as connection:
                    talk(connection)

            threads.append(threading.Thread(target=serve))
            threads[-1].start()
            port: int = server.getsockname()[1]
            return port

        yield start
        for thread in threads:
            thread.join()


def problem(url: str, proxy: str = "") -> ConnectionProblem:
    """Return why a signed URL cannot be fetched."""
    client: Any = PipelineClient(url, policies=[], read_timeout=0.2)
    with client, pytest.raises(AzureError) as caught:
        client.send_request(HttpRequest("GET", f"{url}/op?s=signature"), proxies={"https": proxy} if proxy else {})
    found = find_connection_problem(caught.value)
    assert "signature" not in found.words
    return found


def reset(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def break_off(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")


def talk_plainly(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def wait_for_the_end(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


@pytest.mark.parametrize(
    ("scheme", "talk", "said"),
    [
        pytest.param("http", reset, "Connection reset by peer", id="a reset"),
        pytest.param("http", break_off, "the connection broke before an answer came", id="half an answer"),
        pytest.param("http", wait_for_the_end, "no answer in time", id="silence"),
        pytest.param("https", talk_plainly, "[SSL: WRONG_VERSION_NUMBER] wrong version number", id="no TLS"),
    ],
)
def test_a_real_connection_fails(listener: Any, scheme: str, talk: Any, said: str) -> None:
    assert problem(f"{scheme}://127.0.0.1:{listener(talk)}").words.startswith(said)


CONNECT = "urllib3.util.connection.create_connection"
UNTRUSTED = ssl.SSLCertVerificationError(1, "certificate verify failed: self-signed certificate")


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        pytest.param(
            ConnectionRefusedError(111, "Connection refused"), "NoConnection", "Connection refused", id="refused"
        ),
        pytest.param(socket.gaierror(-2, "Name not known"), "NoConnection", "Name not known", id="no such name"),
        pytest.param(TimeoutError("timed out"), "NoConnection", "no connection in time", id="no connection"),
        pytest.param(OSError(113, "No route to host"), "NoConnection", "No route to host", id="no route"),
        pytest.param(
            UNTRUSTED, "CertificateNotTrusted", UNTRUSTED.strerror, id="a certificate of an unknown authority"
        ),
    ],
)
def test_there_is_no_connection(monkeypatch: pytest.MonkeyPatch, error: OSError, code: str, said: str) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise error

    monkeypatch.setattr(CONNECT, fail)
    assert problem("https://arm.example") == ConnectionProblem(said, code, final=code == "CertificateNotTrusted")


def refuse(status: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")

    return talk


@pytest.mark.parametrize(("status", "final"), [("407 Proxy Authentication Required", True), ("502 Bad Gateway", False)])
def test_a_proxy_refuses(listener: Any, status: str, final: bool) -> None:
    proxy = f"http://user:pass-1@127.0.0.1:{listener(refuse(status.encode()))}"
    assert problem("https://arm.example", proxy) == ConnectionProblem(f"{PROXY}{status}", "ProxyFailed", final)


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_is_not_there(scheme: str) -> None:
    if scheme != "http":
        pytest.importorskip("socks")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = problem("https://127.0.0.1:1", f"{scheme}://127.0.0.1:{port}")
    assert found == ConnectionProblem(f"{PROXY}Connection refused", "ProxyFailed")


def test_socks_needs_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def miss(*_args: Any, **_kwargs: Any) -> None:
        raise InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr("requests.adapters.SOCKSProxyManager", miss)
    found = problem("https://arm.example", "socks5://127.0.0.1:1")
    assert found == ConnectionProblem(
        f"{PROXY}SOCKS needs the Python package PySocks, where the task runs", "ProxyFailed", True
    )


@pytest.mark.parametrize("proxy", ["http://user:pass-1@127.0.0.1:port", "gopher://127.0.0.1:1"])
def test_the_address_of_a_proxy_is_none(proxy: str) -> None:
    assert problem("https://arm.example", proxy) == ConnectionProblem(
        f"{PROXY}its address cannot be used", "ProxyFailed", True
    )
