# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that a test asks for: which request they hit, how often, and what happens then."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from emulator import schema
from emulator.arm.errors import ArmError


class EmulatedFault(ArmError):
    """A fault as the control API takes it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message=message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Then:
    """The effect on the request that a fault hits; the README explains each key."""

    status: int | None = None
    code: str | None = None
    message: str | None = None
    body: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    aadsts: int | None = None
    silent: str | None = None
    drip: float | None = None
    delay: float = 0
    disconnect: str | None = None
    processed: bool = False
    advance: float = 0
    meanwhile: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None
    operation_status: str | None = None
    operation_error: dict[str, str] | None = None
    operation_effect: str | None = None

    @property
    def decides_operation(self) -> bool:
        return bool(self.operation_status or self.operation_error or self.operation_effect)

    @property
    def answers(self) -> bool:
        """Return whether the answer is given here and not by the service."""
        return any(each is not None for each in (self.status, self.code, self.body, self.aadsts))


@dataclass
class _Fault:
    source: dict[str, Any]
    path: re.Pattern[str]
    method: str | None
    skip: int
    left: int
    then: Then
    taken: int = 0

    def hits(self, method: str, path: str) -> bool:
        if self.left == 0 or (self.method and self.method != method) or not self.path.search(path):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.left > 0:
            self.left -= 1
        self.taken += 1
        return True


class Faults:
    """The faults in force, in the order in which they were added: the first that hits is taken."""

    def __init__(self) -> None:
        self._faults: list[_Fault] = []

    def clear(self) -> None:
        self._faults.clear()

    def add(self, document: object) -> None:
        """Add a list of faults.

        :raises schema.InvalidDocumentError: if one is not as the schema says.
        """
        schema.check(document, "faults")
        assert isinstance(document, list)
        self._faults += [_fault(index, each) for index, each in enumerate(document)]

    def as_list(self) -> list[dict[str, Any]]:
        return [
            {**each.source, "skip_left": each.skip, "times_left": each.left, "hits": each.taken}
            for each in self._faults
        ]

    def take(self, method: str, path: str) -> Then | None:
        return next((each.then for each in self._faults if each.hits(method, path)), None)


def _fault(index: int, source: dict[str, Any]) -> _Fault:
    match = source.get("match", {})
    try:
        path = re.compile(match.get("path", ""), re.IGNORECASE)
    except re.error as error:
        raise schema.InvalidDocumentError(f"$[{index}].match.path: {error}") from error
    method = match.get("method")
    return _Fault(
        source=source,
        path=path,
        method=method.upper() if method else None,
        skip=source.get("after", 0),
        left=source.get("times", 1),
        then=Then(**source.get("then", {})),
    )
