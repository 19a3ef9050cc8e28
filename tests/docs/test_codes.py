# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every error code has its place on the page for troubleshooting; the other facts that pages list are the code's."""

from __future__ import annotations

import ast
import importlib
import json
import re
from typing import Any

import pytest

from docs.pages import GALAXY, ROOT, RST, blocks, ids

PLUGINS = ROOT / "plugins"
ANCHORS = re.compile(r"^[a-z][a-z0-9]*$")


def private(name: str) -> Any:
    """Import a module of `module_utils`: the collection becomes importable after pytest has read this folder."""
    return importlib.import_module(f"ansible_collections.pgflex.azure.plugins.module_utils.{name}")


def anchors() -> set[str]:
    """Return the ends that a link to the page can have: sections and inline targets."""
    return {each for each in ids(RST / "troubleshooting.rst") if ANCHORS.match(each)}


def subclasses(kind: Any) -> list[Any]:
    """Return a class and all that are made of it."""
    return [kind, *(each for child in kind.__subclasses__() for each in subclasses(child))]


def codes() -> set[str]:
    """Return those with a hint, those that the source names, and the classes, whose names are codes too."""
    errors = private("_errors")
    sources = [path.read_text(encoding="utf-8") for path in PLUGINS.rglob("*.py")]
    named = {code for source in sources for code in re.findall(r'code="(\w+)"', source)}
    classes = {each.__name__ for each in subclasses(errors.PgflexError)} - {"PgflexError"}
    ended = {"Failed", "Canceled", "Cancelled"}
    return {each.lower() for each in {*errors._HINTS, *errors.BUSY_CODES, *named, *classes, *ended}}


def test_every_error_code_has_an_anchor_on_the_page_for_troubleshooting() -> None:
    assert codes() - anchors() == set()


def test_no_code_is_explained_that_cannot_come() -> None:
    assert anchors() - codes() == set()


def link(kind: Any, code: str = "") -> str:
    """Return the `help` of an error of this class, whatever else its constructor takes."""
    error = kind.__new__(kind)
    private("_errors").PgflexError.__init__(error, "No", code=code)
    found: str = error.as_dict()["help"]
    return found


def test_every_link_for_help_leads_to_a_place_on_the_page() -> None:
    errors = private("_errors")
    page = f"{GALAXY['documentation']}docsite/troubleshooting.html"
    kinds = {*subclasses(errors.PgflexError)} - {errors.PgflexError}
    given = {link(kind, code) for kind in kinds for code in ["", *codes()]}
    strange = {link(kind, "Strange") for kind in subclasses(errors.ServiceError)}
    shown = {each for path in PLUGINS.rglob("*.py") for each in re.findall(rf"{page}[#\w]*", path.read_text("utf-8"))}
    assert given | strange | shown == {page, *(f"{page}#{anchor}" for anchor in anchors())}
    for code in {*errors._HINTS, *errors.BUSY_CODES}:
        assert link(errors.ServiceError, code.upper()) == f"{page}#{code}"


def test_only_azure_gives_codes_that_the_source_does_not_name() -> None:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in PLUGINS.rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    open_ended = {
        ast.unparse(call.func)
        for call in calls
        for keyword in call.keywords
        if keyword.arg == "code" and not isinstance(keyword.value, ast.Constant)
    }
    assert open_ended == {"ServiceError", "OperationFailed", "super().__init__"}
    assert "PgflexError" not in {ast.unparse(call.func) for call in calls}


@pytest.mark.parametrize("field", [each.name for each in private("_azure.settings").FIELDS])
def test_the_page_for_authentication_has_every_setting_with_its_variables_in_order(field: str) -> None:
    page = (RST / "authentication.rst").read_text(encoding="utf-8")
    [setting] = [each for each in private("_azure.settings").FIELDS if each.name == field]
    variables = ", ".join(f"``{name}``" for name in setting.environment)
    assert f"   * - ``{field}``\n     - {variables}\n" in page


def test_the_page_for_clouds_has_every_known_one() -> None:
    page = (RST / "clouds.rst").read_text(encoding="utf-8")
    for name, cloud in private("_azure.clouds")._KNOWN.items():
        assert f"``{name}``\n     - ``{cloud.resource_manager}``\n     - ``{cloud.authority}``\n" in page


def test_the_pages_name_the_figures_of_reading_and_waiting_as_they_are() -> None:
    waiting, reading, retrying = private("_azure.retry"), private("_fleet.bulk_reader"), private("_server.confirmation")
    polling = private("_server.polling")
    scale = " ".join((RST / "scale.rst").read_text(encoding="utf-8").split())
    for words in (
        f"more than {reading.ONE_BY_ONE} servers of one subscription",
        f"- {waiting.TRIES} tries",
        f"{waiting.LONGEST_POLL_INTERVAL:.0f} seconds at most",
        f"not at work {polling.QUIET_LOOKS} times in a row",
        f"a second round - {retrying.MAX_CONFLICT_RETRIES} times",
    ):
        assert words in scale, words


def test_the_role_definition_has_these_actions_and_no_others() -> None:
    [role] = [json.loads(each.text) for each in blocks(RST / "permissions.rst") if each.language == "json"]
    assert role["Actions"] == [
        "Microsoft.DBforPostgreSQL/flexibleServers/read",
        "Microsoft.DBforPostgreSQL/flexibleServers/write",
        "Microsoft.DBforPostgreSQL/flexibleServers/configurations/read",
        "Microsoft.DBforPostgreSQL/locations/azureAsyncOperation/read",
        "Microsoft.DBforPostgreSQL/locations/operationResults/read",
        "Microsoft.ManagedIdentity/userAssignedIdentities/read",
        "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action",
        "Microsoft.Resources/subscriptions/read",
    ]
    assert not role["NotActions"]
