# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Errors of this collection: what was tried, what Azure said, what to do next.

Everything below the modules raises one of these; only the modules turn them into `fail_json`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A server that works on another operation refuses a write with one of these, at once or in the operation's result.
#: Azure/azure-postgresql#134, Azure/bicep-registry-modules#4451, hashicorp/terraform-provider-azurerm#29219.
BUSY_CODES = frozenset(("serverisbusy", "serverbusy", "serverisnotready"))

#: The page that explains each code, under the code in lower case. The site is `documentation` of galaxy.yml, which a
#: module cannot read; a test holds the two, and the codes, together.
TROUBLESHOOTING = "https://pgflex.github.io/azure/docsite/troubleshooting.html"

_TRANSIENT_STATUS = frozenset((408, 500, 502, 503, 504))

#: What to do next, by ARM error code (lower case).
_HINTS = {
    "authorizationfailed": "Grant the credential a role with the action named above on that scope; a new role "
    "assignment can take some minutes to work.",
    "linkedauthorizationfailed": "Grant the credential 'Managed Identity Operator' on the identity (it needs "
    "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action), and check that the identity exists.",
    "resourcenotfound": "Check the name, the resource group and the subscription. A server or an identity is never "
    "created.",
    "resourcegroupnotfound": "Check the resource group and the subscription.",
    "subscriptionnotfound": "Check subscription_id, and that the credential has a role in that subscription.",
    "failedidentityoperation": "Check that every identity to assign exists and may be used by this server.",
    "linkedinvalidpropertyid": "Check the resource IDs in identities.",
    "scopelocked": "Remove the lock from the scope named above, or exclude this server.",
    "missingsubscriptionregistration": "Register the resource provider once for the subscription: "
    "az provider register --namespace Microsoft.DBforPostgreSQL",
    "subscriptionrequeststhrottled": "Raise wait_timeout, or run fewer clients at once in this subscription.",
    "expiredauthenticationtoken": "Run again for a fresh token; check the clock of this machine.",
    "invalidauthenticationtoken": "Check that the credential belongs to this cloud (cloud_environment).",
    "invalidauthenticationtokentenant": "Check tenant: it must be the tenant of the subscription.",
    "invalidauthenticationtokenaudience": "Check cloud_environment: the token was made for another cloud.",
    "serverstoppederror": "Start the server, then run again: az postgres flexible-server start.",
    "servergroupdropping": "The server is being deleted.",
    "requestdisallowedbypolicy": "Mend what the policy names, or have it exempt this server; then run again.",
    "serverdifferentsubscription": "See https://github.com/Azure/azure-cli/issues/32011; removing one identity at a "
    "time, or all at once, may get through.",
    "invalidresourcetype": "This cloud does not serve the API version that this collection uses.",
    "noregisteredproviderfound": "This cloud does not serve the API version that this collection uses.",
    "invalidapiversionparameter": "This cloud does not serve the API version that this collection uses.",
    # Codes of this collection.
    "noconnection": "Check the network, the DNS and the firewall of the machine that runs the task; behind a proxy set "
    "HTTPS_PROXY.",
    "certificatenottrusted": "Set ca_path (option ca_path, or environment variable REQUESTS_CA_BUNDLE) to the "
    "authority that signs for this host, or for a proxy that reads TLS.",
    "proxyfailed": "Check HTTPS_PROXY, with user and password where the proxy asks for them; hosts in NO_PROXY are "
    "asked without it.",
}
#: Characters that a message repeats of a value, which may be a whole file by mistake. No resource ID is longer.
_MOST = 400
_BUSY_HINT = "Run again when the other operation has ended, or raise busy_timeout."


#: What became of the write of a task that failed: nothing was sent; it was sent and the answer lost; Azure accepted it
#: as an operation; its operation succeeded, and the end could not be confirmed.
WRITE_NONE, WRITE_UNKNOWN, WRITE_ACCEPTED, WRITE_DONE = "none", "unknown", "accepted", "done"


def shortened(text: str) -> str:
    """Return the text, cut if it is long."""
    return text if len(text) <= _MOST else f"{text[:_MOST]}... ({len(text)} characters)"


def quoted(value: object) -> str:
    """Return a value that somebody has set as Python writes it, cut if it is long."""
    return shortened(repr(value))


