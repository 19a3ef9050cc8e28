# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Credentials of azure-identity -> tokens: one principal for a connection, kept, and failures in words."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._errors import CredentialError, NoConnection, PgflexError
from .connection_problem import connection_failure, find_connection_problem
from .deadline import TooLate
from .multifactor import lacks_multifactor, warning
from .sign_in_hints import Refusal, read_refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import TokenCredential

    from .deadline import Deadline
    from .scrub import Scrubber

#: Seconds before its end at which a token is renewed; one that lives shortly loses no more than this part of its life.
_RENEWED_BEFORE = 300.0
_RENEWED_BEFORE_PART = 0.1


class Tokens:
    """A credential whose failures are `CredentialError`, `name` being what it is called there.

    Without `sign_in_host` it asks the machine itself, where no answer means that there is no such credential.
    Tokens are kept until shortly before they end: azure-core asks for one at each request within the last five minutes.
    """

    def __init__(
        self,
        credential: Any,
        name: str,
        hint: str,
        deadline: Deadline,
        scrubber: Scrubber,
        *,
        sign_in_host: str = "",
        unreached_hint: str = "",
        is_user: bool = False,
        in_public: bool = False,
    ) -> None:
        self._credential = credential
        self._name = name
        self._is_user = is_user
        self._in_public = in_public
        self._doing = f"Cannot get a token with the {name}"
        self._hint = hint
        self._sign_in_host = sign_in_host
        self._unreached_hint = unreached_hint
        self._deadline = deadline
        self._scrubber = scrubber
        self._lock = threading.Lock()
        self._kept: tuple[tuple[str, ...], float, Any] = ((), 0.0, None)

    def get_token(self, *scopes: str, **kwargs: Any) -> Any:
        """Return a token. Raise `CredentialError`, `WaitTimeout`."""
        with self._lock:
            kept_for, use_until, token = self._kept
            if kept_for != scopes or kwargs.get("claims") or time.time() >= use_until:
                token = self._ask(*scopes, **kwargs)
                self._scrubber.add(token.token)
                lifetime = token.expires_on - time.time()
                before = min(_RENEWED_BEFORE, lifetime * _RENEWED_BEFORE_PART)
                self._kept = (scopes, token.expires_on - before, token)
            return token

    def close(self) -> None:
        """Close the connections to where tokens come from."""
        # Not every credential of azure-identity has any.
        getattr(self._credential, "close", lambda: None)()

    def user_warning(self) -> str:
        """Return what to say of a user without multifactor authentication in the public cloud, else an empty text."""
        token = self._kept[2]
        lacks = self._is_user or (token is not None and lacks_multifactor(token.token))
        return warning(f"{self._name[0].upper()}{self._name[1:]}") if lacks and self._in_public else ""

    def _ask(self, *scopes: str, **kwargs: Any) -> Any:
        try:
            return self._deadline.run(lambda: self._get(*scopes, **kwargs))
        except PgflexError:
            raise
        except TooLate:
            raise self._deadline.passed(self._doing) from None
        except Exception as error:  # whatever azure-identity and MSAL make of an answer of any form
            # azure-identity turns whatever it meets into an error of its own.
            if self._deadline.remaining <= 0:
                raise self._deadline.passed(self._doing) from None
            told = self._connection_error(error) or self._refusal(read_refusal(error))
            raise self._scrubber.error(told) from None

    def _get(self, *scopes: str, **kwargs: Any) -> Any:
        with _unlogged():
            return self._credential.get_token(*scopes, **kwargs)

    def _connection_error(self, error: Exception) -> NoConnection | None:
        """Return the error of a sign-in host that was not reached, None if `error` is something else."""
        failure = connection_failure(error) if self._sign_in_host else None
        if failure is None:
            return None
        found = find_connection_problem(failure)
        doing = f"{self._doing}: cannot reach {self._sign_in_host}"
        told = NoConnection(doing, found.words, found.code or NoConnection.__name__)
        told.hint = self._unreached_hint or told.hint
        return told

    def _refusal(self, refusal: Refusal) -> CredentialError:
        told = CredentialError(f"{self._doing}: {refusal.said}.", hint=refusal.hint or self._hint)
        told.request_id = refusal.trace_id
        return told


@contextmanager
def _unlogged() -> Iterator[None]:
    """Keep azure-identity from logging what it raises: it quotes the answer, and Ansible's log file takes it."""
    logger = logging.getLogger("azure.identity")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


class FirstToAnswer:
    """Credentials of which the first that gives a token stays: nobody else does what its principal was refused."""

    def __init__(self, *credentials: TokenCredential) -> None:
        from azure.identity import ChainedTokenCredential

        self._credential: Any = ChainedTokenCredential(*(_Member(each, self) for each in credentials))

    def stay_with(self, credential: TokenCredential) -> None:
        """Ask no other one any more."""
        self._credential = credential

    def get_token(self, *scopes: str, **kwargs: Any) -> Any:
        """Return a token. Raise what azure-identity raises."""
        return self._credential.get_token(*scopes, **kwargs)


class _Member:
    """A credential of the chain. It tells when it has given a token."""

    def __init__(self, credential: TokenCredential, chain: FirstToAnswer) -> None:
        self._credential = credential
        self._chain = chain

    def get_token(self, *scopes: str, **kwargs: Any) -> Any:
        """Return a token. Raise what azure-identity raises."""
        token = self._credential.get_token(*scopes, **kwargs)
        self._chain.stay_with(self._credential)
        return token
