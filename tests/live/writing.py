# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions that only a write answers: one identity is assigned and removed, and the server is as before."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ansible_collections.pgflex.azure.plugins.module_utils._azure.responses import retry_after, same_place
from ansible_collections.pgflex.azure.plugins.module_utils._errors import PgflexError, Refused, ServiceError
from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import DesiredState
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import key, split
from ansible_collections.pgflex.azure.plugins.module_utils._server.preflight import Identities, Preflight
from live.writer import assigning, removing_what_is_not_there

if TYPE_CHECKING:
    from ansible_collections.pgflex.azure.plugins.module_utils._identity.models import Operation, Server
    from live.exchange import Exchange
    from live.reading import Reader
    from live.writer import Writer

_BUSY = ("busy_in", "busy_status", "busy_code")
_ADDRESSES = ("azure-asyncoperation", "location")


@dataclass
class Asker:
    """Asks by writing. `longest_lag`: seconds after which a change that does not show is given up."""

    reader: Reader
    writer: Writer
    identity_id: str
    longest_lag: float

    def __post_init__(self) -> None:
        self.answers = self.reader.answers
        self.api, self.ref = self.writer.api, self.writer.ref
        self._desired = DesiredState(present=(self.identity_id,))
        #: Whether the server is known to hold what it held.
        self.is_as_before = True

    def ask(self) -> None:
        """Ask all of them. Raise `PgflexError`; whatever happens, the identity is removed in the end."""
        before = self._get()
        restrictions = self._find_restrictions(before)
        self._null(before, restrictions)
        self.is_as_before = False
        try:
            if self._assign(restrictions):
                self._other_casing()
        finally:
            self._remove(before)

    def _get(self) -> Server:
        return self.writer.pace.policy().read(partial(self.api.get_server, self.ref))

    def _sent(self) -> Exchange:
        """Return the last PATCH and its answer."""
        return next(each for each in reversed(self.reader.listener.exchanges) if each.method == "PATCH")

    def _null(self, before: Server, restrictions: list[str]) -> None:
        if "deleted_identity" in restrictions:
            self.answers.leave("the server holds an identity that does not exist", "remove_unassigned")
            return
        if not before.identity.ids:
            self.answers.leave(
                "without another identity the type of such a PATCH would be wrong",
                "remove_unassigned",
                "several_groups",
            )
            return
        nothing = DesiredState(present=before.identity.ids)
        try:
            operation = self.writer.send(partial(removing_what_is_not_there, self.identity_id))
            self.writer.follow(operation, nothing)
        except ServiceError as error:
            _check_refused(error)
            self.answers.give("remove_unassigned", "refuse")
        else:
            self.answers.give("remove_unassigned", "ignore")
        if not self._get().identity.shows_same_as(before.identity):
            raise Refused(f"The service took more away than it was asked for: look at server {self.ref.name}.")

    def _find_restrictions(self, before: Server) -> list[str]:
        """Return the questions that assigning the identity answers. Raise `Refused` if it does not exist."""
        policy = self.writer.pace.policy()
        identities = Identities(self.api, policy)
        found = []
        identity = identities.get(self.identity_id)
        if identity is None:
            raise Refused(f"{self.identity_id} cannot be read, so that it may not exist. {identities.warnings[0]}")
        try:
            Preflight(self.api, identities, policy).check(before, assigning(self.identity_id, before))
        except Refused:
            found.append("restricted_identity")
        if not all(map(identities.may_exist, before.identity.ids)):
            found.append("deleted_identity")
        if key(split(self.identity_id).subscription_id) != key(self.ref.subscription_id):
            found.append("other_subscription")
        self.answers.leave("IDENTITY is of the subscription of the server", "other_subscription")
        self.answers.leave("IDENTITY has no restriction that excludes the server", "restricted_identity")
        self.answers.leave("all identities that the server holds exist", "deleted_identity")
        return found

    def _assign(self, restrictions: list[str]) -> bool:
        """Return whether the identity was assigned. A refusal is an answer where there is a reason for it."""
        now = self.writer.pace.policy().clock.now
        begun = now()
        try:
            operation = self.writer.send(partial(assigning, self.identity_id))
            self._accepted(self._sent())
            self._meanwhile(operation)
            self.writer.follow(operation, self._desired)
        except ServiceError as error:
            if not restrictions:
                raise
            _check_refused(error)
            for name in restrictions:
                self.answers.give(name, "refuse")
            return False
        self.answers.give("operation_seconds", round(now() - begun, 1))
        for name in restrictions:
            self.answers.give(name, "accept")
        self._lags()
        return True

    def _accepted(self, answer: Exchange) -> None:
        self.answers.give("accepted", "202_empty" if answer.status == 202 and answer.body is None else answer.status)
        named = [each for each in _ADDRESSES if each in answer.headers]
        words = {"azure-asyncoperation, location": "both", "azure-asyncoperation": "operation", "": "none"}
        self.answers.give("async_headers", words.get(", ".join(named), ", ".join(named)))
        elsewhere = [answer.headers[each] for each in named if not same_place(answer.headers[each], answer.url)]
        self.answers.give("operation_host", urlsplit(elsewhere[0]).hostname if elsewhere else None)
        seconds = retry_after({"Retry-After": answer.headers.get("retry-after")})
        self.answers.give("retry_after", seconds if seconds is None else math.ceil(seconds))

    def _meanwhile(self, operation: Operation) -> None:
        """Look at the server while the operation is at work on it, and send the same PATCH again."""
        state = self._get().state
        try:
            second = self.writer.send(partial(assigning, self.identity_id), insist=False)
        except ServiceError as error:
            if not error.busy:
                raise
            self._busy("request", error)
        else:
            if self._has_ended(operation):
                self.answers.leave("the operation had ended before", "state_while_running", *_BUSY)
                self.writer.follow(second, self._desired)
                return
            self._second(second)
        self.answers.give("state_while_running", state)

    def _has_ended(self, operation: Operation) -> bool:
        """Return whether an operation is over; where it has no address the server says so."""
        if operation.url is None:
            return key(self.identity_id) in map(key, self._get().identity.ids)
        return self.api.poll(operation)[0]

    def _second(self, operation: Operation) -> None:
        try:
            self.writer.follow(operation, self._desired)
        except ServiceError as error:
            if not error.busy:
                raise
            self._busy("operation", error)
        else:
            self.answers.give("busy_in", "accepted")
            self.answers.leave("a second change was accepted while the first one ran", *_BUSY)

    def _busy(self, where: str, error: ServiceError) -> None:
        self.answers.give("busy_in", where)
        self.answers.give("busy_code", error.code)
        self.answers.leave("the operation failed, which has no status", "busy_status")
        if where == "request":
            self.answers.give("busy_status", error.status)

    def _lags(self) -> None:
        """Wait until GET shows the change, and until the list does."""
        clock = self.writer.pace.policy().clock
        begun = clock.now()
        for name, shows in (("get_lag", self._show), ("list_lag", self._list)):
            looks = 0
            while not shows() and clock.now() - begun < self.longest_lag:
                looks += 1
                clock.sleep(min(self.writer.pace.poll_interval, 1.0))
            seconds = clock.now() - begun
            late = f"more than {self.longest_lag:g}" if seconds >= self.longest_lag else math.ceil(seconds)
            self.answers.give(name, late if looks else 0)

    def _show(self) -> bool:
        server = self._get()
        held = {key(each): each for each in server.identity.ids}
        if key(self.identity_id) not in held:
            return False
        shown = held[key(self.identity_id)]
        if self.identity_id != self.identity_id.lower():
            casings = {self.identity_id: "caller", self.identity_id.lower(): "lower"}
            self.answers.give("key_casing", casings.get(shown, "another"))
        raw = self.reader.listener.exchanges[-1].body["identity"]
        self.reader.answer_client_id(shown, raw["userAssignedIdentities"][shown] or {}, raw.get("tenantId"))
        return True

    def _list(self) -> bool:
        if self.reader.list_servers() is None:
            self.answers.leave("the servers of the subscription cannot be listed", "list_lag")
            return True
        listed = (self.reader.find_listed() or {}).get("identity") or {}
        return key(self.identity_id) in map(key, listed.get("userAssignedIdentities") or {})

    def _other_casing(self) -> None:
        other = other_casing(self.identity_id)
        try:
            self.writer.follow(self.writer.send(partial(assigning, other)), DesiredState(present=(other,)))
        except ServiceError as error:
            _check_refused(error)
            self.answers.give("same_id_other_casing", error.code)
            return
        held = [each for each in self._get().identity.ids if key(each) == key(self.identity_id)]
        self.answers.give("same_id_other_casing", "merge" if len(held) == 1 else "duplicate")

    def _remove(self, before: Server) -> None:
        groups = {_group(each) for each in (*before.identity.ids, self.identity_id)}
        several = len(groups) > 1
        self.answers.leave("all identities are of one resource group", "several_groups")
        try:
            self.writer.remove(self.identity_id)
        except PgflexError as error:
            if several:
                self.answers.give("several_groups", error.code)
            raise
        if several:
            self.answers.give("several_groups", "accept")
        if not self._get().identity.shows_same_as(before.identity):
            raise Refused(f"Server {self.ref.name} does not hold what it held before: look at it.")
        self.is_as_before = not self.writer.open


def _check_refused(error: ServiceError) -> None:
    """Raise an error that is no word of the service about what it was asked to do."""
    no_word = error.code == type(error).__name__ or error.transient or error.throttled or error.busy
    # Whoever has no right, or is refused by a policy, learns nothing about the service.
    if no_word or error.status in (401, 403):
        raise error


def _group(identity_id: str) -> tuple[str, str]:
    parts = split(identity_id)
    return key(parts.subscription_id), key(parts.resource_group)


def other_casing(identity_id: str) -> str:
    """Return the ID with the name of the identity in another casing."""
    start, name = identity_id.rsplit("/", 1)
    return f"{start}/{name.swapcase()}"
