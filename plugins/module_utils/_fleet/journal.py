# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""The write-ahead journal of a rollout: what a write is about to do is on the disk before the write is sent."""

from __future__ import annotations

from datetime import datetime, timezone
from threading import Lock
from typing import TYPE_CHECKING, Any

from .._errors import InvalidInput, NotStarted, quoted
from .._files import AppendOnlyFile, expand
from .._version import VERSION
from .record import FORMAT, body, pack, seal

if TYPE_CHECKING:
    from types import TracebackType

    from .._identity.models import Plan, Server, ServerIdentity

_OPTION = "rollback_file"


class Journal:
    """The journal of one run. All methods may be called by several threads.

    Without a file it is kept in memory only, and nothing is refused. `backup` is where the file of an earlier run went.
    """

    def __init__(self, file: AppendOnlyFile | None, action: str, change_reference: str = "") -> None:
        self._file = file
        self._lock = Lock()
        self._bodies: list[str] = []
        self._checksum = ""
        self._intended: set[str] = set()
        self._wrote = False
        self._failure: OSError | None = None
        self._untold: set[str] = set()
        self._problem: OSError | None = None
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
        reference = {"change_reference": change_reference} if change_reference else {}
        self._sync(self._append({"format": FORMAT, "version": VERSION, "started": now, "action": action, **reference}))

    @classmethod
    def create(cls, path: str | None, action: str = "", change_reference: str = "") -> Journal:
        """Begin a journal in a new file, or in memory. Raise `InvalidInput`."""
        if not path:
            return cls(None, action, change_reference)
        file = None
        try:
            file = AppendOnlyFile(expand(path))
            return cls(file, action, change_reference)
        except OSError as error:
            if file:
                file.close()
            problem = f"{quoted(path)} cannot be written: {error.strerror}. Nothing was changed."
            raise InvalidInput(_OPTION, problem) from None

    def write_intent(self, host: str, before: Server, plan: Plan) -> None:
        """Return when it is on the disk what `plan` is about to do to the server, as it was read right `before`.

        Raise `NotStarted` if that cannot be: then nothing may be sent, neither to this server nor to another.
        """
        if self._failure:
            raise self._refusal(before, self._failure)
        facts = {"kind": "intent", "host": host, "server_id": before.ref.id}
        held = {"before": _held(before.identity), "after": _held(plan.after)}
        try:
            end = self._append({**facts, **held})
            self._intended.add(before.ref.id)
            self._wrote = True
            self._sync(end)
        except OSError as error:
            self._failure = error
            raise self._refusal(before, error) from None

    def write_outcome(self, server_id: str, outcome: str) -> None:
        """Add what became of all writes to a server since the last outcome, one of `OUTCOMES`, if there was an intent.

        It need not be on the disk at once: where it is missing it is not known what became of them. Where it cannot
        be written `warnings` says so.
        """
        if server_id not in self._intended:
            return
        self._intended.discard(server_id)
        try:
            self._append({"kind": "outcome", "server_id": server_id, "outcome": outcome})
            if self._file:
                self._file.check()
        except OSError as error:
            self._problem = error
            self._untold.add(server_id)

    @property
    def backup(self) -> str | None:
        """Where the file of an earlier run went, if there was one."""
        return str(self._file.backup) if self._file and self._file.backup else None

    def warnings(self) -> list[str]:
        """Return what the file does not say, once the journal is closed."""
        if self._problem is None or self._file is None:
            return []
        missing = f"what became of {len(self._untold)} of its servers" if self._untold else "that the run has ended"
        return [
            f"{_OPTION}: the record '{self._file.path}' is not complete: {self._problem.strerror}. It does not say "
            f"{missing}. A rollback looks at each server itself."
        ]

    def pack(self) -> str:
        """Return the journal as one line of text, empty if nothing was to be written."""
        with self._lock:
            return pack(self._bodies) if self._wrote else ""

    def __enter__(self) -> Journal:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it; a run that an exception has ended leaves it as one that was killed does."""
        try:
            if kind is None:
                self._sync(self._append({"kind": "end"}))
        except OSError as problem:
            self._problem = problem
        finally:
            if self._file:
                self._file.close()

    def _append(self, facts: dict[str, Any]) -> int:
        text = body(facts)
        with self._lock:
            try:
                end = self._write(text)
            except OSError:
                if facts.get("kind") != "intent":  # what was done is told at least by `pack`
                    self._bodies.append(text)
                raise
            self._bodies.append(text)
            return end

    def _write(self, text: str) -> int:
        if self._file is None:
            return 0
        line, checksum = seal(text, self._checksum)
        end = self._file.append(line.encode())
        self._checksum = checksum
        return end

    def _sync(self, end: int) -> None:
        if self._file:
            self._file.sync(end)

    def _refusal(self, server: Server, error: OSError) -> NotStarted:
        path = str(self._file.path) if self._file else ""
        return NotStarted(f"the record {quoted(path)} cannot be written: {error.strerror}.", target=server.ref.id)


def _held(identity: ServerIdentity) -> dict[str, Any]:
    return {"identities": list(identity.ids), "system_assigned": identity.system_assigned}
