# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""An error of Microsoft Entra, of the machine's own endpoint or of az -> its words, and what to do. Pure.

The codes behind AADSTS are explained at https://learn.microsoft.com/entra/identity-platform/reference-error-codes. They
may change, so that nothing but a hint depends on them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .settings import places

#: What signs in without a person, and is asked for nothing more.
UNATTENDED = "use a service principal, a managed identity or a federated token, which sign in unattended."
_MFA = f"A user with multifactor authentication cannot sign in here: {UNATTENDED}"
_CONDITIONAL_ACCESS = (
    "A Conditional Access policy blocks this sign-in: have it let this application and this network pass. The sign-in "
    "log of Microsoft Entra has the request id."
)
_USER = f"Mend the account ad_user and its password, or better {UNATTENDED}"
_FEDERATED = (
    "The federated credential of the application must have the issuer, the subject and the audience of the token."
)
_AADSTS = {
    **dict.fromkeys(("50072", "50074", "50076", "50078", "50079", "50158", "53004"), _MFA),
    **dict.fromkeys(("50131", "53000", "53001", "53002", "53003", "530035"), _CONDITIONAL_ACCESS),
    **dict.fromkeys(("50034", "50053", "50055", "50056", "50057", "50126"), _USER),
    **dict.fromkeys(("70021", "700211", "700212", "700213"), _FEDERATED),
    "700016": f"The tenant has no such application: check {places('client_id')}, tenant and cloud_environment.",
    "7000112": "The application is disabled: have it enabled, or use another one.",
    "7000215": "Give the value of the client secret, not its ID, and check that it is one of client_id.",
    "7000222": f"The client secret has expired: make a new one, and set {places('secret')}.",
    "700024": "The token is too old, or not valid yet: check the clock of this machine, and renew oidc_token.",
    "700027": "The application does not know the certificate: upload it there, or check x509_certificate_path.",
    "90002": f"There is no such tenant in this cloud: check {places('tenant')} and cloud_environment.",
    "65001": "Have an administrator consent to the application, or set client_id of one that is consented to.",
}
_CODE = re.compile(r"AADSTS(\d+)")
#: Words of the machine's endpoint, and what to do.
_MACHINE = {
    "Multiple user assigned identities exist": f"This machine has several identities: set {places('client_id')} to the "
    "client ID or the resource ID of the one to use.",
    "Identity not found": "This machine does not have that identity: assign it to the machine, or check "
    f"{places('client_id')}.",
}
_TRANSIENT = re.compile(r"HTTP Error: 5\d\d|temporarily_unavailable")
# What azure-identity says of every refusal of the machine's endpoint, also of one that says something itself.
_UNAVAILABLE = re.compile(r"ManagedIdentityCredential authentication unavailable, no response from the IMDS endpoint\.")
_CHAIN = "ChainedTokenCredential failed to retrieve a token from the included credentials. Attempted credentials: "


@dataclass(frozen=True)
class Refusal:
    """Why there is no token: in the words of others, without a full stop; `hint` is empty if nothing is known."""

    said: str
    hint: str
    trace_id: str


def read_refusal(error: Exception) -> Refusal:
    """Return what the error of azure-identity, or of a library below it, says."""
    said = " ".join(str(error).partition("To mitigate this issue")[0].split()) or type(error).__name__
    # Microsoft Entra appends "Trace ID: .. Correlation ID: .. Timestamp: .."; its support asks for the first.
    said, _label, trace = said.partition(" Trace ID: ")
    said = said.removeprefix("Authentication failed: ")
    if said.startswith(_CHAIN):
        said = "; ".join(each.strip() for each in said.removeprefix(_CHAIN).split("_Member: ") if each.strip())
    if "Token request error: " in said:
        said = _UNAVAILABLE.sub("", said).replace("Token request error: ", "the machine's endpoint answered ")
    said = _UNAVAILABLE.sub("the machine's endpoint for managed identities did not answer", said)
    return Refusal(" ".join(said.split()).rstrip("."), _hint(said), trace.split(" ")[0])


def _hint(said: str) -> str:
    for words, hint in _MACHINE.items():
        if words in said:
            return hint
    if _TRANSIENT.search(said):
        return "Microsoft Entra is not available at the moment: run again."
    return next((_AADSTS[code] for code in _CODE.findall(said) if code in _AADSTS), "")
