# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One class per error of Azure Resource Manager: HTTP status, code and wording.

Wordings come from public pastes of real answers. Where a docstring says "invented", the service's answer is unknown.
"""

from __future__ import annotations

from typing import Any


class ArmError(Exception):
    """An answer in the ARM envelope `{"error": {"code", "message"}}`, named as the code if it has none."""

    status = 400
    code = ""
    text = "{message}"

    def __init_subclass__(cls) -> None:
        cls.code = cls.__dict__.get("code", cls.__name__)

    def __init__(self, *, headers: dict[str, str] | None = None, **values: object) -> None:
        super().__init__(self.text.format(**values))
        self.headers = headers or {}

    @property
    def detail(self) -> dict[str, str]:
        """Return `{"code", "message"}`, as it also stands in the result of a failed operation."""
        return {"code": self.code, "message": str(self)}

    def body(self) -> dict[str, Any]:
        return {"error": self.detail}


class AuthenticationFailed(ArmError):
    status = 401
    text = "Authentication failed. The 'Authorization' header is missing."


class InvalidAuthenticationToken(ArmError):
    status = 401
    text = "The access token is invalid."


class ClaimsChallenge(ArmError):
    """Continuous access evaluation; the wording is invented, clients read the header."""

    status = 401
    code = "InvalidAuthenticationToken"
    text = "The access token has been revoked: ask for one with the claims of this challenge."


class MultifactorRequired(ArmError):
    """A user's write without it; code and wording as in MicrosoftDocs/azure-docs-cli#5403, the name left out."""

    status = 401
    code = "RequestDisallowedByPolicy"
    text = "Resource was disallowed by policy. Reasons: MFA is required. See error details for policy resource IDs."


class ExpiredAuthenticationToken(ArmError):
    status = 401
    text = "The access token expiry UTC time '{expiry}' is earlier than current UTC time '{now}'."


class InvalidAuthenticationTokenAudience(ArmError):
    status = 401
    text = (
        "The access token has been obtained for wrong audience or resource '{audience}'. It should exactly match with "
        "one of the allowed audiences {allowed}."
    )


class InvalidAuthenticationTokenTenant(ArmError):
    status = 401
    text = (
        "The access token is from the wrong issuer '{issuer}'. It must match one of the tenants '{expected}' "
        "associated with this subscription."
    )


class AuthorizationFailed(ArmError):
    status = 403
    text = (
        "The client '{client}' with object id '{actor}' does not have authorization to perform action '{action}' over "
        "scope '{scope}' or the scope is invalid. If access was recently granted, please refresh your credentials."
    )


class MissingApiVersionParameter(ArmError):
    text = "The api-version query parameter (?api-version=) is required for all requests."


class InvalidApiVersionParameter(ArmError):
    text = "The api-version '{version}' is invalid. The supported versions are '{supported}'."


class InvalidResourceType(ArmError):
    text = (
        "The resource type '{kind}' could not be found in the namespace '{namespace}' for api version '{version}'. "
        "The supported api-versions are '{supported}'."
    )


class InvalidResourceNamespace(ArmError):
    status = 404
    text = "The resource namespace of the path '{path}' is invalid."


class MethodNotAllowed(ArmError):
    status = 405
    text = "The emulator does not support {method} on '{path}'."


class InvalidRequestContent(ArmError):
    text = "The request content was invalid and could not be deserialized: '{reason}'."


class InvalidSubscriptionId(ArmError):
    text = "The provided subscription identifier '{subscription}' is malformed or invalid."


class SubscriptionNotFound(ArmError):
    status = 404
    text = "The subscription '{subscription}' could not be found."


class ResourceGroupNotFound(ArmError):
    status = 404
    text = "Resource group '{group}' could not be found."


class ResourceNotFound(ArmError):
    status = 404
    text = (
        "The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix"
    )


class InvalidSkipToken(ArmError):
    text = "The provided skip token '{token}' is invalid."


class MissingSubscriptionRegistration(ArmError):
    status = 409
    text = (
        "The subscription is not registered to use namespace '{namespace}'. "
        "See https://aka.ms/rps-not-found for how to register subscriptions."
    )


class ReadOnlyDisabledSubscription(ArmError):
    status = 409
    text = (
        "The subscription '{subscription}' is disabled and therefore marked as read only. You cannot perform any write "
        "actions on this subscription until it is re-enabled."
    )


class ScopeLocked(ArmError):
    status = 409
    text = (
        "The scope '{scope}' cannot perform write operation because following scope(s) are locked: '{locked}'. "
        "Please remove the lock and try again."
    )


class RequestDisallowedByPolicy(ArmError):
    """The message is that of public pastes, the whole of it was not found for policies that ask for a token."""

    status = 403
    text = "Resource '{resource}' was disallowed by policy. Policy identifiers: '{policies}'."

    def __init__(self, *, resource: str, policies: str, violations: list[dict[str, Any]]) -> None:
        super().__init__(resource=resource, policies=policies)
        self._violations = violations

    def body(self) -> dict[str, Any]:
        return {"error": {**self.detail, "additionalInfo": self._violations}}


class SubscriptionRequestsThrottled(ArmError):
    status = 429
    text = (
        "Number of '{kind}' requests for subscription '{subscription}' actor '{actor}' exceeded. "
        "Please try again after '{seconds}' seconds."
    )


class LinkedInvalidPropertyId(ArmError):
    text = (
        "Property id '{linked}' at path 'identity.userAssignedIdentities' is invalid. Expect fully qualified resource "
        "Id that start with '/subscriptions/{{subscriptionId}}' or '/providers/{{resourceProviderNamespace}}/'."
    )


class FailedIdentityOperation(ArmError):
    """Form seen for other resource types; the inner message says what is wrong."""

    text = (
        "Identity operation for resource '{scope}' failed with error 'Failed to perform resource identity operation. "
        'Status: \'BadRequest\'. Response: \'{{"error":{{"code":"BadRequest","message":"{message}"}}}}\'.\'.'
    )


class OperationNotFound(ArmError):
    status = 404
    text = "The operation '{operation}' was not found."


class InvalidOperationSignature(ArmError):
    """Code and status are invented: no recording shows a changed poll URL."""

    status = 403
    text = "The signature of the request for operation '{operation}' is not valid."
