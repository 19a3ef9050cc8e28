# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Credentials of azure-identity -> tokens, with failures in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._errors import CredentialError, connection_problem
from .deadline import TooLate

if TYPE_CHECKING:
    from .deadline import Deadline


class Tokens:
    """A credential whose failures are `CredentialError`, `name` being what it is called there.

    Messages of Microsoft Entra carry codes, never secrets.
    """

    def __init__(self, credential: Any, name: str, hint: str, deadline: Deadline) -> None:
        self._credential = credential
        self._doing = f"Cannot get a token with the {name}"
        self._hint = hint
        self._deadline = deadline

    def get_token(self, *scopes: str, **kwargs: Any) -> Any:
        """Return a token. Raise `CredentialError`, `WaitTimeout`."""
        from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError

        try:
            return self._deadline.run(lambda: self._credential.get_token(*scopes, **kwargs))
        except TooLate:
            raise self._deadline.passed(self._doing) from None
        except (ServiceRequestError, ServiceResponseError) as error:
            said = connection_problem(error)
        except (AzureError, ValueError, OSError) as error:
            said = " ".join(str(error).partition("To mitigate this issue")[0].split())
        # azure-identity turns whatever it meets into an error of its own.
        if self._deadline.remaining <= 0:
            raise self._deadline.passed(self._doing)
        # Microsoft Entra appends "Trace ID: .. Correlation ID: .. Timestamp: .."; its support asks for the first.
        said, _label, trace = said.partition(" Trace ID: ")
        refusal = CredentialError(f"{self._doing}: {said}", hint=self._hint)
        refusal.request_id = trace.split(" ")[0]
        raise refusal
