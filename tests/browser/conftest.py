# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report in a real Chromium: Debian's packages chromium and chromium-driver, and selenium from PyPI."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from selenium.webdriver.chrome.webdriver import WebDriver


class OpenReport(Protocol):
    """Open the report of a result in the browser; return its file."""

    def __call__(self, result: dict[str, Any], **facts: str) -> Path:
        """See the docstring of the class."""


class Resize(Protocol):
    """Show pages in a window of this width, by day or by night."""

    def __call__(self, width: int, scheme: str = "light") -> None:
        """See the docstring of the class."""


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """Yield a headless browser with a profile of its own, and no way to the network but files."""
    missing = [each for each in ("chromium", "chromedriver") if not shutil.which(each)]
    if missing:
        pytest.skip(f"the report is NOT tested in a browser: no {' and no '.join(missing)} on PATH")
    pytest.importorskip("selenium.webdriver", reason="the report is NOT tested in a browser: no selenium")
    driver = started_chromium(tmp_path_factory.mktemp("profile"))
    yield driver
    driver.quit()


def started_chromium(profile: Path) -> WebDriver:
    """Start a headless browser with this folder for its profile."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-background-networking",
        "disable-dev-shm-usage",
        "window-size=1400,1000",
        f"user-data-dir={profile}",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))


@pytest.fixture
def browser(chromium: WebDriver) -> Iterator[WebDriver]:
    """Check at the end that nothing was complained of: no error of the script, nothing refused by the page's policy."""
    chromium.get("about:blank")
    _complaints(chromium)
    yield chromium
    assert _complaints(chromium) == []


@pytest.fixture
def resize(browser: WebDriver) -> Iterator[Resize]:
    """Have windows that are narrower than Chromium lets them be; undo it at the end."""

    def resized(width: int, scheme: str = "light") -> None:
        window = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", window)
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

    yield resized
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def _complaints(chromium: WebDriver) -> list[dict[str, Any]]:
    """Return those since the last call."""
    found: list[dict[str, Any]] = chromium.execute("getLog", {"type": "browser"})["value"]
    return found


@pytest.fixture
def open_report(browser: WebDriver, tmp_path: Path) -> OpenReport:
    """Open a report from a file, as a user does."""
    # The collection becomes importable after pytest has read this folder.
    from ansible_collections.pgflex.azure.plugins.filter.identity_report import identity_report

    def open_it(result: dict[str, Any], **facts: str) -> Path:
        path = tmp_path / "report.html"
        path.write_text(str(identity_report(result, "html", **facts)), encoding="utf-8")
        browser.get(path.as_uri())
        return path

    return open_it
