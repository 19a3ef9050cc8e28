# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""The one table of all options that say what is to be done: each under every name it has. Pure.

Argument specs, the map from host variables, the options that count for a whole run, the role's arguments and
`DesiredState` are made of it. Options of the connection are in `argspec`, since no inventory may set them by host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: Names of the user's own that begin as those of this table do.
ALLOW_UNKNOWN = "pgflex_identity_allow_unknown"
#: It may hold secrets, so that its values are not shown.
CONNECTION = "pgflex_identity_connection"

#: Seconds that a task of a module takes at most.
DEFAULT_WAIT = 1800
ASSIGN, REMOVE, ROTATE, ROLLBACK, LIST = ACTIONS = ("assign", "remove", "rotate", "rollback", "list")

#: A list of user-assigned identities, by resource ID or by bare name.
IDENTITIES = "identities"
#: The same, where a `*` stands for any text, so that they are no IDs.
PATTERNS = "patterns"
#: Both are sets of texts.
SETS = (IDENTITIES, PATTERNS)
#: The form that the argument spec of Ansible has for a type of this table, if it is another one.
_ANSIBLE_TYPES: dict[str, dict[str, Any]] = {each: {"type": "list", "elements": "str"} for each in (*SETS, "list")}


@dataclass(frozen=True)
class Option:
    """An option; a name is None where the option does not exist.

    `field` is the one of `DesiredState`, `module` the option of `pgflex_identity`, `row` that of an entry of `servers`
    of `pgflex_identity_fleet`, `run` an option of that module itself, `variable` that of a host, which counts for
    `actions`; with `adds_up` every variable of a host that begins with it and `__` adds to it. `default` is that of
    the modules, `role_default` that of the role. `control` options say how host variables are read, so that they are
    not passed on to the module's rows.
    """

    type: str
    field: str | None = None
    module: str | None = None
    row: str | None = None
    run: str | None = None
    variable: str | None = None
    actions: tuple[str, ...] = ()
    adds_up: bool = False
    default: Any = None
    role_default: Any = None
    choices: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    control: bool = False

    def spec(self) -> dict[str, Any]:
        """Return the option's entry of an argument spec."""
        spec = dict(_ANSIBLE_TYPES.get(self.type, {"type": self.type}))
        for name in ("choices", "aliases"):
            if getattr(self, name):
                spec[name] = list(getattr(self, name))
        return spec if self.default is None else {**spec, "default": self.default}


#: Which server. Every action needs it.
PLACE = (
    Option("str", module="resource_group", row="resource_group", variable="pgflex_resource_group"),
    Option("str", module="server_name", row="server_name", variable="pgflex_server_name", aliases=("name", "server")),
    Option("str", module="server_id", row="server_id", variable="pgflex_server_id"),
    Option("str", row="subscription_id", variable="pgflex_subscription_id"),
)

#: What is desired of a server.
DESIRED = (
    Option(
        IDENTITIES,
        field="present",
        module="identities",
        row="present",
        # Without a default: an empty list says that a server shall hold none, and no list says nothing.
        variable="pgflex_identity_present",
        actions=(ASSIGN,),
        adds_up=True,
    ),
    Option(
        IDENTITIES,
        field="absent",
        module="replaces",
        row="absent",
        variable="pgflex_identity_absent",
        actions=(ASSIGN, REMOVE),
        adds_up=True,
        default=[],
    ),
    Option(
        "bool",
        field="purge",
        module="purge_identities",
        row="purge",
        variable="pgflex_identity_purge",
        actions=(ASSIGN,),
        default=False,
    ),
    Option(
        "bool",
        field="keep_encryption_identities",
        module="keep_encryption_identities",
        row="keep_encryption_identities",
        variable="pgflex_identity_keep_encryption_identities",
        actions=(ASSIGN,),
        default=False,
    ),
    Option(
        PATTERNS,
        field="protected",
        module="protected",
        row="protected",
        variable="pgflex_identity_protected",
        actions=(ASSIGN, REMOVE, ROTATE, ROLLBACK),
        adds_up=True,
        default=[],
    ),
    Option(
        "bool",
        field="system_assigned",
        module="system_assigned",
        row="system_assigned",
        variable="pgflex_identity_system_assigned",
        actions=(ASSIGN,),
    ),
    Option(IDENTITIES, field="only_if_assigned", row="only_if_assigned", default=[]),
    Option(IDENTITIES, row="expected_identities"),
    Option(IDENTITIES, row="possible_identities", default=[]),
    Option("bool", row="expected_system_assigned"),
    Option(
        "bool",
        row="follow_primary",
        variable="pgflex_identity_follow_primary",
        actions=(ASSIGN, REMOVE),
        default=False,
    ),
    Option(
        "str",
        module="identity_resource_group",
        row="identity_resource_group",
        variable="pgflex_identity_lookup_resource_group",
        actions=(ASSIGN, REMOVE, ROTATE),
    ),
    Option(
        "str",
        module="identity_subscription_id",
        row="identity_subscription_id",
        variable="pgflex_identity_lookup_subscription_id",
        actions=(ASSIGN, REMOVE, ROTATE),
    ),
    Option("str", variable="pgflex_identity_rotate_from", actions=(ROTATE,)),
    Option("str", variable="pgflex_identity_rotate_to", actions=(ROTATE,)),
)

