# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""All names of variables that this collection reads, sets or once read."""

from __future__ import annotations

from ..module_utils._module.options import ALL, CONNECTION

#: Which hosts a playbook is for: it is asked for before there are hosts whose variables could count.
CHOOSING = "pgflex_identity_hosts"
#: Variables of the playbooks alone.
PLAYBOOKS = (CHOOSING, "pgflex_identity_fail_on_drift")
#: What the inventory plugin says of a server, beside its place.
FACTS = (
    "pgflex_current_identity",
    "pgflex_encryption",
    "pgflex_location",
    "pgflex_replication_role",
    "pgflex_source_server_id",
    "pgflex_state",
    "pgflex_tags",
    "pgflex_version",
)
#: Every name that a variable may have.
VARIABLES = frozenset((*(each.variable for each in ALL if each.variable), CONNECTION, *PLAYBOOKS, *FACTS))
#: Those to which every variable adds whose name begins with one of them and `__`.
ADDING = tuple(each.variable for each in ALL if each.variable and each.adds_up)
#: What role and playbooks set themselves: artifacts, variables of plays, and what tasks register.
HANDED_ON = frozenset(
    (
        "pgflex_identity_applied",
        "pgflex_identity_audit",
        "pgflex_identity_audit_result",
        "pgflex_identity_audit_settings",
        "pgflex_identity_audit_summary",
        "pgflex_identity_for_approval",
        "pgflex_identity_held",
        "pgflex_identity_own",
        "pgflex_identity_plan",
        "pgflex_identity_planned",
        "pgflex_identity_result",
        "pgflex_identity_review_plan",
        "pgflex_identity_told",
    )
)
#: What variables were called before, and what they are called now.
FORMER = {
    "audit_fail_on_drift": "pgflex_identity_fail_on_drift",
    "audit_report_csv": "pgflex_identity_report_csv",
    "audit_report_html": "pgflex_identity_report_html",
    "audit_report_json": "pgflex_identity_report_json",
    "pgflex_identity": "pgflex_current_identity",
    "pgflex_identity_job": "pgflex_identity_action",
    "pgflex_identity_keep_encryption": "pgflex_identity_keep_encryption_identities",
    "pgflex_identity_resource_group": "pgflex_identity_lookup_resource_group",
    "pgflex_identity_subscription_id": "pgflex_identity_lookup_subscription_id",
}
