# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start the emulator as a user would, and talk to its control API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import urllib3

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAM = Path(__file__).resolve().parents[1] / "emulator"
_LONGEST_START = 120


class ControlError(Exception):
    """The control API did not take a document; the message is its own."""


class Emulator:
    """The control API of one running emulator. `ready` is what it told about itself when it was up."""

    def __init__(self, ready: dict[str, Any]) -> None:
        self.ready = ready
        # A connection for each thread that asks, kept: a handshake costs more than all the rest.
        self._http = urllib3.PoolManager(ca_certs=ready["ca_file"], timeout=120)

    def close(self) -> None:
        """End the connections."""
        self._http.clear()

    @property
    def connection(self) -> dict[str, Any]:
        """Connection options that sign in to it with its secret."""
        return {
            "cloud_environment": self.ready["arm"],
            "subscription_id": self.ready["subscription_ids"][0],
            "tenant": self.ready["tenant_id"],
            "client_id": self.ready["client_id"],
            "secret": self.ready["secret"],
            "ca_path": self.ready["ca_file"],
        }

    @property
    def environment(self) -> dict[str, str]:
        """The same as the environment variables that AWX sets."""
        connection = self.connection
        return {
            "AZURE_CLOUD_ENVIRONMENT": connection["cloud_environment"],
            "AZURE_SUBSCRIPTION_ID": connection["subscription_id"],
            "AZURE_TENANT": connection["tenant"],
            "AZURE_CLIENT_ID": connection["client_id"],
            "AZURE_SECRET": connection["secret"],
            "REQUESTS_CA_BUNDLE": connection["ca_path"],
        }

    def requests(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return the requests since the last reset, of one kind (`arm`, `token`, `metadata`) or all."""
        found: list[dict[str, Any]] = self._control("GET", f"requests?kind={quote(kind)}" if kind else "requests")
        return found

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._control("DELETE", "requests")

    def servers(self) -> list[dict[str, Any]]:
        """Return the true state of every server, whatever ARM would answer about it."""
        found: list[dict[str, Any]] = self._control("GET", "servers")
        return found

    def holdings(self) -> dict[str, tuple[str, list[str]]]:
        """Return what each server truly holds, by its lower case ID: the type, and IDs in lower case."""
        return {
            each["id"].lower(): (
                each["identity"]["type"],
                sorted(held.lower() for held in each["identity"]["user_assigned"]),
            )
            for each in self.servers()
        }

    def seed(self, document: dict[str, Any]) -> None:
        """Add subscriptions, groups, identities and servers; those of the same name are replaced."""
        self._control("POST", "seed", document)

    def reset(self) -> None:
        """Go back to the state after the start; tokens stay valid."""
        self._control("POST", "reset")

    def fault(self, method: str, path: str, then: dict[str, Any], *, times: int = 1, after: int = 0) -> None:
        """Let `times` requests fail (-1: all) that match, leaving out the first `after`; `path` is a pattern."""
        match = {"method": method, "path": path}
        self._control("POST", "faults", [{"match": match, "then": then, "times": times, "after": after}])

    def replay(self, recording: str) -> None:
        """Answer from a recording, in JSON lines, until the next reset."""
        self._control("POST", "replay", recording.encode())

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults in force, with `times_left` and `hits`."""
        found: list[dict[str, Any]] = self._control("GET", "faults")
        return found

    def set_faults(self, faults: list[dict[str, Any]]) -> None:
        """Put these in the place of all faults, as the control API takes them."""
        self._control("DELETE", "faults")
        self._control("POST", "faults", faults)

    def evaluations(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return what policies made of writes (`write`) and of requests for tokens (`token`) since the last reset."""
        found: list[dict[str, Any]] = self._control("GET", "evaluations")
        return [each for each in found if kind is None or each["kind"] == kind]

    def operations(self) -> list[dict[str, Any]]:
        """Return every change of a server since the last reset: who made it, what was before and after."""
        found: list[dict[str, Any]] = self._control("GET", "operations")
        return found

    def knock(self) -> None:
        """Send a request that is refused, for a fault that makes something happen."""
        self._http.request("GET", f"{self.ready['arm']}/subscriptions")

    def history(self) -> dict[str, list[dict[str, Any]]]:
        """Return every identity that each server truly had since it was seeded, oldest first, by the lower case ID."""
        return {each["id"].lower(): each["states"] for each in self._control("GET", "history")}

    def advance(self, seconds: float) -> None:
        """Put the clock of the emulated cloud forward."""
        self._control("POST", "clock", {"advance": seconds})

    def settings(self, **changes: Any) -> None:
        """Change settings."""
        self._control("PATCH", "settings", changes)

    def get_settings(self) -> dict[str, Any]:
        """Return the settings in force."""
        found: dict[str, Any] = self._control("GET", "settings")
        return found

    def violations(self) -> list[dict[str, Any]]:
        """Return where an exchange did not follow the schema since the last reset; needs the setting `check_schema`."""
        found: list[dict[str, Any]] = self._control("GET", "violations")
        return found

    def _control(self, method: str, path: str, document: object = None) -> Any:
        data = document if document is None or isinstance(document, bytes) else json.dumps(document).encode()
        answer = self._http.request(method, f"{self.ready['arm']}/_emulator/{path}", body=data)
        if answer.status != 200:
            raise ControlError(answer.data.decode())
        return answer.json()


@contextmanager
def running_emulator(*arguments: str) -> Iterator[Emulator]:
    """Run an emulator in a process, ended when the context is left. `arguments` go to its command line."""
    with tempfile.TemporaryDirectory(prefix="pgflex-") as folder:
        ready_file = Path(folder) / "ready.json"
        command = [sys.executable, str(PROGRAM), "--ready-file", str(ready_file), *arguments]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": ""})
        try:
            with closing(Emulator(_wait_until_ready(process, ready_file))) as emulator:
                yield emulator
        finally:
            process.terminate()
            process.wait(timeout=10)


def _wait_until_ready(process: subprocess.Popen[bytes], ready_file: Path) -> dict[str, Any]:
    deadline = time.monotonic() + _LONGEST_START
    while not ready_file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the emulator did not start (exit status {process.returncode})")
        time.sleep(0.02)
    ready: dict[str, Any] = json.loads(ready_file.read_text(encoding="utf-8"))
    return ready
