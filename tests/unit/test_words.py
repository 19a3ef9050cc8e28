# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each thing has one name, in code, tasks, tests and documentation: words that are out stay out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.pgflex.azure.plugins.plugin_utils._known_names import FORMER
from utils.ansible_test import checkout_files

ROOT = Path(__file__).resolve().parents[2]
#: Words that are out, as regular expressions, and what to say instead. A blank stands for a line break too.
INSTEAD = {
    r"(?i)\blocal azure\b|\bstand-in\b": "the emulator",
    r"(?i)\b(user|system) assigned\b": "user-assigned, system-assigned",
    r"(?i)\bcustomer managed\b": "customer-managed",
    r"\bas wanted\b|as_wanted|\bok / drift": "compliant",
    r"\bnot begun\b": "not started, not_started",
    r"\b_?drifting\b|_drifts\b|_drifting_": "drifted",
    r"\bWanted\b": "DesiredState",
    r"\bunwanted\b": "removals, to_remove",
    r"\bBroken\b": "InvalidTarget",
    r"(?i)(?<![a-z])wish(es)?(?![a-z])": "desired state, desired",
    r"(?i)(?<![a-z])patience(?![a-z])": "retry policy, how long to wait",
    r"\bunmet\b": "find_discrepancies",
    r"\bcrossed\b": "has_concurrent_write",
    r"\bjoined\(": "merge_plans(",
    r"\b(going_on|may_go_on)\b": "retry_after_conflict, should_retry_conflict",
    r"\bWaiter\b": "RetryPolicy",
    r"\b(FRESH|CONTENDED|ROUNDS)\b": "SNAPSHOT_MAX_AGE, SNAPSHOT_MAX_AGE_WHEN_BUSY, MAX_CONFLICT_RETRIES",
    r"\bclass (Row|Applied)\b": "Target, ReconcileResult",
    r"\bclass (Turn|Bucket|Limits)\b": "RequestKind, TokenBucket, RateLimiter",
    r"\bclass (Work|Steps)\b|\bdrive\(": "Job, Coroutine, run_blocking",
    r"\b_(estate|survey|alike|alone|restoring|rows|trust)\.py\b": "lister, servers, run_scope, free_strategy, ...",
    r"\bpgflex_identity_job\b": "pgflex_identity_action",
    r"\bpgflex_identity_(resource_group|subscription_id)\b": "pgflex_identity_lookup_...",
    r"\bpgflex_identity_keep_encryption\b": "pgflex_identity_keep_encryption_identities",
    r"\baudit_(report_|fail_on_drift)": "pgflex_identity_report_..., pgflex_identity_fail_on_drift",
}
#: Texts of others, kept to the letter: those of az and of Azure, and a word of Azure's schema.
KEPT = (
    "On servers for which data encryption is based on customer managed key, ",
    "system assigned managed identity cannot be disabled as the instance has User Assigned Managed",
    "cannot be disabled as the instance has User Assigned Managed",
    "system assigned managed identity cannot be disabled",
    "Multiple user assigned identities exist",
    '"Broken",',
    # The table of names that are out, which says what to set instead.
    *(f'"{former}": ' for former in FORMER),
)
NOT_OURS = (
    "LICENSE",
    "LICENSES/",
    "CHANGELOG.md",
    "changelogs/",
    "docs/pictures/",
    str(Path(__file__).relative_to(ROOT)),
)
NAMES = re.compile(r"`([\w./-]+\.py)`")


def texts() -> dict[str, str]:
    """Return the text of every file that we have written, by its name, without the texts of others in it."""
    found = {}
    for name in checkout_files():
        if not name.startswith(NOT_OURS) and (ROOT / name).is_file():
            found[name] = without_kept((ROOT / name).read_text(encoding="utf-8"))
    return found


def without_kept(text: str) -> str:
    """Return `text` without the texts of others, and with as many lines."""
    for each in KEPT:
        text = text.replace(each, "")
    return text


def places(pattern: str, text: str) -> list[str]:
    """Return `line: match` for each match in `text`, also where it is broken across lines."""
    expression = re.compile(pattern.replace(" ", r"\s+(?:(?:#|//|\*) )?"))
    return [f"{text.count(chr(10), 0, each.start()) + 1}: {each.group()}" for each in expression.finditer(text)]


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    """Return the texts, read once."""
    return texts()


@pytest.mark.parametrize("pattern", INSTEAD)
def test_a_word_that_is_out_is_nowhere(pattern: str, written: dict[str, str]) -> None:
    found = [f"{name}:{place}" for name, text in written.items() for place in places(pattern, text)]
    assert found == [], f"Say instead: {INSTEAD[pattern]}"


@pytest.mark.parametrize("text", KEPT)
def test_a_text_that_is_kept_is_still_there(text: str) -> None:
    assert any(text in (ROOT / name).read_text(encoding="utf-8") for name in texts())


def test_a_word_is_found_across_lines_and_not_in_the_words_of_others() -> None:
    emulator, spelling = list(INSTEAD)[:2]
    assert places(emulator, "One\n# Local\n# Azure.\n") == ["2: Local\n# Azure"]
    assert places(spelling, without_kept(f"A user assigned identity\n{KEPT[1]}\n")) == ["1: user assigned"]


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/design.md", "docs/awx.md", "tests/emulator/ARCHITECTURE.md"])
def test_a_file_that_a_page_names_exists(page: str, written: dict[str, str]) -> None:
    files = [f"/{name}" for name in checkout_files()]
    named = NAMES.findall(written[page])
    assert [name for name in named if not any(file.endswith(f"/{name}") for file in files)] == []
