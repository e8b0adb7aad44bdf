"""One page of a conversation: messages in order, and the turns that they belong to."""

from __future__ import annotations

from itertools import takewhile

from holdfast.errors import BadInput
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User
from holdfast.model import Turn
from holdfast.server.removals import rev_of
from holdfast.server.schemas import SessionWithTurns
from holdfast.server.shown import session_with_turns

__all__ = ["read_page"]

_BATCH = 1000
_MOST = 1 << 53
"""No conversation has so many messages; any integer below is one to every database."""


async def read_page(
    owner: User, session: OpenSession, *, cursor: str | None, limit: int
) -> SessionWithTurns:
    """The messages after a cursor, at most `limit`, in their turns.

    Turns can overlap, so a page is cut between messages: a turn is on each page that has messages
    of it, and one that has none is on the page where it stands by its index.

    Raises:
        BadInput: the cursor is none of ours.
        NotFound: the session is not there.
    """
    after, first = (-1, 0) if cursor is None else _read(cursor)
    seen = await rev_of(session.vault)
    messages = await session.messages(after_seq=after, limit=limit)
    named = await session.turns_by_id({message.turn_id for message in messages})
    ended = len(messages) < limit
    behind = max([first, *(turn.index + 1 for turn in named)])
    between = await _turns(session, first, None if ended else behind)
    turns = {turn.index: turn for turn in [*between, *named]}
    if await rev_of(session.vault) != seen:
        # A turn shown as ended is shown with all it ended with: its messages, read after it, are
        # there. Those of turns begun since are left to whoever asks again.
        known = {turn.id for turn in turns.values()}
        newer = await session.messages(after_seq=after, limit=limit)
        messages = list(takewhile(lambda message: message.turn_id in known, newer))
        ended = ended and len(newer) < limit
    memories = await owner.memories.of_messages([message.id for message in messages])
    return session_with_turns(
        await session.info(),
        [turns[index] for index in sorted(turns)],
        messages,
        memories=memories,
        next_cursor=None if ended or not messages else f"{messages[-1].seq}.{behind}",
    )


async def _turns(session: OpenSession, first: int, behind: int | None) -> list[Turn]:
    """The turns from one index on, up to another or to the end."""
    found: list[Turn] = []
    while behind is None or first < behind:
        limit = _BATCH if behind is None else min(_BATCH, behind - first)
        batch = await session.turns(first=first, limit=limit)
        found += batch
        if len(batch) < limit:
            break
        first = batch[-1].index + 1
    return found


def _read(cursor: str) -> tuple[int, int]:
    after, _, first = cursor.partition(".")
    if not (after.isascii() and after.isdigit() and first.isascii() and first.isdigit()):
        raise BadInput("cursor", "it is not one that a conversation returned")
    place = int(after), int(first)
    if max(place) >= _MOST:
        raise BadInput("cursor", "it is not one that a conversation returned")
    return place
