# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML report as a user sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._fleet.rollout import Wave
from browser.page import choose, columns, find, matrix, names, texts
from browser.samples import SUBSCRIPTION, changed, compared, large, mi, result, server, shop, unread

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

    from browser.conftest import OpenReport

HOSTILE = (
    "<script>document.title='pwned'</script>",
    "</script><script>document.title='pwned'</script>",
    "<!--<script>",
    '"><img src=x onerror="document.title=\'pwned\'">',
    "javascript:document.title='pwned'",
    "{{ 7 * 7 }} @data@ & &lt; ' \u2028 \u2029 \\",
)


def test_it_shows_every_server_and_identity_with_its_sign(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(shop(), title="Shop", time="2026-11-23 12:00 UTC")
    assert browser.title == "Shop"
    assert find(browser, "#time").text == "As of 2026-11-23 12:00 UTC"
    assert columns(browser) == ["Server", "Status", "system-assigned", "id-a", "id-b", "id-keys"]
    assert matrix(browser) == [
        ["pg-refused", "! failed", "", "", "", "◆"],
        ["pg-gone", "! failed", "", "", "", ""],
        ["pg-drift", "△ drifted", "✕", "+", "✕", ""],
        ["pg-system", "△ drifted", "+", "", "", ""],
        ["pg-good", "✓ compliant", "", "●", "", ""],
        ["pg-keys", "✓ compliant", "", "●", "", "◆"],
    ]
    assert "env=prod" in find(browser, "#matrix").text
    totals = find(browser, "#totals").text.split()
    assert totals[:2] == ["servers", "6"]
    sign = find(browser, "#matrix tbody td.encrypting")
    assert sign.get_attribute("aria-label") == "held, used for data encryption"


def test_search_and_filters_narrow_it_down(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(shop())
    find(browser, "#only-attention").click()
    assert names(browser) == ["pg-refused", "pg-gone", "pg-drift", "pg-system"]
    find(browser, "#search").send_keys("RG-PAY")
    assert names(browser) == ["pg-refused"]
    assert columns(browser)[2:] == ["id-keys"]
    find(browser, "button[type=reset]").click()
    assert len(names(browser)) == 6
    choose(browser, "#identity", "id-a")
    assert columns(browser)[2:] == ["id-a"]
    assert names(browser) == ["pg-drift", "pg-good", "pg-keys"]
    assert find(browser, "#shown").text == "3 of 6 servers, 1 identity"
    find(browser, "#search").send_keys("no such server")
    assert names(browser) == []
    assert find(browser, "#more").text == "No server matches."


@pytest.mark.parametrize(
    ("group_by", "first"),
    [
        ("resource_group", ["rg-shop", "3", "1", "2", "0", "33 %"]),
        ("location", ["Canada Central", "4", "1", "2", "1", "25 %"]),
        ("subscription_id", [SUBSCRIPTION, "5", "2", "2", "1", "40 %"]),
    ],
)
def test_drift_is_counted_by_group(
    browser: WebDriver, open_report: OpenReport, group_by: str, first: list[str]
) -> None:
    open_report(shop())
    assert texts(browser, f"#table-{group_by} tbody tr:first-child > *") == first


def test_it_can_be_used_by_keyboard_alone(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(shop())
    reached = []
    for _step in range(9):
        browser.switch_to.active_element.send_keys("\ue004")
        there = browser.switch_to.active_element
        reached.append(there.get_attribute("id") or there.get_attribute("aria-label") or there.get_attribute("type"))
    tables = ["Table by resource group", "Table by subscription", "Table by region"]
    assert reached == [*tables, "search", "identity", "only-attention", "view", "reset", "matrix-frame"]


@pytest.mark.parametrize("carried_out", [False, True], ids=["audit", "rollout"])
def test_hostile_texts_stay_texts(browser: WebDriver, open_report: OpenReport, carried_out: bool) -> None:
    rows = [
        compared(
            server(f"pg-{number}", mi(text), tags={text: text}, group=text, location=text, state=text),
            host=text,
            present=(mi(f"missing {text}"),),
        )
        for number, text in enumerate(HOSTILE)
    ]
    done = [changed(server(f"pg-done-{number}"), text, present=(mi(text),)) for number, text in enumerate(HOSTILE)]
    waves = (Wave(done, "2026-11-23T20:00:00+00:00", "2026-11-23T20:02:05+00:00"),) if carried_out else ()
    gone = [unread(f"gone {text}", text) for text in HOSTILE]
    open_report(result(*rows, *done, *gone, waves=waves), title=HOSTILE[1])
    assert browser.title == HOSTILE[1]
    assert find(browser, "h1").text == HOSTILE[1]
    for part in ("#matrix", "#list"):
        if part == "#list":
            choose(browser, "#view", "list")
        shown = str(find(browser, part).get_attribute("textContent"))
        for text in HOSTILE:
            assert f"{text}={text}" in shown
            assert f"gone {text}" in shown
    exceptions = texts(browser, "#exceptions .message")
    for text in HOSTILE:
        assert " ".join(text.split()) in exceptions
    assert len(browser.find_elements("css selector", "script")) == 2
    assert browser.find_elements("css selector", "img, a, iframe, object") == []


def test_it_asks_nothing_of_the_network(browser: WebDriver, open_report: OpenReport) -> None:
    path = open_report(shop())
    assert browser.execute_script("return performance.getEntriesByType('resource').map((each) => each.name)") == []
    policy = find(browser, "meta[http-equiv=Content-Security-Policy]").get_attribute("content")
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert path.stat().st_size < 100_000


def test_scrolling_brings_the_rest(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(large(450, 3))
    script = (
        "const f = document.getElementById('matrix-frame'); f.scrollTop = f.scrollHeight; setTimeout(arguments[0], 100)"
    )
    for _turn in range(20):
        browser.execute_async_script(script)
    assert len(names(browser)) == 450


def test_a_large_estate_is_drawn_in_part(browser: WebDriver, open_report: OpenReport) -> None:
    def drawn() -> int:
        elements: int = browser.execute_script("return document.getElementsByTagName('*').length")
        return elements

    open_report(large(2000, 50))
    print(f"{drawn()} elements")
    # A cell for each of the 100,000 would take the browser many seconds, whatever the machine.
    assert drawn() < 20_000
    assert find(browser, "#shown").text == "2000 of 2000 servers, 50 identities"
    browser.execute_script("document.getElementById('only-attention').click()")
    assert find(browser, "#shown").text == "200 of 2000 servers, 50 identities"
    assert drawn() < 20_000


def test_undeclared_servers_are_told_apart_and_counted_apart(browser: WebDriver, open_report: OpenReport) -> None:
    a = mi("id-a")
    rows = [compared(server(f"pg-{number}", a), purge=True) for number in range(2)]
    open_report(result(compared(server("pg-good", a), present=(a,)), *rows))
    assert matrix(browser) == [
        ["pg-0", "? undeclared", "●"],
        ["pg-1", "? undeclared", "●"],
        ["pg-good", "✓ compliant", "●"],
    ]
    assert "? undeclared2" in [each.replace("\n", "") for each in texts(browser, "#totals div")]
    heads = ["Group", "Servers", "Compliant", "Drifted", "Undeclared", "Failed", "Compliance"]
    assert texts(browser, "#table-resource_group thead th") == heads
    assert texts(browser, "#table-resource_group tbody tr:first-child > *") == [
        "rg-shop",
        "3",
        "1",
        "0",
        "2",
        "0",
        "33 %",
    ]
    find(browser, "#only-attention").click()
    assert names(browser) == ["pg-0", "pg-1"]
