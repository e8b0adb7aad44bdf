"""What its owner has not seen yet of a session: answers behind the place they have seen.

The place is sealed with the session. Where none was ever noted nothing counts as unseen, so that
an import of ten years is no mountain of unread conversations. An exchange that a program recorded
as a whole was read where it was said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from msgspec.structs import replace

from holdfast.clock import id_bytes, id_text
from holdfast.keeper.session_record import change_record
from holdfast.model import Session, SessionId
from holdfast.storage.protocol import HeadsQuery, Kind, RowSpan, State
from holdfast.vault.codec import SessionBody
from holdfast.vault.glance import glance_at
from holdfast.vault.reader import Reader
from holdfast.vault.vault import Vault

__all__ = ["MOST_UNSEEN", "mark_seen", "unseen_of"]

MOST_UNSEEN = 99
_WINDOW = 400
"""Messages looked at in one session: tools take some of them."""
_SHOWN = ("text", "audio", "file", "error")


async def mark_seen(vault: Vault, session_id: SessionId, seq: int) -> None:
    """Note how far a session was seen; nothing is written when it was already.

    The session's own record alone is written: its head, dates and order stay as they are.

    Raises:
        NotFound: there is none in this vault.
    """
    head = await Reader(vault).head(session_id)
    upto = min(seq, head.next_seq - 1)

    def noted(body: SessionBody) -> SessionBody:
        return body if body.seen is not None and body.seen >= upto else replace(body, seen=upto)

    await change_record(vault, head.session_id, noted)


async def unseen_of(vault: Vault, sessions: Iterable[Session]) -> dict[str, int]:
    """How many answers of each session were not seen, at most 99; those with none are absent.

    Whoever says something has seen what stands before it. What counts is what came in a talk held
    here; not what was recorded when it was over.
    """
    seen = {id_bytes(s.id): s.seen for s in sessions if s.seen is not None}
    if not seen:
        return {}
    ask = HeadsQuery(vault_id=vault.raw, session_ids=tuple(seen), limit=len(seen))
    heads = await vault.storage.heads(ask)
    behind = [head.session_id for head in heads if head.next_seq > seen[head.session_id] + 1]
    counts = await asyncio.gather(*(_unseen(vault, raw, seen[raw] + 1) for raw in behind))
    return {id_text(raw): count for raw, count in zip(behind, counts, strict=True) if count}


async def _unseen(vault: Vault, scope: bytes, first: int) -> int:
    span = RowSpan(
        vault_id=vault.raw,
        kind=Kind.MESSAGE,
        scope=scope,
        first=first,
        state=State.LIVE,
        newest=True,
        limit=_WINDOW,
    )
    rows, keys = await vault.openable_among(await vault.storage.rows(span), scope)
    place = vault.place(Kind.MESSAGE, scope)
    count, asked = 0, None
    for row in rows:
        one = glance_at(row, place, keys)
        if one.r == "user":
            count, asked = 0, (one.u, row.at_ms)
        # All of an exchange that was recorded as a whole has one time; an answer that was waited
        # for is later than its question.
        elif one.r == "assistant" and one.k in _SHOWN and asked != (one.u, row.at_ms):
            count += 1
    return min(count, MOST_UNSEEN)
