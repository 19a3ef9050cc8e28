# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A recording holds no secret, no name, no principal and no address, and the emulator replays it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from e2e.live_runs import WRITABLE, Ask, Asked, seed_writable
from e2e.world import GROUP, SERVER, SUBSCRIPTION, identity_id, true_identity
from live.exchange import Exchange, Recording
from live.placeholders import Placeholders

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunModule
    from e2e.emulator_client import Emulator

SECRETS = {
    "a word": "S3cr3t!",
    "a name": "contoso-payroll",
    "a principal": "5ec4e750-1111-4222-8333-944445555666",
    "a resource ID": "/subscriptions/5ec4e750-1111-4222-8333-944445555666/resourceGroups/contoso",
    "an address": "10.20.30.40",
    "a URL": "https://user:S3cr3t!@contoso.example:5432/contoso?contoso=S3cr3t!#contoso",
    "a mail address": "jane@contoso.example",
    "a time": "2026-11-29T18:50:28.1234567Z",
}
SIGNS = ("s3cr3t", "contoso", "5ec4e750", "10.20.30", "2026-11-29")
NUMBER = 4711471147


def signs_in(text: str) -> list[str]:
    """Return what of the secrets is in a text."""
    return [each for each in (*SIGNS, str(NUMBER)) if each in text.lower()]


def planted(value: Any, secret: str, *, names: bool = False) -> Any:
    """Return a value of JSON with a secret in the place of each leaf, or behind each name."""
    if isinstance(value, dict):
        under = {name: planted(each, secret, names=names) for name, each in value.items()}
        return {f"{name}{secret}": each for name, each in under.items()} if names else under
    if isinstance(value, list):
        return [planted(each, secret, names=names) for each in value]
    if names or value is None or isinstance(value, bool):
        return value
    return NUMBER if isinstance(value, (int, float)) else secret


def kinds(exchanges: list[Exchange]) -> list[Exchange]:
    """Return one exchange for each kind of request, status and form of answer."""
    found = {}
    for each in exchanges:
        last = urlsplit(each.url).path.rsplit("/", 2)[-2]
        found[each.method, each.status, last, str(each.body)[:20]] = each
    return list(found.values())


@pytest.fixture
def raw(emulator: Emulator, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """Return the exchanges of a run as they truly were."""
    heard: list[Exchange] = []
    add = Recording.add

    def hear(recording: Recording, each: Exchange) -> None:
        heard.append(each)
        add(recording, each)

    monkeypatch.setattr(Recording, "add", hear)
    seed_writable(emulator, "id-b", tags={**WRITABLE["tags"], "owner": "somebody"})
    assert ask(write="id-a").status == 0
    return kinds(heard)


def test_nothing_that_is_planted_anywhere_is_recorded(raw: list[Exchange]) -> None:
    assert len(raw) > 10
    for each in raw:
        for secret in SECRETS.values():
            header = dict.fromkeys(each.headers, secret)
            for changed in (
                replace(each, body=planted(each.body, secret), request_body=planted(each.request_body, secret)),
                replace(each, body=planted(each.body, secret, names=True)),
                replace(each, headers={**header, f"x-{secret}": "1"}),
                replace(each, headers={name: f"{value} {secret}" for name, value in each.headers.items()}),
                replace(each, url=f"{each.url}&{secret}={secret}&api-version={secret}"),
                replace(each, url=each.url.replace("/providers/", f"/{secret.replace('/', '-').replace('?', '-')}/")),
                replace(each, body=secret, request_body=f"Ready {secret}"),
            ):
                assert signs_in(json.dumps(Placeholders().exchange(changed))) == []


def test_what_is_planted_would_be_found(raw: list[Exchange]) -> None:
    for secret in SECRETS.values():
        assert signs_in(json.dumps(planted(raw[0].body, secret)))
        assert signs_in(json.dumps(planted(raw[0].body, secret, names=True)))


def test_a_run_on_an_estate_full_of_names_records_none(emulator: Emulator, ask: Ask) -> None:
    shown = {
        "properties": {
            "administratorLogin": "contoso-admin",
            "fullyQualifiedDomainName": f"{SERVER}.contoso.example",
            "network": {"delegatedSubnetResourceId": SECRETS["a resource ID"], "contoso": {"pin": NUMBER}},
            "privateEndpointConnections": [{"id": SECRETS["a resource ID"]}, {"name": "10.20.30.40"}],
            "sku": SECRETS["a URL"],
        },
        "systemData": {"createdBy": "jane@contoso.example"},
        "contoso": ["S3cr3t!", "S3cr3t!", NUMBER],
    }
    emulator.settings(check_schema=False)
    seed_writable(emulator, "id-b", tags={**WRITABLE["tags"], "contoso": "S3cr3t!"}, shown=shown)
    emulator.fault(
        "GET", "/contoso|configurations", {"headers": {"x-contoso": "S3cr3t!", "Retry-After": "S3cr3t!"}}, times=-1
    )
    asked = ask(write="id-a")
    assert asked.status == 0, asked.problems
    assert signs_in(asked.recording + asked.table + asked.output) == []
    names = (SERVER, GROUP, SUBSCRIPTION, "id-a", "id-b", emulator.ready["tenant_id"], "127.0.0.1", "pgadmin", "canada")
    assert [each for each in names if each in asked.recording.lower()] == []
    first = asked.exchanges[0]["response_body"]
    assert len(first["properties"]["privateEndpointConnections"]) == 2
    [last] = [value for name, value in first.items() if isinstance(value, list)]
    assert last[0] == last[1] != last[2]


def test_only_its_owner_may_read_what_a_run_leaves(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator)
    folder = ask(write="id-a").folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "recording.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_recording_that_cannot_be_written_stops_nothing(
    emulator: Emulator, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Placeholders, _exchange: Exchange) -> dict[str, Any]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Placeholders, "exchange", fail)
    seed_writable(emulator)
    asked = ask(write="id-a")
    assert (asked.status, true_identity(emulator)["ids"]) == (0, [])
    assert "It is not complete: [Errno 28] No space left" in asked.problems


