"""Conversations: list, begin, read, change, erase."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from holdfast.server.api.pages import read_page
from holdfast.server.caching import POLLED
from holdfast.server.identity.asking import Eraser, Reader, Writer
from holdfast.server.once import ClientKey
from holdfast.server.openapi import RESPONSES
from holdfast.server.routing import Route
from holdfast.server.schemas import (
    ChangeConversationIn,
    ClearedOut,
    ConversationBegunOut,
    ConversationFilters,
    ConversationOut,
    ConversationsOut,
    ReceiptOut,
    StartConversationIn,
)
from holdfast.server.schemas.outline import ConversationAsked
from holdfast.server.shown import receipt_out
from holdfast.server.shown_sessions import shown_session, shown_sessions

__all__ = [
    "change_conversation",
    "clear_conversations",
    "erase_conversation",
    "get_conversation",
    "list_conversations",
    "router",
    "start_conversation",
]

router = APIRouter(
    prefix="/api/conversations", tags=["conversations"], route_class=Route, responses=RESPONSES
)


@router.get("/{user_id}", operation_id="list_conversations", dependencies=[POLLED])
async def list_conversations(
    request: Request, owner: Reader, asked: Annotated[ConversationFilters, Query()]
) -> ConversationsOut:
    """Conversations by the time of their last message, newest first.

    `platform`, `tag`, `q` and `pinned` are sealed and looked for in so many conversations at a
    time: a page may be short although more follow, which `next_cursor` tells.
    """
    page = await owner.sessions.page(
        assistant=asked.assistant,
        project=asked.project,
        kind=asked.kind,
        archived=asked.archived,
        platform=asked.platform,
        tag=asked.tag,
        pinned=asked.pinned,
        title=asked.q,
        trashed=asked.trashed,
        sort=asked.sort,
        since=asked.since,
        until=asked.until,
        cursor=asked.cursor,
        limit=asked.limit,
    )
    sessions = await shown_sessions(request, owner, page.sessions)
    return ConversationsOut(sessions=sessions, next_cursor=page.next_cursor)


@router.post("/{user_id}", operation_id="start_conversation", status_code=201)
async def start_conversation(
    request: Request,
    owner: Writer,
    asked: StartConversationIn,
    key: ClientKey,
    response: Response,
) -> ConversationBegunOut:
    """Begin a conversation. With an Idempotency-Key it is begun once, however often it is sent."""
    session = await owner.sessions.start(
        assistant=asked.assistant,
        project=asked.project,
        kind=asked.kind,
        title=asked.title,
        platform=asked.platform,
        tags=asked.tags,
        client_key=key,
        ephemeral=asked.temporary,
        watched=True,
    )
    if asked.temporary:
        owner.sessions.hold(session)
    response.headers["Location"] = f"/api/conversations/current_user/{session.id}"
    return ConversationBegunOut(session=await shown_session(request, owner, await session.info()))


@router.delete("/{user_id}", operation_id="clear_conversations")
async def clear_conversations(
    owner: Eraser, confirm: Annotated[Literal["all"], Query()]
) -> ClearedOut:
    """Erase every conversation for good, with a receipt for each.

    Memories that were added by hand stay, and so do rooms.
    """
    receipts = [receipt_out(receipt) for receipt in await owner.clear()]
    messages = sum(receipt.messages for receipt in receipts)
    return ClearedOut(sessions=len(receipts), messages=messages, receipts=receipts)


@router.get("/{user_id}/{session_id}", operation_id="get_conversation", dependencies=[POLLED])
async def get_conversation(
    request: Request, owner: Reader, session_id: str, asked: Annotated[ConversationAsked, Query()]
) -> ConversationOut:
    """One conversation: its turns in order, with their messages, tool calls and memories.

    `limit` counts messages. Of a longer one `next_cursor` asks for what follows; a turn that goes
    on there bears the same id. From a place in the middle, or from the end, turns come as far as
    messages of them are shown.
    """
    session = await owner.sessions.open(session_id)
    return ConversationOut(session=await read_page(request, owner, session, asked))


@router.patch("/{user_id}/{session_id}", operation_id="change_conversation")
async def change_conversation(
    request: Request, owner: Writer, session_id: str, asked: ChangeConversationIn
) -> ConversationBegunOut:
    """Rename, pin, archive, tag, move to a project, pause learning; what is left out stays."""
    session = await owner.sessions.open(session_id)
    changed = await session.change(
        title=asked.title,
        pinned=asked.pinned,
        archived=asked.archived,
        project=asked.project,
        tags=asked.tags,
        learning=asked.learning,
    )
    return ConversationBegunOut(session=await shown_session(request, owner, changed))


@router.delete("/{user_id}/{session_id}", operation_id="erase_conversation")
async def erase_conversation(
    owner: Eraser,
    session_id: str,
    memories: Annotated[Literal["forget", "keep"] | None, Query()] = None,
) -> ReceiptOut:
    """Erase a conversation for good: its key, its records, and what was distilled from it alone.

    With `memories=keep` what was distilled from it stays and says that its source is gone; left
    out, it is as was said when the conversation was put into the trash.
    """
    return receipt_out(await owner.erase_session(session_id, memories=memories))
