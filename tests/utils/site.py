# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the site of the documentation, from the plugins' own and from the written pages."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from nox import Session


def build_site(session: Session, root: Path, cache: Path, tree: Path) -> None:
    """Build the site of the checkout `root` in `cache`/docs/html; `tree` is where it is found as a collection."""
    source, config = cache / "docs" / "rst", root / "docs" / "site"
    shutil.rmtree(source.parent, ignore_errors=True)
    source.mkdir(mode=0o700, parents=True)
    env = {"ANSIBLE_COLLECTIONS_PATH": str(tree), "HOME": str(cache / "home")}
    collection = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--cleanup", "everything", "pgflex.azure"]
    settings = ["--config-file", str(config / "antsibull-docs.cfg")]
    session.run("antsibull-docs", *settings, "collection", "--dest-dir", str(source), *collection, env=env)
    with (source / "index.rst").open("a", encoding="utf-8") as index:
        index.write((config / "more.rst").read_text(encoding="utf-8"))
    for page in (root / "docs").glob("*.md"):
        text = page.read_text(encoding="utf-8").replace("](../", "](https://github.com/pgflex/azure/blob/main/")
        (source / page.name).write_text(text, encoding="utf-8")
    for schema in (root / "docs").glob("*.schema.json"):
        shutil.copy(schema, source)
    strict = ["--quiet", "--nitpicky", "--fail-on-warning", "--keep-going"]
    session.run("sphinx-build", *strict, "-c", str(config), str(source), str(source.with_name("html")))
