# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML report of a rollout, and the timeline of its waves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from browser.page import columns, find, matrix, names, texts
from browser.samples import SUBSCRIPTION, failing_wave, large, shop, shop_changed

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

    from browser.conftest import OpenReport


def test_a_rollout_shows_what_became_of_each_server(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(shop_changed())
    assert columns(browser) == ["Server", "Status", "system-assigned", "id-a", "id-b", "id-keys"]
    assert matrix(browser) == [
        ["pg-broken", "! failed", "", "", "●", ""],
        ["pg-gone", "! failed", "", "", "", ""],
        ["pg-second-late", "○ not started", "", "", "●", ""],
        ["pg-late", "○ not started", "", "", "", ""],
        ["pg-first", "→ changed", "✕", "+", "✕", ""],
        ["pg-second", "→ changed", "+", "+", "", ""],
        ["pg-good", "✓ compliant", "", "●", "", "◆"],
    ]
    sign = find(browser, "#matrix tbody td.added")
    assert sign.get_attribute("aria-label") == "added"
    assert texts(browser, "#totals div") == [
        *("servers7", "✓ compliant1", "→ changed2", "! failed2", "○ not started2"),
        *("● held4", "+ added3", "✕ removed2"),
    ]
    heads = ["Group", "Servers", "Compliant", "Changed", "Failed", "Not started", "Compliance"]
    assert texts(browser, "#table-resource_group thead th") == heads
    assert texts(browser, "#table-resource_group tbody tr:first-child > *") == [
        "rg-shop",
        "4",
        "1",
        "1",
        "1",
        "1",
        "50 %",
    ]


def test_what_failed_and_what_changed_are_found_by_a_click_each(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(shop_changed())
    find(browser, "#only-changed").click()
    assert names(browser) == ["pg-first", "pg-second"]
    find(browser, "#only-attention").click()
    assert names(browser) == ["pg-broken", "pg-gone", "pg-second-late", "pg-late", "pg-first", "pg-second"]
    find(browser, "#only-changed").click()
    assert names(browser) == ["pg-broken", "pg-gone", "pg-second-late", "pg-late"]
    find(browser, "#search").send_keys("not started")
    assert names(browser) == ["pg-second-late", "pg-late"]


def test_waves_stand_on_one_time_axis(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(shop_changed())
    assert find(browser, "#waves-note").text == "2026-11-23, times in UTC"
    lines = find(browser, "#waves").text.splitlines()
    assert lines[-3:] == [
        "1 ✓ none failed 1 1 0 0 20:00:00 20:02:05 2 min 5 s",
        "2 ! 1 of 3 failed 3 1 1 1 20:02:05 20:06:15 4 min 10 s",
        "3 ○ not started 1 0 0 1",
    ]
    assert texts(browser, "#waves .axis span") == ["20:00:00", "20:03:07", "20:06:15"]
    first, second, failed = (each.rect for each in browser.find_elements("css selector", "#waves rect"))
    axis = find(browser, "#waves .axis").rect
    assert first["x"] == pytest.approx(axis["x"], abs=1)
    assert first["width"] == pytest.approx(axis["width"] / 3, abs=1)
    assert second["x"] == pytest.approx(first["x"] + first["width"], abs=1)
    assert second["x"] + second["width"] == pytest.approx(axis["x"] + axis["width"], abs=1)
    assert failed["height"] == pytest.approx(second["height"] / 3, abs=1)
    said = [each.get_attribute("aria-label") for each in browser.find_elements("css selector", "#waves svg")]
    assert said == ["20:00:00 to 20:02:05, 0 failed", "20:02:05 to 20:06:15, 1 failed"]


def test_waves_over_midnight_have_their_days(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(shop_changed(day_of_end=24))
    assert (
        "2 ! 1 of 3 failed 3 1 1 1 2026-11-23 20:02:05 2026-11-24 20:06:15 24 h 4 min 10 s"
        in find(browser, "#waves").text
    )


def test_a_rollout_that_took_no_time_has_a_bar(browser: WebDriver, open_report: OpenReport) -> None:
    found = shop_changed()
    for wave in found["waves"][:2]:
        wave.update(started="2026-11-23T20:00:00+00:00", ended="2026-11-23T20:00:00+00:00")
    open_report(found)
    assert all(each.rect["width"] > 1 for each in browser.find_elements("css selector", "#waves rect"))
    assert "20:00:00 20:00:00 0 s" in find(browser, "#waves").text


def test_a_plan_shows_the_sizes_of_several_waves_and_nothing_of_one(
    browser: WebDriver, open_report: OpenReport
) -> None:
    planned = {"changed": 0, "failed": 0, "not_started": 0, "added": 0, "removed": 0, "started": None, "ended": None}
    open_report({**shop(), "waves": [{**planned, "servers": 1}, {**planned, "servers": 9}]})
    assert find(browser, "#waves-title").text == "Planned waves"
    assert texts(browser, "#waves th, #waves td") == ["Wave", "Servers to change", "1", "1", "2", "9"]
    open_report({**shop(), "waves": [{**planned, "servers": 10}]})
    assert not find(browser, "#waves-section").is_displayed()
    assert not find(browser, "#changes").is_displayed()


def test_a_wave_with_failures_does_not_look_like_success(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(failing_wave(failed=4, of=31))
    assert find(browser, "#waves tbody td").text == "! 4 of 31 failed"
    assert browser.find_elements("css selector", "#waves .done") == []
    whole, failed = (find(browser, f"#waves rect.{kind}") for kind in ("partly", "failed"))
    # The part that failed is larger than its share, so that it is seen.
    assert failed.rect["height"] / whole.rect["height"] > 4 / 31
    colours = [find(browser, selector).value_of_css_property("color") for selector in ("#waves .outcome", ".message")]
    assert colours[0] == colours[1]
    open_report(failing_wave(failed=0, of=31))
    assert find(browser, "#waves tbody td").text == "✓ none failed"
    assert browser.find_elements("css selector", "#waves .partly, #waves .failed") == []


def test_assignments_and_removals_are_drawn_over_time_with_a_table_beside(
    browser: WebDriver, open_report: OpenReport
) -> None:
    open_report(shop_changed())
    assert texts(browser, "#progress-table thead th") == [
        *("Wave", "Verified", "Assigned", "Removed", "Assigned by then", "Removed by then")
    ]
    assert texts(browser, "#progress-table tbody tr > *") == [
        *("1", "20:02:05", "1", "2", "1", "2"),
        *("2", "20:06:15", "2", "0", "3", "2"),
    ]
    drawing = find(browser, "#progress svg")
    assert drawing.get_attribute("aria-label") == "By 20:06:15: 3 assigned, 2 removed"
    height = {
        kind: [each.rect["y"] for each in browser.find_elements("css selector", f"#progress circle.{kind}")]
        for kind in ("added", "removed")
    }
    first, last = height["added"]
    assert last < first
    assert height["removed"][0] == height["removed"][1]
    open_report(shop())
    assert not find(browser, "#progress-section").is_displayed()


def test_compliance_is_drawn_with_a_table_beside(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(shop_changed())
    assert texts(browser, "#chart-resource_group li text") == ["! 1", "○ 1", "→ 1", "✓ 1", "○ 1", "→ 1", "! 1"]
    bars = browser.find_elements("css selector", "#chart-resource_group svg")
    said = "rg-shop: 1 failed, 1 not started, 1 changed, 1 compliant"
    assert bars[0].get_attribute("aria-label") == said
    assert [each.split(":")[0] for each in texts(browser, "#chart-subscription_id li")] == [SUBSCRIPTION, "unknown"]


def test_more_groups_than_a_chart_has_room_for_are_said_to_be_in_the_table(
    browser: WebDriver, open_report: OpenReport
) -> None:
    open_report(large(60, 1))
    assert len(texts(browser, "#chart-resource_group li")) == 12
    assert find(browser, "#cut-resource_group").text == "28 more are in the table only."
    assert len(texts(browser, "#table-resource_group tbody tr")) == 40
