# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix with its groups of columns, the list for narrow windows, and the report on paper."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest

from browser.page import columns, find, names, texts
from browser.samples import compared, failing_wave, large, many_identities, mi, result, server, shop, shop_changed

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

    from browser.conftest import OpenReport, Resize


def printed(browser: WebDriver) -> list[str]:
    """Return the text of each page of A4, without blanks: a line may break anywhere."""
    pdfium = pytest.importorskip("pypdfium2", reason="the report is NOT tested on paper: no pypdfium2")
    data = browser.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})["data"]
    document = pdfium.PdfDocument(base64.b64decode(data))
    try:
        # Where a line breaks after a hyphen, PDFium says so by a sign of its own.
        return [re.sub(r"\s", "", page.get_textpage().get_text_range()).replace("\ufffe", "-") for page in document]
    finally:
        document.close()


def test_columns_stand_by_name_and_the_resource_groups_below(browser: WebDriver, open_report: OpenReport) -> None:
    here, there, other = mi("id-b", "rg-here"), mi("ID-B", "rg-there"), mi("id-b", "rg-here", "0" * 8)
    open_report(result(compared(server("pg-x", here, mi("id-c"), there, other, mi("id-a"), system=True), absent=())))
    assert columns(browser) == ["Server", "Status", "system-assigned", "id-a", "id-b", "id-c"]
    spans = browser.find_elements("css selector", "#matrix thead tr:first-child .identity")
    assert [each.get_attribute("colSpan") for each in spans] == ["1", "1", "3", "1"]
    assert [each.get_attribute("scope") for each in spans] == ["col", "col", "colgroup", "col"]
    places = texts(browser, "#matrix thead .place")
    assert (places[0], places[-2:]) == ("rg-ids", ["rg-there", "rg-ids"])
    # Only the subscription tells these apart.
    assert [each.startswith("rg-here, subscription 0000") for each in places[1:3]] == [True, True]


def test_the_search_finds_identities_and_their_groups(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(shop())
    find(browser, "#search").send_keys("ID-KEYS")
    assert names(browser) == ["pg-refused", "pg-keys"]
    find(browser, "#search").send_keys(" compliant")
    assert names(browser) == ["pg-keys"]


def test_no_name_is_cut(browser: WebDriver, open_report: OpenReport) -> None:
    long = mi("i" * 128, "g" * 90)
    open_report(result(compared(server("p" * 63, long, group="r" * 90), present=(long,))))
    cut = browser.execute_script(
        "return [...document.querySelectorAll('#matrix th *, #matrix th')].filter((each) => each.scrollWidth > "
        "each.clientWidth + 1 && each.clientWidth || each.scrollHeight > each.clientHeight + 1 && each.clientHeight)"
        ".map((each) => each.textContent)"
    )
    assert cut == []


def test_a_matrix_that_is_wider_than_the_window_says_so(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(many_identities(identities=88))
    assert find(browser, "#wide").text.startswith("Not all identities fit in the window: scroll sideways")
    open_report(shop())
    assert find(browser, "#wide").text == ""


def test_a_narrow_window_has_the_list_in_words(browser: WebDriver, open_report: OpenReport, resize: Resize) -> None:
    resize(380)
    open_report(shop())
    assert not find(browser, "#matrix").is_displayed()
    entries = [each.text for each in browser.find_elements("css selector", "#list .entry")]
    assert [each.split()[0] for each in entries] == [
        "pg-refused",
        "pg-gone",
        "pg-drift",
        "pg-system",
        "pg-good",
        "pg-keys",
    ]
    assert entries[2].splitlines()[1:] == ["+ missing id-a", "✕ extra system-assigned, id-b", "env=prod"]
    assert entries[5].splitlines()[1:] == ["◆ encrypts the data with id-keys", "● holds id-a"]
    resize(1400)
    assert find(browser, "#matrix").is_displayed()
    assert not find(browser, "#list").is_displayed()


@pytest.mark.parametrize("width", [1400, 800, 380])
@pytest.mark.parametrize("found", [many_identities(), shop_changed(), failing_wave()], ids=["many", "rollout", "wave"])
def test_the_page_itself_never_scrolls_sideways(
    browser: WebDriver, open_report: OpenReport, resize: Resize, width: int, found: dict[str, object]
) -> None:
    resize(width)
    open_report(found)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("window", [1400, 380])
def test_no_identity_is_lost_on_paper(browser: WebDriver, open_report: OpenReport, resize: Resize, window: int) -> None:
    resize(window)
    open_report(many_identities())
    text = "".join(printed(browser))
    labels = [f"id-{number // 2:02}-of-a-team(rg-{number:02}-ids)" for number in range(44)]
    # Each of 12 servers has to do with each identity. Of the first one three servers are exceptions, told twice.
    assert {label: text.count(label) for label in labels} == {label: 12 + 3 * (label == labels[0]) for label in labels}


def test_all_servers_and_exceptions_are_on_paper(browser: WebDriver, open_report: OpenReport) -> None:
    rows = [compared(server(f"pg-{number:03}"), present=(mi("id-a"),)) for number in range(250)]
    open_report(result(*rows))
    text = "".join(printed(browser))
    assert {text.count(f"pg-{number:03}△drifted") for number in range(250)} == {2}
    assert "morebelow" not in text
    assert "Show200more" not in text


def test_paper_says_what_filters_have_left_out(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(shop())
    find(browser, "#search").send_keys("rg-pay")
    find(browser, "#only-attention").click()
    text = "".join(printed(browser))
    assert "1of6servers,1identity;leftoutareserversoutsideof:searchforrg-pay,onlywhatneedsattention" in text


def test_waves_are_whole_on_paper(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(failing_wave())
    text = "".join(printed(browser))
    assert "!4of31failed" in text
    assert "Timeline20:00:00" in text


def test_scrolling_the_list_brings_the_rest(browser: WebDriver, open_report: OpenReport, resize: Resize) -> None:
    resize(380)
    open_report(large(250, 3))
    assert find(browser, "#list-more").text == "200 more below"
    for _turn in range(10):
        browser.execute_async_script("scrollTo(0, document.body.scrollHeight); setTimeout(arguments[0], 100)")
    assert len(texts(browser, "#list .entry")) == 250
