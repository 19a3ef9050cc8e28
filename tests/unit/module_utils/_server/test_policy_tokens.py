# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One token for one attempt, and a second one only where the first had to wait."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.pgflex.azure.plugins.module_utils._azure.policies import PolicyTokens
from ansible_collections.pgflex.azure.plugins.module_utils._azure.rate_limits import RequestKind
from ansible_collections.pgflex.azure.plugins.module_utils._azure.retry import Clock, RetryPolicy
from ansible_collections.pgflex.azure.plugins.module_utils._errors import PolicyTokenRefused, ServiceError
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import ServerRef
from ansible_collections.pgflex.azure.plugins.module_utils._server.policy_tokens import LONG_HELD, TokenHolder

REF = ServerRef("00000000-0000-4000-8000-000000000001", "rg-one", "pg-one")
NEIGHBOUR = ServerRef(REF.subscription_id, "rg-one", "pg-two")
BODY = {"identity": {"type": "None"}}


class Gate:
    """Gives tokens, by a clock that only moves when it is told to."""

    def __init__(self, *tokens: str) -> None:
        self.seconds = 0.0
        self.tokens = list(tokens)
        self.policy = RetryPolicy(1000, 1, 1, Clock(lambda: self.seconds, lambda _seconds: None))

    def acquire_policy_token(self, _ref: ServerRef, _body: Any, _change_reference: str) -> str:
        return self.tokens.pop(0)

    def turns(self, holder: TokenHolder) -> list[str]:
        """Return what happens in which order."""
        before, happened = len(self.tokens), []
        for turn in holder.acquire(self, BODY, self.policy):  # type: ignore[arg-type]
            assert turn is RequestKind.WRITE
            happened.append("turn after" if len(self.tokens) < before else "turn before")
        return happened


def refusal() -> ServiceError:
    error = ServiceError("Cannot change", "No", code="RequestDisallowedByPolicy", status=403)
    error.policy_scope = ""
    return error


@pytest.mark.parametrize(("seconds", "again"), [(LONG_HELD, False), (LONG_HELD + 1, True)])
def test_a_token_that_waited_may_have_expired_and_the_next_one_does_not_wait(seconds: float, again: bool) -> None:
    gate, holder = Gate("one", "two"), TokenHolder(PolicyTokens(), REF)
    assert holder.is_demanded(refusal(), "")
    assert gate.turns(holder) == ["turn after"]
    gate.seconds += seconds
    error = refusal()
    assert holder.is_demanded(error, holder.take()) is again
    if again:
        assert gate.turns(holder) == ["turn before"]
        gate.seconds += seconds
        assert not holder.is_demanded(error, holder.take())
    assert "not accepted" in error.hint


def test_a_token_is_for_one_body_and_one_attempt() -> None:
    gate, holder = Gate("one"), TokenHolder(PolicyTokens("always"), REF)
    gate.turns(holder)
    assert [holder.lacks(each) for each in (BODY, {})] == [False, True]
    assert [holder.take(), holder.take()] == ["one", ""]
    assert holder.lacks(BODY)


def test_only_a_neighbour_goes_without_where_the_answer_has_neither_token_nor_verdict() -> None:
    run = PolicyTokens()
    run.learn("", NEIGHBOUR)
    holder, gate = TokenHolder(run, REF), Gate("", "")
    gate.turns(holder)
    assert not holder.lacks(BODY)
    assert holder.is_demanded(refusal(), holder.take())
    with pytest.raises(PolicyTokenRefused):
        gate.turns(holder)
    for always in (PolicyTokens("always"), PolicyTokens(change_reference="CHG1")):
        with pytest.raises(PolicyTokenRefused):
            Gate("").turns(TokenHolder(always, REF))
