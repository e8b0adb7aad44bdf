"""From conversations to memories: what is new is read, and what it leaves behind is written.

What there is to do is derived from state, never from a queue: a session whose record (see
`receipts`) is of an earlier revision than its head is taken up, from the message the record covers
on. A page of messages and all that comes of it (memories, links, the record, the session's title)
are one write, so that a crash at any point leaves a session either before a page or behind it. Two
processes at the same session, or at two that speak of one thing, are told apart by the versions of
the records they write: the second reads again and finds nothing left to do. So does one that was
reading while something was forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from msgspec import Struct

from holdfast.errors import Conflict, HoldfastError, NotFound
from holdfast.keeper.pacing import Pace
from holdfast.keeper.proposing import Distiller
from holdfast.keeper.receipts import Learning, LearningReceipt, merged, opened_learnings
from holdfast.keeper.session_distilling import Run, SessionDistilling
from holdfast.keeper.store import Store
from holdfast.storage.protocol import ChangesQuery, HeadsQuery, Kind, SessionHead
from holdfast.vault.vault import Vault

__all__ = ["Distilled", "Progress", "distill_vault", "way_of"]

_HEADS = 200
_TRIES = 5
_CHANGES = 2000
_MAX_PAGES = 10
"""Of changes; when there are more, looking at every session is quicker."""


class Progress(Struct, frozen=True, kw_only=True):
    """Up to where a vault was distilled, for the next run in the same process."""

    rev: int
    """Every session that was written before is done, but for those owed."""
    way: str = ""
    """With which model and at which pace: done for one way is not done for another."""
    owed: frozenset[bytes] = frozenset()
    """Sessions with something left to do: another was quicker, or the model was not there."""


class Distilled(Struct, frozen=True, kw_only=True):
    """What a run came to."""

    receipts: tuple[LearningReceipt, ...] = ()
    """One for each session that was read, in no particular order."""
    progress: Progress
    failure: HoldfastError | None = None
    """The first session that could not be read; the others were done all the same."""

    @property
    def changed(self) -> int:
        """In how many sessions something was learned, closed or summed up."""
        return sum(not receipt.nothing_new for receipt in self.receipts)


def way_of(distiller: Distiller | None, pace: Pace) -> str:
    """The `Progress.way` of a run."""
    return f"{'' if distiller is None else distiller.name}/{'gentle' if pace.is_gentle else 'full'}"


async def distill_vault(
    store: Store,
    vault: Vault,
    *,
    distiller: Distiller | None = None,
    pace: Pace | None = None,
    since: Progress | None = None,
) -> Distilled:
    """Take in what is new in a vault.

    Args:
        distiller: a model that proposes what the rules do not find; none is needed.
        pace: how much of the time it may take; all of it when left out.
        since: what the last run in this process gave: only what changed since is looked at.

    Raises:
        StorageFailed: or one of its kinds.
        KeyFailure: or one of its kinds: the vault cannot be opened.
    """
    pace = pace or Pace()
    way = way_of(distiller, pace)
    if since is not None and since.way != way:
        since = None
    row = await vault.storage.vault(vault.raw)
    rev = 0 if row is None else row.rev
    run = Run(store=store, vault=vault, distiller=distiller, pace=pace, at=store.clock())
    receipts: list[LearningReceipt] = []
    owed: set[bytes] = set()
    failure: HoldfastError | None = None
    async for heads in _candidates(vault, since):
        known = await opened_learnings(vault, [head.session_id for head in heads])
        for head in heads:
            try:
                receipt, done = await _session(run, head, known[head.session_id])
            except HoldfastError as exc:
                failure = failure or exc
                owed.add(head.session_id)
                continue
            if receipt is not None:
                receipts.append(receipt)
            if not done:
                owed.add(head.session_id)
        await run.pace.rest()
    progress = Progress(rev=rev, way=way, owed=frozenset(owed))
    return Distilled(receipts=tuple(receipts), progress=progress, failure=failure)


async def _session(
    run: Run, head: SessionHead, known: Learning
) -> tuple[LearningReceipt | None, bool]:
    """The receipt of one session, None when it was up to date, and whether it is done."""
    total: LearningReceipt | None = None
    for _ in range(_TRIES):
        work = SessionDistilling(run, head, known)
        if not work.is_due():
            return total, not work.waits
        try:
            receipt = await work.run()
        except Conflict:
            # Another process was quicker, or something was forgotten: what is there now decides.
            total = _sum(total, work.receipt)
        except NotFound:
            return total, True  # the session was erased
        else:
            return _sum(total, receipt), not work.waits
        heads = await run.vault.storage.heads(
            HeadsQuery(vault_id=run.vault.raw, session_ids=(head.session_id,), limit=1)
        )
        if not heads:
            return total, True
        head = heads[0]
        known = (await opened_learnings(run.vault, [head.session_id]))[head.session_id]
    return total, False


def _sum(one: LearningReceipt | None, other: LearningReceipt | None) -> LearningReceipt | None:
    if one is None or other is None:
        return one or other
    return merged(one, other)


async def _candidates(vault: Vault, since: Progress | None) -> AsyncIterator[Sequence[SessionHead]]:
    """Sessions that may have something new, in bounded parts."""
    changed = None if since is None else await _changed(vault, since)
    if changed is None:
        before: tuple[int, bytes] | None = None
        while heads := await vault.storage.heads(
            HeadsQuery(vault_id=vault.raw, before=before, limit=_HEADS)
        ):
            before = (heads[-1].last_ms, heads[-1].session_id)
            yield heads
        return
    wanted = sorted(changed)
    for at in range(0, len(wanted), _HEADS):
        ids = tuple(wanted[at : at + _HEADS])
        yield await vault.storage.heads(
            HeadsQuery(vault_id=vault.raw, session_ids=ids, limit=len(ids))
        )


async def _changed(vault: Vault, since: Progress) -> set[bytes] | None:
    """Sessions whose messages changed since a revision; None when there are very many."""
    found = set(since.owed)
    after = since.rev
    for _ in range(_MAX_PAGES):
        rows = await vault.storage.changes(
            ChangesQuery(vault_id=vault.raw, after=after, kinds=(Kind.MESSAGE,), limit=_CHANGES)
        )
        found.update(row.scope for row in rows)
        if len(rows) < _CHANGES:
            return found
        after = rows[-1].rev
        await asyncio.sleep(0)
    return None
