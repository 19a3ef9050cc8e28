# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server is written to only where everything allows it, and all that does not is named."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from e2e.live_runs import WRITABLE, Ask, seed_writable
from e2e.world import (
    GROUP,
    SERVER,
    SERVER_ID,
    SUBSCRIPTION,
    identity_id,
    patches,
    seed_server,
    seed_subscription,
    true_identity,
    user_assigned,
)

if TYPE_CHECKING:
    from e2e.emulator_client import Emulator

OTHER = SERVER_ID.replace(SERVER, "pg-other")


@dataclass(frozen=True)
class Case:
    """A server with `identity` and these keys of a seed is refused for the reason `why`."""

    why: str
    server: dict[str, Any] = field(default_factory=dict)
    identity: dict[str, Any] | None = None


CASES = [
    Case("it has no tag pgflex-live: write", {"tags": {}}),
    Case("it has no tag pgflex-live: write", {"tags": {"pgflex-live": "yes"}}),
    Case("it has no tag pgflex-live: write", {"tags": {"other": "write"}}),
    Case(
        "its data is encrypted with a customer-managed key",
        {"encryption": {"primary": "id-cmk"}},
        user_assigned("id-cmk"),
    ),
    Case("it is a replica", {"replica_of": OTHER}),
    Case("it is a replica", {"shown": {"properties": {"replicationRole": None}}}),
    Case("it has a system-assigned identity", identity=user_assigned(system=True)),
    Case("its state is Stopped", {"state": "Stopped"}),
    Case("its state is Updating", {"state": "Updating"}),
    Case("it is an elastic cluster", {"cluster_size": 2}),
    Case("it holds ", identity=user_assigned("id-a")),
    Case("contradicts itself", {"shown": {"identity": {"type": "UserAssigned"}}}),
]


def refused(ask: Ask, emulator: Emulator) -> list[str]:
    """Return the reasons of a run that writes nothing."""
    asked = ask(write="id-a")
    assert asked.status == 2
    assert f"Nothing is written to server {SERVER}:" in asked.problems
    assert patches(emulator) == []
    assert not (asked.folder / "journal.jsonl").exists()
    assert asked.output == ""
    return asked.problems.strip().split("\n- ")[1:]


@pytest.mark.parametrize("case", [pytest.param(each, id=f"{each.why}-{each.server}") for each in CASES])
def test_nothing_is_written_where(case: Case, emulator: Emulator, ask: Ask) -> None:
    emulator.settings(check_schema=False)
    seed_server(emulator, case.identity, **{**WRITABLE, **case.server})
    [reason] = refused(ask, emulator)
    assert case.why in reason


def test_a_server_with_a_replica_is_not_written_to(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator)
    replica = {"name": "pg-replica", "replica_of": SERVER_ID.replace(GROUP, GROUP.upper())}
    emulator.seed(
        {"subscriptions": [{"id": SUBSCRIPTION, "resource_groups": [{"name": "rg-far", "servers": [replica]}]}]}
    )
    assert refused(ask, emulator) == ["it has replicas"]


def test_nothing_is_written_where_replicas_cannot_be_looked_for(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator)
    emulator.fault("GET", "/flexibleServers$", {"status": 403, "code": "AuthorizationFailed"}, times=-1)
    assert "cannot be listed" in refused(ask, emulator)[0]


def test_all_reasons_are_named_at_once(emulator: Emulator, ask: Ask) -> None:
    seed_server(emulator, user_assigned("id-a", system=True), state="Stopped")
    assert len(refused(ask, emulator)) == 4


def test_an_identity_that_does_not_exist_is_not_assigned(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator, "id-b")
    asked = ask(write="id-absent")
    assert (asked.status, patches(emulator)) == (1, [])
    assert "id-absent" in asked.problems


def test_an_identity_that_cannot_be_read_is_not_assigned(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator)
    action = "Microsoft.ManagedIdentity/userAssignedIdentities/read"
    seed_subscription(emulator, denied_actions=[action])
    asked = ask(write="id-a")
    assert (asked.status, patches(emulator)) == (1, [])
    assert "may not exist" in asked.problems


@pytest.mark.parametrize("arguments", [("--write",), ("--server", ""), ("--resource-group", "")])
def test_what_is_missing_on_the_command_line_is_said(arguments: tuple[str, ...], emulator: Emulator, ask: Ask) -> None:
    with pytest.raises(SystemExit) as ended:
        ask(*arguments)
    assert ended.value.code == 2
    assert emulator.requests("arm") == []


def test_a_tag_may_be_spelled_otherwise(emulator: Emulator, ask: Ask) -> None:
    seed_writable(emulator, tags={"PGFlex-Live": "write"})
    assert ask(write=identity_id("id-a")).status == 0
    assert true_identity(emulator)["ids"] == []
