# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The questions to the real service, those that are not asked and why, and the emulator's answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from emulator.control.settings import AllSettings

READ, WRITE = "read", "write"


@dataclass(frozen=True)
class Question:
    """A row of the table. `name` is that of the emulator's setting, or one of ours where the emulator has none.

    `figure` is a measure: it differs from run to run, and is not compared.
    """

    name: str
    mode: str
    asks: str
    figure: bool = False


QUESTIONS = (
    Question("client_id_in_server", READ, "whose ID is clientId of an identity in the JSON of a server?"),
    Question("key_casing", READ, "do IDs of identities come back as the caller wrote them?"),
    Question("remaining_counts", READ, "which counts of remaining requests do answers have?"),
    Question("page_size", READ, "how many servers has a page of a list?", figure=True),
    Question("claims_challenge", READ, "was a good token answered with a claims challenge?"),
    Question("list_items", READ, "does a list show identity and encryption as GET does?"),
    Question("newest_api_version", READ, "does 2026-10-01 show identity and encryption as 2025-08-01 does?"),
    Question("unknown_api_version", READ, "what is answered to a version that this resource never had?"),
    Question("server_absent", READ, "what is answered to GET of a server that is not there?"),
    Question("group_absent", READ, "what is answered to GET of a server in a group that is not there?"),
    Question("identity_absent", READ, "what is answered to GET of an identity that is not there?"),
    Question("identity_api_versions", READ, "which versions of the API of identities are there?"),
    Question("server_parameter", READ, "what is answered to GET of a server parameter, on a stopped server too?"),
    Question("request_id", READ, "do answers have x-ms-request-id?"),
    Question("accepted", WRITE, "what is the status of the answer to a PATCH?"),
    Question("async_headers", WRITE, "which addresses of its operation does that answer name?"),
    Question("operation_host", WRITE, "at which host are they, if not at that of Azure Resource Manager?"),
    Question("retry_after", WRITE, "what does Retry-After say there?"),
    Question("state_while_running", WRITE, "what is the state of a server while an operation is at work on it?"),
    Question("busy_in", WRITE, "is a busy server refused at once, or does the operation fail?"),
    Question("busy_status", WRITE, "with which status?"),
    Question("busy_code", WRITE, "with which code?"),
    Question("operation_seconds", WRITE, "how long does an operation take?", figure=True),
    Question("get_lag", WRITE, "seconds from the end of an operation until GET shows it?"),
    Question("list_lag", WRITE, "seconds from the end of an operation until a list shows it?"),
    Question("remove_unassigned", WRITE, "what becomes of null for an identity that is not assigned?"),
    Question("same_id_other_casing", WRITE, "is one ID in two casings one identity or two?"),
    Question("restricted_identity", WRITE, "is an identity assigned whose own restrictions exclude the server?"),
    Question("deleted_identity", WRITE, "is a server changed that holds an identity which does not exist any more?"),
    Question("other_subscription", WRITE, "is an identity of another subscription assigned?"),
    Question("several_groups", WRITE, "is one of several identities of several resource groups removed?"),
)  # fmt: skip
#: Behaviour that is unknown too, and why it is not asked for. The rest of the names are the emulator's settings.
NOT_ASKED = {
    "newer_properties": "it takes a key of another tenant",
    "user_writes": "it takes a user who signs in without multifactor authentication",
    "missing_type": "it takes a PATCH without type",
    "empty_map": "it takes a type that does not fit what remains",
    "map_with_other_type": "it takes a type that does not fit",
    "malformed_id": "it takes a PATCH that names no identity",
    "user_to_system": "it takes a system-assigned identity away, or all others",
    "disable_system_with_user": "it takes a system-assigned identity away",
    "encryption_identity_removal": "if the service did it, the server would lose the key of its data",
    "missing_identity": "if the service did it, the server could not be changed any more (deleted_identity)",
    "missing_identity_in": "as missing_identity",
    "stopped_server_patch": "only servers in the state Ready are written to",
    "elastic_cluster_patch": "az refuses it, and nobody says what becomes of the cluster",
    "throttle": "it takes all requests of the subscription away from others",
    "token_seconds": "it is the sign-in's, and known",
    "node_identities": "it depends on the machine",
    "policy_hash": "it calls an evaluation that may be somebody else's change process",
    "policy_prefix": "as policy_hash",
    "policy_unneeded": "as policy_hash",
    "policy_reuse": "as policy_hash, and takes two writes with one token",
    "policy_details_in": "it takes a policy that refuses",
    "replicas": "a replica is not written to, and none is made",
    "rights_and_locks": "they are what somebody else has set, and told by the error of a run",
    "other_tenant": "it takes an identity of another tenant",
    "expired_token": "a sign-in that fails may block the account, or alarm somebody",
    "resource_graph": "the collection does not use it",
}
#: The emulator's answers to what is no setting of it.
_FIXED = {
    "list_items": "same",
    "newest_api_version": "same",
    "unknown_api_version": "400 InvalidResourceType",
    "server_absent": "404 ResourceNotFound",
    "group_absent": "404 ResourceGroupNotFound",
    "identity_absent": "404 ResourceNotFound",
    "identity_api_versions": "2025-05-31-preview, 2024-11-30, 2023-01-31",
    "server_parameter": "200",
    "request_id": "present",
    "other_subscription": "accept",
    "several_groups": "accept",
}


@dataclass
class Answers:
    """The answers so far, or why there is none."""

    found: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def give(self, name: str, answer: Any) -> None:
        """Answer a question; a later answer counts."""
        assert name in {each.name for each in QUESTIONS}, name
        self.found[name] = answer
        self.missing.pop(name, None)

    def leave(self, why: str, *names: str) -> None:
        """Say why questions are not answered, unless they are."""
        self.missing.update({name: why for name in names if name not in self.found})


def emulated(name: str) -> Any:
    """Return the emulator's answer where nothing is set."""
    return _FIXED[name] if name in _FIXED else getattr(AllSettings(), name)


def table(answers: Answers) -> str:
    """Return the answers beside the emulator's, as text."""
    rows = [("question", "answer", "emulator", "")]
    for each in QUESTIONS:
        if each.name not in answers.found:
            continue
        answer, other = answers.found[each.name], emulated(each.name)
        verdict = "" if each.figure else "same" if answer == other else "DIFFERS"
        rows.append((each.name, _shown(answer), _shown(other), verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, (*widths, 0), strict=True)).rstrip() for row in rows
    ]
    open_rows = [f"  {each.name}: {answers.missing.get(each.name, 'not reached')}" for each in QUESTIONS
                 if each.name not in answers.found]  # fmt: skip
    refused = [f"  {name}: {why}" for name, why in NOT_ASKED.items()]
    return "\n".join([*lines, "", "Not answered:", *(open_rows or ["  none"]), "", "Never asked:", *refused, ""])


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
