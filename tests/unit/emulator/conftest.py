# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One emulator for the whole folder, and a plain client of it; every test starts from a reset."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

EMULATOR = Path(__file__).resolve().parents[2] / "emulator"
VERSION = "2026-10-01"


class Answer(NamedTuple):
    """Status, headers with names in lower case, and the parsed JSON, None for an empty body."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def error(self) -> tuple[int, str]:
        """Return status and code of an ARM error."""
        return self.status, self.body["error"]["code"]


class Client:
    """Speaks to a running emulator as described by its ready document."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        self.subscription = ready["subscription_ids"][0]
        self.group = f"/subscriptions/{self.subscription}/resourceGroups/rg-demo"
        self._context = ssl.create_default_context(cafile=ready["ca_file"])
        self._token = ""

    def request(self, method: str, url: str, content: bytes | None = None, **headers: str) -> Answer:
        """Send one request; `url` may be a path, headers are written with underscores."""
        target = url if url.startswith("https:") else self.ready["arm"] + url
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(target, method=method, data=content, headers=named)  # noqa: S310
        try:
            with urllib.request.urlopen(request, context=self._context, timeout=60) as answer:  # noqa: S310
                return self._answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return self._answer(error.code, error.headers, error.read())

    @staticmethod
    def _answer(status: int, headers: Any, content: bytes) -> Answer:
        return Answer(status, {n.lower(): v for n, v in headers.items()}, json.loads(content) if content else None)

    def control(self, method: str, name: str, document: Any = None) -> Any:
        """Use the control API, which must accept the request."""
        content = None if document is None else json.dumps(document).encode()
        answer = self.request(method, f"/_emulator/{name}", content)
        assert answer.status == 200, answer.body
        return answer.body

    def grant(self, tenant: str | None = None, **form: str) -> Answer:
        """Ask for a token, by default as the application with its secret."""
        defaults = {
            "grant_type": "client_credentials",
            "client_id": self.ready["client_id"],
            "client_secret": self.ready["secret"],
            "scope": f"{self.audience()}/.default",
        }
        content = urlencode({**defaults, **form}).encode()
        return self.request("POST", f"/{tenant or self.ready['tenant_id']}/oauth2/v2.0/token", content)

    def audience(self) -> str:
        answer = self.request("GET", "/metadata/endpoints?api-version=2022-09-01")
        return str(answer.body["authentication"]["audiences"][0])

    def arm(
        self, method: str, path: str, body: Any = None, *, version: str = VERSION, token: str | None = None
    ) -> Answer:
        """Send an ARM request with a valid token, below the subscription's group unless `path` is complete."""
        self._token = self._token or self.grant().body["access_token"]
        url = path if path.startswith(("/", "https:")) else f"{self.group}/providers/{path}"
        if "api-version=" not in url:
            url += f"{'&' if '?' in url else '?'}api-version={version}"
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token or self._token}", "Content_Type": "application/json"}
        return self.request(method, url, content, **headers)

    def seed(self, **entry: Any) -> None:
        """Change the first subscription."""
        self.control("POST", "seed", {"subscriptions": [{"id": self.subscription, **entry}]})

    def add_server(self, **server: Any) -> None:
        self.seed(resource_groups=[{"name": "rg-demo", "servers": [server]}])

    def assign(self, server: str, name: str) -> Answer:
        """Ask for one more identity, of the same group, on a server that has no system identity."""
        return self.patch(server, {"type": "UserAssigned", "userAssignedIdentities": {self.identity_id(name): {}}})

    def server(self, name: str) -> Any:
        return self.arm("GET", f"Microsoft.DBforPostgreSQL/flexibleServers/{name}").body

    def patch(self, name: str, identity: dict[str, Any]) -> Answer:
        return self.arm("PATCH", f"Microsoft.DBforPostgreSQL/flexibleServers/{name}", {"identity": identity})

    def settle(self, answer: Answer) -> Any:
        """Poll an accepted operation until it is finished and return the last poll's body."""
        assert answer.status == 202, answer.body
        for _poll in range(200):
            poll = self.arm("GET", answer.headers["azure-asyncoperation"])
            if poll.body["status"] != "InProgress":
                return poll.body
            time.sleep(0.01)
        raise AssertionError("the operation does not end")

    def identity_id(self, name: str) -> str:
        return f"{self.group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"


def start(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """Start the emulator and wait until it serves."""
    process = subprocess.Popen(
        [sys.executable, str(EMULATOR), "--ready-file", str(folder / "ready.json"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    process, ready = start(tmp_path_factory.mktemp("emulator"))
    yield Client(ready)
    process.terminate()
    _output, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


@pytest.fixture
def client(running: Client) -> Client:
    running.control("POST", "reset")
    running.control("PATCH", "settings", {"operation_seconds": 0.05, "check_schema": True})
    return running


@pytest.fixture
def emulator_folder() -> Path:
    return EMULATOR


@pytest.fixture
def starter() -> Any:
    """Return the function that starts an emulator of its own."""
    return start
