# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tag sets off the release's own notes, and the site."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from utils.ansible_test import copy_checkout

ROOT = Path(__file__).resolve().parents[2]
SUMMARY = "In this version."


def workflow(name: str) -> dict[str, Any]:
    """Return a workflow of GitHub."""
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def commands(name: str, job: str) -> list[str]:
    """Return the commands of a job, in order."""
    return [step["run"] for step in workflow(name)["jobs"][job]["steps"] if "run" in step]


def test_the_notes_of_a_release_are_what_the_changelog_says_of_its_version(tmp_path: Path) -> None:
    copy_checkout(tmp_path)
    # As the next release will find it: there is one before.
    changes = tmp_path / "changelogs" / "changelog.yaml"
    content = yaml.safe_load(changes.read_text(encoding="utf-8"))
    content["releases"]["99.0.0"] = {"changes": {"release_summary": SUMMARY}, "release_date": "2099-01-01"}
    changes.write_text(yaml.safe_dump(content), encoding="utf-8")
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    [make_notes] = [each for each in commands("release", "release") if "antsibull-changelog" in each]
    env = {**os.environ, "GITHUB_REF_NAME": "99.0.0", "HOME": str(tmp_path)}
    done = subprocess.run(
        ["bash", "-c", make_notes], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    [publish] = [each for each in commands("release", "release") if "gh release create" in each]
    notes = publish.split("--notes-file ")[1].split()[0]
    assert (tmp_path / notes).read_text(encoding="utf-8").splitlines()[1:] == [
        "## Release Summary",
        "",
        SUMMARY.replace(".", r"\."),
    ]


def test_the_site_is_published_with_a_release_or_by_hand_only() -> None:
    assert set(workflow("docs")["on"]) == {"workflow_call", "workflow_dispatch"}
    assert set(workflow("release")["on"]) == {"push"}
    assert set(workflow("release")["on"]["push"]) == {"tags"}
    site = workflow("release")["jobs"]["site"]
    assert (site["uses"], site["needs"]) == ("./.github/workflows/docs.yml", "release")
    for each in (ROOT / ".github" / "workflows").glob("*.yml"):
        if each.stem != "release":
            assert "docs.yml" not in each.read_text(encoding="utf-8")


def test_what_awx_runs_jobs_with_is_not_moved_with_the_other_tools() -> None:
    lines = (ROOT / "tests" / "requirements-awx.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0] for line in lines if "==" in line}
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text(encoding="utf-8"))["updates"]
    [groups] = [each["groups"] for each in updates if each["package-ecosystem"] == "pip"]
    assert groups["tools"]["exclude-patterns"] == groups["awx"]["patterns"]
    assert {name for name in pinned if not any(Path(name).match(each) for each in groups["awx"]["patterns"])} == set()
