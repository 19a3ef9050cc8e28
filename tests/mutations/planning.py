# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of planning and refusing."""

from __future__ import annotations

from mutations.mutation import Mutation, unit

_DIFFERENCE = unit("test_plan", "test_a_change_is_exactly_the_difference")
_REFUSED = unit("test_plan_refusals", "test_it_is_refused")
_UNMET = unit("test_plan_unmet", "test_the_server_is_compared_with_the_plan")

PLANNING = (
    Mutation(
        "the type keeps the system assigned identity",
        "_plan.py",
        'identity: dict[str, Any] = {"type": plan.after.type}',
        'identity: dict[str, Any] = {"type": "UserAssigned" if plan.after.user_assigned else "None"}',
        _DIFFERENCE,
    ),
    Mutation(
        "the type is always sent",
        "_plan.py",
        'identity: dict[str, Any] = {"type": plan.after.type}',
        "identity: dict[str, Any] = {}",
        _DIFFERENCE,
    ),
    Mutation(
        "what is removed is spelled as the server spells it",
        "_plan.py",
        "remove = tuple(each for each in before.ids if key(each) in unwanted)",
        "remove = tuple(each for each in wanted.absent if key(each) in held)",
        _DIFFERENCE,
    ),
    Mutation(
        "what is not there is not removed",
        "_plan.py",
        "remove = tuple(each for each in before.ids if key(each) in unwanted)",
        "remove = tuple(wanted.absent)",
        _DIFFERENCE,
    ),
    Mutation(
        "IDs are compared without case",
        "_arm_id.py",
        "return resource_id.lower()",
        "return resource_id",
        unit("test_plan", "test_what_is_as_wanted_is_left_alone"),
    ),
    Mutation(
        "no map goes with a type that has no user assigned identity",
        "_plan.py",
        "if plan.after.user_assigned:",
        "if True:",
        _DIFFERENCE,
    ),
    Mutation(
        "the identity of data encryption is never removed",
        "_plan.py",
        "(encryption.primary_identity, encryption.geo_backup_identity) if each",
        "(encryption.geo_backup_identity,) if each",
        _REFUSED,
    ),
    Mutation(
        "the identity of geo backup encryption is never removed",
        "_plan.py",
        "(encryption.primary_identity, encryption.geo_backup_identity) if each",
        "(encryption.primary_identity,) if each",
        _REFUSED,
    ),
    Mutation(
        "nor by asking for it",
        "_plan.py",
        "    _refuse_encryption(server.encryption, {key(each) for each in wanted.absent})\n",
        "",
        _REFUSED,
    ),
    Mutation(
        "nor by a purge",
        "_plan.py",
        "        _refuse_encryption(server.encryption, purged)\n",
        "",
        _REFUSED,
    ),
    Mutation(
        "a purge keeps the identities of encryption if told to",
        "_plan.py",
        "if wanted.keep_encryption_identities:",
        "if not wanted.keep_encryption_identities:",
        unit("test_plan_refusals", "test_a_purge_that_keeps_the_encryption_identities_is_not_refused"),
    ),
    Mutation(
        "the system assigned identity stays as it is unless somebody asks",
        "_plan.py",
        "system_assigned = before.system_assigned if wanted.system_assigned is None else wanted.system_assigned",
        "system_assigned = bool(wanted.system_assigned)",
        _DIFFERENCE,
    ),
    Mutation(
        "a customer managed key keeps the system assigned identity",
        "_plan.py",
        'and server.encryption.type == "AzureKeyVault":',
        "and False:",
        unit("test_plan_refusals", "test_a_geo_key_alone_protects_the_system_identity_too"),
    ),
    Mutation("elastic clusters are refused", "_plan.py", "if server.elastic_cluster:", "if False:", _REFUSED),
    Mutation(
        "a rotation is only for servers that hold the identity",
        "_plan.py",
        "if not_meant or not wanted.asks:",
        "if not wanted.asks:",
        unit("test_plan_conditions", "test_a_rotation_leaves_servers_alone_that_do_not_hold_the_identity"),
    ),
    Mutation(
        "a server that is not as expected is left alone",
        "_plan.py",
        "if planned.changes and wanted.expected:",
        "if False:",
        unit("test_plan_conditions", "test_a_server_that_is_not_as_expected_is_refused"),
    ),
    Mutation(
        "an identity that was lost beside the change is told of",
        "_plan.py",
        '    problems += [f"{each}, which was to stay, is gone" for each in lost]\n',
        "",
        _UNMET,
    ),
    Mutation(
        "a system assigned identity that was lost is told of",
        "_plan.py",
        "if after.identity.system_assigned != done.after.system_assigned:",
        "if False:",
        _UNMET,
    ),
    Mutation(
        "a principal is a sign of the system assigned identity",
        "_model.py",
        " or principal_id is not None,",
        ",",
        unit("test_model", "test_an_identity_is_read"),
    ),
)
