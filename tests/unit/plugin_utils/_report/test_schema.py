# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON report is as docs/identity_report.schema.json says, and nothing in it is undocumented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ansible_collections.pgflex.azure.plugins.filter.identity_report import identity_report
from browser.samples import compared, mi, result, server, shop, shop_changed

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[4] / "docs" / "identity_report.schema.json").read_text(encoding="utf-8")
)
PLANNED = {"servers": 1, "changed": 0, "failed": 0, "not_started": 0, "added": 1, "removed": 0}
NO_TIMES = {"started": None, "ended": None}


def closed(schema: Any) -> Any:
    """Return the schema, but no object may have a property that it does not name."""
    if isinstance(schema, list):
        return [closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    more = {"additionalProperties": False} if schema.get("type") == "object" and "properties" in schema else {}
    return {name: closed(each) for name, each in schema.items()} | more


def report(found: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(str(identity_report(found, "json")))
    return document


def problems(document: dict[str, Any]) -> list[str]:
    return [each.message for each in Draft202012Validator(closed(SCHEMA)).iter_errors(document)]


def replicas() -> dict[str, Any]:
    """Return a replica that lacks what its primary holds, left out hosts, and an undeclared server."""
    source = server("pg-main", mi("id-a"))
    copy = compared(server("pg-copy", source_server_id=source.id, replication_role="AsyncReplica"), present=(mi("x"),))
    copy.lacking = [(mi("id-a"), source)]
    rows = (compared(source, present=(mi("id-a"),)), copy, compared(server("pg-free", mi("id-b")), purge=True))
    return {**result(*rows), "left_out": ["web-1"]}


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "found",
    [
        shop(),
        {**shop_changed(), "change_reference": "CHG0042"},
        replicas(),
        {**shop(), "waves": [{**PLANNED, **NO_TIMES}] * 2},
        result(),
    ],
    ids=["audit", "rollout", "replicas", "plan", "no server"],
)
def test_reports_are_as_the_schema_says(found: dict[str, Any]) -> None:
    document = report(found)
    assert problems(document) == []
    assert document["version"] == SCHEMA["properties"]["version"]["const"]


def test_every_status_of_the_schema_is_in_a_report() -> None:
    documents = [report(each) for each in (shop(), shop_changed(), replicas())]
    rows = [row for each in documents for row in each["servers"]]
    schema = SCHEMA["$defs"]
    assert {row["status"] for row in rows} == set(schema["row"]["properties"]["status"]["enum"])
    statuses = {each["status"] for row in rows for each in row["identities"]}
    assert statuses == set(schema["identity"]["properties"]["status"]["enum"])


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"kind": "plan"},
        {"waves": []},
        {"surprise": 1},
        {"totals": {}},
        {"servers": [{"host": "pg-x"}]},
        {"kind": "rollout"},
    ],
    ids=str,
)
def test_what_is_otherwise_is_found(change: dict[str, Any]) -> None:
    assert problems({**report(shop()), **change}) != []


def test_an_audit_has_no_waves_and_a_plan_has_its_own() -> None:
    one = {**PLANNED, **NO_TIMES}
    assert "waves" not in report({**shop(), "waves": [one]})
    assert "waves" not in report(shop())
    assert len(report({**shop(), "waves": [one, one]})["waves"]) == 2
