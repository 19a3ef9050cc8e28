# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# PRIVATE: not for use outside this collection; it may change in any release.
"""Many servers: read them by lists, plan all in memory, change those that drift, wave after wave."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from .._azure.policies import PolicyTokens
from .._azure.rate_limits import PUBLISHED, RequestKind
from .._azure.retry import Clock
from .._errors import NotStarted, PgflexError
from .._identity.models import Server
from .._identity.planner import plan, unmatched
from .._identity.resource_ids import key
from .._module.options import ASSIGN
from .._server.preflight import Identities, Preflight, warn_of_removals
from .._server.reconciler import Change, ReconcileResult
from .bulk_reader import BulkReader
from .journal import Journal
from .primaries import Primaries
from .progress import Progress
from .removals import RemovalLimit
from .rollout import Rollout, Wave
from .target import Target, some_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .._azure.client import Api
    from .._azure.rate_limits import RateLimiter
    from .._azure.retry import RetryPolicy
    from .._identity.models import DesiredState, Plan
    from .._identity.resource_ids import ServerRef
    from .approval import Approval
    from .target import InvalidTarget


@dataclass
class Fleet:
    """The work on all targets, through one API, within its limits and one deadline.

    `retry_policy_factory` makes a target's retry policy.

    `sizes` and `max_fail_percentage` are those of waves. The `journal` of what is written goes to `rollback_file`,
    and lines about the progress to `tell`. Once `goes_on` is false, no further write begins. With `read` `each` no
    list is believed. With `validate` identities to assign are looked at, in check mode too. `removals` limits how
    many servers lose an identity. `unmatched` are the patterns of what is protected that fit nothing. `declared` is
    what is declared for other servers, which targets may replicate, by `key` of their IDs.
    With an `approval` every write has to be as that has it.
    """

    api: Api
    limiter: RateLimiter
    retry_policy_factory: Callable[[], RetryPolicy]
    validate: bool = True
    sizes: Sequence[str] = ("100%",)
    max_fail_percentage: float = 100.0
    rollback_file: str | None = None
    read: str = "auto"
    action: str = ASSIGN
    policy_tokens: PolicyTokens = field(default_factory=PolicyTokens)
    removals: RemovalLimit = field(default_factory=RemovalLimit)
    clock: Clock = field(default_factory=Clock)
    warnings: list[str] = field(default_factory=list)
    waves: list[Wave] = field(default_factory=list, init=False)
    declared: dict[str, DesiredState | PgflexError] = field(default_factory=dict)
    approval: Approval | None = None
    tell: Callable[[str], None] | None = None
    goes_on: Callable[[], bool] = lambda: True
    unmatched: list[str] = field(default_factory=list, init=False)
    journal: Journal = field(default_factory=partial(Journal.create, None), init=False)

    def run(self, targets: Sequence[Target | InvalidTarget], *, check_mode: bool) -> None:
        """Fill in what becomes of each target. Errors of one stay with it; what is no target's fault is raised."""
        self.api.sign_in()
        self.api.observer = self._observe
        self._identities = Identities(self.api, self.retry_policy_factory())
        progress = Progress(self.clock, self._writes_per_second(targets))
        with progress.told(self.tell):
            self.declared.update(
                (key(each.ref.id), each.desired if isinstance(each, Target) else each.error)
                for each in targets
                if each.ref
            )
            drifted = self._plan([target for target in targets if isinstance(target, Target)], check_mode)
            drifted = self._hold_to_approval(drifted, targets)
            rollout = Rollout(self._reader, self._change, progress, self.sizes, self.max_fail_percentage)
            rollout.strict = bool(self.approval and self.approval.strict)
            rollout.plan(drifted)
            self.waves = rollout.waves
            if drifted and not check_mode:
                reference = self.policy_tokens.change_reference
                with Journal.create(self.rollback_file, self.action, reference) as self.journal:
                    rollout.run()
                self.warnings += self.journal.warnings()
            self._compare_replicas(targets, check_mode)
            if drifted and check_mode:
                self.warnings += filter(None, [self.policy_tokens.announcement(), self.api.user_warning()])
        self.warnings += self._identities.warnings

    def _change(self, target: Target) -> Change:
        policy = self.retry_policy_factory()
        return Change(
            self.api,
            target.ref,
            target.desired,
            policy,
            approve=partial(self.approval.check, target.ref) if self.approval else None,
            preflight=self._preflight_of(policy),
            before_write=partial(self._before_write, target),
            after_write=partial(self.journal.write_outcome, target.ref.id),
            likely=target.listed,
            policy_tokens=self.policy_tokens,
        )

    def _before_write(self, target: Target, before: Server, plan: Plan) -> None:
        if not self.goes_on():
            raise NotStarted("Ansible has ended.")
        self.removals.check_write(target, plan)
        self.journal.write_intent(target.name, before, plan)

    def _preflight_of(self, policy: RetryPolicy) -> Preflight:
        return Preflight(self.api, self._identities if self.validate else None, policy)

    def _hold_to_approval(self, drifted: list[Target], targets: Sequence[Target | InvalidTarget]) -> list[Target]:
        """Return what may start. Removals are counted once: of the approved plan, whatever part of it this run is."""
        if self.approval is None:
            self.removals.check_plan(drifted, len(targets))
            return drifted
        self.removals.check_approved([*self.approval.servers.values()], self.approval.document.compared)
        if why := self.approval.difference(targets):
            for target in drifted:
                target.stop(why, unapproved=True)
            return []
        return drifted

    def _plan(self, targets: list[Target], check_mode: bool) -> list[Target]:
        """Return the targets for which something has to be written, or waited for."""
        reader = self._reader
        servers = self._read(reader, [target.ref for target in targets])
        self._look_at_replicas(reader, targets, servers)
        self.unmatched = unmatched(
            [target.desired for target in targets], [s for s in servers if isinstance(s, Server)]
        )
        drifted = [target for target, server in zip(targets, servers) if self._plan_target(target, server, check_mode)]
        for target in drifted:
            self._preflight(target)
        if self.validate:
            read_well = [target.listed for target in targets if target.listed]
            self.warnings += warn_of_removals([each.desired for each in targets], read_well, self._identities)
        busy = [target.name for target in targets if target.busy]
        if busy:
            what = "What it will hold is" if len(busy) == 1 else "What they will hold is"
            self.warnings.append(f"{some_of(busy)}: busy with an operation. {what} not known yet.")
        return [target for target in drifted if target.error is None]

    def _read(self, reader: BulkReader, refs: list[ServerRef]) -> list[Server | PgflexError]:
        """Return each server; what a strict run is held to is read by itself before anything starts."""
        strict = self.approval if self.approval and self.approval.strict else None
        alone = {ref for ref in refs if self.read == "each" or (strict and strict.covers(ref))}
        each, listed = [ref for ref in refs if ref in alone], [ref for ref in refs if ref not in alone]
        found = dict(zip(each, reader.read_each(each, self.retry_policy_factory)))
        found.update(zip(listed, reader.read(listed, self.retry_policy_factory)))
        return [found[ref] for ref in refs]

    def _plan_target(self, target: Target, server: Server | PgflexError, check_mode: bool) -> bool:
        """Return whether something has to be written, or waited for: a server at work is not concluded about."""
        if isinstance(server, PgflexError):
            target.error = server
            return False
        target.before = target.listed = server
        if target.error:
            return False
        waits = server.updating and target.desired.asks
        target.busy = waits and check_mode
        if waits and not check_mode:
            return True
        try:
            target.reconciled = ReconcileResult(plan(server, target.desired), server)
            if self.approval:
                self.approval.check(target.ref, target.reconciled.plan)
        except PgflexError as error:
            target.error = error
            return False
        return target.reconciled.plan.changes

    def _look_at_replicas(
        self, reader: BulkReader, targets: list[Target], servers: Sequence[Server | PgflexError]
    ) -> None:
        """Look up what replicas replicate, and have them follow it where that is asked for."""
        known: dict[str, Server | PgflexError] = {**reader.others}
        known.update((key(target.ref.id), server) for target, server in zip(targets, servers))
        replicas = [
            (target, server)
            for target, server in zip(targets, servers)
            if isinstance(server, Server) and server.primary_id
        ]
        read = partial(reader.read_each, retry_policy_factory=self.retry_policy_factory)
        self._primaries = Primaries(known, self.declared, read)
        self._primaries.look_up([server for _target, server in replicas])
        for target, server in replicas:
            if target.follow_primary:
                self._primaries.follow(target, server)

    def _compare_replicas(self, targets: Sequence[Target | InvalidTarget], check_mode: bool) -> None:
        """Compare replicas with what they replicate, as both are now."""
        now = [
            (target, server)
            for target in targets
            if isinstance(target, Target) and (server := target.last_seen(check_mode=check_mode))
        ]
        self._primaries.known.update((key(target.ref.id), server) for target, server in now)
        for target, server in now:
            if server.primary_id:
                self._primaries.compare(target, server)

    def _preflight(self, target: Target) -> None:
        """Refuse what would fail or do harm before anything is written; it is done again right before the write."""
        if target.before is None or target.reconciled is None:
            return
        try:
            self._preflight_of(self.retry_policy_factory()).check(target.before, target.reconciled.plan)
        except PgflexError as error:
            target.error = error

    @property
    def _reader(self) -> BulkReader:
        return BulkReader(self.api, self.limiter, self.clock)

    def _writes_per_second(self, targets: Sequence[Target | InvalidTarget]) -> float:
        subscriptions = {target.ref.subscription_id.lower() for target in targets if isinstance(target, Target)}
        return PUBLISHED[RequestKind.WRITE][1] * self.limiter.share * max(1, len(subscriptions))

    def _observe(self, method: str, url: str) -> Callable[[int, Mapping[str, str]], None]:
        learn = self.limiter.send(method, url, self.clock.now())
        return lambda status, headers: learn(status, headers, self.clock.now())
