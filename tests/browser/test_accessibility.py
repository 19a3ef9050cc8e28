# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report has no fault that axe-core finds by the rules of WCAG 2.2 AA."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from browser.page import find
from browser.samples import failing_wave, many_identities, shop, shop_changed, with_a_replica

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

    from browser.conftest import OpenReport, Resize

#: The session "browser" fetches it from npm; its licence, MPL 2.0, is beside it.
AXE = Path(__file__).resolve().parents[2] / ".cache" / "axe"
RUN = """
  const done = arguments[0];
  const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const say = (fault) => `${fault.id}: ${fault.nodes[0].html} ${fault.nodes[0].failureSummary}`;
  axe.run(document, {runOnly: rules}).then((found) => done(found.violations.map(say)));
"""
REPORTS = {
    "audit": shop(),
    "rollout": shop_changed(),
    "wave": failing_wave(),
    "many": many_identities(),
    "replica": with_a_replica(),
}


def faults(browser: WebDriver) -> list[str]:
    """Return what axe-core complains of."""
    scripts = list(AXE.glob("*/package/axe.min.js"))
    if not scripts:
        pytest.skip("the report is NOT checked by axe-core: nox --session browser fetches it with npm")
    browser.execute_script(scripts[0].read_text(encoding="utf-8"))
    found: list[str] = browser.execute_async_script(RUN)
    return found


@pytest.mark.parametrize("width", [1400, 800, 380])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("found", REPORTS.values(), ids=REPORTS)
def test_it_has_no_fault(
    browser: WebDriver, open_report: OpenReport, resize: Resize, found: dict[str, Any], scheme: str, width: int
) -> None:
    resize(width, scheme)
    open_report(found)
    assert faults(browser) == []


def test_a_fault_would_be_found(browser: WebDriver, open_report: OpenReport) -> None:
    open_report(shop())
    browser.execute_script("arguments[0].parentNode.replaceWith(arguments[0])", find(browser, "#search"))
    browser.execute_script("document.getElementById('search').placeholder = ''")
    assert [each.partition(":")[0] for each in faults(browser)] == ["label"]
