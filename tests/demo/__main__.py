# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show the main job on a small estate, against the emulator: `python tests/demo`, or `--keep` to play with it."""

from __future__ import annotations

import argparse
import json
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
ROOT = HERE.parents[1]
INVENTORY = ROOT / "examples" / "servers.yml"
ESTATE = ROOT / "examples" / "estate.pgflex.yml"
REPORT = ROOT / ".cache" / "demo" / "audit"
ENVIRONMENT = ROOT / ".cache" / "emulator.env"
ASSIGN = ("pgflex.azure.assign", "-e", "pgflex_identity_present=id-export")


@dataclass(frozen=True)
class Step:
    """One command of the tour: what it shows, its arguments behind the inventory, and what shall come of it."""

    title: str
    arguments: tuple[str, ...]
    writes: int = 0
    status: int = 0
    inventory: Path = INVENTORY
    program: str = "ansible-playbook"


STEPS = (
    Step("Who holds what?", ("pgflex.azure.list",)),
    Step("What would happen if every server got id-export? Nothing is written.", (*ASSIGN, "--check", "--diff")),
    Step("Assign it.", ASSIGN, writes=3),
    Step("Assign it again: changed=0, nothing is written.", ASSIGN),
    Step(
        "Remove id-keys, which encrypts the data of pg-payments: refused.",
        ("pgflex.azure.remove", "-e", "pgflex_identity_absent=id-keys", "--limit", "pg-payments"),
        status=2,
    ),
    Step("Remove id-export.", ("pgflex.azure.remove", "-e", "pgflex_identity_absent=id-export"), writes=3),
    Step("Who holds what now?", ("pgflex.azure.list",)),
    Step("The same servers, discovered.", ("--graph",), inventory=ESTATE, program="ansible-inventory"),
    Step(
        "Audit: the inventory wants id-backup on all of production, and pg-orders does not hold it.",
        (
            "pgflex.azure.audit",
            *("-e", "pgflex_identity_fail_on_drift=true"),
            *("-e", f"pgflex_identity_report_html={os.path.relpath(REPORT)}.html"),
            *("-e", f"pgflex_identity_report_json={os.path.relpath(REPORT)}.json"),
        ),
        inventory=ESTATE,
        status=2,
    ),
)


def tour(azure: Emulator) -> int:
    """Run all steps; return the exit status."""
    before = azure.holdings()
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    for number, step in enumerate(STEPS, 1):
        command = [step.program, "-i", os.path.relpath(step.inventory), *step.arguments]
        print(f"\n===== {number}. {step.title}\n$ {shlex.join(command)}", flush=True)
        done = subprocess.run(
            [Path(sys.executable).with_name(command[0]), *command[1:]],
            # The records for rollbacks belong to this estate, not into the user's home.
            env={**os.environ, "ANSIBLE_NOCOWS": "1", "ANSIBLE_HOME": str(REPORT.parent), **azure.environment},
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
    drifted = [each["host"] for each in audited() if each["status"] != "compliant"]
    if azure.holdings() != before or drifted != ["pg-orders"]:
        print(f"\nThe servers hold something else than before, or the audit is wrong: {drifted}.", file=sys.stderr)
        return 1
    writes = sum(step.writes for step in STEPS)
    print(
        f"\nDone: id-export was assigned to {len(before)} servers and removed again, with {writes} writes. "
        "The dry run, the second assignment and the refusal wrote nothing. The servers hold what they held before. "
        f"The audit found that {drifted[0]} has drifted; its report for the browser: {os.path.relpath(REPORT)}.html"
    )
    return 0


def audited() -> list[dict[str, str]]:
    """Return the servers in the report of the audit."""
    servers: list[dict[str, str]] = json.loads(REPORT.with_suffix(".json").read_text(encoding="utf-8"))["servers"]
    return servers


def exports(azure: Emulator) -> str:
    """Return what a shell sets to use the emulator, and the checkout as the collection."""
    lines = [f"export {name}={shlex.quote(value)}" for name, value in azure.environment.items()]
    lines.append(f"export ANSIBLE_COLLECTIONS_PATH={shlex.quote(os.environ['ANSIBLE_COLLECTIONS_PATH'])}")
    lines.append(f'export PATH={shlex.quote(str(Path(sys.executable).parent))}:"$PATH"')
    return "".join(f"{line}\n" for line in lines)


def keep(azure: Emulator) -> int:
    """Tell how to use the emulator, with a file to source, and wait for Ctrl-C. The file goes with the emulator."""
    ENVIRONMENT.unlink(missing_ok=True)
    try:
        tell_how_to_use(azure)
        signal.pause()
    except KeyboardInterrupt:
        print()
    finally:
        # Another one may have begun since.
        if ENVIRONMENT.is_file() and ENVIRONMENT.read_text(encoding="utf-8") == exports(azure):
            ENVIRONMENT.unlink()
    return 0


def tell_how_to_use(azure: Emulator) -> None:
    """Write the file, and print commands to paste."""
    with os.fdopen(os.open(ENVIRONMENT, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(exports(azure))
    print(f"The emulator is running. In another terminal, from this folder:\n\nsource {os.path.relpath(ENVIRONMENT)}\n")
    inventory = os.path.relpath(INVENTORY)
    print(f"ansible-playbook -i {inventory} pgflex.azure.list")
    print(f"ansible-playbook -i {inventory} {shlex.join(ASSIGN)} --check --diff")
    print(f"ansible-inventory -i {os.path.relpath(ESTATE)} --graph")
    ca_file = shlex.quote(azure.ready["ca_file"])
    print(f"curl --cacert {ca_file} {azure.ready['arm']}/_emulator/servers\n\nCtrl-C ends it.", flush=True)


def main() -> int:
    """Show the demo, or keep the emulator running; return the exit status."""
    parser = argparse.ArgumentParser(prog="python tests/demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="only start the emulator, and say how to use it")
    arguments = parser.parse_args()
    # However this is ended, the emulator ends too. A shell has what it starts in the background ignore SIGINT.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)
    with running_emulator("--seed", str(HERE / "seed.yml")) as azure:
        return keep(azure) if arguments.keep else tour(azure)


if __name__ == "__main__":
    sys.exit(main())
