# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask a real server what is not known of the service: `python tests/live --server NAME --resource-group NAME`.

It signs in as the collection does, reads only unless it is told otherwise, and sends nothing to anybody else. The table
is printed, and the recording is written to a file, without a secret, a name or an address.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from ansible_collections.pgflex.azure.plugins.module_utils._azure.connection import Connection
from ansible_collections.pgflex.azure.plugins.module_utils._errors import PgflexError
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.journal import Journal
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import (
    ServerRef,
    check_group,
    check_server_name,
    identity_id,
)
from live.exchange import Listener, Recording
from live.guards import find_refusals
from live.questions import QUESTIONS, WRITE, Answers, table
from live.reading import Reader
from live.restoring import is_left, restore
from live.writer import Pace, Writer
from live.writing import Asker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible_collections.pgflex.azure.plugins.module_utils._azure.client import Api

#: It outlives `make clean`, as it says what is to be put back.
FOLDER = Path(__file__).resolve().parents[2] / ".live"
JOURNAL = "journal.jsonl"
REFUSED, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; return the exit status: 2 where the server must not be written to, 130 if interrupted."""
    given = _arguments(arguments)
    given.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pace = Pace(given.wait_timeout, given.poll_interval)
    try:
        with closing(Connection({})) as connection:
            if given.restore:
                for line in restore(connection.open, given.folder / JOURNAL, pace, given.settled_after):
                    print(line, flush=True)
                return 0
            ref = ServerRef(
                connection.subscription_id,
                check_group("RESOURCE_GROUP", given.resource_group),
                check_server_name("SERVER", given.server),
            )
            return Run(connection.open(), ref, given, pace).ask()
    except PgflexError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python tests/live", description=__doc__)
    parser.add_argument("--server", default="", help="name of the server")
    parser.add_argument("--resource-group", default="", help="its resource group")
    parser.add_argument("--identity", default="", help="resource ID, or name in that group, of an identity to assign")
    parser.add_argument("--write", action="store_true", help="assign it, and remove it again")
    parser.add_argument("--restore", action="store_true", help="only put back what a killed run has left")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where recording, table and journal are")
    parser.add_argument("--poll-interval", type=float, default=10, help="seconds between two looks at an operation")
    parser.add_argument("--wait-timeout", type=float, default=1800, help="seconds that one change may take")
    parser.add_argument("--longest-lag", type=float, default=60, help="seconds until a change has to be seen")
    parser.add_argument("--settled-after", type=float, default=300, help="seconds that an unseen operation may take")
    given = parser.parse_args(arguments)
    if not given.restore and not (given.server and given.resource_group):
        parser.error("name the server: make live SERVER=... RESOURCE_GROUP=...")
    if given.write and not given.identity:
        parser.error("WRITE=1 needs an IDENTITY to assign, which the server does not hold")
    return given


class Run:
    """One run: its recording and its table."""

    def __init__(self, api: Api, ref: ServerRef, given: argparse.Namespace, pace: Pace) -> None:
        self._api, self._ref, self._given, self._pace = api, ref, given, pace
        self._answers = Answers()
        self._begun = False
        self._identity_id: str = given.identity and identity_id(
            "IDENTITY", given.identity, ref.subscription_id, ref.resource_group
        )
        self._journal: Path = given.folder / JOURNAL

    def ask(self) -> int:
        """Ask, and tell what was found even if the run is broken off; return the exit status."""
        recording = Recording(self._given.folder / "recording.jsonl")
        self._reader = Reader(
            self._api, Listener(self._api, recording.add), self._ref, self._answers, self._identity_id or None
        )
        try:
            if self._given.write and (refusals := self._refusals()):
                return self._refuse(refusals)
            self._begun = True
            self._reader.ask()
            # Once more, right before: reading took its time.
            if self._given.write and (refusals := self._refusals()):
                return self._refuse(refusals)
            self._write()
        finally:
            recording.close()
            if self._begun:
                self._tell(recording)
        return 0

    def _refuse(self, reasons: list[str]) -> int:
        print(f"Nothing is written to server {self._ref.name}:\n- " + "\n- ".join(reasons), file=sys.stderr)
        return REFUSED

    def _refusals(self) -> list[str]:
        if is_left(self._journal):
            return [f"a run was broken off, as {self._journal} tells: run make live-restore first"]
        server = self._api.get_server(self._ref)
        return list(find_refusals(server, self._reader.list_servers(), self._identity_id))

    def _write(self) -> None:
        writing = [each.name for each in QUESTIONS if each.mode == WRITE]
        if not self._given.write:
            self._answers.leave("it takes WRITE=1", *writing)
            return
        self._answers.leave("the run was broken off", *writing)
        with Journal.create(str(self._journal), "live") as journal:
            writer = Writer(self._api, self._ref, journal, self._pace)
            asker = Asker(self._reader, writer, self._identity_id, self._given.longest_lag)
            problem: BaseException | None = None
            try:
                asker.ask()
            except BaseException as error:
                if not asker.is_as_before:
                    print("The server may hold the identity: run make live-restore.", file=sys.stderr)
                    raise
                problem = error
        if problem:
            raise problem

    def _tell(self, recording: Recording) -> None:
        text = table(self._answers)
        (self._given.folder / "table.txt").write_text(text, encoding="utf-8")
        print(text)
        print(f"The recording: {recording.path}. Look through it before you hand it to anybody.")
        if recording.problem:
            print(f"It is not complete: {recording.problem}", file=sys.stderr)