#: How long to wait; of one server, of a listing, and of a whole run.
WAITING = (
    Option(
        "float",
        module="wait_timeout",
        run="wait_timeout",
        variable="pgflex_identity_wait_timeout",
        default=DEFAULT_WAIT,
        role_default=7200,
    ),
    Option(
        "float",
        module="poll_interval",
        run="poll_interval",
        variable="pgflex_identity_poll_interval",
        default=10,
        role_default=10,
    ),
    Option(
        "float",
        module="busy_timeout",
        run="busy_timeout",
        variable="pgflex_identity_busy_timeout",
        default=600,
        role_default=600,
    ),
)

#: What stands in for options that are not set.
POLICY_ENVIRONMENT = {
    "acquire_policy_token": "PGFLEX_ACQUIRE_POLICY_TOKEN",
    "change_reference": "PGFLEX_CHANGE_REFERENCE",
}

#: How a write gets past policies that ask for a token. Without defaults, so that the environment counts.
POLICY = (
    Option(
        "str",
        module="acquire_policy_token",
        run="acquire_policy_token",
        variable="pgflex_identity_acquire_policy_token",
        choices=("auto", "always", "never"),
    ),
    Option("str", module="change_reference", run="change_reference", variable="pgflex_identity_change_reference"),
)

#: What counts for all servers of a run at once.
RUN = (
    Option(
        "str",
        run="action",
        variable="pgflex_identity_action",
        choices=ACTIONS,
        default=ASSIGN,
        role_default=ASSIGN,
        control=True,
    ),
    Option("list", run="rollback", variable="pgflex_identity_rollback", control=True),
    Option(
        "bool",
        run="rollback_force",
        variable="pgflex_identity_rollback_force",
        default=False,
        role_default=False,
        control=True,
    ),
    Option(
        "bool",
        run="validate_identities",
        variable="pgflex_identity_validate",
        default=True,
        role_default=True,
        module="validate_identities",
    ),
    Option(
        "str",
        run="read",
        variable="pgflex_identity_read",
        choices=("auto", "each"),
        default="auto",
        role_default="auto",
    ),
    Option("list", run="waves", variable="pgflex_identity_waves", default=["100%"], role_default=[1, "10%", "100%"]),
    Option(
        "float",
        run="max_fail_percentage",
        variable="pgflex_identity_max_fail_percentage",
        default=100,
        role_default=10,
    ),
    Option("str", run="approved_plan", variable="pgflex_identity_approved_plan"),
    Option("bool", run="approved_plan_strict", variable="pgflex_identity_approved_plan_strict", default=False),
    # In hours.
    Option("float", run="approved_plan_max_age", variable="pgflex_identity_approved_plan_max_age", default=72),
    # Of servers, or a percentage of those of the run.
    Option("str", run="max_removals", variable="pgflex_identity_max_removals"),
    Option(
        "float",
        run="quota_percentage",
        variable="pgflex_identity_quota_percentage",
        default=100,
        role_default=100,
    ),
    *WAITING,
    *POLICY,
    Option("path", run="rollback_file"),
    Option("str", run="result_dir"),
    # The role's own: its tasks act on them.
    Option("bool", variable="pgflex_identity_strict", role_default=False),
    Option("bool", variable="pgflex_identity_fail_on_undeclared", role_default=False),
    Option("list", variable=ALLOW_UNKNOWN),
    Option("path", variable="pgflex_identity_rollback_dir"),
    Option("path", variable="pgflex_identity_plan_file", role_default=""),
    Option("path", variable="pgflex_identity_report_json", role_default=""),
    Option("path", variable="pgflex_identity_report_csv", role_default=""),
    Option("path", variable="pgflex_identity_report_html", role_default=""),
)

#: Options of `pgflex_identity` alone.
SINGLE = (
    # Without choices here: ansible-test refuses a state "info" among them, and it is one of the three.
    Option("str", module="state", default="present"),
    Option("bool", module="client_ids", default=False),
    Option("bool", module="wait", default=True),
)

ALL = (*PLACE, *DESIRED, *RUN, *SINGLE)


def module_spec(options: tuple[Option, ...] = ALL) -> dict[str, Any]:
    """Return the argument spec of `pgflex_identity`, or the part of it that `options` are."""
    return {each.module: each.spec() for each in options if each.module}


def row_spec() -> dict[str, Any]:
    """Return the argument spec of an entry of `servers`."""
    place = {each.row: {"type": each.type} for each in PLACE if each.row}
    return {"name": {"type": "str"}, **place, **{each.row: each.spec() for each in DESIRED if each.row}}


def fleet_spec() -> dict[str, Any]:
    """Return the argument spec of `pgflex_identity_fleet`."""
    # The action plugin of the same name fills in `servers` where a task leaves it out.
    rows = {"type": "list", "elements": "dict", "options": row_spec()}
    return {"servers": rows, "primaries": rows, **{each.run: each.spec() for each in RUN if each.run}}
