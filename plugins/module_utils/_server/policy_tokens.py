# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""The policy token of one server's write: when it is asked for, what it is for, and that it serves once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .._azure.policies import NEVER, PolicyTokens
from .._azure.rate_limits import RequestKind
from .._errors import ChangeReferenceRequired, PgflexError, PolicyTokenRefused, ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._azure.retry import Clock, Coroutine, RetryPolicy
    from .._identity.resource_ids import ServerRef
    from .polling import ServerClient

_PERMISSION = "A policy token takes the right to read the whole subscription, beside the right to the change itself."
_NEVER = "The policy asks for a token, which acquire_policy_token=never forbids."
_NOT_ACCEPTED = "It was sent with a policy token, which was not accepted."


#: A token that is not accepted may have expired if it waited longer than so many seconds for the turn of its write.
LONG_HELD = 10.0


class TokenHolder:
    """Holds one token at most. `run` knows what other servers of the run have met."""

    def __init__(self, run: PolicyTokens, ref: ServerRef) -> None:
        self._run = run
        self._ref = ref
        self._demanded = False
        self._said = ""
        self._body: dict[str, Any] | None = None
        self._token = ""
        self._hurries = False
        self._age: Callable[[], float] = float

    def lacks(self, body: dict[str, Any]) -> bool:
        """Return whether a token has to be asked for before this body is sent."""
        if self._run.mode == NEVER or self._body == body:
            return False
        return self._demanded or self._run.asks_first(self._ref)

    def acquire(self, api: ServerClient, body: dict[str, Any], retry_policy: RetryPolicy) -> Coroutine[None]:
        """Ask for a token for this body, and return at the write's own turn; the one for the request is there.

        Where a token has not outlived the time in between, both turns come before the next one is asked for. Raise
        `PolicyTokenRefused`, and as `Api`.
        """
        self.drop()
        if self._hurries:
            yield RequestKind.WRITE
        request = partial(api.acquire_policy_token, self._ref, body, self._run.change_reference)
        try:
            token = yield from retry_policy.reading(request, RequestKind.WRITE, granted=True)
            # Where only a neighbour was refused this one may be none of the policy's: the service decides.
            if not token and (self._demanded or self._run.asks_always):
                raise PolicyTokenRefused(self._ref.name, "the answer holds none")
        except PgflexError as error:
            permission = _PERMISSION if isinstance(error, ServiceError) and error.status in (401, 403, 404) else ""
            asked = f"It is asked for by: {self._said}" if self._said and self._said not in str(error) else ""
            error.hint = " ".join(filter(None, (error.hint, permission, asked)))
            raise
        self._body, self._token = body, token
        self._age = partial(_age, retry_policy.clock, retry_policy.clock.now())
        if not self._hurries:
            yield RequestKind.WRITE

    def take(self) -> str:
        """Return the token for the one attempt that it serves, empty if there is none."""
        token = self._token
        self.drop()
        return token

    def drop(self) -> None:
        """Forget the token: what follows is a new plan."""
        self._body, self._token = None, ""

    def is_demanded(self, error: ServiceError, token: str) -> bool:
        """Return whether a write that was refused, sent with `token` if that is not empty, is to ask for one.

        Raise `ChangeReferenceRequired`.
        """
        if error.policy_scope is None:
            return False
        if error.needs_change_reference and not self._run.change_reference:
            raise ChangeReferenceRequired(error)
        hurries = bool(token) and self._age() > LONG_HELD and not self._hurries
        if self._run.mode == NEVER or (token and not hurries):
            error.hint = _NEVER if self._run.mode == NEVER else _NOT_ACCEPTED
            return False
        self._run.learn(error.policy_scope, self._ref)
        self._demanded, self._said, self._hurries = True, error.policy_said, hurries
        return True


def _age(clock: Clock, since: float) -> float:
    return clock.now() - since
