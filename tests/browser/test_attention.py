# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of what needs attention comes first, with room for its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from browser.page import find, texts
from browser.samples import compared, failing_wave, mi, result, server, shop, with_a_replica

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

    from browser.conftest import OpenReport


def test_exceptions_come_before_all_else_each_kind_together(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(shop())
    assert texts(browser, "main h2")[0] == "What needs attention"
    assert find(browser, "#attention-note").text == "4 of 6 servers"
    assert texts(browser, "#exceptions h3") == ["! failed: 2", "△ drifted: 2"]
    refused, gone, drift, system = (each.text for each in browser.find_elements("css selector", "#exceptions .entry"))
    assert refused.startswith("pg-refused ! failed rg-pay · Canada Central · Ready\nCannot remove identity")
    assert gone == "pg-gone ! failed\nCannot read server pg-gone: not found."
    assert drift.splitlines()[1:] == ["+ missing id-a", "✕ extra system-assigned, id-b"]
    assert system.splitlines()[1:] == ["+ missing system-assigned"]


def test_a_fleet_without_exceptions_says_so(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(result(compared(server("pg-x", mi("id-a")), present=(mi("id-a"),))))
    assert find(browser, "#attention-note").text == "Nothing: 1 server, none of which failed or drifted."
    assert texts(browser, "#exceptions > *") == []


def test_undeclared_servers_are_listed_with_what_they_hold(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(result(compared(server("pg-x", mi("id-a")), purge=True)))
    assert find(browser, "#exceptions .entry").text.splitlines()[1:] == ["● holds id-a"]


def test_a_replica_is_marked_and_what_it_lacks_is_told(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(with_a_replica())
    assert texts(browser, "#exceptions .replica") == ["replica of pg-main"]
    assert find(browser, "#exceptions .entry").text.splitlines()[1:] == ["○ its primary holds, and it lacks id-a"]
    assert texts(browser, "#matrix .replica") == ["replica of pg-main"]


def test_a_long_message_has_the_width_of_the_page(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(failing_wave())
    message = find(browser, "#exceptions .message")
    assert message.rect["width"] > 0.95 * find(browser, "main").rect["width"]
    assert message.text.count("the scope of the server is locked") == 8


def test_many_exceptions_are_cut_and_a_button_brings_the_rest(browser: WebDriver, open_report: OpenReport) -> None:
    rows = [compared(server(f"pg-{number:03}"), present=(mi("id-a"),)) for number in range(130)]
    open_report(result(*rows))
    assert len(texts(browser, "#exceptions .entry")) == 50
    button = find(browser, "#exceptions button")
    assert button.text == "Show 80 more"
    button.send_keys("\ue007")
    assert len(texts(browser, "#exceptions .entry")) == 130
    assert browser.switch_to.active_element.text.startswith("pg-050 ")
    assert texts(browser, "#exceptions button") == []
