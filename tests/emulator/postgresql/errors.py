# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors about flexible servers, in the words of real answers as in `arm/errors.py`."""

from __future__ import annotations

from emulator.arm.errors import ArmError


class LinkedAuthorizationFailed(ArmError):
    status = 403
    text = (
        "The client '{client}' with object id '{actor}' has permission to perform action "
        "'Microsoft.DBforPostgreSQL/flexibleServers/write' on scope '{scope}'; however, it does not have permission to "
        "perform action 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action' on the linked scope(s) "
        "'{linked}' or the linked scope(s) are invalid."
    )


class ConfigurationNotFound(ArmError):
    status = 404
    code = "ConfigurationNotExists"
    text = "The configuration '{name}' does not exist for this server."


class ServerIsBusy(ArmError):
    """Wording of 2026. The HTTP status is unknown, hence a setting."""

    text = "Cannot complete operation while server '{name}' is busy processing another operation. Try again later."


class ServerBusy(ArmError):
    """Older wording of the same."""

    text = "Server '{name}' is busy with another operation. Please try again later."


class ServerStoppedError(ArmError):
    """Code seen when reading configurations; the wording is invented."""

    text = "Operation is not allowed on the stopped server '{name}'. Start the server and try again."


class ServerGroupDropping(ArmError):
    text = "Operations on a server group in dropping state are not allowed."


class ElasticClusterNotSupported(ArmError):
    """The wording is that of `az`; code and status are invented."""

    code = "OperationNotSupported"
    text = "Elastic cluster does not currently support this operation."


class EncryptionIdentityInUse(ArmError):
    """Code and wording are invented: the service's own refusal is not documented."""

    code = "DataEncryptionIdentityInUse"
    text = "The identity '{linked}' is used for data encryption of server '{name}' and cannot be removed."
