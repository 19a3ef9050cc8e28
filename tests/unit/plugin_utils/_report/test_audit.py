# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The formats of the filter identity_report, of results that the module's own plan makes."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.pgflex.azure.plugins.filter.identity_report import FilterModule, identity_report
from ansible_collections.pgflex.azure.plugins.module_utils._files import write_entries
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import Encryption
from browser.samples import SUBSCRIPTION, compared, mi, result, server, shop, unread

A, B, KEYS = mi("id-a"), mi("id-b"), mi("id-keys")
#: A spreadsheet takes them for = + - @ where wide letters are usual.
WIDE = ("\uff1d", "\uff0b", "\uff0d", "\uff20")
OTHER = "00000000-0000-4000-8000-000000000002"


def report(found: dict[str, Any], **facts: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(str(identity_report(found, "json", **facts)))
    return document


def records_of(found: dict[str, Any]) -> list[dict[str, str]]:
    """Return the records of the CSV as a spreadsheet reads it: without the mark of its encoding."""
    text = str(identity_report(found, "csv")).encode().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_lines_name_what_has_drifted_and_nothing_else() -> None:
    assert identity_report(shop(), "lines") == [
        "pg-drift: missing id-a; extra id-b, system-assigned identity",
        f"pg-refused: error: Cannot remove identity {KEYS} because it's used for data encryption.",
        "pg-system: missing system-assigned identity",
        "pg-gone: error: Cannot read server pg-gone: not found.",
        "6 servers: 2 compliant, 2 drifted (2 missing, 2 extra), 2 failed.",
    ]


def test_undeclared_servers_are_told_by_what_they_hold_in_whatever_form(tmp_path: Any) -> None:
    rows = [
        compared(server("pg-good", A), present=(A,)),
        compared(server("pg-empty"), purge=True),
        *(compared(server(f"pg-{number}", A, B), purge=True) for number in range(6)),
        compared(server("pg-drift"), present=(A,)),
        compared(server("pg-system", system=True)),
        compared(server("pg-both", B, A), keep_encryption_identities=True),
    ]
    lines = [
        "pg-drift: missing id-a",
        "7 undeclared servers hold id-a, id-b: pg-0, pg-1, pg-2, pg-3, pg-4, ...",
        "pg-empty: undeclared, holds no identity",
        "pg-system: undeclared, holds system-assigned identity",
        "11 servers: 1 compliant, 1 drifted (1 missing, 0 extra), 9 undeclared, 0 failed.",
    ]
    whole = result(*rows)
    assert identity_report(whole, "lines") == lines
    write_entries(str(tmp_path), whole["servers"])
    names = ("name", "changed", "failed", "undeclared")
    lean = [{name: each[name] for name in names if name in each} for each in whole["servers"]]
    assert identity_report({**whole, "servers": lean, "result_dir": str(tmp_path)}, "lines") == lines
    assert identity_report(whole, "summary")["undeclared_hosts"] == [row.name for row in rows[1:8] + rows[9:]]
    found = report(whole)
    assert [each["status"] for each in found["servers"]].count("undeclared") == found["totals"]["undeclared"] == 9
    assert {each["status"] for row in found["servers"][1:8] for each in row["identities"]} == {"held"}
    records = records_of(whole)
    assert {each["server_status"] for each in records if each["host"] == "pg-0"} == {"undeclared"}


def test_identities_of_one_name_are_told_apart_by_their_ids() -> None:
    here, there = mi("id-a", "rg-here"), mi("ID-A", "rg-there")
    row = compared(server("pg-x", here), present=(there, B), absent=(here,))
    found = identity_report(result(row), "lines")
    assert found[0] == f"pg-x: missing {B.rpartition('/')[2]}, {there}; extra {here}"


def test_the_table_is_aligned_and_stars_what_encrypts() -> None:
    assert identity_report(shop(), "table") == [
        "SERVER      GROUP    REGION          STATE  IDENTITIES",
        "pg-good     rg-shop  Canada Central  Ready  id-a",
        "pg-drift    rg-shop  Canada Central  Ready  (system), id-b",
        "pg-keys     rg-pay   East US         Ready  id-a, id-keys*",
        "pg-refused  rg-pay   Canada Central  Ready  id-keys*",
        "pg-system   rg-shop  Canada Central  Ready  -",
        "pg-gone: not read: Cannot read server pg-gone: not found.",
        "6 servers, 5 assignments, 1 not read; * encrypts",
    ]


@pytest.mark.parametrize(
    ("targets", "table"),
    [
        pytest.param([], ["SERVER  GROUP  REGION  STATE  IDENTITIES", "0 servers, 0 assignments"], id="no server"),
        pytest.param(
            [compared(server("pg-x", A, state=None))],
            [
                "SERVER  GROUP    REGION          STATE  IDENTITIES",
                "pg-x    rg-shop  Canada Central  -      id-a",
                "1 server, 1 assignment",
            ],
            id="one server, of no known state",
        ),
        pytest.param(
            [compared(server("pg-x")), compared(server("pg-y", subscription=OTHER))],
            [
                "SERVER  GROUP    SUBSCRIPTION                          REGION          STATE  IDENTITIES",
                f"pg-x    rg-shop  {SUBSCRIPTION}  Canada Central  Ready  -",
                f"pg-y    rg-shop  {OTHER}  Canada Central  Ready  -",
                "2 servers, 0 assignments",
            ],
            id="two subscriptions",
        ),
    ],
)
def test_a_table_has_a_line_for_each_server(targets: list[Any], table: list[str]) -> None:
    assert identity_report(result(*targets), "table") == table


def test_json_tells_all() -> None:
    found = report(shop(), title="Shop", time="today")
    assert (found["title"], found["time"]) == ("Shop", "today")
    assert found["totals"] == {
        "servers": 6,
        "compliant": 2,
        "drifted": 2,
        "undeclared": 0,
        "failed": 2,
        "held": 4,
        "missing": 2,
        "extra": 2,
        "replica_lacks": 0,
    }
    drift, keys = found["servers"][1:3]
    assert {name: drift[name] for name in ("host", "status", "message", "system_assigned")} == {
        "host": "pg-drift",
        "status": "drifted",
        "message": None,
        "system_assigned": "extra",
    }
    assert [(each["id"], each["status"]) for each in drift["identities"]] == [(A, "missing"), (B, "extra")]
    assert drift["server"]["tags"] == {"env": "prod"}
    assert keys["identities"][1]["used_for"] == ["data_encryption"]
    assert found["servers"][-1]["server"] is None


def test_the_summary_is_small() -> None:
    counts = {name: number for name, number in report(shop())["totals"].items() if name != "held"}
    assert identity_report(shop(), "summary") == {
        **counts,
        "drifted_hosts": ["pg-drift", "pg-system"],
        "undeclared_hosts": [],
        "failed_hosts": ["pg-refused", "pg-gone"],
        "left_out": 0,
        "left_out_hosts": [],
    }


def test_csv_has_a_record_for_each_identity() -> None:
    records = records_of(shop())
    assert [(each["host"], each["identity"], each["identity_status"], each["used_for"]) for each in records] == [
        ("pg-good", "id-a", "held", ""),
        ("pg-drift", "system-assigned identity", "extra", ""),
        ("pg-drift", "id-a", "missing", ""),
        ("pg-drift", "id-b", "extra", ""),
        ("pg-keys", "id-a", "held", ""),
        ("pg-keys", "id-keys", "held", "data_encryption"),
        ("pg-refused", "id-keys", "held", "data_encryption"),
        ("pg-system", "system-assigned identity", "missing", ""),
        ("pg-gone", "", "", ""),
    ]
    assert records[-1]["message"] == "Cannot read server pg-gone: not found."


def test_csv_says_that_it_is_utf_8() -> None:
    row = compared(server("pg-x", tags={}, location="Norwegen \u00d8st"))
    data = str(identity_report(result(row), "csv")).encode()
    assert data.startswith(b"\xef\xbb\xbfhost,server,")
    assert data.count(b"\xef\xbb\xbf") == 1
    assert records_of(result(row))[0]["location"] == "Norwegen \u00d8st"


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", *WIDE])
def test_no_cell_of_a_spreadsheet_is_a_formula(start: str) -> None:
    row = compared(server("pg-x", mi(start), group=start, location=start, state=start), host=start)
    text = str(identity_report(result(row, unread("x", start)), "csv"))
    records = list(csv.reader(io.StringIO(text, newline="")))[1:]
    cells = [cell for record in records for cell in record]
    assert f"'{start}" in cells
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", *WIDE))] == []


HOSTILE = "</script><!--<script>&\u2028\u2029 @data@ @script@"


def test_data_in_the_page_cannot_end_their_element() -> None:
    encryption = Encryption("AzureKeyVault", None, A)
    row = compared(server("pg-x", A, tags={HOSTILE: HOSTILE}, encryption=encryption), host=HOSTILE)
    page = str(identity_report(result(row), "html", title=HOSTILE))
    data = re.findall(r'<script type="application/json" id="report">(.*?)</script>', page, re.DOTALL)
    assert len(data) == 1
    assert not set(data[0]) & set("<>&\u2028\u2029")
    found = json.loads(data[0])
    assert found["title"] == HOSTILE
    assert found["servers"][0]["server"]["tags"] == {HOSTILE: HOSTILE}
    assert found["identities"] == [{"id": A, "name": "id-a"}]
    assert found["holdings"][found["servers"][0]["identities"]] == [[0, "held", "geo_backup_data_encryption"]]
    assert page.count("</script>") == 2
    assert not re.search(r"\b(src|href)=|url\(", page)


def test_one_identity_in_two_spellings_is_one_column() -> None:
    targets = [compared(server("pg-x", A)), compared(server("pg-y", A.upper()))]
    page = str(identity_report(result(*targets), "html"))
    found = json.loads(re.findall(r'id="report">(.*?)</script>', page, re.DOTALL)[0])
    assert [each["identities"] for each in found["servers"]] == [0, 0]
    assert found["holdings"] == [[[0, "held"]]]


def test_one_result_gives_one_page_always() -> None:
    assert identity_report(shop(), "html") == identity_report(shop(), "html")


@pytest.mark.parametrize(
    ("found", "kind", "problem"),
    [
        (shop(), "pdf", "'pdf' is none of json, html, csv, lines, summary, table"),
        ({"msg": "it failed"}, "lines", "the input is not a result of pgflex_identity_fleet"),
        ("text", "lines", "the input is not a result of pgflex_identity_fleet"),
        ({"servers": [{"name": "x"}]}, "lines", "the input is not a result of pgflex_identity_fleet"),
    ],
)
def test_what_is_no_result_or_no_format_is_refused(found: Any, kind: str, problem: str) -> None:
    with pytest.raises(AnsibleFilterError, match=re.escape(problem)):
        identity_report(found, kind)


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"identity_report": identity_report}
