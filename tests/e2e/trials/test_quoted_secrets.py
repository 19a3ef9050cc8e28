# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An answer that quotes a secret of the connection, as the error page of a proxy may: it comes out nowhere."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest

from e2e.audit_runs import audit_inventory, run_on
from e2e.canaries import found_in
from e2e.roles import ASSIGN, HOSTS, fleet_inventory, seed_fleet
from e2e.test_secrets_of_fleets import written
from e2e.world import SERVER_PATH, identity_id, seed_server

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.conftest import RunInfo, RunInventory, RunModule
    from e2e.emulator_client import Emulator

A = identity_id("id-a")
#: Of another kind of credential than the one that signs in; it is a secret all the same.
VARIABLE = "AZURE_CLIENT_CERTIFICATE_PASSWORD"
SECRET = 'canary "5d1f" +/~ größer ='  # noqa: S105
FORMS = {
    "as it is": SECRET,
    "in a URL": quote(SECRET, safe=""),
    "in a form": quote_plus(SECRET),
    "in JSON": json.dumps(SECRET)[1:-1],
    "in Base64": base64.b64encode(SECRET.encode()).decode().rstrip("="),
    "as Basic sends it": base64.b64encode(b"me:" + SECRET.encode()).decode(),
}
#: What tells that any part of them came through: of each form its own middle.
PARTS = [form[4:18] for form in FORMS.values()]
QUOTED = " | ".join(FORMS.values())
REFUSAL = {"status": 403, "code": "AuthorizationFailed", "message": f"Seen: {QUOTED}. End."}


@pytest.fixture
def environment(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return the environment of the emulator, and the secret."""
    monkeypatch.setenv(VARIABLE, SECRET)
    return {**emulator.environment, VARIABLE: SECRET}


def check(texts: dict[str, str]) -> None:
    """None of them has any of the forms, nor a form as it is once more in JSON, or in HTML."""
    for name, text in texts.items():
        assert found_in(text, PARTS) == [], name


@pytest.mark.parametrize("method", ["GET", "PATCH"])
@pytest.mark.usefixtures("environment")
def test_a_refusal_that_quotes_a_secret_is_told_without_it(
    method: str, emulator: Emulator, module: RunModule, outputs: list[str]
) -> None:
    seed_server(emulator)
    emulator.fault(method, SERVER_PATH, REFUSAL, times=-1)
    result = module(identities=[A])
    assert "Seen: ********" in result["msg"]
    assert result["error"]["message"].endswith(". End.")
    check({"result": str(result), "output": "".join(outputs)})


@pytest.mark.usefixtures("environment")
def test_a_sign_in_that_quotes_a_secret_is_told_without_it(
    emulator: Emulator, module: RunModule, caplog: pytest.LogCaptureFixture
) -> None:
    body = json.dumps({"error": "invalid_client", "error_description": f"Seen: {QUOTED}."})
    emulator.fault("POST", "/oauth2/v2.0/token", {"status": 401, "body": body}, times=-1)
    result = module(identities=[A])
    assert "Seen: ********" in result["msg"]
    check({"result": str(result), "log": caplog.text})


@pytest.mark.usefixtures("environment")
def test_a_tag_that_holds_a_secret_is_listed_without_it(emulator: Emulator, info: RunInfo) -> None:
    seed_server(emulator, tags={"note": f"Seen: {QUOTED}"})
    listed = info(filters={"tags": {"note": None}})["servers"]
    assert [each["server"]["tags"]["note"][:14] for each in listed] == ["Seen: ********"]
    check({"result": str(listed)})


def test_an_inventory_takes_no_secret_from_an_answer(
    emulator: Emulator, inventory: RunInventory, environment: dict[str, str], tmp_path: Path
) -> None:
    seed_server(emulator, tags={"note": f"Seen: {QUOTED}"})
    cache = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(tmp_path / "cache")}
    done = inventory("ansible-inventory", "--list", "-vvvv", env=environment, **cache)
    check({"stdout": done.stdout, "stderr": done.stderr, **written(tmp_path, "estate.pgflex.yml")})
    body = json.dumps({"error": "invalid_client", "error_description": f"Seen: {QUOTED}."})
    emulator.fault("POST", "/oauth2/v2.0/token", {"status": 401, "body": body}, times=-1)
    log = tmp_path / "ansible.log"
    done = inventory("ansible-inventory", "--list", "-vvvv", env={**environment, "ANSIBLE_LOG_PATH": str(log)})
    assert "Seen: ********" in done.output
    assert "Seen: ********" in " ".join(log.read_text(encoding="utf-8").split())
    check({"stdout": done.stdout, "stderr": done.stderr, **written(tmp_path, "estate.pgflex.yml")})


@pytest.mark.parametrize("playbook", ["pgflex.azure.audit", ASSIGN])
def test_a_run_writes_no_secret_that_an_answer_quotes(
    playbook: str, emulator: Emulator, environment: dict[str, str], tmp_path: Path
) -> None:
    seed_fleet(emulator, "id-b")
    emulator.fault("GET" if playbook != ASSIGN else "PATCH", f"/{HOSTS[0]}$", REFUSAL, times=-1)
    reports = {f"pgflex_identity_report_{kind}": f"{tmp_path}/report.{kind}" for kind in ("json", "csv", "html")}
    variables = {"pgflex_identity_present": "id-a", "pgflex_identity_max_fail_percentage": 100, **reports}
    hosts: dict[str, dict[str, str]] = {HOSTS[0]: {}, HOSTS[1]: {}}
    env = {**environment, "ANSIBLE_LOG_PATH": str(tmp_path / "ansible.log"), "ANSIBLE_SHOW_CUSTOM_STATS": "true"}
    estate = (
        fleet_inventory(hosts, tmp_path, **variables) if playbook == ASSIGN else audit_inventory(hosts, **variables)
    )
    ran = run_on(tmp_path, estate, playbook, "-vvvv", "--diff", env=env)
    texts = written(tmp_path, "estate.yml")
    assert "Seen: ********" in texts["report.json"]
    assert {"report.csv", "report.html", "ansible.log"} <= set(texts)
    check({**texts, "output": ran.output})
