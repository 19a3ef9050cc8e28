# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of flexible servers and of the operations that change them."""

from __future__ import annotations

from emulator.arm.routes import GROUP, SERVER_VERSIONS, SUBSCRIPTION, route
from emulator.postgresql import responses

_SERVERS = "/providers/Microsoft.DBforPostgreSQL/flexibleServers"
_SERVER = f"{GROUP}{_SERVERS}/(?P<name>[^/]+)"
_OPERATIONS = f"{SUBSCRIPTION}/providers/Microsoft.DBforPostgreSQL/locations/[^/]+"
_OPERATION = "(?P<operation>[^/]+)"
_LISTED, _POLLED = (None, "server_list"), (None, "operation")
ROUTES = (
    route("GET", f"{SUBSCRIPTION}{_SERVERS}", responses.list_subscription_servers, SERVER_VERSIONS, _LISTED),
    route("GET", f"{GROUP}{_SERVERS}", responses.list_group_servers, SERVER_VERSIONS, _LISTED),
    route("GET", _SERVER, responses.get_server, SERVER_VERSIONS, (None, "server")),
    route("PATCH", _SERVER, responses.patch_server, SERVER_VERSIONS, ("identity_patch", "operation")),
    route("PUT", _SERVER, responses.refuse_server_method, SERVER_VERSIONS),
    route("DELETE", _SERVER, responses.refuse_server_method, SERVER_VERSIONS),
    route("GET", f"{_SERVER}/configurations/(?P<configuration>[^/]+)", responses.get_configuration, SERVER_VERSIONS),
    route("GET", f"{_OPERATIONS}/azureAsyncOperation/{_OPERATION}", responses.get_operation, SERVER_VERSIONS, _POLLED),
    route("GET", f"{_OPERATIONS}/operationResults/{_OPERATION}", responses.get_operation_result, SERVER_VERSIONS),
)  # fmt: skip
