# Copyright (c) 2026, pgflex.azure contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put back what a run has left that was killed: the identity that it assigned is removed."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

from ansible_collections.pgflex.azure.plugins.module_utils._fleet.journal import Journal
from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import read_record
from ansible_collections.pgflex.azure.plugins.module_utils._identity.resource_ids import key, parse_server_id, split
from live.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ansible_collections.pgflex.azure.plugins.module_utils._azure.client import Api
    from ansible_collections.pgflex.azure.plugins.module_utils._fleet.record import Entry
    from live.writer import Pace


def is_left(path: Path) -> bool:
    """Return whether a journal is there of a run that may have left an identity. Raise `InvalidInput`."""
    if not path.exists():
        return False
    record = read_record("journal", str(path))
    return not record.finished and any(map(_assigned, record.entries))


def restore(sign_in: Callable[[], Api], path: Path, pace: Pace, settled_after: float) -> Iterator[str]:
    """Take away what a journal says was assigned, and tell what was done; the journal gets another name then.

    A PATCH that was sent right before the end of the run may show only when its operation has ended: so many seconds
    after the last line of the journal.
    """
    if not is_left(path):
        yield "There is nothing to put back: no run has left an identity."
        return
    record = read_record("journal", str(path))
    api = sign_in()
    settled_at = path.stat().st_mtime + settled_after
    for entry in record.entries:
        yield from _restore(api, entry, pace, settled_at)
    done = path.with_name(f"restored-{int(time.time())}.jsonl")
    path.rename(done)
    yield f"Done. The journal is now {done}."


def _restore(api: Api, entry: Entry, pace: Pace, settled_at: float) -> Iterator[str]:
    ref = parse_server_id("journal", entry.server_id)
    assigned = _assigned(entry)
    policy = pace.policy()
    for each in assigned:
        # In memory: that of the killed run says enough, and is the one that counts.
        writer = Writer(api, ref, Journal(None, "live-restore"), pace)
        told = False
        while key(each) not in map(key, policy.read(partial(api.get_server, ref)).identity.ids):
            left = settled_at - time.time()
            if left <= 0:
                break
            if not told:
                yield f"{ref.name}: an operation may still be at work: looking for at most {left:.0f} s."
            told = True
            policy.clock.sleep(min(left, pace.poll_interval))
        writer.remove(each)
        yield f"{ref.name}: does not hold {split(each).name}."
    held = {key(each) for each in policy.read(partial(api.get_server, ref)).identity.ids}
    for each in entry.before.identities:
        if key(each) not in held:
            yield f"{ref.name}: does not hold {each} any more, which the run has not removed: look at it."


def _assigned(entry: Entry) -> list[str]:
    """Return what the server may hold because of the run, and did not before."""
    before = {key(each) for each in entry.before.identities}
    states = [entry.after, *([entry.perhaps] if entry.perhaps else [])]
    found = {key(each): each for state in states for each in state.identities}
    return [found[each] for each in found if each not in before]
