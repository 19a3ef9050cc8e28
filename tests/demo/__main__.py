# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the main job on a small estate, against a local Azure: C(python tests/demo), or C(--keep) to play with it."""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from e2e.emulator_client import Emulator, running_emulator

HERE = Path(__file__).resolve().parent
INVENTORY = HERE / "servers.yml"


@dataclass(frozen=True)
class Step:
    """One command of the tour: what it shows, the arguments of ansible-playbook, and what shall come of it."""

    title: str
    arguments: tuple[str, ...]
    writes: int = 0
    status: int = 0


STEPS = (
    Step("Who holds what?", ("pgflex.azure.list",)),
    Step(
        "What would happen if every server got id-export? Nothing is written.",
        ("pgflex.azure.assign", "-e", "pgflex_identity_present=id-export", "--check", "--diff"),
    ),
    Step("Assign it.", ("pgflex.azure.assign", "-e", "pgflex_identity_present=id-export"), writes=3),
    Step(
        "Assign it again: changed=0, nothing is written.",
        ("pgflex.azure.assign", "-e", "pgflex_identity_present=id-export"),
    ),
    Step(
        "Remove id-keys, which encrypts the data of pg-payments: refused.",
        ("pgflex.azure.remove", "-e", "pgflex_identity_absent=id-keys", "--limit", "pg-payments"),
        status=2,
    ),
    Step("Remove id-export.", ("pgflex.azure.remove", "-e", "pgflex_identity_absent=id-export"), writes=3),
    Step("Who holds what now?", ("pgflex.azure.list",)),
)


def tour(azure: Emulator) -> int:
    """Run all steps; returns the exit status."""
    before = holdings(azure)
    for number, step in enumerate(STEPS, 1):
        command = ["ansible-playbook", "-i", os.path.relpath(INVENTORY), *step.arguments]
        print(f"\n===== {number}. {step.title}\n$ {shlex.join(command)}", flush=True)
        done = subprocess.run(
            [Path(sys.executable).with_name(command[0]), *command[1:]],
            env={**os.environ, "ANSIBLE_NOCOWS": "1", **azure.environment},
            check=False,
        )
        written = [each for each in azure.requests("arm") if each["method"] != "GET"]
        if (done.returncode, len(written)) != (step.status, step.writes):
            print(
                f"\nStep {number} ended with status {done.returncode} and {len(written)} writes, "
                f"not with {step.status} and {step.writes}.",
                file=sys.stderr,
            )
            return 1
        azure.clear_requests()
    if holdings(azure) != before:
        print("\nThe servers do not hold what they held before.", file=sys.stderr)
        return 1
    writes = sum(step.writes for step in STEPS)
    print(
        f"\nDone: id-export was assigned to {len(before)} servers and removed again, with {writes} "
        "writes. The dry run, the second assignment and the refusal wrote nothing. The servers hold what they held "
        "before."
    )
    return 0


def holdings(azure: Emulator) -> dict[str, list[str]]:
    """The user assigned identities of each server, as the emulator knows them."""
    return {each["name"]: sorted(each["identity"]["user_assigned"], key=str.lower) for each in azure.servers()}


def keep(azure: Emulator) -> int:
    """Tell how to use the local Azure, and wait for Ctrl-C."""
    print("A local Azure is running. In another terminal, from this folder:\n", flush=True)
    for name, value in azure.environment.items():
        print(f"export {name}={shlex.quote(value)}")
    print(f"export ANSIBLE_COLLECTIONS_PATH={shlex.quote(os.environ['ANSIBLE_COLLECTIONS_PATH'])}")
    print(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"\n')
    inventory = os.path.relpath(INVENTORY)
    print(f"ansible-playbook -i {inventory} pgflex.azure.list")
    print(f"ansible-playbook -i {inventory} pgflex.azure.assign -e pgflex_identity_present=id-export --check --diff")
    print(
        f"curl --cacert {shlex.quote(azure.ready['ca_file'])} {azure.ready['arm']}/_emulator/servers\n\nCtrl-C ends it.",
        flush=True,
    )
    try:
        signal.pause()
    except KeyboardInterrupt:
        print()
    return 0


def main() -> int:
    """Entry point; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python tests/demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="only start the local Azure, and say how to use it")
    arguments = parser.parse_args()
    with running_emulator("--seed", str(HERE / "seed.yml")) as azure:
        return keep(azure) if arguments.keep else tour(azure)


if __name__ == "__main__":
    sys.exit(main())
