# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read a report as it is shown in the browser, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

# Text by row and column of the matrix, without the signs' explanations.
MATRIX = """
  return [...document.querySelectorAll('#matrix tbody tr')].map((line) =>
    [...line.children].map((cell) => cell.firstChild ? cell.firstChild.textContent : ''));
"""


def find(browser: WebDriver, selector: str) -> WebElement:
    """Return the first element."""
    return browser.find_element("css selector", selector)


def choose(browser: WebDriver, selector: str, shown: str) -> None:
    """Choose as a keyboard does: by the first letters of what is shown."""
    find(browser, selector).send_keys(shown)


def texts(browser: WebDriver, selector: str) -> list[str]:
    """Return the texts of all elements."""
    return [str(each.get_attribute("textContent")) for each in browser.find_elements("css selector", selector)]


def matrix(browser: WebDriver) -> list[list[str]]:
    """Return the matrix, line by line."""
    found: list[list[str]] = browser.execute_script(MATRIX)
    return found


def names(browser: WebDriver) -> list[str]:
    """Return the first column of the matrix."""
    return [line[0] for line in matrix(browser)]


def columns(browser: WebDriver) -> list[str]:
    """Return the heads of the matrix."""
    return texts(browser, "#matrix thead tr:first-child th")