class PgflexError(Exception):
    """Base class. `str()` is the whole message for the user.

    `write` is one of the words above, `operation` the ID and start of the operation that carries it out.
    """

    def __init__(self, message: str, *, code: str = "", target: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).__name__
        self.target = target
        self.hint = hint
        self.status: int | None = None
        self.request_id = ""
        self.write = WRITE_NONE
        self.operation: tuple[str, str] | None = None

    @property
    def changed(self) -> bool:
        """Whether the server was changed, or is being changed."""
        return self.write in (WRITE_ACCEPTED, WRITE_DONE)

    @property
    def write_in_words(self) -> str:
        """Whether the write was carried out, in a sentence; empty if nothing was sent."""
        if self.write == WRITE_UNKNOWN:
            return "A change was sent and its answer lost: look at the server with state=info before you go on."
        by = f" as operation {self.operation[0]}, started {self.operation[1]}" if self.operation else ""
        if self.write == WRITE_ACCEPTED:
            return f"Azure has accepted the change{by}: look at the server with state=info to see what became of it."
        if self.write == WRITE_DONE:
            return f"The change was carried out{by}, and could not be confirmed: look at the server with state=info."
        return ""

    def __str__(self) -> str:
        return f"{self._said()} {self.write_in_words}".strip()

    def _said(self) -> str:
        facts = [f"HTTP {self.status}"] if self.status is not None else []
        facts += [f"request id {self.request_id}"] if self.request_id else []
        return f"{_with_facts(self.message, facts)} {self.hint}".strip()

    @property
    def anchor(self) -> str:
        """Where the page for troubleshooting explains the code, empty for its top. It has all of this collection."""
        return self.code.lower()

    @property
    def help(self) -> str:
        """The address of what the page for troubleshooting says of the code."""
        return f"{TROUBLESHOOTING}#{self.anchor}" if self.anchor else TROUBLESHOOTING

    def as_dict(self) -> dict[str, Any]:
        """Return the `error` of a failed result."""
        return {
            "code": self.code,
            "help": self.help,
            "message": self.message,
            "status": self.status,
            "target": self.target or None,
            "request_id": self.request_id or None,
            "write": self.write,
            "operation": dict(zip(("id", "start_time"), self.operation)) if self.operation else None,
        }


class UnexpectedError(PgflexError):
    """A fault of this collection, or of a library below it."""

    def __init__(self, fault: Exception) -> None:
        super().__init__(
            f"Unexpected {type(fault).__name__}: {str(fault).rstrip('.') or 'no reason was given'}.",
            hint="This is a fault of the collection: please report it, with what the task was to do.",
        )


def as_pgflex_error(error: Exception) -> PgflexError:
    """Return the error itself if it is one of ours, else an `UnexpectedError` that tells of it."""
    return error if isinstance(error, PgflexError) else UnexpectedError(error)


class InvalidInput(PgflexError):
    """An option has a value that cannot work. Raised before any request."""

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"{option}: {problem}", target=option)


class NoSubscription(InvalidInput):
    """Nothing says which subscription to work in."""


class CredentialError(PgflexError):
    """No token: a credential is missing, unreadable or refused."""


class NoConnection(PgflexError):
    """A host beside Azure Resource Manager cannot be reached, or the way to it not be trusted.

    `code` says which. Such failures of Azure Resource Manager itself are `ServiceError` with the same codes.
    """

    def __init__(self, doing: str, said: str, code: str, *, target: str = "") -> None:
        super().__init__(f"{doing}: {said}.", code=code, target=target)
        self.hint = _HINTS[self.code.lower()]


class MissingPackage(PgflexError):
    """A Python package is not there."""


class Refused(PgflexError):
    """The plan must not be carried out. Raised before any write, in check mode too."""


class NotApproved(Refused):
    """The server needs now what was not approved for it. Raised before that is written."""


class UnexpectedAnswer(PgflexError):
    """Azure, or something between us and Azure, answered what is not ARM's protocol."""


class NotVerified(PgflexError):
    """The operation succeeded, and the server is not as planned."""


class NotStarted(PgflexError):
    """Raised right before a write that must not begin, nor any later one of the same run."""


class ServerBusy(PgflexError):
    """An operation of somebody else is at work on the server, and did not end in time. Nothing was written."""


