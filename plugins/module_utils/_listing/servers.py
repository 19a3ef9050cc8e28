# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Options of a listing -> servers of an estate. For the info module and the inventory plugin."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from .._errors import InvalidInput
from .._identity.resource_ids import check_group, check_subscription, distinct, key
from .._module.argspec import retry_policy_from_options, server_ref
from .._server.preflight import Identities
from .._server.results import host_variables, server_with_identity
from .filters import Filter, read_filter
from .lister import ServerLister

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._azure.connection import Connection


def subscriptions(options: Mapping[str, Any], connection: Connection) -> list[str] | None:
    """Return the subscriptions that the options name, None for all visible ones.

    Raise `InvalidInput`, `CredentialError`.
    """
    given = options.get("subscriptions")
    if options.get("all_subscriptions"):
        if given:
            raise InvalidInput("all_subscriptions", "does not go together with subscriptions.")
        return None
    if given is not None and not given:
        raise InvalidInput("subscriptions", "is an empty list: name at least one, or use all_subscriptions.")
    option = "subscriptions" if given else "subscription_id"
    return list(distinct([check_subscription(option, str(each)) for each in given or [connection.subscription_id]]))


def list_servers(options: Mapping[str, Any], connection: Connection) -> tuple[dict[str, Any], list[str]]:
    """Return the result of `pgflex_identity_info`, and warnings. Raise what the API raises."""
    desired = read_filter("filters", {name: value for name, value in options["filters"].items() if value is not None})
    retry_policy = retry_policy_from_options({**options, "busy_timeout": 0})
    single = options["server_id"] is not None or options["server_name"] is not None
    if single and options["all_subscriptions"]:
        raise InvalidInput("all_subscriptions", "does not go together with one server.")
    by_id = options["server_id"] is not None
    ref = server_ref(options, "" if by_id else connection.subscription_id) if single else None
    asked = subscriptions(options, connection) if ref is None else []
    group = options["resource_group"]
    groups = [] if group is None else [check_group("resource_group", group)]

    api = connection.open()
    lister = ServerLister(api, retry_policy, options["strict_subscriptions"])
    identities = Identities(api, retry_policy) if options["client_ids"] else None
    if ref:
        found = iter([retry_policy.read(partial(api.get_server, ref))])
    else:
        asked = lister.visible_subscriptions() if asked is None else asked
        found = lister.servers(asked, groups)
    # Facts are made page by page, so that ARM's JSON of the whole estate is never held.
    servers = [server_with_identity(server, identities) for server in found if desired.passes(server)]
    result: dict[str, Any] = {"changed": False, "servers": sorted(servers, key=lambda each: key(each["server"]["id"]))}
    if ref is None:
        result["subscriptions"] = asked
    if identities:
        result["identities"] = [asdict(each) for each in identities.known]
    result["requests"] = api.requests
    return result, lister.warnings + (identities.warnings if identities else [])


def list_hosts(options: Mapping[str, Any], connection: Connection) -> tuple[list[dict[str, Any]], list[str]]:
    """Return host variables of the servers that the inventory plugin's options name, sorted by ID, and warnings."""
    included = [read_filter("include_filters", each) for each in options["include_filters"]]
    excluded = [read_filter("exclude_filters", each) for each in options["exclude_filters"]]
    if Filter() in excluded:
        raise InvalidInput("exclude_filters", "a filter without a condition would exclude every server.")
    groups = [check_group("resource_groups", str(each)) for each in options["resource_groups"]]
    retry_policy = retry_policy_from_options({**options, "busy_timeout": 0})
    asked = subscriptions(options, connection)

    lister = ServerLister(connection.open(), retry_policy, options["strict_subscriptions"])
    found = lister.servers(lister.visible_subscriptions() if asked is None else asked, groups)
    hosts = [
        host_variables(server)
        for server in found
        if (not included or any(each.passes(server) for each in included))
        and not any(each.passes(server) for each in excluded)
    ]
    hosts = connection.scrubber.facts(hosts)
    return sorted(hosts, key=lambda each: key(each["pgflex_server_id"])), lister.warnings
