# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One server from reading to telling: check mode says what the real run does, and writes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._errors import PgflexError, Refused
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState, UserIdentity
from ansible_collections.pgflex.azure.plugins.module_utils._server.single_server import SingleServer
from unit.service import Service
from unit.support import REF, A, B, C, Cloud, identity

DESIRED_STATES = [
    pytest.param(DesiredState(present=(A,)), id="nothing"),
    pytest.param(DesiredState(present=(C,)), id="assign"),
    pytest.param(DesiredState(absent=(A,)), id="remove"),
    pytest.param(DesiredState(present=(), purge=True), id="purge"),
    pytest.param(DesiredState(present=(C,), absent=(B,), system_assigned=True), id="assign, remove, system on"),
]


class Everything(Service):
    """The service, with identities beside the server."""

    def __init__(self, *ids: str, cloud: Cloud | None = None, **rest: Any) -> None:
        super().__init__(*ids, **rest)
        self.cloud = cloud or Cloud()

    @property
    def requests(self) -> int:
        """How many were sent."""
        return self.reads + len(self.sent) + len(self.cloud.asked)

    def get_identity(self, resource_id: str) -> UserIdentity:
        """See `Api`."""
        return self.cloud.get_identity(resource_id)

    def fabric_mirroring(self, ref: Any) -> bool:
        """See `Api`."""
        return self.cloud.fabric_mirroring(ref)


def single(service: Everything, *, client_ids: bool = False) -> SingleServer:
    api: Any = service
    return SingleServer(api, REF, service.time.retry_policy(), client_ids=client_ids)


def change(service: Everything, desired: DesiredState, **how: bool) -> dict[str, Any]:
    return single(service).change(desired, **{"check_mode": False, "validate": False, "wait": True, **how})


def ids(result: dict[str, Any]) -> list[str]:
    return [each["id"] for each in result["identity"]["user_assigned_identities"]]


@pytest.mark.parametrize("desired", DESIRED_STATES)
def test_check_mode_says_what_the_real_run_does(desired: DesiredState) -> None:
    service = Everything(A, B)
    checked = change(service, desired, check_mode=True)
    assert service.sent == []
    real = change(service, desired)

    for told in ("changed", "assigned", "removed", "diff"):
        assert checked[told] == real[told]
    assert checked["identity"]["type"] == real["identity"]["type"]
    assert ids(checked) == ids(real)
    assert real["changed"] is bool(service.sent)
    assert not change(service, desired)["changed"]


def test_nothing_to_do_costs_one_read() -> None:
    service = Everything(A)
    result = change(service, DesiredState(present=(A.upper(),)), validate=True)

    assert (service.reads, service.sent, service.cloud.asked) == (1, [], [])
    assert (result["changed"], result["assigned"], result["removed"]) == (False, [], [])
    assert result["requests"] == 1


def test_what_is_told_after_a_change_was_read() -> None:
    facts = change(Everything(A), DesiredState(present=(B,)))["identity"]["user_assigned_identities"]

    assert [each["principal_id"] is not None for each in facts] == [False, True]


def test_without_waiting_what_will_be_is_told_with_the_operation() -> None:
    result = change(Everything(A), DesiredState(present=(B,)), wait=False)

    assert ids(result) == [A, B]
    assert result["operation"] == {"id": "op", "start_time": "now", "status": "InProgress"}
    assert "https://" not in str(result)


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_identity_that_does_not_exist_is_refused_before_any_write(check_mode: bool) -> None:
    service = Everything(A)
    with pytest.raises(Refused, match="does not exist"):
        change(service, DesiredState(present=(B,)), validate=True, check_mode=check_mode)

    assert service.sent == []


class SlowIdentities(Everything):
    """An identity takes ten minutes to read, and somebody enables the system-assigned identity meanwhile."""

    def get_identity(self, resource_id: str) -> UserIdentity:
        self.time.sleep(600)
        self.raw["identity"] |= {"type": "SystemAssigned,UserAssigned", "principalId": "p"}
        return super().get_identity(resource_id)


def test_a_look_that_has_grown_old_before_the_write_is_taken_again() -> None:
    service = SlowIdentities(A, cloud=Cloud(identity(B)))
    result = change(service, DesiredState(present=(B,)), validate=True)

    assert [body["identity"]["type"] for body in service.sent] == ["SystemAssigned,UserAssigned"]
    assert result["identity"]["type"] == "SystemAssigned,UserAssigned"


@pytest.mark.parametrize("check_mode", [True, False])
def test_mirroring_is_looked_at_in_check_mode_too(check_mode: bool) -> None:
    service = Everything(A, system=True, cloud=Cloud(mirrors=True))
    with pytest.raises(PgflexError, match="Fabric mirroring"):
        change(service, DesiredState(system_assigned=False), check_mode=check_mode)

    assert service.sent == []


def test_a_look_changes_nothing_and_can_find_client_ids() -> None:
    service = Everything(B, A, cloud=Cloud(identity(A)))
    look = single(service, client_ids=True)
    result = look.show()

    assert (result["changed"], result["assigned"], result["removed"], "diff" in result) == (False, [], [], False)
    assert [each["client_id"] for each in result["identity"]["user_assigned_identities"]] == ["client of id-a", None]
    assert len(look.warnings) == 1
    assert service.sent == []
