# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every playbook, file and command that a page shows works against the emulator, and prints what the page says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from docs.pages import EXAMPLES, ROOT, Block, blocks, console_commands, fences, page_paths
from docs.terminal import NOT_RUN, Terminal
from e2e.runs import FAST, run_in_process

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.emulator_client import Emulator

PAGES = page_paths()
#: Pages that show something to do. The rest explain.
DOING = [page for page in PAGES if any(each.language in ("console", "yaml") for each in blocks(page))]
#: What Ansible prints where it ends with an error.
FAILED = ("fatal: [", "[ERROR]")


def run_tasks(text: str, emulator: Emulator) -> None:
    """Run the tasks of a list in this process."""
    for task in yaml.safe_load(text):
        [(module, options)] = [(name, value) for name, value in task.items() if name.startswith("pgflex.azure.")]
        result, _output = run_in_process({**emulator.connection, **FAST, **options}, name=module.split(".")[-1])
        assert "failed" not in result, result


def write(block: Block, folder: Path) -> None:
    """Make the file that a page shows. One that the examples have as well must be the same there."""
    example = EXAMPLES / block.caption
    if example.exists():
        assert block.text.strip() in example.read_text(encoding="utf-8"), f"{block.caption} is another in examples/"
    else:
        (folder / block.caption).parent.mkdir(parents=True, exist_ok=True)
        (folder / block.caption).write_text(block.text, encoding="utf-8")


def follow(block: Block, terminal: Terminal) -> None:
    """Do what a console shows."""
    for command, desired in block.commands:
        if command.startswith(NOT_RUN):
            continue
        done = terminal.run(command)
        problem = terminal.problem(desired, done)
        assert not problem, f"line {block.line}, {command}:\n{problem}"
        assert (done.rc != 0) == any(word in desired for word in FAILED), f"{command}: exit status {done.rc}"


@pytest.mark.parametrize("page", DOING, ids=lambda page: page.stem)
def test_what_a_page_shows_works(page: Path, cloud: Emulator, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, cloud.environment)
    for block in blocks(page):
        if block.caption:
            write(block, terminal.folder)
        elif block.language == "yaml":
            run_tasks(block.text, cloud)
        elif block.language == "console":
            follow(block, terminal)


def run_playbooks(page: Path, terminal: Terminal, said: dict[str, str]) -> None:
    """Run the commands of a page in Markdown that run playbooks, in order: one for each entry, which it has to say."""
    consoles = [Block(language, "", text, 0) for language, text in fences(page) if language == "console"]
    commands = [command for block in consoles for command, _output in block.commands]
    playbooks = [command for command in commands if command.startswith("ansible-playbook ")]
    for command, (part, words) in zip(playbooks, said.items(), strict=True):
        assert part in command
        done = terminal.run(command)
        assert words in done.stdout, f"{command}:\n{done.stdout}{done.stderr}"
        assert done.rc == 0, command


def test_what_the_readme_shows_works(cloud: Emulator, tmp_path: Path) -> None:
    playbook, *files = [text for language, text in fences(ROOT / "README.md") if language == "yaml"]
    assert playbook in (EXAMPLES / "backup.yml").read_text(encoding="utf-8")
    terminal = Terminal(tmp_path, cloud.environment)
    for text in files:
        (terminal.folder / text.split()[1]).write_text(text, encoding="utf-8")
    run_playbooks(
        ROOT / "README.md",
        terminal,
        {
            "backup.yml --check": "changed: [localhost]",
            "pgflex.azure.assign -i servers.yml --check": "2 servers: 1 compliant, 1 drifted (1 missing, 0 extra)",
            "pgflex.azure.assign": "2 servers: 1 compliant, 1 changed (1 added, 0 removed), 0 failed",
            "pgflex_identity_plan_file=plan.json": "Plan for approval: 0 servers, in plan.json.",
            "pgflex_identity_approved_plan=plan.json": "0 servers: 0 as approved, 0 done already, 0 not approved.",
            "pgflex.azure.list": "2 servers, 2 assignments",
            "pgflex.azure.remove": "1 server: 0 compliant, 1 changed (0 added, 1 removed), 0 failed",
            "pgflex.azure.rotate": "2 servers: 1 compliant, 1 changed (1 added, 1 removed), 0 failed",
            "pgflex.azure.audit": "3 servers: 1 compliant, 2 drifted (2 missing, 0 extra), 0 failed.",
        },
    )
    assert (terminal.folder / "audit.html").exists()


def test_what_the_page_of_the_examples_shows_works(cloud: Emulator, tmp_path: Path) -> None:
    said = {
        "pgflex.azure.list": "3 servers, 3 assignments",
        "rollout.yml --check": "3 servers: 2 compliant, 1 drifted (1 missing, 0 extra), 0 failed",
    }
    run_playbooks(EXAMPLES / "README.md", Terminal(tmp_path, cloud.environment), said)


def test_every_playbook_of_the_examples_is_run_by_a_page() -> None:
    commands = " ".join(command for page in PAGES for command in console_commands(page))
    playbooks = [path.name for path in EXAMPLES.glob("*.yml") if "hosts" in str(yaml.safe_load(path.read_text()))]
    assert [name for name in playbooks if name not in commands] == []


def test_what_is_not_run_is_shown_somewhere() -> None:
    commands = [command for page in PAGES for command in console_commands(page)]
    assert [start for start in NOT_RUN if not any(command.startswith(start) for command in commands)] == []
