# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An estate of 303 servers with a purge for all, where the variable of one of three groups is misspelt."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from e2e.audit_runs import Ran, run_on
from e2e.fleets import seed_servers, servers
from e2e.roles import ASSIGN, recap, told, truth, unwrapped, writes
from e2e.world import GROUP

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator

#: Servers by group; those of the third one hold what their applications need, in three ways.
ORDERS = [*servers("orders", 90, "id-a"), *servers("orders-old", 10, "id-a", "id-c")]
STOCK = servers("stock", 30, "id-b")
CUSTOMERS = [
    *servers("customers", 100, "id-b"),
    *servers("customers-eu", 60, "id-a", "id-b"),
    *servers("customers-new", 13),
]


def estate(folder: Path, variable: str) -> dict[str, Any]:
    """Return an inventory in which `variable` is to say what the servers of the third group hold."""

    def group(some: list[dict[str, Any]], **variables: Any) -> dict[str, Any]:
        return {"hosts": {each["name"]: {} for each in some}, "vars": variables}

    common = {
        "pgflex_resource_group": GROUP,
        "pgflex_identity_purge": True,
        "pgflex_identity_poll_interval": 0.1,
        "pgflex_identity_rollback_dir": str(folder / "records"),
    }
    children = {
        "orders": group(ORDERS, pgflex_identity_present="id-a"),
        "stock": group(STOCK, pgflex_identity_present__stock="id-b"),
        "customers": group(CUSTOMERS, **{variable: ["id-b"]}),
    }
    return {"all": {"vars": common, "children": children}}


@pytest.fixture
def misspelt(emulator: Emulator, tmp_path: Path) -> Any:
    """Return what runs a playbook on the estate in which a letter is missing."""
    seed_servers(emulator, [*ORDERS, *STOCK, *CUSTOMERS])
    inventory = estate(tmp_path, "pgflx_identity_present")

    def run(playbook: str, *arguments: str) -> Ran:
        return run_on(tmp_path, inventory, playbook, *arguments, env=emulator.environment)

    return run


SHOWN = re.compile(r'=> \{\n +"msg": (\[.*?\n    \]|".*?")\n\}', re.DOTALL)


def messages(ran: Ran) -> list[list[str]]:
    """Return what the tasks have shown to people, without the times of waves, and the command at the end."""
    shown = [json.loads(each) for each in SHOWN.findall(ran.output)]
    return [
        [re.sub(r"\d\d:\d\d:\d\d", "hh:mm:ss", line) for line in lines if not line.startswith("To undo it: ")]
        for lines in ([each] if isinstance(each, str) else each for each in shown)
    ]


EXTRA = [f"pg-orders-old-{number:03}: extra id-c" for number in range(10)]
PURGE = (
    "[WARNING]: Nothing is purged where nothing says what a server shall hold, so not on pg-customers-000, "
    "pg-customers-001, pg-customers-002, pg-customers-003, pg-customers-004, ... (173 in all). Is the name of a "
    "variable misspelt?"
)
PLANNED = "303 servers: 120 compliant, 10 drifted (0 missing, 10 extra), 173 undeclared, 0 failed."


def five(kind: str) -> str:
    return ", ".join(f"pg-{kind}-{number:03}" for number in range(5)) + ", ..."


def test_the_audit_tells_what_nobody_has_declared(emulator: Emulator, misspelt: Any) -> None:
    ran = misspelt("pgflex.azure.audit")
    assert ran.rc == 0, ran.output
    assert messages(ran) == [
        [
            *EXTRA,
            f"100 undeclared servers hold id-b: {five('customers')}",
            f"60 undeclared servers hold id-a, id-b: {five('customers-eu')}",
            f"13 undeclared servers hold no identity: {five('customers-new')}",
            PLANNED,
        ]
    ]
    assert PURGE in unwrapped(ran)
    said = ran.stats["pgflex_identity_audit"]
    assert (said["compliant"], said["drifted"], said["undeclared"]) == (120, 10, 173)
    assert said["undeclared_hosts"] == [each["name"] for each in CUSTOMERS]
    assert writes(emulator) == []
    # A report that was written is no change; each server that has drifted has a result of its own.
    drifted = {each["name"]: "changed" for each in ORDERS[90:]}
    said = recap(misspelt("pgflex.azure.audit", "-e", "pgflex_identity_report_csv=x.csv"))
    assert said == {ORDERS[0]["name"]: "ok", **drifted}


