# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""An exception of azure-core -> why a connection failed, in the words of the operating system or of OpenSSL.

The text of the libraries in between quotes the URL, and the URL of an operation carries a signature.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROXY = "the proxy of HTTPS_PROXY: "
_TUNNEL = "Tunnel connection failed: "
# What requests raises for the address of a proxy: those of Azure were looked at before.
_NO_ADDRESS = ("InvalidProxyURL", "InvalidURL")
_TIMEOUTS = {
    "ServiceResponseTimeoutError": "no answer in time",
    "ServiceRequestTimeoutError": "no connection in time",
}


@dataclass(frozen=True)
class ConnectionProblem:
    """Why a connection failed. Without `code` a request may have been sent.

    `final`: nothing was sent, and another try would meet the same.
    """

    words: str
    code: str = ""
    final: bool = False


def find_connection_problem(error: BaseException) -> ConnectionProblem:
    """Return why a connection failed."""
    chain = list(_chain(error))
    words = _words(error, chain)
    names = {type(each).__name__ for each in chain}
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in chain):
        return ConnectionProblem(words, code="CertificateNotTrusted", final=True)
    if "InvalidSchema" in names:
        words = "SOCKS needs the Python package PySocks, where the task runs"
        return ConnectionProblem(_PROXY + words, code="ProxyFailed", final=True)
    if names.intersection(_NO_ADDRESS):
        return ConnectionProblem(f"{_PROXY}its address cannot be used", code="ProxyFailed", final=True)
    for said in (str(argument) for each in chain if isinstance(each, OSError) for argument in each.args):
        if said.startswith(_TUNNEL):
            answer = said.removeprefix(_TUNNEL)
            return ConnectionProblem(f"{_PROXY}{answer}", code="ProxyFailed", final=answer.startswith("4"))
    if "ProxyError" in names or any(_is_socks(each) for each in chain):
        return ConnectionProblem(_PROXY + words, code="ProxyFailed")
    unsent = names & {"ServiceRequestError", "ServiceRequestTimeoutError"}
    return ConnectionProblem(words, code="NoConnection") if unsent else ConnectionProblem(words)


def connection_error(doing: str, target: str, error: BaseException) -> ServiceError:
    """Return the error for a request to Azure Resource Manager that failed on its way."""
    found = find_connection_problem(error)
    return ServiceError(doing, found.words, code=found.code, no_answer=not found.final, target=target)


def connection_failure(error: BaseException) -> BaseException | None:
    """Return the failure of a connection by which `error` came about, None if it is something else."""
    from azure.core.exceptions import ServiceRequestError, ServiceResponseError

    return next((each for each in _chain(error) if isinstance(each, (ServiceRequestError, ServiceResponseError))), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those below it; azure-core, requests and urllib3 keep them in places of their own."""
    link: BaseException | None = error
    while link is not None:
        yield link
        inner = [getattr(link, "inner_exception", None), getattr(link, "reason", None), *link.args[:1]]
        link = next((each for each in inner if isinstance(each, BaseException)), link.__cause__ or link.__context__)


def _words(error: BaseException, chain: list[BaseException]) -> str:
    reasons = [each for each in chain if isinstance(each, OSError) and (each.strerror or each.args)]
    if reasons and reasons[-1].strerror:
        return reasons[-1].strerror
    return _TIMEOUTS.get(type(error).__name__, "the connection broke before an answer came")


def _is_socks(error: BaseException) -> bool:
    """Return whether urllib3 was connecting to a SOCKS proxy, which it does not call one in its errors."""
    return type(getattr(error, "conn", None)).__name__.startswith("SOCKS")
