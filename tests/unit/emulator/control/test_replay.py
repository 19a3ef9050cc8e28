# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording is replayed: reads may skip and repeat, a change shows once it was asked for."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SERVER = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg"
POLL = "/subscriptions/s/providers/Microsoft.DBforPostgreSQL/locations/here/azureAsyncOperation/1"
HOME = "https://value-1.example"
BODY = {"identity": {"type": "UserAssigned", "userAssignedIdentities": {"/id": {}}}}


def line(method: str, path: str, body: Any, status: int = 200, sent: Any = None, **headers: str) -> str:
    """Return a line of a recording."""
    return json.dumps(
        {
            "method": method,
            "url": f"{HOME}{path}?api-version=2025-08-01",
            "request_body": sent,
            "status": status,
            "response_headers": {"note": "by hand", "content-length": "3", **headers},
            "response_body": body,
        }
    )


RECORDING = "\n".join(
    [
        line("GET", SERVER, {"seen": "before"}),
        line("GET", SERVER, {"seen": "before, again"}),
        line("PATCH", SERVER, {"operation": "x"}, 202, BODY, location=f"{HOME}{POLL}?api-version=2025-08-01"),
        line("GET", SERVER, {"seen": "meanwhile"}),
        line("PATCH", SERVER, {"error": {"code": "ServerIsBusy", "message": "value-9"}}, 409, BODY),
        line("GET", POLL, {"status": "InProgress"}),
        line("GET", POLL, {"status": "Succeeded"}),
        line("GET", SERVER, {"seen": "after"}),
        line("PATCH", SERVER, {"operation": "x"}, 202, {"identity": {"type": "None"}}),
        line("GET", SERVER, {"seen": "at the end"}),
    ]
)


def replay(client: Any, text: str = RECORDING) -> Any:
    return client.request("POST", "/_emulator/replay", text.encode())


def seen(client: Any, path: str = SERVER) -> Any:
    body = client.arm("GET", path, version="2025-08-01").body
    return body.get("seen") or body.get("status") or body["error"]["code"]


def patch(client: Any, body: Any) -> Any:
    return client.arm("PATCH", SERVER, body, version="2025-08-01")


def test_reads_are_repeated_until_the_change(client: Any) -> None:
    replay(client)
    assert [seen(client) for _number in range(3)] == ["before", "before, again", "before, again"]
    assert seen(client, POLL.replace("1", "2")) == "NotRecorded"
    assert patch(client, BODY).status == 202
    assert [seen(client, POLL) for _number in range(3)] == ["InProgress", "Succeeded", "Succeeded"]
    assert [seen(client), seen(client)] == ["after", "after"]
    assert patch(client, {"identity": {"type": "None"}}).status == 202
    assert seen(client) == "at the end"


def test_what_was_read_later_only_is_answered_at_any_time(client: Any) -> None:
    replay(client)
    assert [seen(client, POLL), seen(client)] == ["InProgress", "before"]


def test_answers_name_the_emulator_in_the_place_of_the_recorded_host(client: Any) -> None:
    replay(client)
    answer = patch(client, BODY)
    assert answer.headers["location"].startswith(client.ready["arm"])
    assert seen(client, answer.headers["location"]) == "InProgress"
    assert "note" not in answer.headers


def test_a_write_is_answered_only_if_it_says_what_was_recorded(client: Any) -> None:
    replay(client)
    assert patch(client, {"identity": {"type": "SystemAssigned"}}).error == (404, "NotRecorded")
    assert patch(client, BODY).status == 202
    assert patch(client, BODY).status == 409
    assert patch(client, BODY).error == (404, "NotRecorded")


def test_paths_are_compared_without_case_and_versions_are_compared(client: Any) -> None:
    replay(client)
    assert seen(client, SERVER.upper()) == "before"
    assert client.arm("GET", SERVER, version="2024-08-01").error == (404, "NotRecorded")


@pytest.mark.parametrize("text", ["x", "[]", "{}", f"{RECORDING}\n{{}}"])
def test_what_is_no_recording_is_refused_and_changes_nothing(text: str, client: Any) -> None:
    replay(client)
    answer = replay(client, text)
    assert answer.status == 400
    assert "of the recording is no exchange" in answer.body["error"]
    assert seen(client) == "before"


def test_a_reset_ends_it(client: Any) -> None:
    replay(client)
    client.control("POST", "reset")
    assert client.server("pg-plain")["name"] == "pg-plain"


def test_it_can_be_started_with_a_recording(tmp_path: Path, starter: Any, client: Any) -> None:
    (tmp_path / "recording.jsonl").write_text(RECORDING, encoding="utf-8")
    process, ready = starter(tmp_path, "--replay", str(tmp_path / "recording.jsonl"))
    try:
        other = type(client)(ready)
        other.control("POST", "reset")
        assert seen(other) == "before"
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_it_does_not_start_with_what_is_no_recording(tmp_path: Path, emulator_folder: Path) -> None:
    (tmp_path / "recording.jsonl").write_text(f"{RECORDING}\nx", encoding="utf-8")
    command = [sys.executable, str(emulator_folder), "--replay", str(tmp_path / "recording.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "emulator: line 11 of the recording is no exchange" in done.stderr) == (2, True)
