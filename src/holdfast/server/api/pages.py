"""One page of a conversation: messages in order, and the turns that they belong to."""

from __future__ import annotations

from itertools import takewhile

from starlette.requests import Request

from holdfast.errors import BadInput
from holdfast.keeper.sessions import OpenSession
from holdfast.keeper.users import User
from holdfast.model import Message, Turn
from holdfast.server.removals import rev_of
from holdfast.server.schemas import SessionWithTurns
from holdfast.server.schemas.outline import ConversationAsked
from holdfast.server.shown import session_with_turns
from holdfast.server.shown_sessions import marks_of

__all__ = ["read_page"]

_BATCH = 1000
_MOST = 1 << 53
"""No conversation has so many messages; any integer below is one to every database."""


async def read_page(
    request: Request, owner: User, session: OpenSession, asked: ConversationAsked
) -> SessionWithTurns:
    """The messages after a place, at most `limit`, in their turns.

    Turns can overlap, so a page is cut between messages: a turn is on each page that has messages
    of it, and one that has none is on the page where it stands by its index. A page that begins at
    a place of the caller's own choice begins with the turn of its first message.

    Raises:
        BadInput: the cursor is none of ours, or several places are named.
        NotFound: the session is not there.
    """
    after, first = _place(asked)
    seen = await rev_of(session.vault)
    messages = await _messages(session, asked, after)
    named = await session.turns_by_id({message.turn_id for message in messages})
    ended = asked.last is not None or len(messages) < asked.limit
    if first is None:
        first = min((turn.index for turn in named), default=_MOST)
    behind = max([first, *(turn.index + 1 for turn in named)])
    between = [] if first == _MOST else await _turns(session, first, None if ended else behind)
    turns = {turn.index: turn for turn in [*between, *named]}
    if await rev_of(session.vault) != seen:
        # A turn shown as ended is shown with all it ended with: its messages, read after it, are
        # there. Those of turns begun since are left to whoever asks again.
        known = {turn.id for turn in turns.values()}
        newer = await _messages(session, asked, after)
        messages = list(takewhile(lambda message: message.turn_id in known, newer))
        ended = ended and len(newer) < asked.limit
    memories = await owner.memories.of_messages([message.id for message in messages])
    info = await session.info()
    return session_with_turns(
        info,
        [turns[index] for index in sorted(turns)],
        messages,
        memories=memories,
        next_cursor=None if ended or not messages else f"{messages[-1].seq}.{behind}",
        max_text=asked.max_text,
        marks=(await marks_of(request, owner, [info]))[info.id],
    )


async def _messages(session: OpenSession, asked: ConversationAsked, after: int) -> list[Message]:
    if asked.last is not None:
        return await session.messages(last=min(asked.last, asked.limit))
    return await session.messages(after_seq=after, limit=asked.limit)


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


def _place(asked: ConversationAsked) -> tuple[int, int | None]:
    """The seq that a page begins behind, and the index of its first turn as far as it is known."""
    given = (asked.cursor, asked.after_seq, asked.last)
    if sum(one is not None for one in given) > 1:
        raise BadInput("cursor", "at most one of cursor, after_seq and last is given")
    if asked.cursor is not None:
        return _read(asked.cursor)
    if asked.last is not None:
        return -1, None
    return (-1, 0) if asked.after_seq is None else (asked.after_seq, None)


def _read(cursor: str) -> tuple[int, int]:
    after, _, first = cursor.partition(".")
    if not (after.isascii() and after.isdigit() and first.isascii() and first.isdigit()):
        raise BadInput("cursor", "it is not one that a conversation returned")
    place = int(after), int(first)
    if max(place) >= _MOST:
        raise BadInput("cursor", "it is not one that a conversation returned")
    return place