class WaitTimeout(PgflexError):
    """The deadline passed. A change that was started in Azure may still finish."""


class ServiceError(PgflexError):
    """ARM refused a request, an operation failed, or no answer came.

    `maybe_applied` is true for a request that may have been carried out although no answer says so.
    `retry_after` is in seconds.
    """

    def __init__(
        self,
        doing: str,
        said: str,
        *,
        code: str = "",
        status: int | None = None,
        target: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        no_answer: bool = False,
        hint: str = "",
    ) -> None:
        super().__init__(said, code=code, target=target)
        self.doing = doing
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.no_answer = no_answer
        self.hint = hint or self._find_hint()
        #: Where the policy is assigned that asks for a token, empty if that is not said; None if none asks for one.
        self.policy_scope: str | None = None
        self.policy_said = ""
        self.needs_change_reference = False

    @property
    def anchor(self) -> str:
        """Nobody can list Azure's codes: the page has those with a hint, and says what it means if there is none."""
        code = self.code.lower()
        return code if self.busy or code in _HINTS or self.code == ServiceError.__name__ else ""

    @property
    def busy(self) -> bool:
        """The server works on another operation."""
        return self.code.lower() in BUSY_CODES

    @property
    def throttled(self) -> bool:
        """Refused unseen: a quota is used up."""
        return self.status == 429

    @property
    def transient(self) -> bool:
        """The same request may get through a moment later."""
        return self.no_answer or (self.status in _TRANSIENT_STATUS and not self.busy)

    @property
    def maybe_applied(self) -> bool:
        """For a write: Azure may have acted on it."""
        return self.transient

    def _find_hint(self) -> str:
        if self.busy:
            return _BUSY_HINT
        if self.code.lower() in _HINTS:
            return _HINTS[self.code.lower()]
        if self.throttled:
            return _HINTS["subscriptionrequeststhrottled"]
        if self.status == 401:
            return "Check the credential, its tenant and cloud_environment."
        if self.status == 403:
            return "Give the credential the right that Azure names, or mend the policy that forbids it."
        if self.status == 404:
            return "Check the names, the resource group and the subscription."
        if self.status in (400, 409):
            return "Nothing was changed: mend what Azure names, and run again."
        if self.status is not None and self.status >= 500:
            return "This is a fault of the service: run again later, and give Azure support the request id if it stays."
        return ""

    def _said(self) -> str:
        facts = [self.code] if self.code != type(self).__name__ else []
        facts += [f"HTTP {self.status}"] if self.status is not None else []
        facts += [f"request id {self.request_id}"] if self.request_id else []
        return f"{self.doing}: {_with_facts(re.sub(r'[.]$', '', self.message) + '.', facts)} {self.hint}".strip()


class OperationFailed(ServiceError):
    """A long running operation ended, and not with success."""

    def _find_hint(self) -> str:
        again = "Run again; the server is as it was, or partly changed. Give Azure support the request id if it stays."
        return super()._find_hint() or again

    @property
    def anchor(self) -> str:
        """Any code may be that of an operation, and the way on is the same."""
        return super().anchor or OperationFailed.__name__.lower()

    @property
    def transient(self) -> bool:
        return False


class PolicyTokenRefused(PgflexError):
    """A policy asks for a token, and the write was not sent, as there is none for it."""

    def __init__(self, server: str, why: str, said: Sequence[str] = ()) -> None:
        super().__init__(
            " ".join([f"No policy token for the change of server {server}: {why.rstrip('.')}.", *filter(None, said)]),
            target=server,
            hint="The write was not sent.",
        )


class ChangeReferenceRequired(PgflexError):
    """A policy asks for a change reference, and none was given. The write is not sent again."""

    def __init__(self, refusal: ServiceError) -> None:
        super().__init__(
            f"A policy requires a change reference: {refusal.policy_said or refusal.message}",
            target="change_reference",
            hint="Set change_reference to the change that has been approved.",
        )
        self.status, self.request_id = refusal.status, refusal.request_id


def _with_facts(sentence: str, facts: list[str]) -> str:
    """Put the facts in brackets, before the full stop."""
    return f"{sentence.removesuffix('.')} ({', '.join(facts)})." if facts else sentence