@pytest.mark.parametrize("check", [("--check",), ()], ids=["check mode", "for real"])
def test_a_purge_takes_nothing_from_the_group(emulator: Emulator, misspelt: Any, check: tuple[str, ...]) -> None:
    before = truth(emulator)
    ran = misspelt(ASSIGN, *check)
    assert ran.rc == 0, ran.output
    changed = {server.rpartition("/")[2] for server, held in truth(emulator).items() if held != before[server]}
    assert changed == (set() if check else {each["name"] for each in ORDERS[90:]})
    done = "drifted (0 missing, 10 extra)" if check else "changed (0 added, 10 removed)"
    waves = [f"wave {number}: {size}" for number, size in ((1, "1 server"), (2, "1 server"), (3, "8 servers"))]
    totals, result = messages(ran)
    assert totals == [PLANNED]
    if check:
        assert result.pop() == "Plan for approval: 10 servers."
    assert [line.partition(",")[0] for line in result[:-2]] == ([] if check else waves)
    assert result[-2:] == [
        f"left alone, since nothing says what they shall hold: {five('customers')}",
        f"303 servers: 120 compliant, 10 {done}, 173 undeclared, 0 failed, 0 not started.",
    ]
    assert unwrapped(ran).count(PURGE) == 1
    assert (told(ran)["undeclared"], told(ran)["removed"]) == (173, 10)
    # Only those that have drifted have a task of their own, and the host in whose name the plan was made.
    assert len(recap(ran)) == 11


def test_it_can_be_an_error(emulator: Emulator, misspelt: Any) -> None:
    ran = misspelt(ASSIGN, "-e", "pgflex_identity_fail_on_undeclared=true")
    assert ran.rc == 2
    # Those that have drifted were not started because of them, and have failed as well.
    stopped = {each["name"] for each in [*ORDERS[90:], *CUSTOMERS]}
    assert {host for host, ended in recap(ran).items() if ended == "failed"} == stopped
    assert (told(ran)["undeclared"], told(ran)["not_started"], told(ran)["changed"]) == (173, 10, 0)
    assert writes(emulator) == []
    why = f"pgflex_identity_fail_on_undeclared is set, and these are undeclared: {five('customers')} (173 in all)."
    assert messages(ran)[-1] == [
        f"Nothing was changed: {why}",
        f"left alone, since nothing says what they shall hold: {five('customers')}",
        "303 servers: 120 compliant, 0 changed (0 added, 0 removed), 173 undeclared, 0 failed, 10 not started.",
    ]


@pytest.mark.parametrize("playbook", ["pgflex.azure.audit", ASSIGN])
def test_a_name_that_begins_as_ours_do_is_told_before_anything_is_asked(
    playbook: str, emulator: Emulator, tmp_path: Path
) -> None:
    seed_servers(emulator, [*ORDERS, *STOCK, *CUSTOMERS])
    ran = run_on(tmp_path, estate(tmp_path, "pgflex_identity_presnt"), playbook, env=emulator.environment)
    assert (ran.rc, emulator.requests()) == (2, [])
    assert ran.output.count("fatal: ") == 1
    assert (
        "pgflex_identity_presnt: is no variable of this collection; the nearest one is pgflex_identity_present. "
        in (unwrapped(ran))
    )
    assert "pg-customers-000 has it" in unwrapped(ran)
    assert ", and 172 more hosts. Nothing was sent." in unwrapped(ran)
    assert [*recap(ran)] == [ORDERS[0]["name"]]
    # The result of the one host that failed does not name all of them.
    assert CUSTOMERS[1]["name"] not in ran.output.partition("fatal: ")[2].partition("\n")[0]
