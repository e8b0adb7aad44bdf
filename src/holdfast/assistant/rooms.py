"""A post in a room, and what the assistants that it mentions answer to it.

    async with aclosing(post_in_room(ada, room, "@helper what did we decide?")) as events:
        async for event in events: ...

The post and all its answers are one turn of the room, recorded in the room's vault. Only what
people post is looked through for mentions: an assistant's answer never has another one answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

from holdfast.assistant.chat import chat, cut_off_by
from holdfast.assistant.events import Event, Finished, Started
from holdfast.assistant.mentions import mentioned
from holdfast.errors import Conflict
from holdfast.keeper.access import ALL_SCOPES, Scope

if TYPE_CHECKING:
    from holdfast.assistant.answering import Answerer
    from holdfast.assistant.options import ChatOptions
    from holdfast.assistant.tools.registry import ToolSet
    from holdfast.keeper.rooms import OpenRoom
    from holdfast.keeper.sessions import OpenSession
    from holdfast.keeper.users import User

__all__ = ["post_in_room"]


async def post_in_room(
    user: User,
    room: OpenRoom,
    text: str,
    *,
    client_key: str | None = None,
    answerer: Answerer | None = None,
    fallback: Answerer | None = None,
    tools: ToolSet | None = None,
    scopes: frozenset[Scope] = ALL_SCOPES,
    options: ChatOptions | None = None,
    stopping: asyncio.Event | None = None,
) -> AsyncGenerator[Event, None]:
    """Say something in a room, and have those answer whom it mentions, one after the other.

    The events are those of `chat`, of one turn; without a mention they are Started and Finished.

    Args:
        user: who posts; `room` is the room as they opened it.
        client_key: their own key of this post: however often it is retried, it is posted once.
        answerer, fallback, tools, scopes, options, stopping: as in `chat`.

    Raises: as `chat`; NotFound also when the user is no member of the room any more.
    """
    await room.check("write")
    session = await room.session()
    key = room.own_key(client_key)
    named = mentioned(text, await room.assistants())
    if not named:
        async with aclosing(_posted(session, room, text, key, stopping)) as events:
            async for event in events:
                yield event
        return
    turn = chat(
        user,
        session,
        text,
        client_key=key,
        author=room.user_id,
        answerer=answerer,
        fallback=fallback,
        tools=tools,
        scopes=scopes,
        options=options,
        room=room,
        assistants=named,
        stopping=stopping,
    )
    async with aclosing(turn) as events:
        async for event in events:
            yield event


async def _posted(
    session: OpenSession,
    room: OpenRoom,
    text: str,
    client_key: str | None,
    stopping: asyncio.Event | None,
) -> AsyncGenerator[Event, None]:
    opening = session.turn(text, author=room.user_id, client_key=client_key)
    async with opening.when_cut_off(cut_off_by(stopping)) as turn:
        if turn.replayed and turn.record.status == "open":
            raise Conflict("this message is being posted just now")
        yield Started(
            turn_id=turn.id,
            session_id=turn.session_id,
            message=turn.messages[0] if turn.messages else None,
            replayed=turn.replayed,
        )
    yield Finished(turn_id=turn.id, status=turn.record.status, message=None, replayed=turn.replayed)