def place_of(asked: Asked) -> tuple[str, str, str, str]:
    """Return subscription, group and server of a recording, and the identity that it assigns."""
    assigned = [each for each in asked.exchanges if each["method"] == "PATCH" and {} in _map(each).values()]
    parts = urlsplit(assigned[0]["url"]).path.split("/")
    return parts[2], parts[4], parts[8], next(iter(_map(assigned[0])))


def _map(exchange: dict[str, Any]) -> dict[str, Any]:
    return exchange["request_body"]["identity"].get("userAssignedIdentities") or {}


@pytest.fixture
def replayed(emulator: Emulator, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Record a run, and have the emulator replay it in a subscription that there is not."""
    seed_writable(emulator, "id-b")
    emulator.settings(busy_status=429, remaining_counts="all", page_size=2)
    asked = ask(write="id-a")
    emulator.reset()
    emulator.settings(throttle=None)
    emulator.replay(asked.recording)
    monkeypatch.setenv("AZURE_SUBSCRIPTION_ID", place_of(asked)[0])
    return asked


def test_the_emulator_replays_a_recording_and_gives_the_same_answers(replayed: Asked, ask: Ask, tmp_path: Path) -> None:
    _subscription, group, server, identity = place_of(replayed)
    again = ask(
        "--server", server, "--resource-group", group, "--folder", str(tmp_path / "again"), write=identity
    )  # fmt: skip
    assert again.status == 0, again.problems
    assert again.answers.items() - replayed.answers.items() <= {
        ("operation_seconds", again.answers["operation_seconds"])
    }
    assert again.missing == replayed.missing
    kinds = [Counter((each["method"], each["status"]) for each in asked.exchanges) for asked in (again, replayed)]
    assert kinds[0] == kinds[1]


def test_the_collection_runs_against_a_recording(replayed: Asked, module: RunModule) -> None:
    subscription, group, server, identity = place_of(replayed)
    place: dict[str, Any] = {
        "subscription_id": subscription,
        "resource_group": group,
        "server_name": server,
        "identities": [identity],
    }
    checked = module(**place, check=True)
    assert checked["changed"], checked
    done = module(**place)
    assert (done["changed"], done["assigned"]) == (True, [identity]), done
    assert len(done["identity"]["user_assigned_identities"]) == 2


def test_a_run_records_what_it_names_itself(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator)
    recording = ask(write=identity_id("id-a")).recording
    assert [each for each in ("pgflex-live-no-server", "azure.fabric_mirror_enabled") if each not in recording] == []
